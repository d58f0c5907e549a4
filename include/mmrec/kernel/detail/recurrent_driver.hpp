// mmrec/kernel/detail/recurrent_driver.hpp - forward and backward passes over batches and time, for any cell.
#pragma once
#include <algorithm>
#include <cstddef>

#include <mmrec/core/executor.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/recurrent_lanes.hpp>
#include <mmrec/kernel/detail/recurrent_types.hpp>
#include <mmrec/kernel/scratch_slots.hpp>

namespace mmrec::inline v0 {
namespace kernel::detail {

/// Examples that one task takes through time together, at most and (where there are threads to keep busy) at least, and
/// (example, step) pairs whose input products are computed at a time: enough to use each weight several times.
inline constexpr std::size_t recurrent_rows = 64;
inline constexpr std::size_t recurrent_least_rows = 4;
inline constexpr std::size_t recurrent_pairs = 48;

template <class Cell, class T>
struct recurrent_sizes {
  static constexpr std::size_t P = panel_units<T>;
  std::size_t inputs, hidden;

  constexpr std::size_t panels() const { return (hidden + P - 1) / P; }
  constexpr std::size_t padded() const { return panels() * P; }
  constexpr std::size_t record() const { return padded() * Cell::blocks; }
  constexpr std::size_t input_weights() const { return padded() * Cell::gates * inputs; }
  constexpr std::size_t recurrent_weights() const { return padded() * Cell::gates * hidden; }
  constexpr std::size_t packed() const { return input_weights() + recurrent_weights() + padded() * Cell::biases; }
  constexpr std::size_t transposed(std::size_t columns) const {
    return (columns + 4 * P - 1) / (4 * P) * (4 * P) * padded() * Cell::gates;
  }
};

inline constexpr std::size_t recurrent_group(std::size_t batch, std::size_t concurrency) {
  const std::size_t threads = std::max<std::size_t>(1, concurrency);
  const std::size_t waves = (batch + recurrent_rows * threads - 1) / (recurrent_rows * threads);
  const std::size_t groups = std::max<std::size_t>(1, waves * threads);
  return std::clamp<std::size_t>((batch + groups - 1) / groups, std::min<std::size_t>(recurrent_least_rows, batch),
                                 recurrent_rows);
}
inline constexpr std::size_t recurrent_slots(std::size_t concurrency) {
  return std::clamp<std::size_t>(concurrency, 1, scratch_slots<float>::most);
}
/// Steps whose input products are computed at a time.
inline constexpr std::size_t recurrent_chunk(std::size_t rows) {
  return std::max<std::size_t>(1, recurrent_pairs / std::max<std::size_t>(1, rows));
}

/// Of one task: c and zeros, and without a state the records of a chunk of steps.
template <class Cell, class T>
constexpr std::size_t forward_slot(const recurrent_shape& shape, bool keep, std::size_t concurrency) {
  const recurrent_sizes<Cell, T> size{shape.inputs, shape.hidden};
  const std::size_t rows = recurrent_group(shape.batch, concurrency);
  return (rows + 1) * size.padded() + (keep ? 0 : (std::max)(rows, recurrent_pairs) * size.record());
}
/// Of one task of the weight gradients: the gates of some steps for one panel, and the inputs of these steps.
template <class Cell, class T>
constexpr std::size_t outer_slot(const recurrent_shape& shape) {
  return outer_steps * (Cell::biases * panel_units<T> + shape.inputs + shape.hidden + 2 * outer_padding);
}

template <class Cell, class T>
constexpr std::size_t backward_slot(const recurrent_shape& shape, std::size_t concurrency) {
  const recurrent_sizes<Cell, T> size{shape.inputs, shape.hidden};
  const std::size_t group = (3 * recurrent_group(shape.batch, concurrency) + 1) * size.padded();
  return (std::max)(group, outer_slot<Cell, T>(shape));
}

inline std::size_t length_of(const recurrent_shape& shape, std::size_t example) {
  return shape.lengths == nullptr ? shape.steps : std::min<std::size_t>(shape.steps, shape.lengths[example]);
}
/// Where the s-th step to be processed stands in time.
inline std::size_t time_of(const recurrent_shape& shape, std::size_t length, std::size_t s) {
  return shape.reverse ? length - 1 - s : s;
}
template <class T>
T* element(const recurrent_sequence<T>& sequence, std::size_t example, std::size_t step) {
  return sequence.data + example * sequence.example_stride + step * sequence.step_stride;
}

/// Input weights, recurrent weights and bias by panels.
template <class Cell, executor Exec, class T>
void pack_recurrent(const Exec& exec, std::size_t inputs, std::size_t hidden, const recurrent_weights<T>& weights,
                    T* packed) {
  const recurrent_sizes<Cell, T> size{inputs, hidden};
  constexpr std::size_t P = panel_units<T>, G = Cell::gates;
  const auto pack = [&](const T* from, std::size_t rows, std::size_t blocks, const std::size_t* columns, std::size_t panel,
                        T* to) {
    const std::size_t valid = (std::min)(P, hidden - panel * P);
    for (std::size_t k = 0; k < rows; ++k) {
      for (std::size_t b = 0; b < blocks; ++b, to += P) {
        std::copy_n(from + (k * blocks + columns[b]) * hidden + panel * P, valid, to);
        std::fill_n(to + valid, P - valid, T(0));
      }
    }
  };
  exec.run(size.panels(), [&](std::size_t panel) {
    pack(weights.input, inputs, G, Cell::input_columns.data(), panel, packed + panel * inputs * G * P);
    T* rest = packed + size.input_weights();
    pack(weights.recurrent, hidden, G, Cell::recurrent_columns.data(), panel, rest + panel * hidden * G * P);
    rest += size.recurrent_weights();
    pack(weights.bias, 1, Cell::biases, Cell::bias_columns.data(), panel, rest + panel * Cell::biases * P);
  });
}

/// The examples first .. first + rows - 1 through time.
template <class Cell, class T>
void forward_group(const recurrent_forward_task<T>& task, const T* packed, std::size_t first, std::size_t rows, T* slot,
                   const recurrent_loops<Cell, T>& loops) {
  const recurrent_shape& shape = task.shape;
  const std::size_t hidden = shape.hidden;
  const recurrent_sizes<Cell, T> size{shape.inputs, hidden};
  const std::size_t padded = size.padded(), record = size.record(), chunk = recurrent_chunk(rows);
  T* const cells = slot;
  T* const zeros = cells + rows * padded;
  T* const records = zeros + padded;
  std::fill_n(cells, (rows + 1) * padded, T(0));
  std::size_t lengths[recurrent_rows];
  std::size_t longest = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    lengths[row] = length_of(shape, first + row);
    longest = (std::max)(longest, lengths[row]);
    if (task.c0 != nullptr) std::copy_n(task.c0 + (first + row) * hidden, hidden, cells + row * padded);
  }
  recurrent_pass<T> input{.weights = packed,
                          .bias = packed + size.input_weights() + size.recurrent_weights(),
                          .inner = shape.inputs,
                          .used = shape.inputs,
                          .hidden = hidden,
                          .keep = task.state != nullptr,
                          .recurrent = false,
                          .backwards = false};
  recurrent_pass<T> step = input;
  step.recurrent = true;
  step.weights = packed + size.input_weights();
  step.inner = hidden;

  recurrent_job<T> jobs[recurrent_rows];
  for (std::size_t start = 0; start < longest; start += chunk) {
    const std::size_t end = (std::min)(longest, start + chunk);
    std::size_t begins[recurrent_pairs + 1], count = 0;
    for (std::size_t s = start; s < end; ++s) {
      begins[s - start] = count;
      for (std::size_t row = 0; row < rows; ++row) {
        if (s >= lengths[row]) continue;
        const std::size_t example = first + row, time = time_of(shape, lengths[row], s);
        T* kept = task.state != nullptr ? task.state + (s * shape.batch + example) * record
                                        : records + ((s - start) * rows + row) * record;
        const T* before = s > 0                ? element(task.y, example, time_of(shape, lengths[row], s - 1))
                          : task.h0 != nullptr ? task.h0 + example * hidden
                                               : zeros;
        jobs[count++] = {element(task.x, example, time), before, kept, cells + row * padded, element(task.y, example, time)};
      }
    }
    begins[end - start] = count;
    loops.gate_rows(jobs, count, input);
    for (std::size_t s = start; s < end; ++s) {
      const std::size_t begin = begins[s - start];
      step.used = s == 0 && task.h0 == nullptr ? 0 : hidden;
      step.backwards = s % 2 == 1;
      loops.gate_rows(jobs + begin, begins[s - start + 1] - begin, step);
    }
  }

  for (std::size_t row = 0; row < rows; ++row) {
    const std::size_t example = first + row, length = lengths[row];
    for (std::size_t time = length; time < shape.steps; ++time) std::fill_n(element(task.y, example, time), hidden, T(0));
    if (task.h_n != nullptr) {
      const T* last = length > 0           ? element(task.y, example, time_of(shape, length, length - 1))
                      : task.h0 != nullptr ? task.h0 + example * hidden
                                           : zeros;
      std::copy_n(last, hidden, task.h_n + example * hidden);
    }
    if (task.c_n != nullptr) std::copy_n(cells + row * padded, hidden, task.c_n + example * hidden);
  }
}

template <class Cell, executor Exec, class T>
void forward_recurrent(const Exec& exec, const recurrent_forward_task<T>& task, const T* packed, T* scratch,
                       simd_level level) {
  if (task.shape.batch == 0 || task.shape.hidden == 0) return;
  const auto loops = recurrent_loops<Cell, T>::of(level);
  const std::size_t group = recurrent_group(task.shape.batch, exec.concurrency());
  scratch_slots<T> slots(scratch, forward_slot<Cell, T>(task.shape, task.state != nullptr, exec.concurrency()),
                         recurrent_slots(exec.concurrency()));
  for_ranges(exec, task.shape.batch, group, [&](std::size_t begin, std::size_t end) {
    const auto slot = slots.lease();
    forward_group<Cell, T>(task, packed, begin, end - begin, slot.data(), loops);
  });
}

/// Rows of the caller's weights, which become columns: see recurrent_types.hpp.
template <class Cell, executor Exec, class T>
void pack_transposed(const Exec& exec, const T* weights, std::size_t columns, std::size_t hidden, const std::size_t* order,
                     T* packed) {
  constexpr std::size_t P = panel_units<T>, G = Cell::gates, wide = 4 * P;
  const std::size_t panels = (hidden + P - 1) / P;
  exec.run((columns + wide - 1) / wide * panels, [&](std::size_t task) {
    const std::size_t left = task / panels * wide, panel = task % panels;
    const std::size_t valid = (std::min)(P, hidden - panel * P), width = (std::min)(wide, columns - left);
    T* to = packed + task * G * P * wide;
    for (std::size_t g = 0; g < G; ++g, to += P * wide) {
      std::fill_n(to, P * wide, T(0));
      for (std::size_t j = 0; j < width; ++j) {
        const T* from = weights + ((left + j) * G + order[g]) * hidden + panel * P;
        for (std::size_t lane = 0; lane < valid; ++lane) to[lane * wide + j] = from[lane];
      }
    }
  });
}

/// The examples first .. first + rows - 1 back through time: their records become gradients.
template <class Cell, class T>
void backward_group(const recurrent_backward_task<T>& task, const T* recurrent, const T* input, std::size_t first,
                    std::size_t rows, T* slot, const recurrent_loops<Cell, T>& loops) {
  const recurrent_shape& shape = task.shape;
  const std::size_t hidden = shape.hidden, batch = shape.batch;
  const recurrent_sizes<Cell, T> size{shape.inputs, hidden};
  const std::size_t padded = size.padded(), record = size.record();
  T* const dh = slot;
  T* const dc = dh + rows * padded;
  T* const c0 = dc + rows * padded;
  T* const zeros = c0 + rows * padded;
  std::fill_n(slot, (3 * rows + 1) * padded, T(0));
  std::size_t lengths[recurrent_rows];
  std::size_t longest = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    const std::size_t at = (first + row) * hidden;
    lengths[row] = length_of(shape, first + row);
    longest = (std::max)(longest, lengths[row]);
    if (task.dh_n != nullptr) std::copy_n(task.dh_n + at, hidden, dh + row * padded);
    if (task.dc_n != nullptr) std::copy_n(task.dc_n + at, hidden, dc + row * padded);
    if (task.c0 != nullptr) std::copy_n(task.c0 + at, hidden, c0 + row * padded);
  }
  const recurrent_transposed_pass<T> to_before{recurrent, hidden, hidden, Cell::recurrent_first, true};
  const recurrent_transposed_pass<T> to_input{input, shape.inputs, hidden, 0, false};
  recurrent_gradient_job<T> jobs[recurrent_rows];
  recurrent_transposed_job<T> products[recurrent_rows], inputs[recurrent_rows];
  std::size_t waiting = 0;  // input gradients are computed for many steps at once
  const auto flush = [&] {
    if (waiting != 0) loops.transposed_rows(inputs, waiting, to_input);
    waiting = 0;
  };
  for (std::size_t s = longest; s-- > 0;) {
    std::size_t count = 0;
    for (std::size_t row = 0; row < rows; ++row) {
      if (s >= lengths[row]) continue;
      const std::size_t example = first + row, time = time_of(shape, lengths[row], s);
      T* kept = task.state + (s * batch + example) * record;
      const T* previous = nullptr;
      std::size_t previous_stride = panel_units<T>;
      if constexpr (Cell::kind == recurrent_kind::lstm) {
        previous = c0 + row * padded;
        if (s > 0) {
          previous = kept - batch * record + 4 * panel_units<T>;
          previous_stride = Cell::blocks * panel_units<T>;
        }
      } else if constexpr (Cell::kind == recurrent_kind::gru) {
        previous = s > 0                ? element(task.y, example, time_of(shape, lengths[row], s - 1))
                   : task.h0 != nullptr ? task.h0 + example * hidden
                                        : zeros;
      }
      const T* dy = task.dy.data == nullptr ? nullptr : element(task.dy, example, time);
      jobs[count] = {kept, previous, previous_stride, dy, dh + row * padded, dc + row * padded};
      products[count++] = {kept, dh + row * padded};
      if (task.dx.data != nullptr) inputs[waiting++] = {kept, element(task.dx, example, time)};
    }
    loops.gradient_rows(jobs, count, hidden);
    if (s > 0 || task.dh0 != nullptr) loops.transposed_rows(products, count, to_before);
    if (waiting + rows > recurrent_rows) flush();
  }
  flush();
  for (std::size_t row = 0; row < rows; ++row) {
    const std::size_t example = first + row;
    if (task.dx.data != nullptr) {
      for (std::size_t time = lengths[row]; time < shape.steps; ++time) {
        std::fill_n(element(task.dx, example, time), shape.inputs, T(0));
      }
    }
    if (task.dh0 != nullptr) std::copy_n(dh + row * padded, hidden, task.dh0 + example * hidden);
    if (task.dc0 != nullptr) std::copy_n(dc + row * padded, hidden, task.dc0 + example * hidden);
  }
}

/// Adds the gradients of the weights. A task has some panels of units; each element adds all steps and examples in the order
/// of the state, by blocks of outer_steps, however the panels are divided.
template <class Cell, executor Exec, class T>
void weight_gradients(const Exec& exec, const recurrent_backward_task<T>& task, scratch_slots<T>& slots,
                      const recurrent_loops<Cell, T>& loops) {
  constexpr std::size_t P = panel_units<T>;
  const recurrent_shape& shape = task.shape;
  const std::size_t hidden = shape.hidden, batch = shape.batch;
  const recurrent_sizes<Cell, T> size{shape.inputs, hidden};
  std::size_t longest = 0;
  for (std::size_t example = 0; example < batch; ++example) longest = (std::max)(longest, length_of(shape, example));
  const std::size_t each = (size.panels() + recurrent_slots(exec.concurrency()) - 1) / recurrent_slots(exec.concurrency());

  for_ranges(exec, size.panels(), each, [&](std::size_t first, std::size_t last) {
    const auto slot = slots.lease();
    T* const slab = slot.data();
    T* const x = slab + outer_steps * Cell::biases * P;
    T* const h = x + outer_steps * (shape.inputs + outer_padding);
    const T* x_of[outer_steps];
    const T* h_of[outer_steps];
    const T* records[outer_steps];
    std::size_t count = 0;
    const auto flush = [&] {
      if (task.input_gradient != nullptr) loops.pack_outer(x_of, count, shape.inputs, x);
      if (task.recurrent_gradient != nullptr) loops.pack_outer(h_of, count, hidden, h);
      const recurrent_outer_pass<T> from_x{count,  shape.inputs,       x, 0, Cell::input_columns.data(),
                                           hidden, task.input_gradient};
      const recurrent_outer_pass<T> from_h{
          count, hidden, h, Cell::recurrent_first, Cell::recurrent_columns.data(), hidden, task.recurrent_gradient};
      for (std::size_t panel = first; panel < last; ++panel) {
        for (std::size_t k = 0; k < count; ++k) {
          std::copy_n(records[k] + panel * Cell::blocks * P, Cell::biases * P, slab + k * Cell::biases * P);
        }
        if (task.input_gradient != nullptr) loops.outer_rows(from_x, slab, panel);
        if (task.recurrent_gradient != nullptr) loops.outer_rows(from_h, slab, panel);
        if (task.bias_gradient != nullptr) loops.bias_rows(task.bias_gradient, hidden, count, slab, panel);
      }
      count = 0;
    };
    for (std::size_t s = 0; s < longest; ++s) {
      for (std::size_t example = 0; example < batch; ++example) {
        const std::size_t length = length_of(shape, example);
        if (s >= length) continue;
        x_of[count] = element(task.x, example, time_of(shape, length, s));
        h_of[count] = s > 0                ? element(task.y, example, time_of(shape, length, s - 1))
                      : task.h0 != nullptr ? task.h0 + example * hidden
                                           : nullptr;
        records[count++] = task.state + (s * batch + example) * size.record();
        if (count == outer_steps) flush();
      }
    }
    if (count != 0) flush();
  });
}

template <class Cell, class T>
constexpr std::size_t backward_scratch(const recurrent_shape& shape, std::size_t concurrency) {
  const recurrent_sizes<Cell, T> size{shape.inputs, shape.hidden};
  return size.transposed(shape.hidden) + size.transposed(shape.inputs) +
         recurrent_slots(concurrency) * backward_slot<Cell, T>(shape, concurrency);
}

template <class Cell, executor Exec, class T>
void backward_recurrent(const Exec& exec, const recurrent_backward_task<T>& task, const recurrent_weights<T>& weights,
                        T* scratch, simd_level level) {
  const recurrent_shape& shape = task.shape;
  if (shape.batch == 0 || shape.hidden == 0) return;
  const recurrent_sizes<Cell, T> size{shape.inputs, shape.hidden};
  const auto loops = recurrent_loops<Cell, T>::of(level);
  T* const recurrent = scratch;
  T* const input = recurrent + size.transposed(shape.hidden);
  pack_transposed<Cell>(exec, weights.recurrent, shape.hidden, shape.hidden, Cell::recurrent_columns.data(), recurrent);
  if (task.dx.data != nullptr) {
    pack_transposed<Cell>(exec, weights.input, shape.inputs, shape.hidden, Cell::input_columns.data(), input);
  }
  scratch_slots<T> slots(input + size.transposed(shape.inputs), backward_slot<Cell, T>(shape, exec.concurrency()),
                         recurrent_slots(exec.concurrency()));
  for_ranges(exec, shape.batch, recurrent_group(shape.batch, exec.concurrency()), [&](std::size_t begin, std::size_t end) {
    const auto slot = slots.lease();
    backward_group<Cell, T>(task, recurrent, input, begin, end - begin, slot.data(), loops);
  });
  weight_gradients<Cell>(exec, task, slots, loops);
}

}  // namespace kernel::detail
}  // namespace mmrec::inline v0

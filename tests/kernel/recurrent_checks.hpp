// tests/kernel/recurrent_checks.hpp - what the tests of the recurrent layers share: a plain reference in double, runs with
// strides, and central differences.
#pragma once
#include <mmrec/core/random.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/recurrent_types.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "support/allocations.hpp"
#include "support/catch.hpp"

namespace test {

namespace kernel = mmrec::kernel;

struct recurrent_case {
  std::size_t batch, steps, inputs, hidden;
  std::vector<std::uint32_t> lengths = {};
  bool reverse = false;
  bool start = true;  // h0 and c0 are given

  kernel::recurrent_shape shape() const {
    return {batch, steps, inputs, hidden, lengths.empty() ? nullptr : lengths.data(), reverse};
  }
  std::size_t length(std::size_t example) const {
    return lengths.empty() ? steps : std::min<std::size_t>(steps, lengths[example]);
  }
};

inline std::vector<double> normals(std::size_t count, std::uint64_t seed, std::uint64_t stream, double scale) {
  mmrec::random_stream random(mmrec::seed{seed}, stream);
  std::vector<double> values(count);
  for (double& value : values) value = scale * random.normal();
  return values;
}
template <class T>
std::vector<T> as(const std::vector<double>& values) {
  return {values.begin(), values.end()};
}

/// All numbers that go into a layer.
struct recurrent_numbers {
  std::vector<double> x, input, recurrent, bias, h0, c0;
  std::vector<std::vector<double>*> parts() { return {&x, &input, &recurrent, &bias, &h0, &c0}; }
};
template <class Layer>
recurrent_numbers random_numbers(const recurrent_case& c, std::uint64_t seed) {
  const double scale = 1.0 / std::sqrt(static_cast<double>(std::max<std::size_t>(1, c.hidden)));
  return {normals(c.batch * c.steps * c.inputs, seed, 1, 1.0),
          normals(c.inputs * Layer::gates * c.hidden, seed, 2, scale),
          normals(c.hidden * Layer::gates * c.hidden, seed, 3, scale),
          normals(Layer::biases * c.hidden, seed, 4, scale),
          normals(c.batch * c.hidden, seed, 5, 0.7),
          normals(c.batch * c.hidden, seed, 6, 0.7)};
}

/// y (batch x T x H), h_n, c_n.
struct recurrent_outputs {
  std::vector<double> y, h, c;
};

/// Plain loops in double: Layer::step(sums of x and bias, sums of h and bias, h, c) gives the next h and c of one unit.
template <class Layer>
recurrent_outputs reference(const recurrent_case& s, const recurrent_numbers& n) {
  const std::size_t H = s.hidden, W = Layer::gates * H;
  recurrent_outputs out{std::vector<double>(s.batch * s.steps * H), std::vector<double>(s.batch * H),
                        std::vector<double>(s.batch * H)};
  for (std::size_t b = 0; b < s.batch; ++b) {
    std::vector<double> h(H), c(H);
    if (s.start) {
      std::copy_n(n.h0.data() + b * H, H, h.data());
      if (Layer::cell) std::copy_n(n.c0.data() + b * H, H, c.data());
    }
    for (std::size_t k = 0; k < s.length(b); ++k) {
      const std::size_t t = s.reverse ? s.length(b) - 1 - k : k;
      std::vector<double> from_x(W), from_h(W), next(H);
      for (std::size_t j = 0; j < W; ++j) {
        for (std::size_t i = 0; i < s.inputs; ++i) from_x[j] += n.x[(b * s.steps + t) * s.inputs + i] * n.input[i * W + j];
        for (std::size_t i = 0; i < H; ++i) from_h[j] += h[i] * n.recurrent[i * W + j];
      }
      for (std::size_t u = 0; u < H; ++u) {
        double xs[4] = {}, hs[4] = {}, bias[4] = {};
        for (std::size_t g = 0; g < Layer::gates; ++g) {
          xs[g] = from_x[g * H + u];
          hs[g] = from_h[g * H + u];
        }
        for (std::size_t g = 0; g < Layer::biases; ++g) bias[g] = n.bias[g * H + u];
        next[u] = Layer::step(xs, hs, bias, h[u], c[u]);
      }
      h = next;
      std::copy(h.begin(), h.end(), out.y.begin() + static_cast<std::ptrdiff_t>((b * s.steps + t) * H));
    }
    std::copy(h.begin(), h.end(), out.h.begin() + static_cast<std::ptrdiff_t>(b * H));
    std::copy(c.begin(), c.end(), out.c.begin() + static_cast<std::ptrdiff_t>(b * H));
  }
  return out;
}

/// Gradients in the order x, input, recurrent, bias, h0, c0.
struct recurrent_run {
  recurrent_outputs out;
  std::vector<std::vector<double>> gradients;
  bool outside_untouched = true;
};

/// One forward pass (and a backward pass where `slopes` is given: the gradients of y, h_n and c_n), with rows of x and y
/// apart from each other, and weight gradients that hold 1 beforehand.
template <class Layer, class T>
recurrent_run run_layer(const recurrent_case& s, const recurrent_numbers& n, const recurrent_outputs* slopes, bool packed,
                        std::size_t threads, kernel::simd_level level) {
  const mmrec::exec::cpu exec{.threads = threads};
  const kernel::recurrent_shape shape = s.shape();
  const std::size_t H = s.hidden, x_step = s.inputs + 3, x_example = s.steps * x_step + 5;
  const std::size_t y_step = 2 * H + 1, y_example = s.steps * y_step + 2;
  const T untouched = T(-77);
  std::vector<T> x(s.batch * x_example + 1, untouched), y(s.batch * y_example + 1, untouched), dy = y, dx = x;
  for (std::size_t b = 0; b < s.batch; ++b) {
    for (std::size_t t = 0; t < s.steps; ++t) {
      for (std::size_t i = 0; i < s.inputs; ++i) {
        x[b * x_example + t * x_step + i] = static_cast<T>(n.x[(b * s.steps + t) * s.inputs + i]);
      }
      for (std::size_t u = 0; u < H && slopes != nullptr; ++u) {
        dy[b * y_example + t * y_step + u] = static_cast<T>(slopes->y[(b * s.steps + t) * H + u]);
      }
    }
  }
  const auto input = as<T>(n.input), recurrent = as<T>(n.recurrent), bias = as<T>(n.bias), h0 = as<T>(n.h0),
             c0 = as<T>(n.c0);
  std::vector<T> h(s.batch * H), c(s.batch * H);
  const kernel::recurrent_weights<T> weights{input.data(), recurrent.data(), bias.data()};
  const bool training = slopes != nullptr;
  std::vector<T> state(training ? Layer::template state_size<T>(shape) : 0, T(NAN));
  kernel::recurrent_forward_task<T> task{.shape = shape,
                                         .x = {x.data(), x_example, x_step},
                                         .y = {y.data(), y_example, y_step},
                                         .h0 = s.start ? h0.data() : nullptr,
                                         .c0 = s.start ? c0.data() : nullptr,
                                         .h_n = h.data(),
                                         .c_n = Layer::cell ? c.data() : nullptr,
                                         .state = training ? state.data() : nullptr};
  if (packed) {
    std::vector<T> memory(Layer::template packed_size<T>(s.inputs, H), T(NAN));
    std::vector<T> scratch(Layer::template packed_scratch<T>(shape, training, threads), T(NAN));
    Layer::pack(exec, s.inputs, H, weights, memory.data());
    Layer::forward_packed(exec, task, static_cast<const T*>(memory.data()), scratch.data(), level);
  } else {
    std::vector<T> scratch(Layer::template forward_scratch<T>(shape, training, threads), T(NAN));
    Layer::forward(exec, task, weights, scratch.data(), level);
  }
  recurrent_run result;
  const auto gather = [&](const std::vector<T>& from, std::size_t example, std::size_t step, std::size_t width) {
    std::vector<double> to;
    std::vector<T> rest = from;
    for (std::size_t b = 0; b < s.batch; ++b) {
      for (std::size_t t = 0; t < s.steps; ++t) {
        for (std::size_t i = 0; i < width; ++i) {
          to.push_back(static_cast<double>(from[b * example + t * step + i]));
          rest[b * example + t * step + i] = untouched;
        }
      }
    }
    for (const T value : rest) result.outside_untouched = result.outside_untouched && value == untouched;
    return to;
  };
  const auto doubles = [](const std::vector<T>& values) { return std::vector<double>(values.begin(), values.end()); };
  result.out = {gather(y, y_example, y_step, H), doubles(h), doubles(c)};
  if (!training) return result;

  std::vector<T> d_input(input.size(), T(1)), d_recurrent(recurrent.size(), T(1)), d_bias(bias.size(), T(1));
  std::vector<T> dh0(s.batch * H, T(NAN)), dc0(s.batch * H, Layer::cell ? T(NAN) : T(0));
  const auto dh = as<T>(slopes->h), dc = as<T>(slopes->c);
  const kernel::recurrent_backward_task<T> back{.shape = shape,
                                                .x = task.x,
                                                .y = {y.data(), y_example, y_step},
                                                .h0 = task.h0,
                                                .c0 = task.c0,
                                                .state = state.data(),
                                                .dy = {dy.data(), y_example, y_step},
                                                .dh_n = dh.data(),
                                                .dc_n = Layer::cell ? dc.data() : nullptr,
                                                .dx = {dx.data(), x_example, x_step},
                                                .dh0 = dh0.data(),
                                                .dc0 = Layer::cell ? dc0.data() : nullptr,
                                                .input_gradient = d_input.data(),
                                                .recurrent_gradient = d_recurrent.data(),
                                                .bias_gradient = d_bias.data()};
  std::vector<T> scratch(Layer::template backward_scratch<T>(shape, threads), T(NAN));
  Layer::backward(exec, back, weights, scratch.data(), level);
  for (auto* gradient : {&d_input, &d_recurrent, &d_bias}) {
    for (T& value : *gradient) value -= T(1);
  }
  result.gradients = {gather(dx, x_example, x_step, s.inputs),
                      doubles(d_input),
                      doubles(d_recurrent),
                      doubles(d_bias),
                      doubles(dh0),
                      doubles(dc0)};
  return result;
}

inline double largest(const std::vector<double>& values) {
  double most = 0;
  for (const double value : values) most = std::isnan(value) ? NAN : std::max(most, std::abs(value));
  return most;
}
/// The largest difference relative to the largest number.
inline double distance(const std::vector<double>& got, const std::vector<double>& wanted) {
  if (got.size() != wanted.size()) return INFINITY;
  double most = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (!std::isfinite(got[i])) return INFINITY;
    most = std::max(most, std::abs(got[i] - wanted[i]));
  }
  const double size = largest(wanted);
  return size > 0 ? most / size : most;
}
inline double distance(const recurrent_outputs& got, const recurrent_outputs& wanted) {
  return std::max({distance(got.y, wanted.y), distance(got.h, wanted.h), distance(got.c, wanted.c)});
}

/// The sum of all outputs times `slopes`.
inline double objective(const recurrent_outputs& out, const recurrent_outputs& slopes) {
  double sum = 0;
  for (std::size_t i = 0; i < out.y.size(); ++i) sum += out.y[i] * slopes.y[i];
  for (std::size_t i = 0; i < out.h.size(); ++i) sum += out.h[i] * slopes.h[i];
  for (std::size_t i = 0; i < out.c.size(); ++i) sum += out.c[i] * slopes.c[i];
  return sum;
}
template <class Layer>
recurrent_outputs random_slopes(const recurrent_case& s, std::uint64_t seed) {
  return {normals(s.batch * s.steps * s.hidden, seed, 11, 1.0), normals(s.batch * s.hidden, seed, 12, 1.0),
          normals(s.batch * s.hidden, seed, 13, Layer::cell ? 1.0 : 0.0)};
}

/// Central differences of the reference, in the order of the gradients, relative to the largest gradient: the worst error.
template <class Layer>
double gradient_error(const recurrent_case& s, std::uint64_t seed, kernel::simd_level level) {
  recurrent_numbers numbers = random_numbers<Layer>(s, seed);
  const recurrent_outputs slopes = random_slopes<Layer>(s, seed);
  const recurrent_run run = run_layer<Layer, double>(s, numbers, &slopes, false, 1, level);
  if (!run.outside_untouched) return INFINITY;
  double most = 0, worst = 0;
  std::size_t part = 0;
  for (std::vector<double>* values : numbers.parts()) {
    const std::vector<double>& gradient = run.gradients[part++];
    if (gradient.size() != values->size()) return INFINITY;
    const double step = 2e-5;
    for (std::size_t i = 0; i < values->size(); ++i) {
      const double before = (*values)[i];
      (*values)[i] = before + step;
      const double above = objective(reference<Layer>(s, numbers), slopes);
      (*values)[i] = before - step;
      const double below = objective(reference<Layer>(s, numbers), slopes);
      (*values)[i] = before;
      const double wanted = (above - below) / (2 * step);
      // Without given initial states these stay as they are and their gradients flow to zeros all the same.
      if (!s.start && part > 4) continue;
      if (!std::isfinite(gradient[i])) return INFINITY;
      most = std::max(most, std::abs(wanted));
      worst = std::max(worst, std::abs(wanted - gradient[i]));
    }
  }
  return most > 0 ? worst / most : worst;
}

/// Layers of all kinds of sizes, whole and ragged.
inline std::vector<recurrent_case> recurrent_cases() {
  return {{1, 1, 1, 1},
          {1, 7, 3, 5},
          {2, 4, 40, 64, {}, true},
          {3, 5, 5, 17, {5, 0, 2}},
          {7, 6, 9, 33, {6, 1, 0, 3, 6, 2, 9}, true, false},
          {13, 3, 20, 16, {}, false, false},
          {70, 2, 3, 8, {}, true},
          {1, 60, 2, 70, {}, false, false},
          {4, 0, 3, 5},
          {0, 4, 3, 5},
          {2, 3, 0, 6}};
}

/// Forward against the reference, for all levels, packed or not, with a state or without.
template <class Layer>
void check_forward() {
  for (const auto level : kernel::usable_simd_levels()) {
    for (const recurrent_case& c : recurrent_cases()) {
      CAPTURE(kernel::name_of(level), c.batch, c.steps, c.inputs, c.hidden, c.reverse);
      const recurrent_numbers numbers = random_numbers<Layer>(c, 3);
      const recurrent_outputs wanted = reference<Layer>(c, numbers);
      const recurrent_outputs slopes = random_slopes<Layer>(c, 3);
      for (const bool packed : {false, true}) {
        const auto inference = run_layer<Layer, float>(c, numbers, nullptr, packed, 1, level);
        const auto training = run_layer<Layer, float>(c, numbers, &slopes, packed, 1, level);
        CHECK(inference.outside_untouched);
        CHECK(distance(inference.out, wanted) < 1e-6);
        CHECK(distance(training.out, inference.out) == 0);
        CHECK(distance(run_layer<Layer, double>(c, numbers, nullptr, packed, 1, level).out, wanted) < 1e-14);
      }
    }
  }
}

/// The gradients of float against those of double, which central differences judge.
template <class Layer>
void check_float_gradients() {
  for (const auto level : kernel::usable_simd_levels()) {
    for (const recurrent_case& c : recurrent_cases()) {
      CAPTURE(kernel::name_of(level), c.batch, c.steps, c.inputs, c.hidden, c.reverse);
      const recurrent_numbers numbers = random_numbers<Layer>(c, 4);
      const recurrent_outputs slopes = random_slopes<Layer>(c, 4);
      const auto exact = run_layer<Layer, double>(c, numbers, &slopes, false, 1, kernel::simd_level::portable).gradients;
      const auto got = run_layer<Layer, float>(c, numbers, &slopes, false, 1, level).gradients;
      REQUIRE(got.size() == exact.size());
      for (std::size_t part = 0; part < got.size(); ++part) {
        CAPTURE(part);
        CHECK(distance(got[part], exact[part]) < 3e-6);
      }
    }
  }
}

template <class Layer>
void check_gradients() {
  const recurrent_case cases[] = {{1, 1, 1, 1},
                                  {2, 1, 3, 2},
                                  {3, 4, 2, 5, {4, 0, 2}},
                                  {3, 4, 2, 5, {1, 4, 0}, true},
                                  {2, 5, 4, 17, {}, true, false},
                                  {7, 3, 1, 3, {}, false}};
  for (const auto level : kernel::usable_simd_levels()) {
    for (const recurrent_case& c : cases) {
      for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        CAPTURE(kernel::name_of(level), c.batch, c.steps, c.inputs, c.hidden, c.reverse, seed);
        CHECK(gradient_error<Layer>(c, seed, level) <= 1e-7);
      }
    }
  }
}

/// Any number of threads, and any batch around an example, give the same bits.
template <class Layer>
void check_bits() {
  const recurrent_case c{37, 9, 11, 40, {9, 3, 0, 8, 9, 9, 1, 2, 5, 7, 9, 9, 9, 4, 4, 4, 9, 9, 8,
                                         6, 9, 9, 0, 3, 3, 9, 9, 9, 9, 2, 5, 5, 9, 9, 1, 7, 6}};
  const recurrent_numbers numbers = random_numbers<Layer>(c, 5);
  const recurrent_outputs slopes = random_slopes<Layer>(c, 5);
  for (const auto level : kernel::usable_simd_levels()) {
    CAPTURE(kernel::name_of(level));
    const recurrent_run one = run_layer<Layer, float>(c, numbers, &slopes, false, 1, level);
    for (const std::size_t threads : {2u, 8u}) {
      const recurrent_run many = run_layer<Layer, float>(c, numbers, &slopes, false, threads, level);
      CHECK(many.out.y == one.out.y);
      CHECK(many.out.h == one.out.h);
      CHECK(many.out.c == one.out.c);
      CHECK(many.gradients == one.gradients);
      CHECK(run_layer<Layer, float>(c, numbers, nullptr, true, threads, level).out.y == one.out.y);
    }
    const auto slice = [](const std::vector<double>& all, std::size_t at, std::size_t count) {
      return std::vector<double>(all.begin() + static_cast<std::ptrdiff_t>(at),
                                 all.begin() + static_cast<std::ptrdiff_t>(at + count));
    };
    for (const std::size_t example : {0u, 1u, 36u}) {
      const std::size_t xs = c.steps * c.inputs, ys = c.steps * c.hidden, H = c.hidden;
      const recurrent_case alone{1, c.steps, c.inputs, H, {c.lengths[example]}};
      recurrent_numbers part = numbers;
      part.x = slice(numbers.x, example * xs, xs);
      part.h0 = slice(numbers.h0, example * H, H);
      part.c0 = slice(numbers.c0, example * H, H);
      const recurrent_outputs part_slopes{slice(slopes.y, example * ys, ys), slice(slopes.h, example * H, H),
                                          slice(slopes.c, example * H, H)};
      const recurrent_run single = run_layer<Layer, float>(alone, part, &part_slopes, false, 1, level);
      CHECK(single.out.y == slice(one.out.y, example * ys, ys));
      CHECK(single.gradients[0] == slice(one.gradients[0], example * xs, xs));
      CHECK(single.gradients[4] == slice(one.gradients[4], example * H, H));
    }
  }
}

/// Against PyTorch's packed sequences, see tests/golden/rnn.py. The names of the numbers begin with `kind`.
template <class Layer>
void check_golden(const std::string& file_name, const std::string& kind) {
  std::ifstream file(std::string(MMREC_TEST_GOLDEN_DIR) + "/" + file_name);
  std::map<std::string, std::vector<double>> tensors;
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string name, number;
    std::getline(fields, name, ',');
    while (std::getline(fields, number, ',')) tensors[name].push_back(std::stod(number));
  }
  for (const bool reverse : {false, true}) {
    const auto tensor = [&](const std::string& name) {
      const auto& values = tensors[kind + (reverse ? "_reverse_" : "_forward_") + name];
      REQUIRE(!values.empty());
      return values;
    };
    const recurrent_case c{4, 5, 3, 6, {5, 2, 1, 4}, reverse};
    const recurrent_numbers numbers{tensor("x"),    tensor("input"), tensor("recurrent"),
                                    tensor("bias"), tensor("h0"),    tensor("c0")};
    const recurrent_outputs wanted{tensor("y"), tensor("h_n"), tensor("c_n")};
    const recurrent_outputs slopes{tensor("dy"), tensor("dh"), tensor("dc")};
    const char* names[] = {"d_x", "d_input", "d_recurrent", "d_bias", "d_h0", "d_c0"};
    for (const auto level : kernel::usable_simd_levels()) {
      CAPTURE(kernel::name_of(level), kind, reverse);
      const recurrent_run exact = run_layer<Layer, double>(c, numbers, &slopes, false, 1, level);
      const recurrent_run single = run_layer<Layer, float>(c, numbers, &slopes, false, 1, level);
      CHECK(distance(exact.out, wanted) < 1e-11);
      CHECK(distance(single.out, wanted) < 1e-6);
      for (std::size_t part = 0; part < 6; ++part) {
        CAPTURE(names[part]);
        CHECK(distance(exact.gradients[part], tensor(names[part])) < 1e-10);
        CHECK(distance(single.gradients[part], tensor(names[part])) < 1e-5);
      }
    }
  }
}

/// Neither pass allocates.
template <class Layer>
void check_allocations() {
  const mmrec::exec::cpu exec;
  const kernel::recurrent_shape shape{9, 4, 7, 20};
  const std::vector<float> x(9 * 4 * 7, 0.5f), weights(20 * 4 * 20 + 7 * 4 * 20 + 4 * 20, 0.1f), dy(9 * 4 * 20, 1.0f);
  const kernel::recurrent_weights<float> parts{weights.data(), weights.data(), weights.data()};
  std::vector<float> y(9 * 4 * 20), dx(x.size()), gradient(weights.size());
  std::vector<float> state(Layer::template state_size<float>(shape)), packed(Layer::template packed_size<float>(7, 20));
  std::vector<float> forward(Layer::template forward_scratch<float>(shape, false, 1));
  std::vector<float> backward(Layer::template backward_scratch<float>(shape, 1));
  kernel::recurrent_forward_task<float> task{.shape = shape, .x = {x.data(), 28, 7}, .y = {y.data(), 80, 20}};
  const kernel::recurrent_backward_task<float> back{.shape = shape,
                                                    .x = task.x,
                                                    .y = {y.data(), 80, 20},
                                                    .state = state.data(),
                                                    .dy = {dy.data(), 80, 20},
                                                    .dx = {dx.data(), 28, 7},
                                                    .input_gradient = gradient.data(),
                                                    .recurrent_gradient = gradient.data(),
                                                    .bias_gradient = gradient.data()};
  const auto level = kernel::best_simd_level();
  CHECK(allocations_of([&] {
          Layer::pack(exec, shape.inputs, shape.hidden, parts, packed.data());
          Layer::forward(exec, task, parts, forward.data(), level);
          task.state = state.data();
          Layer::forward_packed(exec, task, static_cast<const float*>(packed.data()), forward.data(), level);
          Layer::backward(exec, back, parts, backward.data(), level);
        }) == 0);
}

inline double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }

}  // namespace test

// mmrec/kernel/detail/recurrent_types.hpp - what the recurrent layers (rnn, lstm, gru) share: shapes, tasks, layouts.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include <mmrec/core/config.hpp>

namespace mmrec::inline v0 {
namespace kernel {

/// One recurrent layer in one direction.
struct recurrent_shape {
  std::size_t batch = 0;
  std::size_t steps = 0;   ///< T
  std::size_t inputs = 0;  ///< I
  std::size_t hidden = 0;  ///< H
  /// Steps of each example, or null: all of them. Lengths above `steps` count as `steps`. Outputs beyond are zeros.
  const std::uint32_t* lengths = nullptr;
  bool reverse = false;  ///< from each example's own last step to its first
};

/// batch x T vectors: the one of example n and step t begins at data[n * example_stride + t * step_stride].
template <class T>
struct recurrent_sequence {
  T* data = nullptr;
  std::size_t example_stride = 0;
  std::size_t step_stride = 0;
};

/// Row-major, gates side by side in blocks of H columns: see each layer for their order.
template <class T>
struct recurrent_weights {
  const T* input = nullptr;      ///< I x gates * H
  const T* recurrent = nullptr;  ///< H x gates * H
  const T* bias = nullptr;       ///< biases * H
};

/// One forward pass. c0 and c_n belong to the LSTM alone.
template <class T>
struct recurrent_forward_task {
  recurrent_shape shape;
  recurrent_sequence<const T> x;  ///< batch x T x I
  recurrent_sequence<T> y;        ///< batch x T x H; must not overlap x
  const T* h0 = nullptr;          ///< batch x H, or null: zeros
  const T* c0 = nullptr;          ///< batch x H, or null: zeros
  T* h_n = nullptr;    ///< batch x H, the state after each example's last step (h0 for length 0); null: not wanted
  T* c_n = nullptr;    ///< batch x H; null: not wanted
  T* state = nullptr;  ///< what the backward pass needs, ..._state_size(shape) elements; null: inference
};

/// One backward pass after a forward pass of the same task. A null gradient is not wanted, a null gradient of an output is
/// zero. Gradients of weights are added to, the others overwritten.
template <class T>
struct recurrent_backward_task {
  recurrent_shape shape;
  recurrent_sequence<const T> x;
  recurrent_sequence<const T> y;  ///< as the forward pass left it
  const T* h0 = nullptr;
  const T* c0 = nullptr;
  T* state = nullptr;  ///< as the forward pass left it; CONSUMED: a second backward pass needs a new forward pass
  recurrent_sequence<const T> dy;   ///< batch x T x H; ignored beyond an example's length
  const T* dh_n = nullptr;          ///< batch x H
  const T* dc_n = nullptr;          ///< batch x H
  recurrent_sequence<T> dx;         ///< batch x T x I; zeros beyond an example's length
  T* dh0 = nullptr;                 ///< batch x H
  T* dc0 = nullptr;                 ///< batch x H
  T* input_gradient = nullptr;      ///< I x gates * H
  T* recurrent_gradient = nullptr;  ///< H x gates * H
  T* bias_gradient = nullptr;       ///< biases * H
};

namespace detail {

// Layouts
//   panel         the units are taken in panels of panel_units, one cache line each; the last one is padded
//   record        what is kept of one step of one example: for each panel `blocks` cache lines: first the sums (then the
//                 values, then the gradients) of the gates
//   state         record of step s (in the order of processing) of example n at index s * batch + n
//   packed        [input weights][recurrent weights][bias], each by panels: element (k, gate, unit) of a panel at
//                 (k * gates + gate) * panel_units + unit; bias (gate, unit) likewise
//   transposed    columns (inputs or units) by panels of 4 * panel_units, a row for each (panel, gate, unit)
template <class T>
inline constexpr std::size_t panel_units = 64 / sizeof(T);

enum class recurrent_kind { lstm, gru, rnn_tanh, rnn_relu };

/// gates: of either product; blocks: cache lines of a record's panel; biases: of the caller's bias.
/// The input product fills the record's blocks from 0 on, the recurrent one those from recurrent_first on.
/// ..._columns[b]: which block of columns of the caller's weights belongs to the b-th of these blocks.
struct lstm_layout {
  static constexpr recurrent_kind kind = recurrent_kind::lstm;
  static constexpr std::size_t gates = 4, blocks = 5, biases = 4, recurrent_first = 0;
  static constexpr std::array<std::size_t, 4> input_columns{0, 1, 2, 3}, recurrent_columns{0, 1, 2, 3},
      bias_columns{0, 1, 2, 3};
};
/// Record: n (input part), r, z, n (recurrent part); the caller's order is r, z, n.
struct gru_layout {
  static constexpr recurrent_kind kind = recurrent_kind::gru;
  static constexpr std::size_t gates = 3, blocks = 4, biases = 4, recurrent_first = 1;
  static constexpr std::array<std::size_t, 3> input_columns{2, 0, 1}, recurrent_columns{0, 1, 2};
  static constexpr std::array<std::size_t, 4> bias_columns{2, 0, 1, 3};
};
template <recurrent_kind Kind>
struct rnn_layout {
  static constexpr recurrent_kind kind = Kind;
  static constexpr std::size_t gates = 1, blocks = 1, biases = 1, recurrent_first = 0;
  static constexpr std::array<std::size_t, 1> input_columns{0}, recurrent_columns{0}, bias_columns{0};
};

/// One example at one step. cell: c, updated in place; h: the step before's output, H values (never null).
template <class T>
struct recurrent_job {
  const T* x;
  const T* h;
  T* record;
  T* cell;
  T* y;
};
template <class T>
struct recurrent_pass {
  const T* weights;
  const T* bias;
  std::size_t inner;  ///< I or H: rows of the weights
  std::size_t used;   ///< inner, or 0: the inputs are known to be zero
  std::size_t hidden;
  bool keep;       ///< write the record
  bool recurrent;  ///< the product with h, which ends in the cell, or that with x
  bool backwards;  ///< the order of the units
};

/// previous: for the LSTM the c before, panels previous_stride apart; for the GRU the h before.
template <class T>
struct recurrent_gradient_job {
  T* record;
  const T* previous;
  std::size_t previous_stride;
  const T* dy;
  T* dh;
  T* dc;
};

template <class T>
struct recurrent_transposed_job {
  const T* record;
  T* out;
};
template <class T>
struct recurrent_transposed_pass {
  const T* weights;
  std::size_t columns;
  std::size_t hidden;
  std::size_t first_block;
  bool accumulate;
};

/// (example, step) pairs that are added to a weight gradient at a time, and most values that packing adds to a vector.
inline constexpr std::size_t outer_steps = 64;
inline constexpr std::size_t outer_padding = 8;
/// in: `count` vectors of `width` values, packed by tiles.
template <class T>
struct recurrent_outer_pass {
  std::size_t count;
  std::size_t width;
  const T* in;
  std::size_t first_block;
  const std::size_t* columns;
  std::size_t hidden;
  T* gradient;
};

/// Calls body(first, size) for tiles of nearly equal size, at most `most`; none has one row unless there is only one.
template <class Body>
void row_tiles(std::size_t count, std::size_t most, const Body& body) {
  const std::size_t tiles = (count + most - 1) / most;
  std::size_t first = 0;
  for (std::size_t tile = 0; tile < tiles; ++tile) {
    const std::size_t size = count / tiles + (tile < count % tiles ? 1 : 0);
    body(first, size);
    first += size;
  }
}

}  // namespace detail
}  // namespace kernel
}  // namespace mmrec::inline v0

// mmrec/nn/optimizer/update.hpp - one step of an optimiser over dense parameters or over rows of an embedding table.
#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <mmrec/core/config.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/nn/optimizer/detail/update_loop.hpp>
#include <mmrec/nn/optimizer/state.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// The spec of an optimiser: its slots by name (at most two numbers for each parameter), a check of its fields, and the rule
/// by which one number moves in step number `step` (1, 2, ...) at `factor` times the learning rate. A rule has slot_count,
/// has_root, and the members that detail/update_loop.hpp calls; sgd.hpp has the smallest ones.
template <class O>
concept optimizer = std::equality_comparable<O> && requires(const O& spec, double factor, std::uint64_t step) {
  { O::slots.size() } -> std::convertible_to<std::size_t>;
  {spec.validate(std::string_view())};
  { spec.learning_rate } -> std::convertible_to<double>;
  {spec.template rule<float>(factor, step)};
  {spec.template rule<double>(factor, step)};
};

namespace detail {
template <class T>
update_range<T> whole_range(optimizer_state<T>& state, T* parameters, const T* gradients) {
  return {parameters, gradients, state.slots() > 0 ? state.slot(0).data() : nullptr,
          state.slots() > 1 ? state.slot(1).data() : nullptr};
}
}  // namespace detail

/// Updates parameters begin .. end - 1 of the buffer, as part of the step that state.advance() began.
///
/// Shapes     parameters, gradients: the whole buffers, of state.size() numbers
/// Cost       O(end - begin), one pass, no allocation
/// Result     same bits for any number of threads; `factor`, from a schedule, multiplies the spec's learning rate
/// Throws     nothing
template <executor Exec, optimizer O, class T>
void update(const Exec& exec, const O& spec, optimizer_state<T>& state, T* parameters, const T* gradients, std::size_t begin,
            std::size_t end, double factor = 1.0, kernel::simd_level level = kernel::best_simd_level()) {
  MMREC_ASSERT(begin <= end && end <= state.size() && state.steps() >= 1 && state.slots() == O::slots.size());
  const auto rule = spec.template rule<T>(factor, state.steps());
  const detail::update_range<T> range = detail::whole_range(state, parameters, gradients).from(begin);
  constexpr std::size_t grain = 16384;
  for_ranges(exec, end - begin, grain, [&](std::size_t first, std::size_t last) {
    detail::update_some(rule, range.from(first), last - first, level);
  });
}

/// Updates some rows of a table of the buffer, as part of the step that state.advance() began; all other rows and what is
/// remembered of them stay as they are.
///
/// The gradient of an embedding table is zero but for the rows that a batch has touched. Leaving the others alone is what
/// PyTorch's SparseAdam and its sparse SGD and Adagrad do. For plain SGD and Adagrad without weight decay it is the same as
/// the dense update. For the others it is not: moments and velocities of untouched rows do not decay and do not move their
/// rows, weight decay acts on touched rows only, and bias correction goes by the number of steps of all, not of the row.
/// (SparseAdam adds epsilon before the bias correction of the second moment, here it is added after it, as for dense
/// parameters: with all rows touched the two updates are the same.)
///
/// Shapes     parameters, gradients: the whole buffers; row r is the `width` numbers from first + r * width on;
///            rows: distinct
/// Cost       O(rows * width), no allocation
/// Result     same bits for any number of threads and any order of the rows
/// Throws     nothing
template <executor Exec, optimizer O, class T>
void update_rows(const Exec& exec, const O& spec, optimizer_state<T>& state, T* parameters, const T* gradients,
                 std::size_t first, std::size_t width, std::span<const std::uint32_t> rows, double factor = 1.0,
                 kernel::simd_level level = kernel::best_simd_level()) {
  MMREC_ASSERT(state.steps() >= 1 && state.slots() == O::slots.size());
  if (width == 0) return;
  const auto rule = spec.template rule<T>(factor, state.steps());
  const detail::update_range<T> range = detail::whole_range(state, parameters, gradients).from(first);
  const std::size_t grain = 1 + 16384 / width;
  for_ranges(exec, rows.size(), grain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      MMREC_ASSERT(first + (rows[i] + std::size_t{1}) * width <= state.size());
      detail::update_some(rule, range.from(rows[i] * width), width, level);
    }
  });
}

/// One whole step: state.advance() and the update of all parameters.
template <executor Exec, optimizer O, class T>
void step(const Exec& exec, const O& spec, optimizer_state<T>& state, T* parameters, const T* gradients, double factor = 1.0,
          kernel::simd_level level = kernel::best_simd_level()) {
  state.advance();
  update(exec, spec, state, parameters, gradients, 0, state.size(), factor, level);
}

}  // namespace nn
}  // namespace mmrec::inline v0

// mmrec/nn/train/evaluate.hpp - what a trained network makes of examples.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/nn/frozen.hpp>
#include <mmrec/nn/train/examples.hpp>
#include <mmrec/nn/train/labelled.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// Outputs of a frozen network for all examples of a source, in order, passed on batch by batch:
/// use(first example, outputs of the batch).
template <network Net, class T, executor Exec, class Source, class Use>
void for_each_output(const Exec& exec, const frozen<Net, T>& network, const Source& source, std::size_t batch_size,
                     Use&& use) {
  using input = typename Net::bound::input_shape;
  static_assert(example_source<Source, input, T>, "mmrec: these examples are not of the network's input shape");
  require_config(batch_size >= 1, "nn::for_each_output", "batch_size", "must be at least 1");
  const std::size_t count = source.size();
  if (count == 0) return;
  const dims<input> largest = largest_batch<input, T>(source, (std::min)(batch_size, count));
  batch_buffer<input, T> buffer(largest);
  typename frozen<Net, T>::workspace memory(largest, exec.concurrency());
  std::vector<std::uint32_t> rows(largest.count);
  for (std::size_t first = 0; first < count; first += batch_size) {
    rows.resize((std::min)(batch_size, count - first));
    std::iota(rows.begin(), rows.end(), static_cast<std::uint32_t>(first));
    buffer.fill(exec, source, rows, nullptr);
    use(first, network(exec, buffer.view(), memory));
  }
}

/// Mean loss of a network over labelled examples, without training it.
///
/// Cost       one forward pass over all; memory for batches of `batch_size`
/// Result     same bits for any number of threads
template <network Net, class T, executor Exec, class Loss, class Source, class Target>
double evaluate(const Exec& exec, const weights<Net, T>& network, const Loss& loss, const labelled<Source, Target>& data,
                std::size_t batch_size = 64) {
  constexpr std::size_t width = shape_size<typename Net::bound::output_shape>::of(1);
  const std::size_t count = data.examples.size();
  if (count == 0) return 0.0;
  const std::size_t each = detail::require_targets<width, T>("nn::evaluate", loss, data);
  kernel::aligned_vector<T> scratch(loss.scratch(batch_size, width));
  const frozen<Net, T> ready(network);
  double sum = 0.0;
  for_each_output(exec, ready, data.examples, batch_size, [&](std::size_t first, std::span<const T> outputs) {
    const std::size_t rows = outputs.size() / width;
    sum += loss.value_and_gradient(outputs.data(), data.targets.data() + first * each, rows, width, static_cast<T*>(nullptr),
                                   scratch.data()) *
           static_cast<double>(rows);
  });
  return sum / static_cast<double>(count);
}

/// Share of the examples whose largest output is the one of their class.
template <network Net, class T, executor Exec, class Source>
double accuracy(const Exec& exec, const weights<Net, T>& network, const labelled<Source, std::uint32_t>& data,
                std::size_t batch_size = 64) {
  constexpr std::size_t width = shape_size<typename Net::bound::output_shape>::of(1);
  detail::require_same_sizes("nn::accuracy", data.examples);
  require_size("nn::accuracy", "targets", data.examples.size(), data.targets.size());
  std::size_t right = 0;
  for_each_output(
      exec, frozen<Net, T>(network), data.examples, batch_size, [&](std::size_t first, std::span<const T> outputs) {
        for (std::size_t row = 0; row * width < outputs.size(); ++row) {
          const auto scores = outputs.subspan(row * width, width);
          const auto best = static_cast<std::size_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
          right += best == data.targets[first + row] ? 1 : 0;
        }
      });
  return data.examples.size() == 0 ? 0.0 : static_cast<double>(right) / static_cast<double>(data.examples.size());
}

}  // namespace nn
}  // namespace mmrec::inline v0

// mmrec/kernel/cuda/detail/image_axis.cuh - which pixels along one axis make up each new one, made on a device.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string_view>

#include <mmrec/exec/cuda/launch.cuh>
#include <mmrec/kernel/cuda/image_tuning.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace detail {

/// Output i is inputs first[i] .. first[i] + count[i] - 1 with the weights from i * taps on.
struct image_axis {
  unsigned inputs, outputs, taps;
  int* first;
  int* count;
  float* weights;
};

/// Most inputs that a triangle of this width can reach.
inline std::size_t image_taps(std::size_t inputs, std::size_t outputs) {
  const double stretch = (std::max)(1.0, static_cast<double>(inputs) / static_cast<double>(outputs));
  return 2 + static_cast<std::size_t>(std::ceil(2.0 * stretch));
}
inline std::size_t image_axis_words(std::size_t outputs, std::size_t taps) { return outputs * (2 + taps); }
inline image_axis image_axis_at(int* memory, std::size_t inputs, std::size_t outputs, std::size_t taps) {
  return {static_cast<unsigned>(inputs),
          static_cast<unsigned>(outputs),
          static_cast<unsigned>(taps),
          memory,
          memory + outputs,
          reinterpret_cast<float*>(memory + 2 * outputs)};
}

/// A thread an output: what image::detail::axis_weights does for filter::bilinear.
template <int Threads>
__global__ void __launch_bounds__(Threads) image_axis_kernel(image_axis axis) {
  const unsigned output = blockIdx.x * Threads + threadIdx.x;
  if (output >= axis.outputs) return;
  const double step = static_cast<double>(axis.inputs) / static_cast<double>(axis.outputs);
  const double stretch = step > 1.0 ? step : 1.0;
  const double center = static_cast<double>(output) * step + 0.5 * step;
  const double low = floor(center - stretch), high = ceil(center + stretch);
  const int begin = low > 0.0 ? static_cast<int>(low) : 0;
  const int end = high < static_cast<double>(axis.inputs) ? static_cast<int>(high) : static_cast<int>(axis.inputs);
  float* const weights = axis.weights + static_cast<std::size_t>(output) * axis.taps;
  int first = end, count = 0;
  double sum = 0.0;
  for (int input = begin; input < end; ++input) {
    const double away = fabs(static_cast<double>(input) + 0.5 - center) / stretch;
    const double weight = away < 1.0 ? 1.0 - away : 0.0;
    // What rounding leaves of an input that the filter does not reach would cost a tap.
    if (weight < 1e-9 && first == end) continue;
    if (first == end) first = input;
    weights[count++] = static_cast<float>(weight);
    sum += weight;
  }
  while (count > 0 && weights[count - 1] < 1e-9f) --count;
  for (int tap = 0; tap < count; ++tap) weights[tap] = static_cast<float>(static_cast<double>(weights[tap]) / sum);
  axis.first[output] = first;
  axis.count[output] = count;
}

inline void image_prepare_axis(const context& on, std::string_view function, const image_axis& axis) {
  constexpr int threads = image_tuning::threads;
  launch(on, function, {.x = blocks_for(axis.outputs, threads), .threads = threads}, image_axis_kernel<threads>, axis);
}

}  // namespace detail
}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

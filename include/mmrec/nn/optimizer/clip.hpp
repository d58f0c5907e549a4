// mmrec/nn/optimizer/clip.hpp - bounds on gradients.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include <mmrec/core/executor.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// The Euclidean norm of all gradients together.
///
/// Cost       O(count), no allocation
/// Result     squares are summed in double, in an order that depends on `count` alone: same bits for any number of threads;
///            infinity or NaN where a gradient is not finite
template <executor Exec, class T>
double global_norm(const Exec& exec, const T* gradients, std::size_t count) {
  constexpr std::size_t parts = 256;
  constexpr std::size_t lanes = 8;
  std::array<double, parts> sums{};
  const std::size_t grain = (std::max)(std::size_t{16384}, (count + parts - 1) / parts);
  for_ranges(exec, count, grain, [&](std::size_t begin, std::size_t end) {
    double lane[lanes] = {};
    std::size_t i = begin;
    for (; i + lanes <= end; i += lanes) {
      for (std::size_t j = 0; j < lanes; ++j) {
        const double g = static_cast<double>(gradients[i + j]);
        lane[j] += g * g;
      }
    }
    for (; i < end; ++i) lane[0] += static_cast<double>(gradients[i]) * static_cast<double>(gradients[i]);
    double sum = 0.0;
    for (const double part : lane) sum += part;
    sums[begin / grain] = sum;
  });
  double sum = 0.0;
  for (const double part : sums) sum += part;
  return std::sqrt(sum);
}

/// Scales all gradients alike so that their norm is at most `most`, and gives the norm as it was (PyTorch's clip_grad_norm_).
/// Gradients of a norm that is not finite stay as they are: the caller sees it in the result.
template <executor Exec, class T>
double clip_by_norm(const Exec& exec, T* gradients, std::size_t count, double most) {
  const double norm = global_norm(exec, gradients, count);
  const double scale = most / (norm + 1e-6);
  if (!std::isfinite(norm) || scale >= 1.0) return norm;
  const T factor = static_cast<T>(scale);
  constexpr std::size_t grain = 16384;
  for_ranges(exec, count, grain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) gradients[i] *= factor;
  });
  return norm;
}

/// Puts each gradient into -most .. most; NaN stays NaN.
template <executor Exec, class T>
void clip_by_value(const Exec& exec, T* gradients, std::size_t count, double most) {
  const T bound = static_cast<T>(most);
  constexpr std::size_t grain = 16384;
  for_ranges(exec, count, grain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const T g = gradients[i];
      gradients[i] = g > bound ? bound : g < -bound ? -bound : g;
    }
  });
}

}  // namespace nn
}  // namespace mmrec::inline v0

// mmrec/kernel/adam.hpp - one step of Adam on a whole table of parameters.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <mmrec/core/executor.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/adam_lanes.hpp>

namespace mmrec::inline v0 {
namespace kernel {

/// What one step of Adam works on, and its constants; see make_adam.
template <class T>
using adam_job = detail::adam_job<T>;

/// Constants of step 1, 2, ... The gradient counts `scale` times.
template <class T>
adam_job<T> make_adam(T* values, const T* gradient, T* mean, T* square, double scale, double learning_rate,
                      std::uint64_t step, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8) {
  const double steps = static_cast<double>(step);
  return {values,
          gradient,
          mean,
          square,
          static_cast<T>(scale),
          static_cast<T>(1.0 - beta1),
          static_cast<T>(beta2),
          static_cast<T>(1.0 - beta2),
          static_cast<T>(learning_rate / (1.0 - std::pow(beta1, steps))),
          static_cast<T>(1.0 / std::sqrt(1.0 - std::pow(beta2, steps))),
          static_cast<T>(epsilon)};
}

/// m += (1 - beta1) (g - m); v = beta2 v + (1 - beta2) g^2; values -= rate m' / (sqrt(v') + epsilon), with m' and v' divided
/// by 1 - beta^step, for `count` numbers.
///
/// Result     the same bits for any number of threads; levels differ by rounding
/// Reference  Kingma, Ba, "Adam: a method for stochastic optimization", ICLR 2015
template <executor Exec, class T>
void adam_steps(const Exec& exec, std::size_t count, const adam_job<T>& job, simd_level level = best_simd_level()) {
  constexpr std::size_t grain = 32768;
  for_ranges(exec, count, grain, [&](std::size_t begin, std::size_t end) {
#if MMREC_X86
    if constexpr (std::is_same_v<T, float>) {
      if (level == simd_level::avx512) return detail::level_avx512::adam_range(job, begin, end);
      if (level == simd_level::avx2) return detail::level_avx2::adam_range(job, begin, end);
    }
#endif
    static_cast<void>(level);
    detail::adam_one_by_one(job, begin, end);
  });
}

}  // namespace kernel
}  // namespace mmrec::inline v0

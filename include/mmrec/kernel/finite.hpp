// mmrec/kernel/finite.hpp - whether all of many numbers are finite.
#pragma once
#include <cstddef>

#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/math_lanes.hpp>

namespace mmrec::inline v0 {
namespace kernel {
namespace detail {
#if MMREC_X86
#define MMREC_MATH_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
namespace level_avx512 {
#include <mmrec/kernel/detail/finite_body.hpp>
}  // namespace level_avx512
#undef MMREC_MATH_TARGET
#define MMREC_MATH_TARGET __attribute__((target("avx2,fma")))
namespace level_avx2 {
#include <mmrec/kernel/detail/finite_body.hpp>
}  // namespace level_avx2
#undef MMREC_MATH_TARGET
#endif
#define MMREC_MATH_TARGET
namespace level_portable {
#include <mmrec/kernel/detail/finite_body.hpp>
}  // namespace level_portable
#undef MMREC_MATH_TARGET
}  // namespace detail

/// Neither NaN nor infinity among x. Reads x once, at the speed of memory.
template <class T>
bool all_finite(std::size_t count, const T* x, simd_level level = best_simd_level()) {
#if MMREC_X86
  if (level == simd_level::avx512) return detail::level_avx512::finite<T>(count, x);
  if (level == simd_level::avx2) return detail::level_avx2::finite<T>(count, x);
#endif
  static_cast<void>(level);
  return detail::level_portable::finite<T>(count, x);
}

}  // namespace kernel
}  // namespace mmrec::inline v0

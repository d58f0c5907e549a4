// mmrec/kernel/detail/norm_loops.hpp - the inner loops of normalisations, for each instruction set.
#pragma once
#include <cmath>
#include <cstddef>

#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/math_lanes.hpp>

namespace mmrec::inline v0 {
namespace kernel::detail {

#if MMREC_X86
#define MMREC_MATH_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
#define MMREC_MATH_OP __attribute__((always_inline)) MMREC_MATH_TARGET inline
namespace level_avx512 {
MMREC_MATH_OP __m512d load_wide(const float* from) { return _mm512_maskz_cvtps_pd(every_double, _mm256_loadu_ps(from)); }
MMREC_MATH_OP __m512d load_wide(const double* from) { return _mm512_loadu_pd(from); }
#include <mmrec/kernel/detail/norm_body.hpp>
}  // namespace level_avx512
#undef MMREC_MATH_TARGET
#define MMREC_MATH_TARGET __attribute__((target("avx2,fma")))
namespace level_avx2 {
MMREC_MATH_OP __m256d load_wide(const float* from) { return _mm256_cvtps_pd(_mm_loadu_ps(from)); }
MMREC_MATH_OP __m256d load_wide(const double* from) { return _mm256_loadu_pd(from); }
#include <mmrec/kernel/detail/norm_body.hpp>
}  // namespace level_avx2
#undef MMREC_MATH_TARGET
#undef MMREC_MATH_OP
#endif
#define MMREC_MATH_TARGET
#define MMREC_MATH_OP inline
namespace level_portable {
template <class T>
MMREC_MATH_OP reg<double> load_wide(const T* from) {
  return reg<double>{static_cast<double>(from[0]), static_cast<double>(from[1])};
}
#include <mmrec/kernel/detail/norm_body.hpp>
}  // namespace level_portable
#undef MMREC_MATH_TARGET
#undef MMREC_MATH_OP

/// Calls one of the loops of norm_body.hpp at a level.
#if MMREC_X86
#define MMREC_NORM_LOOP(function)                                                    \
  template <class T, class... Arguments>                                             \
  auto function(simd_level level, Arguments... arguments) {                          \
    if (level == simd_level::avx512) return level_avx512::function<T>(arguments...); \
    if (level == simd_level::avx2) return level_avx2::function<T>(arguments...);     \
    return level_portable::function<T>(arguments...);                                \
  }
#else
#define MMREC_NORM_LOOP(function)                     \
  template <class T, class... Arguments>              \
  auto function(simd_level, Arguments... arguments) { \
    return level_portable::function<T>(arguments...); \
  }
#endif
MMREC_NORM_LOOP(column_squares)
MMREC_NORM_LOOP(column_products)
MMREC_NORM_LOOP(normalize_columns)
MMREC_NORM_LOOP(scale_columns)
MMREC_NORM_LOOP(column_gradients)
MMREC_NORM_LOOP(normalize_row)
MMREC_NORM_LOOP(row_products)
MMREC_NORM_LOOP(row_gradient)
#undef MMREC_NORM_LOOP

}  // namespace kernel::detail
}  // namespace mmrec::inline v0

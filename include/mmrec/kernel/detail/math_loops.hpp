// mmrec/kernel/detail/math_loops.hpp - loops of one function over arrays and rows, for each instruction set.
#pragma once
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/math_lanes.hpp>

namespace mmrec::inline v0 {
namespace kernel::detail {

#if MMREC_X86
#define MMREC_MATH_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
#define MMREC_MATH_OP __attribute__((always_inline)) MMREC_MATH_TARGET inline
namespace level_avx512 {
#include <mmrec/kernel/detail/math_loops_body.hpp>
}  // namespace level_avx512
#undef MMREC_MATH_TARGET
#define MMREC_MATH_TARGET __attribute__((target("avx2,fma")))
namespace level_avx2 {
#include <mmrec/kernel/detail/math_loops_body.hpp>
}  // namespace level_avx2
#undef MMREC_MATH_TARGET
#undef MMREC_MATH_OP
#endif
#define MMREC_MATH_TARGET
#define MMREC_MATH_OP inline
namespace level_portable {
#include <mmrec/kernel/detail/math_loops_body.hpp>
}  // namespace level_portable
#undef MMREC_MATH_TARGET
#undef MMREC_MATH_OP

/// Elements of a task: small enough for the second cache level, large enough to pay for a thread's attention.
inline constexpr std::size_t elementwise_grain = std::size_t{1} << 15;

template <unary Function, class T>
void map(std::size_t count, const T* x, T* y, T parameter, simd_level level) {
#if MMREC_X86
  if (level == simd_level::avx512) return level_avx512::map<Function, T>(count, x, y, parameter);
  if (level == simd_level::avx2) return level_avx2::map<Function, T>(count, x, y, parameter);
#endif
  static_cast<void>(level);
  level_portable::map<Function, T>(count, x, y, parameter);
}

/// dx = dy * (the derivative that belongs to `value`: the output or the input, as the function wants).
template <binary Function, class T>
void map_gradient(std::size_t count, const T* value, const T* dy, T* dx, T parameter, simd_level level) {
#if MMREC_X86
  if (level == simd_level::avx512) return level_avx512::map_gradient<Function, T>(count, value, dy, dx, parameter);
  if (level == simd_level::avx2) return level_avx2::map_gradient<Function, T>(count, value, dy, dx, parameter);
#endif
  static_cast<void>(level);
  level_portable::map_gradient<Function, T>(count, value, dy, dx, parameter);
}

template <row_function Function, class T>
void row(std::size_t width, const T* a, const T* b, T* out, simd_level level) {
#if MMREC_X86
  if (level == simd_level::avx512) return level_avx512::row<Function, T>(width, a, b, out);
  if (level == simd_level::avx2) return level_avx2::row<Function, T>(width, a, b, out);
#endif
  static_cast<void>(level);
  level_portable::row<Function, T>(width, a, b, out);
}

}  // namespace kernel::detail
}  // namespace mmrec::inline v0

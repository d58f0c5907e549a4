// mmrec/kernel/detail/recurrent_lanes.hpp - the loops of recurrent layers, compiled once for each instruction set.
#pragma once
#include <algorithm>
#include <cstddef>

#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/math_lanes.hpp>
#include <mmrec/kernel/detail/recurrent_types.hpp>

#if defined(__GNUC__) && !defined(__clang__)
#define MMREC_MATH_UNROLL _Pragma("GCC unroll 16")
#else
#define MMREC_MATH_UNROLL
#endif

namespace mmrec::inline v0 {
namespace kernel::detail {

#if MMREC_X86
#define MMREC_MATH_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
#define MMREC_MATH_OP __attribute__((always_inline)) MMREC_MATH_TARGET inline
namespace level_avx512 {
#include <mmrec/kernel/detail/recurrent_body.hpp>
}  // namespace level_avx512
#undef MMREC_MATH_TARGET
#define MMREC_MATH_TARGET __attribute__((target("avx2,fma")))
namespace level_avx2 {
#include <mmrec/kernel/detail/recurrent_body.hpp>
}  // namespace level_avx2
#undef MMREC_MATH_TARGET
#undef MMREC_MATH_OP
#endif
#define MMREC_MATH_TARGET
#define MMREC_MATH_OP inline
namespace level_portable {
#include <mmrec/kernel/detail/recurrent_body.hpp>
}  // namespace level_portable
#undef MMREC_MATH_TARGET
#undef MMREC_MATH_OP

/// The loops of one level.
template <class Cell, class T>
struct recurrent_loops {
  void (*gate_rows)(const recurrent_job<T>*, std::size_t, const recurrent_pass<T>&);
  void (*gradient_rows)(const recurrent_gradient_job<T>*, std::size_t, std::size_t);
  void (*transposed_rows)(const recurrent_transposed_job<T>*, std::size_t, const recurrent_transposed_pass<T>&);
  void (*pack_outer)(const T* const*, std::size_t, std::size_t, T*);
  void (*outer_rows)(const recurrent_outer_pass<T>&, const T*, std::size_t);
  void (*bias_rows)(T*, std::size_t, std::size_t, const T*, std::size_t);

  static recurrent_loops of(simd_level level) {
#if MMREC_X86
    if (level == simd_level::avx512) {
      return {level_avx512::gate_rows<Cell, T>,       level_avx512::gradient_rows<Cell, T>,
              level_avx512::transposed_rows<Cell, T>, level_avx512::pack_outer<Cell, T>,
              level_avx512::outer_rows<Cell, T>,      level_avx512::bias_rows<Cell, T>};
    }
    if (level == simd_level::avx2) {
      return {level_avx2::gate_rows<Cell, T>,  level_avx2::gradient_rows<Cell, T>, level_avx2::transposed_rows<Cell, T>,
              level_avx2::pack_outer<Cell, T>, level_avx2::outer_rows<Cell, T>,    level_avx2::bias_rows<Cell, T>};
    }
#endif
    static_cast<void>(level);
    return {level_portable::gate_rows<Cell, T>,       level_portable::gradient_rows<Cell, T>,
            level_portable::transposed_rows<Cell, T>, level_portable::pack_outer<Cell, T>,
            level_portable::outer_rows<Cell, T>,      level_portable::bias_rows<Cell, T>};
  }
};

}  // namespace kernel::detail
}  // namespace mmrec::inline v0

#undef MMREC_MATH_UNROLL

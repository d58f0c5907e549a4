// mmrec/kernel/detail/line_lanes.hpp - loops over matrices whose rows are one cache line, compiled once for each level.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <mmrec/core/config.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/simd_vector.hpp>

namespace mmrec::inline v0 {
namespace kernel {

/// Columns of a matrix whose rows are one cache line each.
template <class T>
inline constexpr std::size_t line_columns = cache_line / sizeof(T);

namespace detail {

/// Rows `to` := or += sums of values[e] * from[indices[e]] over the entries e of each row.
template <class T>
struct line_gather {
  const std::int64_t* starts;
  std::size_t entries;  ///< that may be read
  const std::int32_t* indices;
  const T* values;
  const T* from;
  T* to;
};

/// Entries ahead of the current one whose lines are asked for.
inline constexpr std::size_t line_ahead = 32;

#if defined(__clang__)
#define MMREC_LINE_UNROLL _Pragma("unroll")
#else
#define MMREC_LINE_UNROLL _Pragma("GCC unroll 16")
#endif

namespace line_portable {
/// Four numbers that any compiler turns into the vectors it has.
template <class T>
struct line_vector {
  static constexpr std::size_t width = 4;
  struct type {
    T at[width];
  };
  static type zero() { return {}; }
  static type all(T x) { return {{x, x, x, x}}; }
  static type load(const T* from) { return {{from[0], from[1], from[2], from[3]}}; }
  static void store(T* to, const type& x) { std::copy_n(x.at, width, to); }
  static type multiply_add(const type& x, const type& y, const type& z) {
    return {{x.at[0] * y.at[0] + z.at[0], x.at[1] * y.at[1] + z.at[1], x.at[2] * y.at[2] + z.at[2],
             x.at[3] * y.at[3] + z.at[3]}};
  }
};
#define MMREC_LINE_TARGET
#include <mmrec/kernel/detail/line_body.hpp>
#undef MMREC_LINE_TARGET
}  // namespace line_portable

#if MMREC_X86
namespace line_avx2 {
template <class T>
using line_vector = vector256<T>;
#define MMREC_LINE_TARGET __attribute__((target("avx2,fma")))
#include <mmrec/kernel/detail/line_body.hpp>
#undef MMREC_LINE_TARGET
}  // namespace line_avx2

namespace line_avx512 {
template <class T>
using line_vector = vector512<T>;
#define MMREC_LINE_TARGET __attribute__((target("avx512f,avx2,fma")))
#include <mmrec/kernel/detail/line_body.hpp>
#undef MMREC_LINE_TARGET
}  // namespace line_avx512
#endif
#undef MMREC_LINE_UNROLL

}  // namespace detail
}  // namespace kernel
}  // namespace mmrec::inline v0

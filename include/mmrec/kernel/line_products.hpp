// mmrec/kernel/line_products.hpp - products of tall matrices whose rows are one cache line each.
#pragma once
#include <cstddef>

#include <mmrec/core/config.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/line_lanes.hpp>
#include <mmrec/kernel/spmm.hpp>

namespace mmrec::inline v0 {
namespace kernel {

// A `line matrix` has line_columns<T> columns (16 floats, 8 doubles) and begins on a cache line, so that a row is one line:
// a product with a sparse matrix touches one line for each entry, and 32,000 rows fit in a second-level cache of 2 MiB.

/// C = A B, or C += A B, for a sparse A and line matrices B and C.
///
/// Shapes     A: N x D; B: D x L and C: N x L, L = line_columns<T>
/// Cost       one line of B for each entry: a third to a half of what a column costs in spmm() with 64 of them
/// Result     the even and the odd entries of a row of A are summed in their order, then both sums added: same bits for any
///            number of threads and the AVX2 and AVX-512 levels
template <executor Exec, class T>
void sparse_times_lines(const Exec& exec, const sparse_rows<T>& a, const T* b, T* c, bool accumulate = false,
                        simd_level level = best_simd_level()) {
  constexpr std::size_t grain = 512;
  const detail::line_gather<T> task{a.starts.data(), a.values.size(), a.indices.data(), a.values.data(), b, c};
  for_ranges(exec, a.rows(), grain, [&](std::size_t begin, std::size_t end) {
#if MMREC_X86
    namespace wide = detail::line_avx512;
    namespace narrow = detail::line_avx2;
    if (level == simd_level::avx512) {
      return accumulate ? wide::gather<T, true>(task, begin, end) : wide::gather<T, false>(task, begin, end);
    }
    if (level == simd_level::avx2) {
      return accumulate ? narrow::gather<T, true>(task, begin, end) : narrow::gather<T, false>(task, begin, end);
    }
#endif
    static_cast<void>(level);
    namespace plain = detail::line_portable;
    return accumulate ? plain::gather<T, true>(task, begin, end) : plain::gather<T, false>(task, begin, end);
  });
}

/// out = X^T Y for line matrices of `rows` rows. Shapes  out: L x L
/// Result     summed in T in the order of the rows; same bits at the AVX2 and AVX-512 levels
template <class T>
void line_products(const T* x, const T* y, std::size_t rows, T* out, simd_level level = best_simd_level()) {
#if MMREC_X86
  if (level == simd_level::avx512) return detail::line_avx512::products<T>(x, y, rows, out);
  if (level == simd_level::avx2) return detail::line_avx2::products<T>(x, y, rows, out);
#endif
  static_cast<void>(level);
  detail::line_portable::products<T>(x, y, rows, out);
}

/// Y = X M, or Y += X M, for line matrices of `rows` rows; without `accumulate` Y may be X. Shapes  M: L x L
/// Result     summed in T in the order of the rows of M; same bits at the AVX2 and AVX-512 levels
template <class T>
void lines_times(const T* x, const T* m, std::size_t rows, T* y, bool accumulate, simd_level level = best_simd_level()) {
#if MMREC_X86
  if (level == simd_level::avx512) return detail::line_avx512::times<T>(x, m, rows, y, accumulate);
  if (level == simd_level::avx2) return detail::line_avx2::times<T>(x, m, rows, y, accumulate);
#endif
  static_cast<void>(level);
  detail::line_portable::times<T>(x, m, rows, y, accumulate);
}

}  // namespace kernel
}  // namespace mmrec::inline v0

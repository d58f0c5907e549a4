// mmrec/kernel/spmm.hpp - sparse times dense matrix products.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include <mmrec/core/config.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/spmm_row.hpp>

namespace mmrec::inline v0 {
namespace kernel {

/// A matrix in compressed rows: row r holds entries starts[r] .. starts[r + 1] - 1.
template <class T>
struct sparse_rows {
  std::span<const std::int64_t> starts;
  std::span<const std::int32_t> indices;
  std::span<const T> values;
  std::size_t rows() const { return starts.size() - 1; }
};

/// C = A B for a sparse A. For A^T B pass the transposed matrix: scattering sums would make them depend on the threads.
///
/// Shapes     A: N x D; B: D x K and C: N x K, row-major
/// Cost       2 K operations and one read of a row of B for each entry
/// Result     each row of C is summed in the order of its entries: a row alone gives the same bits as in a batch, as do any
///            number of threads and the AVX2 and AVX-512 levels
template <executor Exec, class T>
void spmm(const Exec& exec, const sparse_rows<T>& a, const T* b, std::size_t b_stride, std::size_t columns, T* c,
          std::size_t c_stride, simd_level level = best_simd_level()) {
  constexpr std::size_t grain = 128;
  for_ranges(exec, a.rows(), grain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      const auto first = static_cast<std::size_t>(a.starts[row]);
      const auto count = static_cast<std::size_t>(a.starts[row + 1]) - first;
      detail::spmm_row<T>(
          {count, a.indices.data() + first, a.values.data() + first, b, b_stride, c + row * c_stride, columns}, level);
    }
  });
}

/// One row of spmm: the same numbers.
template <class T>
void sparse_row_times(std::span<const std::int32_t> indices, std::span<const T> values, const T* b, std::size_t b_stride,
                      std::size_t columns, T* out, simd_level level = best_simd_level()) {
  MMREC_ASSERT(indices.size() == values.size());
  detail::spmm_row<T>({values.size(), indices.data(), values.data(), b, b_stride, out, columns}, level);
}

}  // namespace kernel
}  // namespace mmrec::inline v0

// mmrec/kernel/gemm.hpp - dense matrix products.
#pragma once
#include <algorithm>
#include <cstddef>

#include <mmrec/core/executor.hpp>
#include <mmrec/kernel/aligned_buffer.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/gemm_tile.hpp>
#include <mmrec/kernel/detail/pack.hpp>
#include <mmrec/kernel/scratch_slots.hpp>

namespace mmrec::inline v0 {
namespace kernel {

/// A matrix to read, not owned: element (i, j) at data[i * row_stride + j * column_stride], one of the strides being 1.
template <class T>
struct gemm_operand {
  const T* data = nullptr;
  std::size_t row_stride = 0;
  std::size_t column_stride = 1;
};

/// A row-major matrix whose rows are `stride` apart, as it is.
template <class T>
gemm_operand<T> as_stored(const T* data, std::size_t stride) {
  return {data, stride, 1};
}
/// The transpose of a row-major matrix whose rows are `stride` apart.
template <class T>
gemm_operand<T> transposed(const T* data, std::size_t stride) {
  return {data, 1, stride};
}

/// What is known of B: `upper` says that its elements (p, j) are zero for p > j, `lower` that they are for p < j.
/// Products with those zeros are left out where whole columns of tiles meet them.
enum class gemm_shape { full, lower, upper };

/// C = alpha * A * B, or C += alpha * A * B.
template <class T>
struct gemm_problem {
  std::size_t rows = 0;     ///< of A and C
  std::size_t columns = 0;  ///< of B and C
  std::size_t inner = 0;    ///< columns of A, rows of B
  gemm_operand<T> a;
  gemm_operand<T> b;
  T* c = nullptr;  ///< row-major; may not overlap A or B
  std::size_t c_stride = 0;
  T alpha = T(1);
  bool accumulate = false;  ///< add to C instead of overwriting it
  bool lower = false;       ///< only elements (i, j) with j <= i are wanted; some of the others are overwritten too
  gemm_shape b_shape = gemm_shape::full;
  const T* packed_b = nullptr;  ///< B as gemm_pack() leaves it; `b` is not read then
  const T* bias = nullptr;      ///< added to each row of C, when all else is done
  bool relu = false;            ///< negative elements of C become 0, after that
};

namespace detail {

/// Extents of the blocks that are packed: a panel of B (inner x tile columns) fits in the first-level cache, a block of A
/// (rows x inner) in half of a second-level cache, a block of B (inner x columns) in the third level.
struct gemm_blocking {
  static constexpr std::size_t inner = 256;
  static constexpr std::size_t rows = 96 * gemm_tile_rows;
  static constexpr std::size_t least_rows = rows / 16;  ///< whole tiles, as its doubles are
  static_assert(least_rows % gemm_tile_rows == 0 && least_rows * 16 == rows);
  static constexpr std::size_t panels = 128;      ///< panels of B packed at a time
  static constexpr std::size_t task_panels = 32;  ///< panels of B that one task goes through
};

/// The rows first .. first + count - 1 of an operand, columns start .. start + inner - 1.
template <class T>
pack_task<T> part_of(const gemm_operand<T>& from, std::size_t first, std::size_t count, std::size_t start,
                     std::size_t inner) {
  // An operand without elements may be null, which nothing may be added to.
  const T* data = inner == 0 ? from.data : from.data + first * from.row_stride + start * from.column_stride;
  return {data, from.row_stride, from.column_stride, count, inner};
}

struct gemm_range {
  std::size_t skipped;
  std::size_t used;
};
/// Which of the rows start .. start + inner - 1 of B can be non-zero in the columns first .. first + count - 1.
inline gemm_range useful_range(gemm_shape shape, std::size_t first, std::size_t count, std::size_t start,
                               std::size_t inner) {
  if (shape == gemm_shape::upper) return {0, first + count <= start ? 0 : (std::min)(inner, first + count - start)};
  if (shape == gemm_shape::lower && first > start) {
    const std::size_t skipped = (std::min)(inner, first - start);
    return {skipped, inner - skipped};
  }
  return {0, inner};
}

template <class T>
struct gemm_scratch_sizes {
  std::size_t packed_b = 0;
  std::size_t packed_a = 0;  ///< for each task that runs
};
template <class T>
constexpr gemm_scratch_sizes<T> gemm_sizes(std::size_t rows, std::size_t columns, std::size_t inner) {
  const auto up = [](std::size_t count, std::size_t step) { return (count + step - 1) / step * step; };
  const std::size_t depth = (std::min)(inner, gemm_blocking::inner);
  const std::size_t most_columns = gemm_blocking::panels * gemm_tile_columns<T>;
  // Whole cache lines, so that each task's part begins on one.
  return {up((std::min)(most_columns, up(columns, gemm_tile_columns<T>)) * depth, 16),
          up(up((std::min)(gemm_blocking::rows, rows), gemm_tile_rows) * depth, 16)};
}

}  // namespace detail

namespace detail {
/// The bias and the cut of one tile of C, while it is in the nearest cache.
template <class T>
void finish_tile(const T* bias, bool relu, std::size_t rows, std::size_t columns, T* c, std::size_t c_stride) {
  for (std::size_t row = 0; row < rows; ++row) {
    T* const at = c + row * c_stride;
    if (bias != nullptr && relu) {
      for (std::size_t j = 0; j < columns; ++j) at[j] = (std::max)(at[j] + bias[j], T(0));
    } else if (bias != nullptr) {
      for (std::size_t j = 0; j < columns; ++j) at[j] += bias[j];
    } else {
      for (std::size_t j = 0; j < columns; ++j) at[j] = (std::max)(at[j], T(0));
    }
  }
}
/// Where the panels begin of the block of B with columns from `left` on, rows from `start` on.
template <class T>
constexpr std::size_t packed_block(std::size_t columns, std::size_t inner, std::size_t left, std::size_t start) {
  constexpr std::size_t tile = gemm_tile_columns<T>;
  const std::size_t here = (std::min)((columns - left + tile - 1) / tile, gemm_blocking::panels) * tile;
  return left * inner + start * here;
}
}  // namespace detail

/// Elements of a matrix B of inner x columns once it is packed.
template <class T>
constexpr std::size_t gemm_packed_size(std::size_t inner, std::size_t columns) {
  constexpr std::size_t tile = detail::gemm_tile_columns<T>;
  return (columns + tile - 1) / tile * tile * inner;
}
/// Packs B once for many products, as gemm() otherwise does each time. One layout for all levels.
template <class T>
void gemm_pack(std::size_t inner, std::size_t columns, const gemm_operand<T>& b, T* packed,
               simd_level level = best_simd_level()) {
  constexpr std::size_t tile = detail::gemm_tile_columns<T>, most = detail::gemm_blocking::panels * tile;
  const gemm_operand<T> columns_of_b{b.data, b.column_stride, b.row_stride};
  for (std::size_t left = 0; left < columns; left += most) {
    for (std::size_t start = 0; start < inner; start += detail::gemm_blocking::inner) {
      const std::size_t part = (std::min)(inner - start, detail::gemm_blocking::inner);
      T* const block = packed + detail::packed_block<T>(columns, inner, left, start);
      for (std::size_t first = left; first < (std::min)(columns, left + most); first += tile) {
        detail::pack_panel(detail::part_of(columns_of_b, first, (std::min)(tile, columns - first), start, part), tile,
                           block + (first - left) * part, level);
      }
    }
  }
}

/// Elements of scratch that a product of these sizes needs when up to `concurrency` threads run it.
template <class T>
constexpr std::size_t gemm_scratch(std::size_t rows, std::size_t columns, std::size_t inner, std::size_t concurrency) {
  const auto sizes = detail::gemm_sizes<T>(rows, columns, inner);
  return sizes.packed_b + sizes.packed_a * concurrency;
}

/// Computes a matrix product in the caller's scratch, gemm_scratch() elements; nothing is allocated.
///
/// Shapes     A: rows x inner, B: inner x columns, C: rows x columns; each may be empty (inner = 0 gives zeros)
/// Cost       2 * rows * columns * inner operations
/// Result     each element is summed in an order that depends on `inner` alone: same bits for any number of threads, any
///            position in C, and the AVX2 and AVX-512 levels
/// Avoid when rows < 8, where packing B costs more than the product: see multiply_rows
/// Reference  Goto, van de Geijn, "Anatomy of high-performance matrix multiplication", ACM TOMS 34(3), 2008
template <executor Exec, class T>
void gemm(const Exec& exec, const gemm_problem<T>& problem, T* scratch, simd_level level = best_simd_level()) {
  using blocking = detail::gemm_blocking;
  constexpr std::size_t tile_rows = detail::gemm_tile_rows;
  constexpr std::size_t tile_columns = detail::gemm_tile_columns<T>;
  if (problem.rows == 0 || problem.columns == 0) return;
  const auto tile = detail::gemm_tile<T, tile_rows>(level);
  const auto up = [](std::size_t count, std::size_t step) { return (count + step - 1) / step; };

  const gemm_operand<T> columns_of_b{problem.b.data, problem.b.column_stride, problem.b.row_stride};
  const auto sizes = detail::gemm_sizes<T>(problem.rows, problem.columns, problem.inner);
  scratch_slots<T> slots(scratch + sizes.packed_b, sizes.packed_a, exec.concurrency());

  for (std::size_t left = 0; left < problem.columns; left += blocking::panels * tile_columns) {
    const std::size_t columns = (std::min)(problem.columns - left, blocking::panels * tile_columns);
    const std::size_t panels = up(columns, tile_columns);
    std::size_t start = 0;
    do {
      const std::size_t inner = (std::min)(problem.inner - start, blocking::inner);
      const bool last = start + inner == problem.inner;
      const T* packed_b = scratch;
      if (problem.packed_b != nullptr) {
        packed_b = problem.packed_b + detail::packed_block<T>(problem.columns, problem.inner, left, start);
      } else {
        for_ranges(exec, panels, 8, [&](std::size_t begin, std::size_t end) {
          for (std::size_t panel = begin; panel < end; ++panel) {
            const std::size_t first = panel * tile_columns;
            detail::pack_panel(
                detail::part_of(columns_of_b, left + first, (std::min)(tile_columns, columns - first), start, inner),
                tile_columns, scratch + first * inner, level);
          }
        });
      }
      const std::size_t stripes = up(panels, blocking::task_panels);
      // Few rows are cut finer where there are threads to keep busy. Cuts lie between tiles: they change no bit.
      std::size_t block_rows = blocking::rows;
      if (exec.concurrency() > 1) {
        while (block_rows > blocking::least_rows && up(problem.rows, block_rows) * stripes < 2 * exec.concurrency()) {
          block_rows /= 2;
        }
      }
      const std::size_t blocks = up(problem.rows, block_rows);
      for_ranges(exec, blocks * stripes, 1, [&](std::size_t index, std::size_t) {
        const std::size_t top = index / stripes * block_rows;
        const std::size_t rows = (std::min)(block_rows, problem.rows - top);
        const std::size_t first_panel = index % stripes * blocking::task_panels;
        const std::size_t last_panel = (std::min)(panels, first_panel + blocking::task_panels);
        if (problem.lower && left + first_panel * tile_columns > top + rows - 1) return;
        const auto packed_a = slots.lease();
        for (std::size_t row = 0; row < rows; row += tile_rows) {
          detail::pack_panel(detail::part_of(problem.a, top + row, (std::min)(tile_rows, rows - row), start, inner),
                             tile_rows, packed_a.data() + row * inner, level);
        }
        for (std::size_t panel = first_panel; panel < last_panel; ++panel) {
          const std::size_t column = panel * tile_columns;
          const auto [skipped, used] = detail::useful_range(problem.b_shape, left + column, tile_columns, start, inner);
          for (std::size_t row = 0; row < rows; row += tile_rows) {
            const std::size_t count = (std::min)(tile_rows, rows - row);
            if (problem.lower && left + column > top + row + count - 1) continue;
            T* const c = problem.c + (top + row) * problem.c_stride + left + column;
            const std::size_t used_columns = (std::min)(tile_columns, columns - column);
            tile({.inner = used,
                  .a = packed_a.data() + row * inner + skipped * tile_rows,
                  .b = packed_b + column * inner + skipped * tile_columns,
                  .b_stride = tile_columns,
                  .c = c,
                  .c_stride = problem.c_stride,
                  .rows = count,
                  .columns = used_columns,
                  .alpha = problem.alpha,
                  .accumulate = problem.accumulate || start != 0});
            if (last && (problem.bias != nullptr || problem.relu)) {
              detail::finish_tile(problem.bias == nullptr ? nullptr : problem.bias + left + column, problem.relu, count,
                                  used_columns, c, problem.c_stride);
            }
          }
        }
      });
      start += inner;
    } while (start < problem.inner);
  }
}

/// The same in scratch of its own, about 1 KiB a column of B (4 KiB * 6144 at most for float) and 0.8 MB a thread.
template <executor Exec, class T>
void gemm(const Exec& exec, const gemm_problem<T>& problem, simd_level level = best_simd_level()) {
  if (problem.rows == 0 || problem.columns == 0) return;
  aligned_buffer<T> scratch(gemm_scratch<T>(problem.rows, problem.columns, problem.inner, exec.concurrency()));
  gemm(exec, problem, scratch.data(), level);
}

/// C = A * B for row-major A and B where B is small enough for the caches, on the calling thread and without allocation.
///
/// Shapes     A: rows x inner, B: inner x columns, C: rows x columns
/// Result     a row of C depends on its row of A and on B alone: one row at a time gives the same bits as many, at any
///            number of rows; AVX2 and AVX-512 agree
template <class T>
void multiply_rows(const T* a, std::size_t a_stride, std::size_t rows, std::size_t inner, const T* b, std::size_t b_stride,
                   std::size_t columns, T* c, std::size_t c_stride, simd_level level = best_simd_level()) {
  constexpr std::size_t tile_rows = detail::gemm_tile_rows;
  constexpr std::size_t tile_columns = detail::gemm_tile_columns<T>;
  constexpr std::size_t depth = 256;
  const auto tile = detail::gemm_tile<T, tile_rows>(level);
  const auto single = detail::gemm_tile<T, 1>(level);
  alignas(64) T packed[tile_rows * depth];
  for (std::size_t row = 0; row < rows; row += tile_rows) {
    const std::size_t count = (std::min)(tile_rows, rows - row);
    std::size_t start = 0;
    do {
      const std::size_t part = (std::min)(inner - start, depth);
      const bool one = count == 1;  // a lone row needs no packing
      if (!one) detail::pack_panel<T>({a + row * a_stride + start, a_stride, 1, count, part}, tile_rows, packed, level);
      for (std::size_t column = 0; column < columns; column += tile_columns) {
        (one ? single : tile)({.inner = part,
                               .a = one ? a + row * a_stride + start : packed,
                               .b = b + start * b_stride + column,
                               .b_stride = b_stride,
                               .c = c + row * c_stride + column,
                               .c_stride = c_stride,
                               .rows = count,
                               .columns = (std::min)(tile_columns, columns - column),
                               .alpha = T(1),
                               .accumulate = start != 0});
      }
      start += part;
    } while (start < inner);
  }
}

/// The same for B as gemm_pack() leaves it: the bits of multiply_rows() and of gemm().
template <class T>
void multiply_rows_packed(const T* a, std::size_t a_stride, std::size_t rows, std::size_t inner, const T* packed,
                          std::size_t columns, T* c, std::size_t c_stride, simd_level level = best_simd_level()) {
  constexpr std::size_t most = detail::gemm_blocking::panels * detail::gemm_tile_columns<T>;
  constexpr std::size_t tile_rows = detail::gemm_tile_rows;
  constexpr std::size_t tile_columns = detail::gemm_tile_columns<T>;
  const auto tile = detail::gemm_tile<T, tile_rows>(level);
  const auto single = detail::gemm_tile<T, 1>(level);
  alignas(64) T packed_a[tile_rows * detail::gemm_blocking::inner];
  for (std::size_t row = 0; row < rows; row += tile_rows) {
    const std::size_t count = (std::min)(tile_rows, rows - row);
    std::size_t start = 0;
    do {
      const std::size_t part = (std::min)(inner - start, detail::gemm_blocking::inner);
      const bool one = count == 1;  // a lone row needs no packing
      if (!one) detail::pack_panel<T>({a + row * a_stride + start, a_stride, 1, count, part}, tile_rows, packed_a, level);
      for (std::size_t left = 0; left < columns; left += most) {
        const T* const block = packed + detail::packed_block<T>(columns, inner, left, start);
        for (std::size_t column = left; column < (std::min)(columns, left + most); column += tile_columns) {
          (one ? single : tile)({.inner = part,
                                 .a = one ? a + row * a_stride + start : packed_a,
                                 .b = block + (column - left) * part,
                                 .b_stride = tile_columns,
                                 .c = c + row * c_stride + column,
                                 .c_stride = c_stride,
                                 .rows = count,
                                 .columns = (std::min)(tile_columns, columns - column),
                                 .alpha = T(1),
                                 .accumulate = start != 0});
        }
      }
      start += part;
    } while (start < inner);
  }
}

}  // namespace kernel
}  // namespace mmrec::inline v0

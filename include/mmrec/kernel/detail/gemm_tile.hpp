// mmrec/kernel/detail/gemm_tile.hpp - the innermost loops of the matrix product, one for each instruction set.
#pragma once
#include <algorithm>
#include <cstddef>

#include <mmrec/core/config.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/simd_vector.hpp>

namespace mmrec::inline v0 {
namespace kernel::detail {

/// Rows of a register tile. The same for all levels, so that they share one packed layout of A.
inline constexpr std::size_t gemm_tile_rows = 8;
/// Columns of a register tile: three AVX-512 vectors. With 8 rows, 24 of the 32 registers accumulate, and a step of
/// 24 multiply-adds needs 3 loads and 8 broadcasts, fewer than the two load ports can serve in the meantime.
template <class T>
inline constexpr std::size_t gemm_tile_columns = 192 / sizeof(T);

/// One tile's work:  C = alpha * A * B  or  C += alpha * A * B.
/// Shapes  A: Rows x inner, element (r, p) at a[p * Rows + r];  B: inner x columns, row p at b + p * b_stride;
///         C: rows x columns, rows <= Rows (the other rows of A are padding), 1 <= columns <= gemm_tile_columns.
/// Each element of C is one chain of multiply-adds in the order of p, wherever in a tile it lies.
template <class T>
struct gemm_tile_task {
  std::size_t inner;
  const T* a;
  const T* b;
  std::size_t b_stride;
  T* c;
  std::size_t c_stride;
  std::size_t rows;
  std::size_t columns;
  T alpha;
  bool accumulate;
};

template <class T, std::size_t Rows>
void gemm_tile_portable(const gemm_tile_task<T>& task) {
  constexpr std::size_t width = 32 / sizeof(T);
  constexpr std::size_t height = std::min<std::size_t>(Rows, 4);
  for (std::size_t top = 0; top < task.rows; top += height) {
    for (std::size_t left = 0; left < task.columns; left += width) {
      const std::size_t count = (std::min)(width, task.columns - left);
      T sums[height][width] = {};
      const T* a = task.a + top;
      const T* b = task.b + left;
      for (std::size_t p = 0; p < task.inner; ++p, a += Rows, b += task.b_stride) {
        if (count == width) {  // a constant trip count lets the compiler keep the sums in registers
          for (std::size_t r = 0; r < height; ++r) {
            for (std::size_t j = 0; j < width; ++j) sums[r][j] += a[r] * b[j];
          }
        } else {
          for (std::size_t r = 0; r < height; ++r) {
            for (std::size_t j = 0; j < count; ++j) sums[r][j] += a[r] * b[j];
          }
        }
      }
      for (std::size_t r = 0; r < height && top + r < task.rows; ++r) {
        T* c = task.c + (top + r) * task.c_stride + left;
        for (std::size_t j = 0; j < count; ++j) {
          const T product = task.alpha * sums[r][j];
          c[j] = task.accumulate ? c[j] + product : product;
        }
      }
    }
  }
}

#if MMREC_X86
/// One block of registers: Height rows of the tile's Rows, Vectors vectors wide, the last one `tail` lanes long.
template <class T, std::size_t Rows, std::size_t Height, std::size_t Vectors>
__attribute__((target("avx2,fma"))) void gemm_block_avx2(const gemm_tile_task<T>& task, std::size_t top, std::size_t left,
                                                         std::size_t tail) {
  using vector = vector256<T>;
  const std::size_t inner = task.inner, b_stride = task.b_stride;
  const T* a = task.a + top;
  const T* b = task.b + left;
  const typename vector::mask mask = vector::first(tail);
  typename vector::type sums[Height][Vectors];
#pragma GCC unroll 4
  for (std::size_t r = 0; r < Height; ++r) {
#pragma GCC unroll 3
    for (std::size_t v = 0; v < Vectors; ++v) sums[r][v] = vector::zero();
  }
  for (std::size_t p = 0; p < inner; ++p, a += Rows, b += b_stride) {
    typename vector::type row[Vectors];
#pragma GCC unroll 3
    for (std::size_t v = 0; v + 1 < Vectors; ++v) row[v] = vector::load(b + v * vector::width);
    row[Vectors - 1] = vector::load(b + (Vectors - 1) * vector::width, mask);
#pragma GCC unroll 4
    for (std::size_t r = 0; r < Height; ++r) {
      const typename vector::type factor = vector::all(a[r]);
#pragma GCC unroll 3
      for (std::size_t v = 0; v < Vectors; ++v) sums[r][v] = vector::multiply_add(factor, row[v], sums[r][v]);
    }
  }
  const typename vector::type alpha = vector::all(task.alpha);
#pragma GCC unroll 4
  for (std::size_t r = 0; r < Height; ++r) {
    if (top + r >= task.rows) break;
#pragma GCC unroll 3
    for (std::size_t v = 0; v < Vectors; ++v) {
      T* c = task.c + (top + r) * task.c_stride + left + v * vector::width;
      const typename vector::mask lanes = vector::first(v + 1 < Vectors ? vector::width : tail);
      vector::store(c, lanes,
                    task.accumulate ? vector::multiply_add(alpha, sums[r][v], vector::load(c, lanes))
                                    : vector::multiply(alpha, sums[r][v]));
    }
  }
}

template <class T, std::size_t Rows>
__attribute__((target("avx2,fma"))) void gemm_tile_avx2(const gemm_tile_task<T>& task) {
  // 16 registers: blocks of 4 rows x 3 vectors.
  constexpr std::size_t width = vector256<T>::width;
  constexpr std::size_t height = std::min<std::size_t>(Rows, 4);
  for (std::size_t left = 0; left < task.columns; left += 3 * width) {
    const std::size_t columns = (std::min)(3 * width, task.columns - left);
    const std::size_t vectors = (columns + width - 1) / width;
    const std::size_t tail = columns - (vectors - 1) * width;
    for (std::size_t top = 0; top < task.rows; top += height) {
      if (vectors == 3) {
        gemm_block_avx2<T, Rows, height, 3>(task, top, left, tail);
      } else if (vectors == 2) {
        gemm_block_avx2<T, Rows, height, 2>(task, top, left, tail);
      } else {
        gemm_block_avx2<T, Rows, height, 1>(task, top, left, tail);
      }
    }
  }
}

template <class T, std::size_t Rows, std::size_t Vectors>
__attribute__((target("avx512f"))) void gemm_block_avx512(const gemm_tile_task<T>& task) {
  using vector = vector512<T>;
  const std::size_t inner = task.inner, b_stride = task.b_stride;
  const T* a = task.a;
  const T* b = task.b;
  const std::size_t tail = task.columns - (Vectors - 1) * vector::width;
  const typename vector::mask mask = vector::first(tail);
  // C is used only at the end and lies on as many pages as it has rows: ask for it now.
  for (std::size_t r = 0; r < task.rows; ++r) {
    const T* c = task.c + r * task.c_stride;
    for (std::size_t j = 0; j < task.columns; j += 64 / sizeof(T)) __builtin_prefetch(c + j, 1);
    __builtin_prefetch(c + task.columns - 1, 1);
  }
  typename vector::type sums[Rows][Vectors];
#pragma GCC unroll 8
  for (std::size_t r = 0; r < Rows; ++r) {
#pragma GCC unroll 3
    for (std::size_t v = 0; v < Vectors; ++v) sums[r][v] = vector::zero();
  }
  for (std::size_t p = 0; p < inner; ++p, a += Rows, b += b_stride) {
    typename vector::type row[Vectors];
#pragma GCC unroll 3
    for (std::size_t v = 0; v + 1 < Vectors; ++v) row[v] = vector::load(b + v * vector::width);
    row[Vectors - 1] = vector::load(b + (Vectors - 1) * vector::width, mask);
#pragma GCC unroll 8
    for (std::size_t r = 0; r < Rows; ++r) {
      const typename vector::type factor = vector::all(a[r]);
#pragma GCC unroll 3
      for (std::size_t v = 0; v < Vectors; ++v) sums[r][v] = vector::multiply_add(factor, row[v], sums[r][v]);
    }
  }
  const typename vector::type alpha = vector::all(task.alpha);
#pragma GCC unroll 8
  for (std::size_t r = 0; r < Rows; ++r) {
    if (r >= task.rows) break;
#pragma GCC unroll 3
    for (std::size_t v = 0; v < Vectors; ++v) {
      T* c = task.c + r * task.c_stride + v * vector::width;
      const typename vector::mask lanes = vector::first(v + 1 < Vectors ? vector::width : tail);
      vector::store(c, lanes,
                    task.accumulate ? vector::multiply_add(alpha, sums[r][v], vector::load(c, lanes))
                                    : vector::multiply(alpha, sums[r][v]));
    }
  }
}

template <class T, std::size_t Rows>
__attribute__((target("avx512f"))) void gemm_tile_avx512(const gemm_tile_task<T>& task) {
  constexpr std::size_t width = vector512<T>::width;
  if (task.columns > 2 * width) {
    gemm_block_avx512<T, Rows, 3>(task);
  } else if (task.columns > width) {
    gemm_block_avx512<T, Rows, 2>(task);
  } else {
    gemm_block_avx512<T, Rows, 1>(task);
  }
}
#endif

template <class T>
using gemm_tile_function = void (*)(const gemm_tile_task<T>&);

/// The tile of Rows rows (gemm_tile_rows or 1) for a level.
template <class T, std::size_t Rows>
gemm_tile_function<T> gemm_tile(simd_level level) {
#if MMREC_X86
  if (level == simd_level::avx512) return gemm_tile_avx512<T, Rows>;
  if (level == simd_level::avx2) return gemm_tile_avx2<T, Rows>;
#endif
  static_cast<void>(level);
  return gemm_tile_portable<T, Rows>;
}

}  // namespace kernel::detail
}  // namespace mmrec::inline v0

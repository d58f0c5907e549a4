// mmrec/kernel/detail/rotations.hpp - sweeps of plane rotations of neighbouring rows.
#pragma once
#include <cstddef>
#include <span>

#include <mmrec/core/config.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/simd_vector.hpp>

namespace mmrec::inline v0 {
namespace kernel::detail {

struct rotation {
  double cosine;
  double sine;
};

/// Rotations of the row pairs (first, first + 1), (first + 1, first + 2), ..., one after the other:
/// x, y := c x - s y, s x + c y.
struct rotation_sweep {
  std::size_t first;
  std::span<const rotation> rotations;
};

/// Columns that sweeps are applied to at a time: n rows of them fit in the second-level cache for n up to about 2000.
inline constexpr std::size_t rotation_columns = 64;

inline void rotate_rows_portable(std::span<const rotation_sweep> sweeps, double* rows, std::size_t stride) {
  for (const rotation_sweep& sweep : sweeps) {
    double* upper = rows + sweep.first * stride;
    for (const rotation& r : sweep.rotations) {
      double* lower = upper + stride;
      for (std::size_t j = 0; j < rotation_columns; ++j) {
        const double x = upper[j], y = lower[j];
        upper[j] = r.cosine * x - r.sine * y;
        lower[j] = r.sine * x + r.cosine * y;
      }
      upper = lower;
    }
  }
}

#if MMREC_X86
// The row that two consecutive rotations share stays in registers: one load and one store a rotation.

inline __attribute__((target("avx2,fma"))) void rotate_rows_avx2(std::span<const rotation_sweep> sweeps, double* rows,
                                                                 std::size_t stride) {
  using vector = vector256<double>;
  constexpr std::size_t vectors = 8;
  for (std::size_t left = 0; left < rotation_columns; left += vectors * vector::width) {
    for (const rotation_sweep& sweep : sweeps) {
      double* upper = rows + sweep.first * stride + left;
      vector::type x[vectors];
#pragma GCC unroll 8
      for (std::size_t v = 0; v < vectors; ++v) x[v] = vector::load(upper + v * vector::width);
      for (const rotation& r : sweep.rotations) {
        const vector::type c = vector::all(r.cosine), s = vector::all(r.sine);
        double* lower = upper + stride;
#pragma GCC unroll 8
        for (std::size_t v = 0; v < vectors; ++v) {
          const vector::type y = vector::load(lower + v * vector::width);
          vector::store(upper + v * vector::width, vector::subtract(vector::multiply(c, x[v]), vector::multiply(s, y)));
          x[v] = vector::multiply_add(s, x[v], vector::multiply(c, y));
        }
        upper = lower;
      }
#pragma GCC unroll 8
      for (std::size_t v = 0; v < vectors; ++v) vector::store(upper + v * vector::width, x[v]);
    }
  }
}

inline __attribute__((target("avx512f"))) void rotate_rows_avx512(std::span<const rotation_sweep> sweeps, double* rows,
                                                                  std::size_t stride) {
  using vector = vector512<double>;
  constexpr std::size_t vectors = rotation_columns / vector::width;
  for (const rotation_sweep& sweep : sweeps) {
    double* upper = rows + sweep.first * stride;
    vector::type x[vectors];
#pragma GCC unroll 8
    for (std::size_t v = 0; v < vectors; ++v) x[v] = vector::load(upper + v * vector::width);
    for (const rotation& r : sweep.rotations) {
      const vector::type c = vector::all(r.cosine), s = vector::all(r.sine);
      double* lower = upper + stride;
#pragma GCC unroll 8
      for (std::size_t v = 0; v < vectors; ++v) {
        const vector::type y = vector::load(lower + v * vector::width);
        vector::store(upper + v * vector::width, vector::subtract(vector::multiply(c, x[v]), vector::multiply(s, y)));
        x[v] = vector::multiply_add(s, x[v], vector::multiply(c, y));
      }
      upper = lower;
    }
#pragma GCC unroll 8
    for (std::size_t v = 0; v < vectors; ++v) vector::store(upper + v * vector::width, x[v]);
  }
}
#endif

/// Applies sweeps, in order, to rotation_columns columns from `rows` on; rows are `stride` apart.
inline void rotate_rows(std::span<const rotation_sweep> sweeps, double* rows, std::size_t stride, simd_level level) {
#if MMREC_X86
  if (level == simd_level::avx512) return rotate_rows_avx512(sweeps, rows, stride);
  if (level == simd_level::avx2) return rotate_rows_avx2(sweeps, rows, stride);
#endif
  static_cast<void>(level);
  rotate_rows_portable(sweeps, rows, stride);
}

}  // namespace kernel::detail
}  // namespace mmrec::inline v0

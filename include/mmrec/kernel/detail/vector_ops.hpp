// mmrec/kernel/detail/vector_ops.hpp - dot products and updates of contiguous double vectors.
#pragma once
#include <cstddef>

#include <mmrec/core/config.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/simd_vector.hpp>

namespace mmrec::inline v0 {
namespace kernel::detail {

/// y += scale * a, and the dot product of a and x, reading a once. Either half can be switched off.
template <bool Dot, bool Update>
double pass_portable(std::size_t count, const double* a, const double* x, double scale, double* y) {
  double sums[4] = {};
  const std::size_t whole = count - count % 4;
  for (std::size_t i = 0; i < whole; i += 4) {
    for (std::size_t lane = 0; lane < 4; ++lane) {
      if constexpr (Dot) sums[lane] += a[i + lane] * x[i + lane];
      if constexpr (Update) y[i + lane] += scale * a[i + lane];
    }
  }
  for (std::size_t i = whole; i < count; ++i) {
    if constexpr (Dot) sums[0] += a[i] * x[i];
    if constexpr (Update) y[i] += scale * a[i];
  }
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

#if MMREC_X86
template <bool Dot, bool Update>
__attribute__((target("avx2,fma"))) double pass_avx2(std::size_t count, const double* a, const double* x, double scale,
                                                     double* y) {
  using vector = vector256<double>;
  const vector::type factor = vector::all(scale);
  vector::type sums[2] = {vector::zero(), vector::zero()};
  const std::size_t whole = count - count % 8;
  for (std::size_t i = 0; i < whole; i += 8) {
#pragma GCC unroll 2
    for (std::size_t v = 0; v < 2; ++v) {
      const vector::type values = vector::load(a + i + 4 * v);
      if constexpr (Dot) sums[v] = vector::multiply_add(values, vector::load(x + i + 4 * v), sums[v]);
      if constexpr (Update) vector::store(y + i + 4 * v, vector::multiply_add(factor, values, vector::load(y + i + 4 * v)));
    }
  }
  double lanes[8];
  vector::store(lanes, sums[0]);
  vector::store(lanes + 4, sums[1]);
  double sum = 0.0;
  for (const double lane : lanes) sum += lane;
  for (std::size_t i = whole; i < count; ++i) {
    if constexpr (Dot) sum += a[i] * x[i];
    if constexpr (Update) y[i] += scale * a[i];
  }
  return sum;
}

template <bool Dot, bool Update>
__attribute__((target("avx512f"))) double pass_avx512(std::size_t count, const double* a, const double* x, double scale,
                                                      double* y) {
  using vector = vector512<double>;
  const vector::type factor = vector::all(scale);
  vector::type sums[2] = {vector::zero(), vector::zero()};
  const std::size_t whole = count - count % 16;
  for (std::size_t i = 0; i < whole; i += 16) {
#pragma GCC unroll 2
    for (std::size_t v = 0; v < 2; ++v) {
      const vector::type values = vector::load(a + i + 8 * v);
      if constexpr (Dot) sums[v] = vector::multiply_add(values, vector::load(x + i + 8 * v), sums[v]);
      if constexpr (Update) vector::store(y + i + 8 * v, vector::multiply_add(factor, values, vector::load(y + i + 8 * v)));
    }
  }
  double lanes[16];
  vector::store(lanes, sums[0]);
  vector::store(lanes + 8, sums[1]);
  double sum = 0.0;
  for (const double lane : lanes) sum += lane;
  for (std::size_t i = whole; i < count; ++i) {
    if constexpr (Dot) sum += a[i] * x[i];
    if constexpr (Update) y[i] += scale * a[i];
  }
  return sum;
}
#endif

template <bool Dot, bool Update>
double vector_pass(std::size_t count, const double* a, const double* x, double scale, double* y, simd_level level) {
#if MMREC_X86
  if (level == simd_level::avx512) return pass_avx512<Dot, Update>(count, a, x, scale, y);
  if (level == simd_level::avx2) return pass_avx2<Dot, Update>(count, a, x, scale, y);
#endif
  static_cast<void>(level);
  return pass_portable<Dot, Update>(count, a, x, scale, y);
}

inline double dot(std::size_t count, const double* a, const double* x, simd_level level) {
  return vector_pass<true, false>(count, a, x, 0.0, nullptr, level);
}
/// y += scale * a
inline void add_scaled(std::size_t count, double scale, const double* a, double* y, simd_level level) {
  vector_pass<false, true>(count, a, nullptr, scale, y, level);
}
/// y += scale * a; returns the dot product of a and x.
inline double dot_and_add_scaled(std::size_t count, const double* a, const double* x, double scale, double* y,
                                 simd_level level) {
  return vector_pass<true, true>(count, a, x, scale, y, level);
}

}  // namespace kernel::detail
}  // namespace mmrec::inline v0

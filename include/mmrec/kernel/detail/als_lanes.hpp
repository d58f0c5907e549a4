// mmrec/kernel/detail/als_lanes.hpp - the loops of alternating least squares, compiled once for each instruction set.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <mmrec/core/config.hpp>

#if MMREC_X86
#include <immintrin.h>
#endif

// The loops stand in als_body.hpp and als_refine_body.hpp, which this header includes once for each level between a definition of the
// operations on one register and the end of that level's namespace. A target attribute cannot depend on a template
// parameter, and a function without it would not inline the intrinsics: hence the repeated inclusion.
#if defined(__GNUC__) && !defined(__clang__)
#define MMREC_LANES_UNROLL _Pragma("GCC unroll 16")
#else
#define MMREC_LANES_UNROLL
#endif

namespace mmrec::inline v0 {
namespace kernel {
namespace detail {

/// Matrices are padded to whole blocks of this many rows and columns, at every level.
inline constexpr std::size_t als_block = 16;
/// Factor rows to gather from: row r is values[r * stride] .. values[r * stride + width - 1].
struct als_rows {
  const float* values;
  std::size_t stride;
  std::size_t width;
};

/// Gathered rows are kept in the first cache level while they are multiplied with each other: at most 24 KiB of them.
inline constexpr std::size_t als_largest_panel = 128;
constexpr std::size_t als_panel_rows(std::size_t width) {
  return std::clamp<std::size_t>(24576 / (4 * width) / als_block * als_block, als_block, als_largest_panel);
}

/// One row's equations, with the fixed side's Gram matrix G:
///   (G + sum over n of w_n y_n y_n^T + strength I) x = sum over n of (1 + w_n) y_n + strength mean      (y_n is row ids[n])
struct als_system {
  const std::uint32_t* ids;
  const float* weights;
  std::size_t count;
  float strength;
  const float* mean;          // null: zero
  std::size_t following = 0;  // ids that stand behind these and are read next: their rows may be asked for ahead
};

/// Systems that one call of the Cholesky solver takes: the latency of one system's pivots hides behind the others.
inline constexpr std::size_t als_batch = 4;

/// 16 zeros, then 16 ones: 16 values from als_mask + 15 - j on are 1 in the lanes after j and 0 up to it.
alignas(64) inline constexpr float als_mask[32] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                                   1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

#if MMREC_X86
#define MMREC_LANES_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
namespace als_avx512 {
using reg = __m512;
inline constexpr std::size_t lanes = 16;
/// g++ 12 takes the undefined source operand of some unmasked intrinsics for a use of an uninitialised variable.
inline constexpr __mmask16 every_lane = 0xffff;
/// Rows of an accumulator tile that is 0, 1, 2 or 3 registers wide: as many as the register file holds.
inline constexpr int tile_rows[4] = {0, 16, 8, 8};
#define MMREC_LANES_OP __attribute__((always_inline)) MMREC_LANES_TARGET inline
MMREC_LANES_OP reg zero() { return _mm512_setzero_ps(); }
MMREC_LANES_OP reg load(const float* from) { return _mm512_loadu_ps(from); }
MMREC_LANES_OP void store(float* to, reg value) { _mm512_storeu_ps(to, value); }
MMREC_LANES_OP reg broadcast(float value) { return _mm512_set1_ps(value); }
MMREC_LANES_OP reg square_root(reg a) { return _mm512_maskz_sqrt_ps(every_lane, a); }
MMREC_LANES_OP reg divide(reg a, reg b) { return _mm512_div_ps(a, b); }
MMREC_LANES_OP reg larger(reg a, reg b) { return _mm512_maskz_max_ps(every_lane, a, b); }
MMREC_LANES_OP reg add(reg a, reg b) { return _mm512_add_ps(a, b); }
MMREC_LANES_OP reg multiply(reg a, reg b) { return _mm512_mul_ps(a, b); }
MMREC_LANES_OP reg multiply_add(reg a, reg b, reg sum) { return _mm512_fmadd_ps(a, b, sum); }
MMREC_LANES_OP reg subtract_product(reg a, reg b, reg sum) { return _mm512_fnmadd_ps(a, b, sum); }
MMREC_LANES_OP float sum_of(reg value) {
  const __m256d low = _mm512_maskz_extractf64x4_pd(0xff, _mm512_castps_pd(value), 0);
  const __m256d high = _mm512_maskz_extractf64x4_pd(0xff, _mm512_castps_pd(value), 1);
  const __m256 half = _mm256_add_ps(_mm256_castpd_ps(low), _mm256_castpd_ps(high));
  __m128 part = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
  part = _mm_add_ps(part, _mm_movehl_ps(part, part));
  return _mm_cvtss_f32(_mm_add_ss(part, _mm_movehdup_ps(part)));
}
MMREC_LANES_OP void store_sums(float* out, reg a, reg b, reg c, reg d) {
  // Sums of pairs of lanes, then of pairs of those: each 128 bits hold a part of a, b, c and d.
  const reg ab = add(_mm512_maskz_unpacklo_ps(every_lane, a, b), _mm512_maskz_unpackhi_ps(every_lane, a, b));
  const reg cd = add(_mm512_maskz_unpacklo_ps(every_lane, c, d), _mm512_maskz_unpackhi_ps(every_lane, c, d));
  const __m512d low = _mm512_maskz_unpacklo_pd(0xff, _mm512_castps_pd(ab), _mm512_castps_pd(cd));
  const __m512d high = _mm512_maskz_unpackhi_pd(0xff, _mm512_castps_pd(ab), _mm512_castps_pd(cd));
  const __m512d all = _mm512_castps_pd(add(_mm512_castpd_ps(low), _mm512_castpd_ps(high)));
  const __m256 half = _mm256_add_ps(_mm256_castpd_ps(_mm512_maskz_extractf64x4_pd(0xff, all, 0)),
                                    _mm256_castpd_ps(_mm512_maskz_extractf64x4_pd(0xff, all, 1)));
  _mm_storeu_ps(out, _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1)));
}
#include <mmrec/kernel/detail/als_body.hpp>
#include <mmrec/kernel/detail/als_refine_body.hpp>
}  // namespace als_avx512
#undef MMREC_LANES_TARGET

#define MMREC_LANES_TARGET __attribute__((target("avx2,fma")))
namespace als_avx2 {
using reg = __m256;
inline constexpr std::size_t lanes = 8;
inline constexpr int tile_rows[4] = {0, 8, 4, 4};
MMREC_LANES_OP reg zero() { return _mm256_setzero_ps(); }
MMREC_LANES_OP reg load(const float* from) { return _mm256_loadu_ps(from); }
MMREC_LANES_OP void store(float* to, reg value) { _mm256_storeu_ps(to, value); }
MMREC_LANES_OP reg broadcast(float value) { return _mm256_set1_ps(value); }
MMREC_LANES_OP reg square_root(reg a) { return _mm256_sqrt_ps(a); }
MMREC_LANES_OP reg divide(reg a, reg b) { return _mm256_div_ps(a, b); }
MMREC_LANES_OP reg larger(reg a, reg b) { return _mm256_max_ps(a, b); }
MMREC_LANES_OP reg add(reg a, reg b) { return _mm256_add_ps(a, b); }
MMREC_LANES_OP reg multiply(reg a, reg b) { return _mm256_mul_ps(a, b); }
MMREC_LANES_OP reg multiply_add(reg a, reg b, reg sum) { return _mm256_fmadd_ps(a, b, sum); }
MMREC_LANES_OP reg subtract_product(reg a, reg b, reg sum) { return _mm256_fnmadd_ps(a, b, sum); }
MMREC_LANES_OP float sum_of(reg value) {
  __m128 part = _mm_add_ps(_mm256_castps256_ps128(value), _mm256_extractf128_ps(value, 1));
  part = _mm_add_ps(part, _mm_movehl_ps(part, part));
  return _mm_cvtss_f32(_mm_add_ss(part, _mm_movehdup_ps(part)));
}
MMREC_LANES_OP void store_sums(float* out, reg a, reg b, reg c, reg d) {
  const __m256 all = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
  _mm_storeu_ps(out, _mm_add_ps(_mm256_castps256_ps128(all), _mm256_extractf128_ps(all, 1)));
}
#include <mmrec/kernel/detail/als_body.hpp>
#include <mmrec/kernel/detail/als_refine_body.hpp>
}  // namespace als_avx2
#undef MMREC_LANES_TARGET
#undef MMREC_LANES_OP
#endif  // MMREC_X86

#define MMREC_LANES_TARGET
namespace als_portable {
inline constexpr std::size_t lanes = 4;
inline constexpr int tile_rows[4] = {0, 8, 4, 4};
// A vector type of the compiler: one SSE2 or NEON register, or four scalars where there is neither.
using reg = float __attribute__((vector_size(16)));
#define MMREC_LANES_OP inline
MMREC_LANES_OP reg zero() { return reg{}; }
MMREC_LANES_OP reg load(const float* from) { return reg{from[0], from[1], from[2], from[3]}; }
MMREC_LANES_OP void store(float* to, reg value) { std::memcpy(to, &value, sizeof value); }
MMREC_LANES_OP reg broadcast(float value) { return reg{value, value, value, value}; }
MMREC_LANES_OP reg square_root(reg a) { return reg{std::sqrt(a[0]), std::sqrt(a[1]), std::sqrt(a[2]), std::sqrt(a[3])}; }
MMREC_LANES_OP reg divide(reg a, reg b) { return a / b; }
MMREC_LANES_OP reg larger(reg a, reg b) { return a > b ? a : b; }
MMREC_LANES_OP reg add(reg a, reg b) { return a + b; }
MMREC_LANES_OP reg multiply(reg a, reg b) { return a * b; }
MMREC_LANES_OP reg multiply_add(reg a, reg b, reg sum) { return sum + a * b; }
MMREC_LANES_OP reg subtract_product(reg a, reg b, reg sum) { return sum - a * b; }
MMREC_LANES_OP float sum_of(reg value) { return (value[0] + value[2]) + (value[1] + value[3]); }
MMREC_LANES_OP void store_sums(float* out, reg a, reg b, reg c, reg d) {
  store(out, reg{sum_of(a), sum_of(b), sum_of(c), sum_of(d)});
}
#include <mmrec/kernel/detail/als_body.hpp>
#include <mmrec/kernel/detail/als_refine_body.hpp>
}  // namespace als_portable
#undef MMREC_LANES_TARGET
#undef MMREC_LANES_OP

}  // namespace detail
}  // namespace kernel
}  // namespace mmrec::inline v0

#undef MMREC_LANES_UNROLL

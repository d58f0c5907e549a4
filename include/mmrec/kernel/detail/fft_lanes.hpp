// mmrec/kernel/detail/fft_lanes.hpp - the loops of the Fourier transform, compiled once for each instruction set.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <mmrec/core/config.hpp>
#include <mmrec/kernel/detail/fft_plan.hpp>

#if MMREC_X86
#include <immintrin.h>
#endif

// The loops stand in fft_body.hpp, which this header includes once for each level, as als_lanes.hpp explains.
#if defined(__GNUC__) && !defined(__clang__)
#define MMREC_FFT_UNROLL _Pragma("GCC unroll 16")
#else
#define MMREC_FFT_UNROLL _Pragma("unroll")
#endif

namespace mmrec::inline v0 {
namespace kernel {
namespace detail {

enum class fft_output { complex, power, magnitude };

/// Frames, or spectra with real and imaginary parts in turn, to transform one after another.
template <class T>
struct fft_job {
  const T* in;
  std::size_t in_stride;
  std::size_t count;
  const T* window;  ///< factors of the samples of a frame, or null
  T* out;
  std::size_t out_stride;
};

#if MMREC_X86
#define MMREC_FFT_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
#define MMREC_FFT_OP __attribute__((always_inline)) MMREC_FFT_TARGET inline
namespace fft_avx512 {
template <class T>
inline constexpr std::size_t lanes = 64 / sizeof(T);
template <class T>
struct reg_type {
  using type = __m512;
};
template <>
struct reg_type<double> {
  using type = __m512d;
};
template <class T>
using reg_of = typename reg_type<T>::type;
MMREC_FFT_OP __m512 load(const float* from) { return _mm512_loadu_ps(from); }
MMREC_FFT_OP __m512d load(const double* from) { return _mm512_loadu_pd(from); }
MMREC_FFT_OP void store(float* to, __m512 x) { _mm512_storeu_ps(to, x); }
MMREC_FFT_OP void store(double* to, __m512d x) { _mm512_storeu_pd(to, x); }
MMREC_FFT_OP __m512 broadcast(float x) { return _mm512_set1_ps(x); }
MMREC_FFT_OP __m512d broadcast(double x) { return _mm512_set1_pd(x); }
MMREC_FFT_OP __m512 add(__m512 a, __m512 b) { return _mm512_add_ps(a, b); }
MMREC_FFT_OP __m512d add(__m512d a, __m512d b) { return _mm512_add_pd(a, b); }
MMREC_FFT_OP __m512 subtract(__m512 a, __m512 b) { return _mm512_sub_ps(a, b); }
MMREC_FFT_OP __m512d subtract(__m512d a, __m512d b) { return _mm512_sub_pd(a, b); }
MMREC_FFT_OP __m512 multiply(__m512 a, __m512 b) { return _mm512_mul_ps(a, b); }
MMREC_FFT_OP __m512d multiply(__m512d a, __m512d b) { return _mm512_mul_pd(a, b); }
MMREC_FFT_OP __m512 multiply_add(__m512 a, __m512 b, __m512 c) { return _mm512_fmadd_ps(a, b, c); }
MMREC_FFT_OP __m512d multiply_add(__m512d a, __m512d b, __m512d c) { return _mm512_fmadd_pd(a, b, c); }
MMREC_FFT_OP __m512 subtract_product(__m512 a, __m512 b, __m512 c) { return _mm512_fnmadd_ps(a, b, c); }
MMREC_FFT_OP __m512d subtract_product(__m512d a, __m512d b, __m512d c) { return _mm512_fnmadd_pd(a, b, c); }
// Masked, because g++ 12 takes the undefined source of the plain ones for an uninitialised variable.
MMREC_FFT_OP __m512 square_root(__m512 a) { return _mm512_maskz_sqrt_ps(0xffff, a); }
MMREC_FFT_OP __m512d square_root(__m512d a) { return _mm512_maskz_sqrt_pd(0xff, a); }
/// Rows become columns: within quarters of registers first, then the quarters.
MMREC_FFT_OP void transpose(__m512 (&x)[16]) {
  __m512 y[16];
  MMREC_FFT_UNROLL
  for (int i = 0; i < 16; i += 4) {
    const __m512 a = _mm512_maskz_unpacklo_ps(0xffff, x[i], x[i + 1]), b = _mm512_maskz_unpackhi_ps(0xffff, x[i], x[i + 1]);
    const __m512 c = _mm512_maskz_unpacklo_ps(0xffff, x[i + 2], x[i + 3]),
                 d = _mm512_maskz_unpackhi_ps(0xffff, x[i + 2], x[i + 3]);
    y[i] = _mm512_maskz_shuffle_ps(0xffff, a, c, 0x44);
    y[i + 1] = _mm512_maskz_shuffle_ps(0xffff, a, c, 0xee);
    y[i + 2] = _mm512_maskz_shuffle_ps(0xffff, b, d, 0x44);
    y[i + 3] = _mm512_maskz_shuffle_ps(0xffff, b, d, 0xee);
  }
  MMREC_FFT_UNROLL
  for (int i = 0; i < 4; ++i) {
    const __m512 a = _mm512_maskz_shuffle_f32x4(0xffff, y[i], y[i + 4], 0x88),
                 b = _mm512_maskz_shuffle_f32x4(0xffff, y[i], y[i + 4], 0xdd);
    const __m512 c = _mm512_maskz_shuffle_f32x4(0xffff, y[i + 8], y[i + 12], 0x88),
                 d = _mm512_maskz_shuffle_f32x4(0xffff, y[i + 8], y[i + 12], 0xdd);
    x[i] = _mm512_maskz_shuffle_f32x4(0xffff, a, c, 0x88);
    x[i + 4] = _mm512_maskz_shuffle_f32x4(0xffff, b, d, 0x88);
    x[i + 8] = _mm512_maskz_shuffle_f32x4(0xffff, a, c, 0xdd);
    x[i + 12] = _mm512_maskz_shuffle_f32x4(0xffff, b, d, 0xdd);
  }
}
MMREC_FFT_OP void transpose(__m512d (&x)[8]) {
  __m512d y[8];
  MMREC_FFT_UNROLL
  for (int i = 0; i < 8; i += 2) {
    y[i] = _mm512_maskz_unpacklo_pd(0xff, x[i], x[i + 1]);
    y[i + 1] = _mm512_maskz_unpackhi_pd(0xff, x[i], x[i + 1]);
  }
  MMREC_FFT_UNROLL
  for (int i = 0; i < 2; ++i) {
    const __m512d a = _mm512_maskz_shuffle_f64x2(0xff, y[i], y[i + 2], 0x88),
                  b = _mm512_maskz_shuffle_f64x2(0xff, y[i], y[i + 2], 0xdd);
    const __m512d c = _mm512_maskz_shuffle_f64x2(0xff, y[i + 4], y[i + 6], 0x88),
                  d = _mm512_maskz_shuffle_f64x2(0xff, y[i + 4], y[i + 6], 0xdd);
    x[i] = _mm512_maskz_shuffle_f64x2(0xff, a, c, 0x88);
    x[i + 2] = _mm512_maskz_shuffle_f64x2(0xff, b, d, 0x88);
    x[i + 4] = _mm512_maskz_shuffle_f64x2(0xff, a, c, 0xdd);
    x[i + 6] = _mm512_maskz_shuffle_f64x2(0xff, b, d, 0xdd);
  }
}
#include <mmrec/kernel/detail/fft_body.hpp>
}  // namespace fft_avx512
#undef MMREC_FFT_TARGET

#define MMREC_FFT_TARGET __attribute__((target("avx2,fma")))
namespace fft_avx2 {
template <class T>
inline constexpr std::size_t lanes = 32 / sizeof(T);
template <class T>
struct reg_type {
  using type = __m256;
};
template <>
struct reg_type<double> {
  using type = __m256d;
};
template <class T>
using reg_of = typename reg_type<T>::type;
MMREC_FFT_OP __m256 load(const float* from) { return _mm256_loadu_ps(from); }
MMREC_FFT_OP __m256d load(const double* from) { return _mm256_loadu_pd(from); }
MMREC_FFT_OP void store(float* to, __m256 x) { _mm256_storeu_ps(to, x); }
MMREC_FFT_OP void store(double* to, __m256d x) { _mm256_storeu_pd(to, x); }
MMREC_FFT_OP __m256 broadcast(float x) { return _mm256_set1_ps(x); }
MMREC_FFT_OP __m256d broadcast(double x) { return _mm256_set1_pd(x); }
MMREC_FFT_OP __m256 add(__m256 a, __m256 b) { return _mm256_add_ps(a, b); }
MMREC_FFT_OP __m256d add(__m256d a, __m256d b) { return _mm256_add_pd(a, b); }
MMREC_FFT_OP __m256 subtract(__m256 a, __m256 b) { return _mm256_sub_ps(a, b); }
MMREC_FFT_OP __m256d subtract(__m256d a, __m256d b) { return _mm256_sub_pd(a, b); }
MMREC_FFT_OP __m256 multiply(__m256 a, __m256 b) { return _mm256_mul_ps(a, b); }
MMREC_FFT_OP __m256d multiply(__m256d a, __m256d b) { return _mm256_mul_pd(a, b); }
MMREC_FFT_OP __m256 multiply_add(__m256 a, __m256 b, __m256 c) { return _mm256_fmadd_ps(a, b, c); }
MMREC_FFT_OP __m256d multiply_add(__m256d a, __m256d b, __m256d c) { return _mm256_fmadd_pd(a, b, c); }
MMREC_FFT_OP __m256 subtract_product(__m256 a, __m256 b, __m256 c) { return _mm256_fnmadd_ps(a, b, c); }
MMREC_FFT_OP __m256d subtract_product(__m256d a, __m256d b, __m256d c) { return _mm256_fnmadd_pd(a, b, c); }
MMREC_FFT_OP __m256 square_root(__m256 a) { return _mm256_sqrt_ps(a); }
MMREC_FFT_OP __m256d square_root(__m256d a) { return _mm256_sqrt_pd(a); }
MMREC_FFT_OP void transpose(__m256 (&x)[8]) {
  __m256 y[8];
  MMREC_FFT_UNROLL
  for (int i = 0; i < 8; i += 4) {
    const __m256 a = _mm256_unpacklo_ps(x[i], x[i + 1]), b = _mm256_unpackhi_ps(x[i], x[i + 1]);
    const __m256 c = _mm256_unpacklo_ps(x[i + 2], x[i + 3]), d = _mm256_unpackhi_ps(x[i + 2], x[i + 3]);
    y[i] = _mm256_shuffle_ps(a, c, 0x44);
    y[i + 1] = _mm256_shuffle_ps(a, c, 0xee);
    y[i + 2] = _mm256_shuffle_ps(b, d, 0x44);
    y[i + 3] = _mm256_shuffle_ps(b, d, 0xee);
  }
  MMREC_FFT_UNROLL
  for (int i = 0; i < 4; ++i) {
    x[i] = _mm256_permute2f128_ps(y[i], y[i + 4], 0x20);
    x[i + 4] = _mm256_permute2f128_ps(y[i], y[i + 4], 0x31);
  }
}
MMREC_FFT_OP void transpose(__m256d (&x)[4]) {
  const __m256d a = _mm256_unpacklo_pd(x[0], x[1]), b = _mm256_unpackhi_pd(x[0], x[1]);
  const __m256d c = _mm256_unpacklo_pd(x[2], x[3]), d = _mm256_unpackhi_pd(x[2], x[3]);
  x[0] = _mm256_permute2f128_pd(a, c, 0x20);
  x[1] = _mm256_permute2f128_pd(b, d, 0x20);
  x[2] = _mm256_permute2f128_pd(a, c, 0x31);
  x[3] = _mm256_permute2f128_pd(b, d, 0x31);
}
#include <mmrec/kernel/detail/fft_body.hpp>
}  // namespace fft_avx2
#undef MMREC_FFT_TARGET
#undef MMREC_FFT_OP
#endif  // MMREC_X86

#define MMREC_FFT_TARGET
#define MMREC_FFT_OP inline
namespace fft_portable {
template <class T>
inline constexpr std::size_t lanes = 16 / sizeof(T);
// A vector type of the compiler: one SSE2 or NEON register, or scalars where there is neither.
template <class T>
struct reg_type {
  typedef T type __attribute__((vector_size(16)));
};
template <class T>
using reg_of = typename reg_type<T>::type;
template <class T>
MMREC_FFT_OP reg_of<T> load(const T* from) {
  reg_of<T> x;
  std::memcpy(&x, from, sizeof x);
  return x;
}
using float_reg = reg_of<float>;
using double_reg = reg_of<double>;
MMREC_FFT_OP void store(float* to, float_reg x) { std::memcpy(to, &x, sizeof x); }
MMREC_FFT_OP void store(double* to, double_reg x) { std::memcpy(to, &x, sizeof x); }
MMREC_FFT_OP float_reg broadcast(float x) { return float_reg{x, x, x, x}; }
MMREC_FFT_OP double_reg broadcast(double x) { return double_reg{x, x}; }
MMREC_FFT_OP float_reg add(float_reg a, float_reg b) { return a + b; }
MMREC_FFT_OP double_reg add(double_reg a, double_reg b) { return a + b; }
MMREC_FFT_OP float_reg subtract(float_reg a, float_reg b) { return a - b; }
MMREC_FFT_OP double_reg subtract(double_reg a, double_reg b) { return a - b; }
MMREC_FFT_OP float_reg multiply(float_reg a, float_reg b) { return a * b; }
MMREC_FFT_OP double_reg multiply(double_reg a, double_reg b) { return a * b; }
MMREC_FFT_OP float_reg multiply_add(float_reg a, float_reg b, float_reg c) { return c + a * b; }
MMREC_FFT_OP double_reg multiply_add(double_reg a, double_reg b, double_reg c) { return c + a * b; }
MMREC_FFT_OP float_reg subtract_product(float_reg a, float_reg b, float_reg c) { return c - a * b; }
MMREC_FFT_OP double_reg subtract_product(double_reg a, double_reg b, double_reg c) { return c - a * b; }
MMREC_FFT_OP float_reg square_root(float_reg a) {
  return float_reg{std::sqrt(a[0]), std::sqrt(a[1]), std::sqrt(a[2]), std::sqrt(a[3])};
}
MMREC_FFT_OP double_reg square_root(double_reg a) { return double_reg{std::sqrt(a[0]), std::sqrt(a[1])}; }
MMREC_FFT_OP void transpose(float_reg (&x)[4]) {
  const float_reg a = x[0], b = x[1], c = x[2], d = x[3];
  for (int i = 0; i < 4; ++i) x[i] = float_reg{a[i], b[i], c[i], d[i]};
}
MMREC_FFT_OP void transpose(double_reg (&x)[2]) {
  const double_reg a = x[0], b = x[1];
  for (int i = 0; i < 2; ++i) x[i] = double_reg{a[i], b[i]};
}
#include <mmrec/kernel/detail/fft_body.hpp>
}  // namespace fft_portable
#undef MMREC_FFT_TARGET
#undef MMREC_FFT_OP

}  // namespace detail
}  // namespace kernel
}  // namespace mmrec::inline v0

#undef MMREC_FFT_UNROLL

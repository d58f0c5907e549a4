// mmrec/kernel/detail/simd_vector.hpp - the few AVX2 and AVX-512 operations that the linear algebra kernels share.
#pragma once
#include <cstddef>

#include <mmrec/core/config.hpp>

#if MMREC_X86
#include <immintrin.h>

namespace mmrec::inline v0 {
namespace kernel::detail {

/// Vectors of 256 bits; callable only from functions with the same target attribute.
/// Loads and stores with a mask touch only the lanes it selects; first(n) selects the first n.
template <class T>
struct vector256;

template <>
struct vector256<float> {
  using type = __m256;
  static constexpr std::size_t width = 8;
  using mask = __m256i;
  __attribute__((target("avx2,fma"), always_inline)) static inline mask first(std::size_t count) {
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), lanes);
  }
  __attribute__((target("avx2,fma"), always_inline)) static inline type zero() { return _mm256_setzero_ps(); }
  __attribute__((target("avx2,fma"), always_inline)) static inline type all(float x) { return _mm256_set1_ps(x); }
  __attribute__((target("avx2,fma"), always_inline)) static inline type load(const float* from) {
    return _mm256_loadu_ps(from);
  }
  __attribute__((target("avx2,fma"), always_inline)) static inline type load(const float* from, mask lanes) {
    return _mm256_maskload_ps(from, lanes);
  }
  __attribute__((target("avx2,fma"), always_inline)) static inline void store(float* to, type x) { _mm256_storeu_ps(to, x); }
  __attribute__((target("avx2,fma"), always_inline)) static inline void store(float* to, mask lanes, type x) {
    _mm256_maskstore_ps(to, lanes, x);
  }
  __attribute__((target("avx2,fma"), always_inline)) static inline type multiply(type x, type y) {
    return _mm256_mul_ps(x, y);
  }
  __attribute__((target("avx2,fma"), always_inline)) static inline type subtract(type x, type y) {
    return _mm256_sub_ps(x, y);
  }
  /// x * y + z
  __attribute__((target("avx2,fma"), always_inline)) static inline type multiply_add(type x, type y, type z) {
    return _mm256_fmadd_ps(x, y, z);
  }
};
template <>
struct vector256<double> {
  using type = __m256d;
  static constexpr std::size_t width = 4;
  using mask = __m256i;
  __attribute__((target("avx2,fma"), always_inline)) static inline mask first(std::size_t count) {
    const __m256i lanes = _mm256_setr_epi64x(0, 1, 2, 3);
    return _mm256_cmpgt_epi64(_mm256_set1_epi64x(static_cast<long long>(count)), lanes);
  }
  __attribute__((target("avx2,fma"), always_inline)) static inline type zero() { return _mm256_setzero_pd(); }
  __attribute__((target("avx2,fma"), always_inline)) static inline type all(double x) { return _mm256_set1_pd(x); }
  __attribute__((target("avx2,fma"), always_inline)) static inline type load(const double* from) {
    return _mm256_loadu_pd(from);
  }
  __attribute__((target("avx2,fma"), always_inline)) static inline type load(const double* from, mask lanes) {
    return _mm256_maskload_pd(from, lanes);
  }
  __attribute__((target("avx2,fma"), always_inline)) static inline void store(double* to, type x) {
    _mm256_storeu_pd(to, x);
  }
  __attribute__((target("avx2,fma"), always_inline)) static inline void store(double* to, mask lanes, type x) {
    _mm256_maskstore_pd(to, lanes, x);
  }
  __attribute__((target("avx2,fma"), always_inline)) static inline type multiply(type x, type y) {
    return _mm256_mul_pd(x, y);
  }
  __attribute__((target("avx2,fma"), always_inline)) static inline type subtract(type x, type y) {
    return _mm256_sub_pd(x, y);
  }
  /// x * y + z
  __attribute__((target("avx2,fma"), always_inline)) static inline type multiply_add(type x, type y, type z) {
    return _mm256_fmadd_pd(x, y, z);
  }
};

/// Vectors of 512 bits.
template <class T>
struct vector512;

template <>
struct vector512<float> {
  using type = __m512;
  static constexpr std::size_t width = 16;
  using mask = __mmask16;
  __attribute__((target("avx512f"), always_inline)) static inline mask first(std::size_t count) {
    return static_cast<mask>((1u << count) - 1u);
  }
  __attribute__((target("avx512f"), always_inline)) static inline type zero() { return _mm512_setzero_ps(); }
  __attribute__((target("avx512f"), always_inline)) static inline type all(float x) { return _mm512_set1_ps(x); }
  __attribute__((target("avx512f"), always_inline)) static inline type load(const float* from) {
    return _mm512_loadu_ps(from);
  }
  __attribute__((target("avx512f"), always_inline)) static inline type load(const float* from, mask lanes) {
    return _mm512_maskz_loadu_ps(lanes, from);
  }
  __attribute__((target("avx512f"), always_inline)) static inline void store(float* to, type x) { _mm512_storeu_ps(to, x); }
  __attribute__((target("avx512f"), always_inline)) static inline void store(float* to, mask lanes, type x) {
    _mm512_mask_storeu_ps(to, lanes, x);
  }
  __attribute__((target("avx512f"), always_inline)) static inline type multiply(type x, type y) {
    return _mm512_mul_ps(x, y);
  }
  __attribute__((target("avx512f"), always_inline)) static inline type subtract(type x, type y) {
    return _mm512_sub_ps(x, y);
  }
  /// x * y + z
  __attribute__((target("avx512f"), always_inline)) static inline type multiply_add(type x, type y, type z) {
    return _mm512_fmadd_ps(x, y, z);
  }
};
template <>
struct vector512<double> {
  using type = __m512d;
  static constexpr std::size_t width = 8;
  using mask = __mmask8;
  __attribute__((target("avx512f"), always_inline)) static inline mask first(std::size_t count) {
    return static_cast<mask>((1u << count) - 1u);
  }
  __attribute__((target("avx512f"), always_inline)) static inline type zero() { return _mm512_setzero_pd(); }
  __attribute__((target("avx512f"), always_inline)) static inline type all(double x) { return _mm512_set1_pd(x); }
  __attribute__((target("avx512f"), always_inline)) static inline type load(const double* from) {
    return _mm512_loadu_pd(from);
  }
  __attribute__((target("avx512f"), always_inline)) static inline type load(const double* from, mask lanes) {
    return _mm512_maskz_loadu_pd(lanes, from);
  }
  __attribute__((target("avx512f"), always_inline)) static inline void store(double* to, type x) { _mm512_storeu_pd(to, x); }
  __attribute__((target("avx512f"), always_inline)) static inline void store(double* to, mask lanes, type x) {
    _mm512_mask_storeu_pd(to, lanes, x);
  }
  __attribute__((target("avx512f"), always_inline)) static inline type multiply(type x, type y) {
    return _mm512_mul_pd(x, y);
  }
  __attribute__((target("avx512f"), always_inline)) static inline type subtract(type x, type y) {
    return _mm512_sub_pd(x, y);
  }
  /// x * y + z
  __attribute__((target("avx512f"), always_inline)) static inline type multiply_add(type x, type y, type z) {
    return _mm512_fmadd_pd(x, y, z);
  }
};

}  // namespace kernel::detail
}  // namespace mmrec::inline v0
#endif

// mmrec/kernel/detail/math_lanes.hpp - exp, tanh and their relatives on one register, compiled once for each instruction set.
#pragma once
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include <mmrec/core/config.hpp>

#if MMREC_X86
#include <immintrin.h>
#endif

// The functions stand in math_body.hpp, which this header includes once for each level after the operations of that
// level. A target attribute cannot depend on a template parameter, and a function without it would not inline the
// intrinsics: hence the repeated inclusion. Other kernels add their loops to the same namespaces in the same way.

namespace mmrec::inline v0 {
namespace kernel::detail {

enum class unary { exp, tanh, sigmoid, erf, relu, leaky_relu, gelu, gelu_tanh };
/// Gradients, from the output's one and the output or input itself.
enum class binary { relu, leaky_relu, tanh, sigmoid, gelu, gelu_tanh };
enum class row_function { softmax, log_softmax, log_sum_exp, softmax_gradient, log_softmax_gradient };

#if MMREC_X86
#define MMREC_MATH_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
#define MMREC_MATH_OP __attribute__((always_inline)) MMREC_MATH_TARGET inline
namespace level_avx512 {
template <class T>
struct vec;
template <>
struct vec<float> {
  using type = __m512;
};
template <>
struct vec<double> {
  using type = __m512d;
};
template <class T>
using reg = typename vec<T>::type;
/// g++ 12 takes the undefined source operand of some unmasked intrinsics for a use of an uninitialised variable.
inline constexpr __mmask16 every = 0xffff;
inline constexpr __mmask8 every_double = 0xff;
inline constexpr int register_count = 32;

MMREC_MATH_OP __m512 load(const float* from) { return _mm512_loadu_ps(from); }
MMREC_MATH_OP __m512d load(const double* from) { return _mm512_loadu_pd(from); }
MMREC_MATH_OP void store(float* to, __m512 x) { _mm512_storeu_ps(to, x); }
MMREC_MATH_OP void store(double* to, __m512d x) { _mm512_storeu_pd(to, x); }
MMREC_MATH_OP __m512 all(float x) { return _mm512_set1_ps(x); }
MMREC_MATH_OP __m512d all(double x) { return _mm512_set1_pd(x); }
MMREC_MATH_OP __m512 add(__m512 a, __m512 b) { return _mm512_add_ps(a, b); }
MMREC_MATH_OP __m512d add(__m512d a, __m512d b) { return _mm512_add_pd(a, b); }
MMREC_MATH_OP __m512 subtract(__m512 a, __m512 b) { return _mm512_sub_ps(a, b); }
MMREC_MATH_OP __m512d subtract(__m512d a, __m512d b) { return _mm512_sub_pd(a, b); }
MMREC_MATH_OP __m512 multiply(__m512 a, __m512 b) { return _mm512_mul_ps(a, b); }
MMREC_MATH_OP __m512d multiply(__m512d a, __m512d b) { return _mm512_mul_pd(a, b); }
MMREC_MATH_OP __m512 divide(__m512 a, __m512 b) { return _mm512_div_ps(a, b); }
MMREC_MATH_OP __m512d divide(__m512d a, __m512d b) { return _mm512_div_pd(a, b); }
/// a * b + c
MMREC_MATH_OP __m512 multiply_add(__m512 a, __m512 b, __m512 c) { return _mm512_fmadd_ps(a, b, c); }
MMREC_MATH_OP __m512d multiply_add(__m512d a, __m512d b, __m512d c) { return _mm512_fmadd_pd(a, b, c); }
/// c - a * b
MMREC_MATH_OP __m512 subtract_product(__m512 a, __m512 b, __m512 c) { return _mm512_fnmadd_ps(a, b, c); }
MMREC_MATH_OP __m512d subtract_product(__m512d a, __m512d b, __m512d c) { return _mm512_fnmadd_pd(a, b, c); }
/// The second operand where one is NaN.
MMREC_MATH_OP __m512 larger(__m512 a, __m512 b) { return _mm512_maskz_max_ps(every, a, b); }
MMREC_MATH_OP __m512d larger(__m512d a, __m512d b) { return _mm512_maskz_max_pd(every_double, a, b); }
MMREC_MATH_OP __m512 smaller(__m512 a, __m512 b) { return _mm512_maskz_min_ps(every, a, b); }
MMREC_MATH_OP __m512d smaller(__m512d a, __m512d b) { return _mm512_maskz_min_pd(every_double, a, b); }
/// a < b ? x : y
MMREC_MATH_OP __m512 where_less(__m512 a, __m512 b, __m512 x, __m512 y) {
  return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), y, x);
}
MMREC_MATH_OP __m512d where_less(__m512d a, __m512d b, __m512d x, __m512d y) {
  return _mm512_mask_blend_pd(_mm512_cmp_pd_mask(a, b, _CMP_LT_OQ), y, x);
}
MMREC_MATH_OP __m512 absolute(__m512 x) { return _mm512_andnot_ps(_mm512_set1_ps(-0.0f), x); }
MMREC_MATH_OP __m512 with_sign_of(__m512 x, __m512 sign) {
  return _mm512_or_ps(x, _mm512_and_ps(_mm512_set1_ps(-0.0f), sign));
}
MMREC_MATH_OP __m512 to_whole(__m512 x) { return _mm512_maskz_roundscale_ps(every, x, _MM_FROUND_TO_NEAREST_INT); }
/// x * 2^n for a whole n, rounded once.
MMREC_MATH_OP __m512 scale(__m512 x, __m512 n) { return _mm512_maskz_scalef_ps(every, x, n); }
MMREC_MATH_OP __m512 scale_normal(__m512 x, __m512 n) { return scale(x, n); }
/// 1 / x to about one unit in the last place, for normal x.
MMREC_MATH_OP __m512 reciprocal(__m512 x) {
  const __m512 guess = _mm512_maskz_rcp14_ps(every, x);
  return _mm512_fmadd_ps(guess, _mm512_fnmadd_ps(guess, x, _mm512_set1_ps(1.0f)), guess);
}
#include <mmrec/kernel/detail/math_body.hpp>
}  // namespace level_avx512
#undef MMREC_MATH_TARGET

#define MMREC_MATH_TARGET __attribute__((target("avx2,fma")))
namespace level_avx2 {
template <class T>
struct vec;
template <>
struct vec<float> {
  using type = __m256;
};
template <>
struct vec<double> {
  using type = __m256d;
};
template <class T>
using reg = typename vec<T>::type;
inline constexpr int register_count = 16;

MMREC_MATH_OP __m256 load(const float* from) { return _mm256_loadu_ps(from); }
MMREC_MATH_OP __m256d load(const double* from) { return _mm256_loadu_pd(from); }
MMREC_MATH_OP void store(float* to, __m256 x) { _mm256_storeu_ps(to, x); }
MMREC_MATH_OP void store(double* to, __m256d x) { _mm256_storeu_pd(to, x); }
MMREC_MATH_OP __m256 all(float x) { return _mm256_set1_ps(x); }
MMREC_MATH_OP __m256d all(double x) { return _mm256_set1_pd(x); }
MMREC_MATH_OP __m256 add(__m256 a, __m256 b) { return _mm256_add_ps(a, b); }
MMREC_MATH_OP __m256d add(__m256d a, __m256d b) { return _mm256_add_pd(a, b); }
MMREC_MATH_OP __m256 subtract(__m256 a, __m256 b) { return _mm256_sub_ps(a, b); }
MMREC_MATH_OP __m256d subtract(__m256d a, __m256d b) { return _mm256_sub_pd(a, b); }
MMREC_MATH_OP __m256 multiply(__m256 a, __m256 b) { return _mm256_mul_ps(a, b); }
MMREC_MATH_OP __m256d multiply(__m256d a, __m256d b) { return _mm256_mul_pd(a, b); }
MMREC_MATH_OP __m256 divide(__m256 a, __m256 b) { return _mm256_div_ps(a, b); }
MMREC_MATH_OP __m256d divide(__m256d a, __m256d b) { return _mm256_div_pd(a, b); }
MMREC_MATH_OP __m256 multiply_add(__m256 a, __m256 b, __m256 c) { return _mm256_fmadd_ps(a, b, c); }
MMREC_MATH_OP __m256d multiply_add(__m256d a, __m256d b, __m256d c) { return _mm256_fmadd_pd(a, b, c); }
MMREC_MATH_OP __m256 subtract_product(__m256 a, __m256 b, __m256 c) { return _mm256_fnmadd_ps(a, b, c); }
MMREC_MATH_OP __m256d subtract_product(__m256d a, __m256d b, __m256d c) { return _mm256_fnmadd_pd(a, b, c); }
MMREC_MATH_OP __m256 larger(__m256 a, __m256 b) { return _mm256_max_ps(a, b); }
MMREC_MATH_OP __m256d larger(__m256d a, __m256d b) { return _mm256_max_pd(a, b); }
MMREC_MATH_OP __m256 smaller(__m256 a, __m256 b) { return _mm256_min_ps(a, b); }
MMREC_MATH_OP __m256d smaller(__m256d a, __m256d b) { return _mm256_min_pd(a, b); }
MMREC_MATH_OP __m256 where_less(__m256 a, __m256 b, __m256 x, __m256 y) {
  return _mm256_blendv_ps(y, x, _mm256_cmp_ps(a, b, _CMP_LT_OQ));
}
MMREC_MATH_OP __m256d where_less(__m256d a, __m256d b, __m256d x, __m256d y) {
  return _mm256_blendv_pd(y, x, _mm256_cmp_pd(a, b, _CMP_LT_OQ));
}
MMREC_MATH_OP __m256 absolute(__m256 x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x); }
MMREC_MATH_OP __m256 with_sign_of(__m256 x, __m256 sign) {
  return _mm256_or_ps(x, _mm256_and_ps(_mm256_set1_ps(-0.0f), sign));
}
MMREC_MATH_OP __m256 to_whole(__m256 x) { return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
MMREC_MATH_OP __m256 power_of_two(__m256i n) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23));
}
MMREC_MATH_OP __m256 scale_normal(__m256 x, __m256 n) { return _mm256_mul_ps(x, power_of_two(_mm256_cvtps_epi32(n))); }
// In two steps: 2^n itself may be too large or too small for a float.
MMREC_MATH_OP __m256 scale(__m256 x, __m256 n) {
  const __m256i whole = _mm256_cvtps_epi32(n), half = _mm256_srai_epi32(whole, 1);
  return _mm256_mul_ps(_mm256_mul_ps(x, power_of_two(half)), power_of_two(_mm256_sub_epi32(whole, half)));
}
MMREC_MATH_OP __m256 reciprocal(__m256 x) { return _mm256_div_ps(_mm256_set1_ps(1.0f), x); }
#include <mmrec/kernel/detail/math_body.hpp>
}  // namespace level_avx2
#undef MMREC_MATH_TARGET
#undef MMREC_MATH_OP
#endif  // MMREC_X86

#define MMREC_MATH_TARGET
#define MMREC_MATH_OP inline
namespace level_portable {
// Vector types of the compiler: SSE2 or NEON registers, or scalars where there is neither.
template <class T>
struct vec;
template <>
struct vec<float> {
  using type = float __attribute__((vector_size(16)));
};
template <>
struct vec<double> {
  using type = double __attribute__((vector_size(16)));
};
template <class T>
using reg = typename vec<T>::type;
using bits = std::int32_t __attribute__((vector_size(16)));
inline constexpr int register_count = 16;

MMREC_MATH_OP reg<float> load(const float* from) { return reg<float>{from[0], from[1], from[2], from[3]}; }
MMREC_MATH_OP reg<double> load(const double* from) { return reg<double>{from[0], from[1]}; }
MMREC_MATH_OP void store(float* to, reg<float> x) { std::memcpy(to, &x, sizeof x); }
MMREC_MATH_OP void store(double* to, reg<double> x) { std::memcpy(to, &x, sizeof x); }
MMREC_MATH_OP reg<float> all(float x) { return reg<float>{x, x, x, x}; }
MMREC_MATH_OP reg<double> all(double x) { return reg<double>{x, x}; }
MMREC_MATH_OP reg<float> add(reg<float> a, reg<float> b) { return a + b; }
MMREC_MATH_OP reg<double> add(reg<double> a, reg<double> b) { return a + b; }
MMREC_MATH_OP reg<float> subtract(reg<float> a, reg<float> b) { return a - b; }
MMREC_MATH_OP reg<double> subtract(reg<double> a, reg<double> b) { return a - b; }
MMREC_MATH_OP reg<float> multiply(reg<float> a, reg<float> b) { return a * b; }
MMREC_MATH_OP reg<double> multiply(reg<double> a, reg<double> b) { return a * b; }
MMREC_MATH_OP reg<float> divide(reg<float> a, reg<float> b) { return a / b; }
MMREC_MATH_OP reg<double> divide(reg<double> a, reg<double> b) { return a / b; }
MMREC_MATH_OP reg<float> multiply_add(reg<float> a, reg<float> b, reg<float> c) { return c + a * b; }
MMREC_MATH_OP reg<double> multiply_add(reg<double> a, reg<double> b, reg<double> c) { return c + a * b; }
MMREC_MATH_OP reg<float> subtract_product(reg<float> a, reg<float> b, reg<float> c) { return c - a * b; }
MMREC_MATH_OP reg<double> subtract_product(reg<double> a, reg<double> b, reg<double> c) { return c - a * b; }
MMREC_MATH_OP reg<float> larger(reg<float> a, reg<float> b) { return a > b ? a : b; }
MMREC_MATH_OP reg<double> larger(reg<double> a, reg<double> b) { return a > b ? a : b; }
MMREC_MATH_OP reg<float> smaller(reg<float> a, reg<float> b) { return a < b ? a : b; }
MMREC_MATH_OP reg<double> smaller(reg<double> a, reg<double> b) { return a < b ? a : b; }
MMREC_MATH_OP reg<float> where_less(reg<float> a, reg<float> b, reg<float> x, reg<float> y) { return a < b ? x : y; }
MMREC_MATH_OP reg<double> where_less(reg<double> a, reg<double> b, reg<double> x, reg<double> y) { return a < b ? x : y; }
MMREC_MATH_OP bits as_bits(reg<float> x) { return std::bit_cast<bits>(x); }
MMREC_MATH_OP reg<float> as_float(bits x) { return std::bit_cast<reg<float>>(x); }
MMREC_MATH_OP reg<float> absolute(reg<float> x) { return as_float(as_bits(x) & 0x7fffffff); }
MMREC_MATH_OP reg<float> with_sign_of(reg<float> x, reg<float> sign) {
  return as_float(as_bits(x) | (as_bits(sign) & (std::numeric_limits<std::int32_t>::min)()));
}
/// Adding this leaves a float below 2^22 no room for a fraction, and its last bits are the whole number.
inline constexpr float whole_numbers = 12582912.0f;
MMREC_MATH_OP reg<float> to_whole(reg<float> x) { return (x + whole_numbers) - whole_numbers; }
MMREC_MATH_OP bits whole_of(reg<float> n) { return as_bits(n + whole_numbers) - std::bit_cast<std::int32_t>(whole_numbers); }
MMREC_MATH_OP reg<float> power_of_two(bits n) { return as_float((n + 127) << 23); }
MMREC_MATH_OP reg<float> scale_normal(reg<float> x, reg<float> n) { return x * power_of_two(whole_of(n)); }
MMREC_MATH_OP reg<float> scale(reg<float> x, reg<float> n) {
  const bits whole = whole_of(n), half = whole >> 1;
  return x * power_of_two(half) * power_of_two(whole - half);
}
MMREC_MATH_OP reg<float> reciprocal(reg<float> x) { return 1.0f / x; }
#include <mmrec/kernel/detail/math_body.hpp>
}  // namespace level_portable
#undef MMREC_MATH_TARGET
#undef MMREC_MATH_OP

}  // namespace kernel::detail
}  // namespace mmrec::inline v0

// mmrec/kernel/detail/pairwise_lanes.hpp - steps of pairwise ranking, compiled once for each instruction set.
#pragma once
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include <mmrec/core/config.hpp>
#include <mmrec/kernel/detail/math_lanes.hpp>

#if MMREC_X86
#include <immintrin.h>
#endif

namespace mmrec::inline v0 {
namespace kernel::detail {

/// See kernel::bpr_steps.
struct bpr_job {
  float* users;
  float* items;
  float* biases;
  std::size_t stride;
  std::size_t width;
  const std::uint32_t* user_of;
  const std::uint32_t* positives;
  const std::uint32_t* negatives;
  std::size_t count;
  float learning_rate;
  float regularization;
};

/// A row and the sums of its squared gradients.
struct adaptive_row {
  float* values;
  float* squares;
};
/// See kernel::warp_step.
struct warp_rows {
  adaptive_row user;
  adaptive_row positive;
  adaptive_row negative;
  std::size_t width;
};

/// Triples ahead of the current one whose rows are asked for.
inline constexpr std::size_t bpr_prefetch = 4;

template <bool Shared>
float bias_of(float& bias) {
  if constexpr (Shared) {
    return std::atomic_ref<float>(bias).load(std::memory_order_relaxed);
  } else {
    return bias;
  }
}
template <bool Shared>
void set_bias(float& bias, float value) {
  if constexpr (Shared) {
    std::atomic_ref<float>(bias).store(value, std::memory_order_relaxed);
  } else {
    bias = value;
  }
}

// Rows that several threads read and write at the same time: each number is loaded and stored whole, in no order. The
// compiler knows that of std::atomic_ref alone, one number at a time; the machine's vector moves do it, too, and as inline
// assembly they are no plain memory accesses to the compiler.
#if MMREC_X86
#define MMREC_MATH_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
#define MMREC_MATH_OP __attribute__((always_inline)) MMREC_MATH_TARGET inline
namespace level_avx512 {
MMREC_MATH_OP __m512 load_shared(const float* from) {
  __m512 x;
  asm("vmovups %1, %0" : "=v"(x) : "m"(*reinterpret_cast<const __m512*>(from)));
  return x;
}
MMREC_MATH_OP void store_shared(float* to, __m512 x) {
  asm("vmovups %1, %0" : "=m"(*reinterpret_cast<__m512*>(to)) : "v"(x));
}
/// The sum of all lanes, in each of them.
MMREC_MATH_OP __m512 sum_everywhere(__m512 x) {
  x = _mm512_add_ps(x, _mm512_maskz_shuffle_f32x4(every, x, x, 0x4e));
  x = _mm512_add_ps(x, _mm512_maskz_shuffle_f32x4(every, x, x, 0xb1));
  x = _mm512_add_ps(x, _mm512_maskz_permute_ps(every, x, 0x4e));
  return _mm512_add_ps(x, _mm512_maskz_permute_ps(every, x, 0xb1));
}
MMREC_MATH_OP __m512 root_of(__m512 x) { return _mm512_maskz_sqrt_ps(every, x); }
MMREC_MATH_OP float first_lane(__m512 x) { return _mm512_cvtss_f32(x); }
#include <mmrec/kernel/detail/pairwise_body.hpp>
}  // namespace level_avx512
#undef MMREC_MATH_TARGET

#define MMREC_MATH_TARGET __attribute__((target("avx2,fma")))
namespace level_avx2 {
MMREC_MATH_OP __m256 load_shared(const float* from) {
  __m256 x;
  asm("vmovups %1, %0" : "=x"(x) : "m"(*reinterpret_cast<const __m256*>(from)));
  return x;
}
MMREC_MATH_OP void store_shared(float* to, __m256 x) {
  asm("vmovups %1, %0" : "=m"(*reinterpret_cast<__m256*>(to)) : "x"(x));
}
MMREC_MATH_OP __m256 sum_everywhere(__m256 x) {
  x = _mm256_add_ps(x, _mm256_permute2f128_ps(x, x, 1));
  x = _mm256_add_ps(x, _mm256_permute_ps(x, 0x4e));
  return _mm256_add_ps(x, _mm256_permute_ps(x, 0xb1));
}
MMREC_MATH_OP __m256 root_of(__m256 x) { return _mm256_sqrt_ps(x); }
MMREC_MATH_OP float first_lane(__m256 x) { return _mm256_cvtss_f32(x); }
#include <mmrec/kernel/detail/pairwise_body.hpp>
}  // namespace level_avx2
#undef MMREC_MATH_TARGET
#undef MMREC_MATH_OP
#endif  // MMREC_X86

#define MMREC_MATH_TARGET
#define MMREC_MATH_OP inline
namespace level_portable {
MMREC_MATH_OP reg<float> load_shared(const float* from) {
  const auto number = [from](std::size_t lane) {
    return std::atomic_ref<float>(const_cast<float&>(from[lane])).load(std::memory_order_relaxed);
  };
  return reg<float>{number(0), number(1), number(2), number(3)};
}
MMREC_MATH_OP void store_shared(float* to, reg<float> x) {
  for (std::size_t lane = 0; lane < 4; ++lane) {
    std::atomic_ref<float>(to[lane]).store(x[lane], std::memory_order_relaxed);
  }
}
MMREC_MATH_OP reg<float> sum_everywhere(reg<float> x) { return all((x[0] + x[2]) + (x[1] + x[3])); }
MMREC_MATH_OP reg<float> root_of(reg<float> x) {
  return reg<float>{std::sqrt(x[0]), std::sqrt(x[1]), std::sqrt(x[2]), std::sqrt(x[3])};
}
MMREC_MATH_OP float first_lane(reg<float> x) { return x[0]; }
#include <mmrec/kernel/detail/pairwise_body.hpp>
}  // namespace level_portable
#undef MMREC_MATH_TARGET
#undef MMREC_MATH_OP

}  // namespace kernel::detail
}  // namespace mmrec::inline v0

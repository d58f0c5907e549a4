// mmrec/kernel/cuda/detail/mma_words.cuh - the tensor cores' products of small matrices, and the factors they take.
#pragma once
#include <cstdint>

#include <cuda_runtime.h>

#include <mmrec/exec/cuda/config.hpp>

// A fragment is what one lane of a warp holds of a matrix, in words of 32 bits. A word holds one tf32 number, or two bf16
// numbers that follow each other along the sum, the first one in the lower half. With lane = 4 * g + t, for both kinds:
//   left   16 rows x 8 words   {row g, word t} {g + 8, t} {g, t + 4} {g + 8, t + 4}
//   right  8 words x 8 columns {word t, column g} {t + 4, g}
//   sums   16 rows x 8 columns {row g, column 2 t} {g, 2 t + 1} {g + 8, 2 t} {g + 8, 2 t + 1}
// Reference  NVIDIA, PTX ISA, section Matrix Fragments for mma.m16n8k8 and mma.m16n8k16

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace detail {

#if defined(MMREC_CUDA_ON_HOST)
/// A number whose bits beyond the first 16 are rounded off, to nearest, even on ties.
inline std::uint32_t bf16_bits(float value) {
  const auto bits = static_cast<std::uint32_t>(__float_as_uint(value));
  if ((bits & 0x7fffffffu) > 0x7f800000u) return (bits >> 16) | 0x40u;
  return (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
}
#endif

/// The nearest number of 10 bits of mantissa, away from zero on ties.
__device__ __forceinline__ std::uint32_t tf32_word(float value) {
#if defined(MMREC_CUDA_ON_HOST)
  const auto bits = static_cast<std::uint32_t>(__float_as_uint(value));
  return (bits & 0x7f800000u) == 0x7f800000u ? bits : (bits + 0x1000u) & 0xffffe000u;
#elif !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
  std::uint32_t word;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(word) : "f"(value));
  return word;
#else
  return __float_as_uint(value);
#endif
}

/// Two numbers of 7 bits of mantissa, nearest, even on ties.
__device__ __forceinline__ std::uint32_t bf16_words(float first, float second) {
#if defined(MMREC_CUDA_ON_HOST)
  return bf16_bits(first) | (bf16_bits(second) << 16);
#elif !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
  std::uint32_t word;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(word) : "f"(second), "f"(first));
  return word;
#else
  return (__float_as_uint(second) & 0xffff0000u) | (__float_as_uint(first) >> 16);
#endif
}

/// A bf16 number as a tf32 word: its products are the same.
__device__ __forceinline__ std::uint32_t bf16_as_tf32(float value) { return bf16_words(value, 0.0f) << 16; }

#if defined(MMREC_CUDA_ON_HOST)
/// The sums of a warp, word by word: `term(left, right, sum)` adds the products of one word.
template <class Term>
void mma_on_host(float (&sums)[4], const std::uint32_t (&left)[4], const std::uint32_t (&right)[2], Term&& term) {
  const int lane = static_cast<int>(threadIdx.x % 32), row = lane / 4, column = lane % 4 * 2;
  for (int half = 0; half < 2; ++half) {
    for (int word = 0; word < 4; ++word) {
      const std::uint32_t upper = __shfl_sync(0xffffffffu, left[2 * half], row * 4 + word);
      const std::uint32_t lower = __shfl_sync(0xffffffffu, left[2 * half + 1], row * 4 + word);
      for (int j = 0; j < 2; ++j) {
        const std::uint32_t factor = __shfl_sync(0xffffffffu, right[half], (column + j) * 4 + word);
        sums[j] = term(upper, factor, sums[j]);
        sums[2 + j] = term(lower, factor, sums[2 + j]);
      }
    }
  }
}
#endif

/// sums += left * right for words of one tf32 number. All lanes of a warp together.
__device__ __forceinline__ void mma_tf32(float (&sums)[4], const std::uint32_t (&left)[4], const std::uint32_t (&right)[2]) {
#if defined(MMREC_CUDA_ON_HOST)
  mma_on_host(sums, left, right,
              [](std::uint32_t a, std::uint32_t b, float sum) { return fmaf(__uint_as_float(a), __uint_as_float(b), sum); });
#elif !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
  asm volatile(
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
      : "r"(left[0]), "r"(left[1]), "r"(left[2]), "r"(left[3]), "r"(right[0]), "r"(right[1]));
#else
  __trap();  // the launchers ask for tensor cores only where there are any
#endif
}

/// sums += left * right for words of two bf16 numbers. All lanes of a warp together.
__device__ __forceinline__ void mma_bf16(float (&sums)[4], const std::uint32_t (&left)[4], const std::uint32_t (&right)[2]) {
#if defined(MMREC_CUDA_ON_HOST)
  mma_on_host(sums, left, right, [](std::uint32_t a, std::uint32_t b, float sum) {
    const float first = fmaf(__uint_as_float(a << 16), __uint_as_float(b << 16), sum);
    return fmaf(__uint_as_float(a & 0xffff0000u), __uint_as_float(b & 0xffff0000u), first);
  });
#elif !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
      : "r"(left[0]), "r"(left[1]), "r"(left[2]), "r"(left[3]), "r"(right[0]), "r"(right[1]));
#else
  __trap();
#endif
}

}  // namespace detail
}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

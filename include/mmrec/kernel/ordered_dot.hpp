// mmrec/kernel/ordered_dot.hpp - inner products of chosen rows, with the very bits that a whole search computes.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include <mmrec/core/config.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#if MMREC_X86
#include <immintrin.h>
#endif

namespace mmrec::inline v0 {
namespace kernel {
namespace detail {

/// Rows whose sums are computed side by side: each is one chain of additions, and 8 of them hide its latency.
inline constexpr std::size_t ordered_rows = 8;

template <class Step>
inline void ordered_dots_loop(const float* rows, std::size_t width, std::span<const std::uint32_t> items, float* out,
                              const Step& step) {
  // Rows are scattered over memory: ask for those of the next step early.
  constexpr std::size_t floats_of_line = 16;
  for (std::size_t first = 0; first < items.size(); first += ordered_rows) {
    const float* own[ordered_rows];
    for (std::size_t member = 0; member < ordered_rows; ++member) {
      own[member] = rows + std::size_t{items[(std::min)(first + member, items.size() - 1)]} * width;
      if (first + ordered_rows + member < items.size()) {
        const float* next = rows + std::size_t{items[first + ordered_rows + member]} * width;
        for (std::size_t at = 0; at < width; at += floats_of_line) __builtin_prefetch(next + at);
      }
    }
    float sums[ordered_rows];
    step(own, sums);
    std::copy_n(sums, (std::min)(ordered_rows, items.size() - first), out + first);
  }
}

inline void ordered_step_portable(const float* const (&rows)[ordered_rows], const float* query, std::size_t width,
                                  float (&sums)[ordered_rows]) {
  for (float& sum : sums) sum = 0.0f;
  for (std::size_t factor = 0; factor < width; ++factor) {
    for (std::size_t row = 0; row < ordered_rows; ++row) sums[row] += query[factor] * rows[row][factor];
  }
}

#if MMREC_X86
__attribute__((target("avx2,fma"))) inline void ordered_step_fma(const float* const (&rows)[ordered_rows],
                                                                 const float* query, std::size_t width,
                                                                 float (&sums)[ordered_rows]) {
  __m128 own[ordered_rows];
  for (__m128& sum : own) sum = _mm_setzero_ps();
  for (std::size_t factor = 0; factor < width; ++factor) {
    const __m128 value = _mm_load_ss(query + factor);
#pragma GCC unroll 8
    for (std::size_t row = 0; row < ordered_rows; ++row) {
      own[row] = _mm_fmadd_ss(value, _mm_load_ss(rows[row] + factor), own[row]);
    }
  }
  for (std::size_t row = 0; row < ordered_rows; ++row) sums[row] = _mm_cvtss_f32(own[row]);
}
#endif

}  // namespace detail

/// The inner products of some rows of a matrix with a query, summed in the order 0..K-1 by fused multiply-adds (portable
/// code rounds twice instead): bit for bit what packed_items computes for these items.
///
/// Shapes     rows: I x K without gaps     items: row numbers     query: K     out: one number for each of `items`
/// Cost       O(K) a row, and reading it from wherever it lies
/// Example    tests/kernel/ordered_dot_test.cpp
inline void ordered_dots(const float* rows, std::size_t width, std::span<const std::uint32_t> items, const float* query,
                         float* out, [[maybe_unused]] simd_level level = best_simd_level()) {
#if MMREC_X86
  if (level >= simd_level::avx2) {
    return detail::ordered_dots_loop(
        rows, width, items, out, [&](const float* const(&own)[detail::ordered_rows], float(&sums)[detail::ordered_rows]) {
          detail::ordered_step_fma(own, query, width, sums);
        });
  }
#endif
  detail::ordered_dots_loop(rows, width, items, out,
                            [&](const float* const(&own)[detail::ordered_rows], float(&sums)[detail::ordered_rows]) {
                              detail::ordered_step_portable(own, query, width, sums);
                            });
}

}  // namespace kernel
}  // namespace mmrec::inline v0

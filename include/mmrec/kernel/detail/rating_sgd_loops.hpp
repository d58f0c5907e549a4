// mmrec/kernel/detail/rating_sgd_loops.hpp - the loops of rating_sgd, once for each instruction set.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <mmrec/core/config.hpp>

#if MMREC_X86
#include <immintrin.h>
#endif

namespace mmrec::inline v0 {
namespace kernel::detail {

inline constexpr std::size_t rating_lanes = 16;
/// Pairs ahead of which rows are fetched into the first cache: which rows come next no processor guesses.
inline constexpr std::size_t rating_ahead = 4;

struct rated_pair {
  std::uint32_t user;
  std::uint32_t item;
  float rating;
};

struct rating_tables {
  float* users;
  float* items;
  float* user_biases;
  float* item_biases;
  std::size_t width;
};

struct rating_steps {
  float rate;
  float decay;
  float bias_rate;  ///< 0 leaves the biases alone
  float user_gain = 1.0f;
};

/// Steps the biases and returns the error.
inline float step_biases(const rated_pair& pair, float product, const rating_tables& tables, const rating_steps& steps) {
  float& user = tables.user_biases[pair.user];
  float& item = tables.item_biases[pair.item];
  const float error = pair.rating - (user + item + product);
  user += steps.bias_rate * (error - steps.decay * user);
  item += steps.bias_rate * (error - steps.decay * item);
  return error;
}

inline void fetch_rows(const rated_pair& pair, const rating_tables& tables) {
  const float* const user = tables.users + pair.user * tables.width;
  const float* const item = tables.items + pair.item * tables.width;
  for (std::size_t k = 0; k < tables.width; k += rating_lanes) {
    __builtin_prefetch(user + k, 1);
    __builtin_prefetch(item + k, 1);
  }
}

/// A vector type of the compiler: one SSE2 or NEON register, or four scalars where there is neither.
using rating_vector = float __attribute__((vector_size(16)));

inline rating_vector rating_load(const float* from) {
  rating_vector value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

inline void rating_sgd_portable(const rated_pair* pairs, std::size_t count, const rating_tables& tables,
                                const rating_steps& steps) {
  const float keep = 1.0f - steps.rate * steps.decay;
  for (std::size_t n = 0; n < count; ++n) {
    float* const p = tables.users + pairs[n].user * tables.width;
    float* const q = tables.items + pairs[n].item * tables.width;
    rating_vector even{}, odd{};
    for (std::size_t k = 0; k < tables.width; k += 8) {
      even += rating_load(p + k) * rating_load(q + k);
      odd += rating_load(p + k + 4) * rating_load(q + k + 4);
    }
    even += odd;
    const float step = steps.rate * step_biases(pairs[n], (even[0] + even[1]) + (even[2] + even[3]), tables, steps);
    const float user_step = steps.user_gain * step;
    for (std::size_t k = 0; k < tables.width; k += 4) {
      const rating_vector x = rating_load(p + k), y = rating_load(q + k);
      const rating_vector next_x = keep * x + user_step * y, next_y = keep * y + step * x;
      std::memcpy(p + k, &next_x, sizeof next_x);
      std::memcpy(q + k, &next_y, sizeof next_y);
    }
  }
}

#if MMREC_X86
__attribute__((target("avx2,fma"))) inline void rating_sgd_avx2(const rated_pair* pairs, std::size_t count,
                                                                const rating_tables& tables, const rating_steps& steps) {
  const std::size_t width = tables.width;
  const __m256 keep = _mm256_set1_ps(1.0f - steps.rate * steps.decay);
  for (std::size_t n = 0; n < count; ++n) {
    if (n + rating_ahead < count) fetch_rows(pairs[n + rating_ahead], tables);
    float* const p = tables.users + pairs[n].user * width;
    float* const q = tables.items + pairs[n].item * width;
    __m256 even = _mm256_setzero_ps(), odd = _mm256_setzero_ps();
    for (std::size_t k = 0; k < width; k += 16) {
      even = _mm256_fmadd_ps(_mm256_load_ps(p + k), _mm256_load_ps(q + k), even);
      odd = _mm256_fmadd_ps(_mm256_load_ps(p + k + 8), _mm256_load_ps(q + k + 8), odd);
    }
    even = _mm256_add_ps(even, odd);
    __m128 part = _mm_add_ps(_mm256_castps256_ps128(even), _mm256_extractf128_ps(even, 1));
    part = _mm_add_ps(part, _mm_movehl_ps(part, part));
    const float product = _mm_cvtss_f32(_mm_add_ss(part, _mm_movehdup_ps(part)));
    const float error = step_biases(pairs[n], product, tables, steps);
    const __m256 step = _mm256_set1_ps(steps.rate * error);
    const __m256 user_step = _mm256_set1_ps(steps.user_gain * (steps.rate * error));
    for (std::size_t k = 0; k < width; k += 8) {
      const __m256 x = _mm256_load_ps(p + k), y = _mm256_load_ps(q + k);
      _mm256_store_ps(p + k, _mm256_fmadd_ps(user_step, y, _mm256_mul_ps(keep, x)));
      _mm256_store_ps(q + k, _mm256_fmadd_ps(step, x, _mm256_mul_ps(keep, y)));
    }
  }
}

/// Rows of `Registers` registers, held in them from the product to the step; 0: rows of any width.
template <int Registers>
__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma"))) void rating_sgd_rows(const rated_pair* pairs,
                                                                                            std::size_t count,
                                                                                            const rating_tables& tables,
                                                                                            const rating_steps& steps) {
  const std::size_t width = Registers != 0 ? Registers * rating_lanes : tables.width;
  const __m512 keep = _mm512_set1_ps(1.0f - steps.rate * steps.decay);
  for (std::size_t n = 0; n < count; ++n) {
    if (n + rating_ahead < count) fetch_rows(pairs[n + rating_ahead], tables);
    float* const p = tables.users + pairs[n].user * width;
    float* const q = tables.items + pairs[n].item * width;
    constexpr int held = Registers != 0 ? Registers : 1;
    __m512 x[held], y[held];
    __m512 even = _mm512_setzero_ps(), odd = _mm512_setzero_ps();
    if constexpr (Registers != 0) {
#pragma GCC unroll 8
      for (int r = 0; r < Registers; ++r) {
        x[r] = _mm512_load_ps(p + 16 * r);
        y[r] = _mm512_load_ps(q + 16 * r);
        (r % 2 == 0 ? even : odd) = _mm512_fmadd_ps(x[r], y[r], r % 2 == 0 ? even : odd);
      }
    } else {
      for (std::size_t k = 0; k < width; k += 16) {
        even = _mm512_fmadd_ps(_mm512_load_ps(p + k), _mm512_load_ps(q + k), even);
      }
    }
    even = _mm512_add_ps(even, odd);
    // Masked: g++ 12 takes the undefined source of the plain forms for a use of an uninitialised variable.
    const __m256d low = _mm512_maskz_extractf64x4_pd(0xff, _mm512_castps_pd(even), 0);
    const __m256d high = _mm512_maskz_extractf64x4_pd(0xff, _mm512_castps_pd(even), 1);
    const __m256 half = _mm256_add_ps(_mm256_castpd_ps(low), _mm256_castpd_ps(high));
    __m128 part = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
    part = _mm_add_ps(part, _mm_movehl_ps(part, part));
    const float product = _mm_cvtss_f32(_mm_add_ss(part, _mm_movehdup_ps(part)));
    const float error = step_biases(pairs[n], product, tables, steps);
    const __m512 step = _mm512_set1_ps(steps.rate * error);
    const __m512 user_step = _mm512_set1_ps(steps.user_gain * (steps.rate * error));
    if constexpr (Registers != 0) {
#pragma GCC unroll 8
      for (int r = 0; r < Registers; ++r) {
        _mm512_store_ps(p + 16 * r, _mm512_fmadd_ps(user_step, y[r], _mm512_mul_ps(keep, x[r])));
        _mm512_store_ps(q + 16 * r, _mm512_fmadd_ps(step, x[r], _mm512_mul_ps(keep, y[r])));
      }
    } else {
      for (std::size_t k = 0; k < width; k += 16) {
        const __m512 own = _mm512_load_ps(p + k), other = _mm512_load_ps(q + k);
        _mm512_store_ps(p + k, _mm512_fmadd_ps(user_step, other, _mm512_mul_ps(keep, own)));
        _mm512_store_ps(q + k, _mm512_fmadd_ps(step, own, _mm512_mul_ps(keep, other)));
      }
    }
  }
}

inline void rating_sgd_avx512(const rated_pair* pairs, std::size_t count, const rating_tables& tables,
                              const rating_steps& steps) {
  switch (tables.width / rating_lanes) {
    case 1:
      return rating_sgd_rows<1>(pairs, count, tables, steps);
    case 2:
      return rating_sgd_rows<2>(pairs, count, tables, steps);
    case 4:
      return rating_sgd_rows<4>(pairs, count, tables, steps);
    case 7:
      return rating_sgd_rows<7>(pairs, count, tables, steps);
    case 8:
      return rating_sgd_rows<8>(pairs, count, tables, steps);
    default:
      return rating_sgd_rows<0>(pairs, count, tables, steps);
  }
}
#endif

}  // namespace kernel::detail
}  // namespace mmrec::inline v0

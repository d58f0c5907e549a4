// mmrec/kernel/detail/int8_queries.hpp - queries as bytes, and which sums with a block of items are worth a look.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include <mmrec/core/config.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/bounded_candidates.hpp>
#include <mmrec/kernel/int8_dot.hpp>
#if MMREC_X86
#include <immintrin.h>
#endif

namespace mmrec::inline v0 {
namespace kernel::detail {

/// What is known of the 64 items of a block beside their bytes.
struct int8_block_facts {
  float scale;          ///< value = scale * (byte - 128), up to the error
  float error;          ///< no less than the Euclidean norm of the error of any row, rounding of its inner products included
  float norm;           ///< no less than the norm of the quantised value of any row
  std::uint64_t valid;  ///< lanes that hold an item without NaN
};

/// Byte forms of queries, and the numbers that turn sums into bounds of scores. Each query's value is scale * byte + rest.
struct int8_queries {
  std::size_t stride = 0;
  aligned_vector<std::int8_t> bytes;                            // rows padded to a multiple of 32
  aligned_vector<float> scale, inverse, norm, rest, admission;  // rest: norm of the rest
  aligned_vector<std::int32_t> offset;                          // 128 times the sum of the bytes

  void resize(std::size_t count, std::size_t width) {
    const std::size_t rows = (count + int8_most_queries - 1) / int8_most_queries * int8_most_queries;
    stride = (width + int8_query_multiple - 1) / int8_query_multiple * int8_query_multiple;
    bytes.assign(rows * stride, 0);
    for (auto* numbers : {&scale, &inverse, &norm, &rest}) numbers->assign(rows, 0.0f);
    admission.assign(rows, -std::numeric_limits<float>::infinity());
    offset.assign(rows, 0);
  }

  /// False if the query is too small or too large for bounds that rounding, overflow and underflow respect.
  bool set(std::size_t index, const float* query, std::size_t width) {
    double squares = 0.0;
    float largest = 0.0f;
    for (std::size_t factor = 0; factor < width; ++factor) {
      squares += double{query[factor]} * double{query[factor]};
      largest = (std::max)(largest, std::abs(query[factor]));
    }
    const double length = std::sqrt(squares);
    if (!(length > 1e-10 && length < 1e15)) return false;
    scale[index] = largest / 127.0f;
    inverse[index] = 1.0f / scale[index];
    double rests = 0.0;
    std::int32_t sum = 0;
    for (std::size_t factor = 0; factor < width; ++factor) {
      const float scaled = (std::min)(127.0f, (std::max)(-127.0f, std::nearbyint(query[factor] * inverse[index])));
      const double rest_here = double{query[factor]} - double{scale[index]} * double{scaled};
      rests += rest_here * rest_here;
      bytes[index * stride + factor] = static_cast<std::int8_t>(scaled);
      sum += static_cast<std::int32_t>(scaled);
    }
    offset[index] = 128 * sum;
    norm[index] = static_cast<float>(length) * 1.00001f;
    rest[index] = static_cast<float>(std::sqrt(rests)) * 1.00001f;
    return true;
  }

  float error(std::size_t index, const int8_block_facts& block) const {
    return (block.error * norm[index] + block.norm * rest[index]) * 1.00001f;
  }
};

// For each of `count` queries from `first` on: the largest sum that is too small for the list. Rounding is allowed for.

inline void sum_limits_portable(const int8_queries& queries, std::size_t first, std::size_t count,
                                const int8_block_facts& block, std::int32_t* limits) {
  const float inverse = 1.0f / block.scale;
  for (std::size_t index = first; index < first + count; ++index) {
    const auto offset = static_cast<float>(queries.offset[index]);
    const float scaled = (queries.admission[index] - queries.error(index, block)) * (inverse * queries.inverse[index]);
    const float limit = scaled + offset - (std::abs(scaled) + std::abs(offset)) * 2e-6f - 2.0f;
    // Written so that NaN, which comes of infinities, gives the lower end.
    limits[index - first] = limit > -1.5e9f ? static_cast<std::int32_t>((std::min)(limit, 1.5e9f)) : -1500000000;
  }
}

#if MMREC_X86
__attribute__((target("avx512f"))) inline void sum_limits_avx512(const int8_queries& queries, std::size_t first,
                                                                 std::size_t count, const int8_block_facts& block,
                                                                 std::int32_t* limits) {
  const __m512 inverse = _mm512_set1_ps(1.0f / block.scale), error = _mm512_set1_ps(block.error);
  const __m512 norm = _mm512_set1_ps(block.norm), largest = _mm512_set1_ps(1.5e9f), least = _mm512_set1_ps(-1.5e9f);
  for (std::size_t index = first; index < first + count; index += 16) {
    const __m512 offset = _mm512_maskz_cvtepi32_ps(every_lane, _mm512_loadu_si512(queries.offset.data() + index));
    __m512 margin = _mm512_mul_ps(error, _mm512_loadu_ps(queries.norm.data() + index));
    margin = _mm512_fmadd_ps(norm, _mm512_loadu_ps(queries.rest.data() + index), margin);
    margin = _mm512_mul_ps(margin, _mm512_set1_ps(1.00001f));
    const __m512 scaled = _mm512_mul_ps(_mm512_sub_ps(_mm512_loadu_ps(queries.admission.data() + index), margin),
                                        _mm512_mul_ps(inverse, _mm512_loadu_ps(queries.inverse.data() + index)));
    const __m512 size = _mm512_add_ps(_mm512_abs_ps(scaled), _mm512_abs_ps(offset));
    __m512 limit = _mm512_add_ps(scaled, offset);
    limit = _mm512_sub_ps(_mm512_fnmadd_ps(size, _mm512_set1_ps(2e-6f), limit), _mm512_set1_ps(2.0f));
    // MAXPS and MINPS give their second operand where one is NaN.
    limit = _mm512_maskz_min_ps(every_lane, _mm512_maskz_max_ps(every_lane, limit, least), largest);
    _mm512_storeu_si512(limits + (index - first), _mm512_maskz_cvtps_epi32(every_lane, limit));
  }
}
#endif

// Collect from the sums of a block what is above each query's limit; say whether a query has more than its own.

inline bool collect_sums_portable(const std::int32_t* sums, const std::int32_t* limits, std::size_t count,
                                  std::size_t first_query, std::size_t first_item, const int8_queries& queries,
                                  const int8_block_facts& block, bounded_candidates* found) {
  bool over = false;
  for (std::size_t query = 0; query < count; ++query, sums += int8_block_items) {
    std::uint64_t lanes = 0;
    for (std::size_t lane = 0; lane < int8_block_items; ++lane) {
      lanes |= static_cast<std::uint64_t>(sums[lane] > limits[query]) << lane;
    }
    lanes &= block.valid;
    if (lanes == 0) continue;
    const std::size_t index = first_query + query;
    append_sums_portable(found[index], first_item, sums, lanes,
                         {queries.offset[index], block.scale * queries.scale[index], queries.error(index, block)});
    over |= found[index].count > found[index].limit;
  }
  return over;
}

#if MMREC_X86
__attribute__((target("avx512f"))) inline bool collect_sums_avx512(const std::int32_t* sums, const std::int32_t* limits,
                                                                   std::size_t count, std::size_t first_query,
                                                                   std::size_t first_item, const int8_queries& queries,
                                                                   const int8_block_facts& block,
                                                                   bounded_candidates* found) {
  bool over = false;
  for (std::size_t query = 0; query < count; ++query, sums += int8_block_items) {
    const __m512i limit = _mm512_set1_epi32(limits[query]);
    const __m512i largest = _mm512_maskz_max_epi32(
        every_lane, _mm512_maskz_max_epi32(every_lane, _mm512_load_si512(sums), _mm512_load_si512(sums + 16)),
        _mm512_maskz_max_epi32(every_lane, _mm512_load_si512(sums + 32), _mm512_load_si512(sums + 48)));
    if (__builtin_expect(_mm512_cmpgt_epi32_mask(largest, limit) == 0, 1)) continue;
    const unsigned first = _mm512_cmpgt_epi32_mask(_mm512_load_si512(sums), limit);
    const unsigned second = _mm512_cmpgt_epi32_mask(_mm512_load_si512(sums + 16), limit);
    const unsigned third = _mm512_cmpgt_epi32_mask(_mm512_load_si512(sums + 32), limit);
    const unsigned fourth = _mm512_cmpgt_epi32_mask(_mm512_load_si512(sums + 48), limit);
    const std::uint64_t lanes =
        (std::uint64_t{first | (second << 16)} | (std::uint64_t{third | (fourth << 16)} << 32)) & block.valid;
    const std::size_t index = first_query + query;
    append_sums_avx512(found[index], first_item, sums, lanes,
                       {queries.offset[index], block.scale * queries.scale[index], queries.error(index, block)});
    over |= found[index].count > found[index].limit;
  }
  return over;
}
#endif

inline void sum_limits(const int8_queries& queries, std::size_t first, std::size_t count, const int8_block_facts& block,
                       std::int32_t* limits, [[maybe_unused]] simd_level level) {
#if MMREC_X86
  if (level == simd_level::avx512) return sum_limits_avx512(queries, first, count, block, limits);
#endif
  sum_limits_portable(queries, first, count, block, limits);
}

inline bool collect_sums(const std::int32_t* sums, const std::int32_t* limits, std::size_t count, std::size_t first_query,
                         std::size_t first_item, const int8_queries& queries, const int8_block_facts& block,
                         bounded_candidates* found, [[maybe_unused]] simd_level level) {
#if MMREC_X86
  if (level == simd_level::avx512) {
    return collect_sums_avx512(sums, limits, count, first_query, first_item, queries, block, found);
  }
#endif
  return collect_sums_portable(sums, limits, count, first_query, first_item, queries, block, found);
}

}  // namespace kernel::detail
}  // namespace mmrec::inline v0

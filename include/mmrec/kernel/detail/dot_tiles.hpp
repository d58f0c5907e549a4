// mmrec/kernel/detail/dot_tiles.hpp - inner products of a panel of items with a few queries, kept in registers.
#pragma once
#include <cstddef>
#include <cstdint>

#include <mmrec/core/config.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/candidates.hpp>
#if MMREC_X86
#include <immintrin.h>
#endif

namespace mmrec::inline v0 {
namespace kernel::detail {

/// Items of a panel, whose values of one factor lie side by side: three AVX-512 registers.
inline constexpr std::size_t panel_items = 48;

/// A few queries, count of them: values[f * count + q] is factor f of query q.
struct query_group {
  const float* values;
  candidates* found;
  std::size_t count;
};

/// Most queries of a tile: what keeps 3 accumulators for each of them within the registers.
constexpr std::size_t widest_query_group([[maybe_unused]] simd_level level) { return level == simd_level::avx512 ? 8 : 4; }

// Each tile is a pair of functions: tile_* adds up the products, search_* and score_* use them. The instruction sets differ
// in the number of lanes L of a register; 3 registers hold 3 L items, so a panel is 48 / (3 L) tiles. Searches are not
// inlined: within a larger function g++ spills the accumulators (4x slower). They say whether a query has more candidates
// than its limit.

#if MMREC_X86
template <std::size_t Q>
__attribute__((target("avx512f"), always_inline)) inline void tile_avx512(const float* panel, const float* queries,
                                                                          std::size_t factors, __m512 (&sums)[Q][3]) {
  for (std::size_t q = 0; q < Q; ++q) {
    for (std::size_t part = 0; part < 3; ++part) sums[q][part] = _mm512_setzero_ps();
  }
  for (std::size_t factor = 0; factor < factors; ++factor, panel += panel_items, queries += Q) {
    const __m512 items0 = _mm512_load_ps(panel);
    const __m512 items1 = _mm512_load_ps(panel + 16);
    const __m512 items2 = _mm512_load_ps(panel + 32);
#pragma GCC unroll 8
    for (std::size_t q = 0; q < Q; ++q) {
      const __m512 query = _mm512_set1_ps(queries[q]);
      sums[q][0] = _mm512_fmadd_ps(query, items0, sums[q][0]);
      sums[q][1] = _mm512_fmadd_ps(query, items1, sums[q][1]);
      sums[q][2] = _mm512_fmadd_ps(query, items2, sums[q][2]);
    }
  }
}

template <std::size_t Q>
__attribute__((target("avx512f"), noinline)) inline bool search_avx512(const float* panel, const query_group& group,
                                                                       std::size_t factors, std::size_t first_item) {
  __m512 sums[Q][3];
  tile_avx512<Q>(panel, group.values, factors, sums);
  bool over = false;
#pragma GCC unroll 8
  for (std::size_t q = 0; q < Q; ++q) {
    candidates& found = group.found[q];
    const __m512 admission = _mm512_set1_ps(found.admission);
    const unsigned low = _mm512_cmp_ps_mask(sums[q][0], admission, _CMP_GE_OQ);
    const unsigned middle = _mm512_cmp_ps_mask(sums[q][1], admission, _CMP_GE_OQ);
    const unsigned high = _mm512_cmp_ps_mask(sums[q][2], admission, _CMP_GE_OQ);
    if (__builtin_expect((low | middle | high) == 0, 1)) continue;
    alignas(64) float scores[panel_items];
    _mm512_store_ps(scores, sums[q][0]);
    _mm512_store_ps(scores + 16, sums[q][1]);
    _mm512_store_ps(scores + 32, sums[q][2]);
    append_lanes_avx512(found, first_item, scores, low | (middle << 16) | (std::uint64_t{high} << 32));
    over |= found.count > found.limit;
  }
  return over;
}

__attribute__((target("avx512f"))) inline void score_avx512(const float* panel, const float* query, std::size_t factors,
                                                            float* out) {
  __m512 sums[1][3];
  tile_avx512<1>(panel, query, factors, sums);
  for (std::size_t part = 0; part < 3; ++part) _mm512_storeu_ps(out + 16 * part, sums[0][part]);
}

template <std::size_t Q>
__attribute__((target("avx2,fma"), always_inline)) inline void tile_avx2(const float* panel, const float* queries,
                                                                         std::size_t factors, __m256 (&sums)[Q][3]) {
  for (std::size_t q = 0; q < Q; ++q) {
    for (std::size_t part = 0; part < 3; ++part) sums[q][part] = _mm256_setzero_ps();
  }
  for (std::size_t factor = 0; factor < factors; ++factor, panel += panel_items, queries += Q) {
    const __m256 items0 = _mm256_load_ps(panel);
    const __m256 items1 = _mm256_load_ps(panel + 8);
    const __m256 items2 = _mm256_load_ps(panel + 16);
#pragma GCC unroll 4
    for (std::size_t q = 0; q < Q; ++q) {
      const __m256 query = _mm256_broadcast_ss(queries + q);
      sums[q][0] = _mm256_fmadd_ps(query, items0, sums[q][0]);
      sums[q][1] = _mm256_fmadd_ps(query, items1, sums[q][1]);
      sums[q][2] = _mm256_fmadd_ps(query, items2, sums[q][2]);
    }
  }
}

template <std::size_t Q>
__attribute__((target("avx2,fma"), noinline)) inline bool search_avx2(const float* panel, const query_group& group,
                                                                      std::size_t factors, std::size_t first_item) {
  bool over = false;
  for (std::size_t half = 0; half < panel_items; half += 24) {
    __m256 sums[Q][3];
    tile_avx2<Q>(panel + half, group.values, factors, sums);
    for (std::size_t q = 0; q < Q; ++q) {
      candidates& found = group.found[q];
      const __m256 admission = _mm256_set1_ps(found.admission);
      const int low = _mm256_movemask_ps(_mm256_cmp_ps(sums[q][0], admission, _CMP_GE_OQ));
      const int middle = _mm256_movemask_ps(_mm256_cmp_ps(sums[q][1], admission, _CMP_GE_OQ));
      const int high = _mm256_movemask_ps(_mm256_cmp_ps(sums[q][2], admission, _CMP_GE_OQ));
      if (__builtin_expect((low | middle | high) == 0, 1)) continue;
      alignas(32) float scores[24];
      _mm256_store_ps(scores, sums[q][0]);
      _mm256_store_ps(scores + 8, sums[q][1]);
      _mm256_store_ps(scores + 16, sums[q][2]);
      append_lanes_portable(found, first_item + half, scores, static_cast<unsigned>(low | (middle << 8) | (high << 16)));
      over |= found.count > found.limit;
    }
  }
  return over;
}

__attribute__((target("avx2,fma"))) inline void score_avx2(const float* panel, const float* query, std::size_t factors,
                                                           float* out) {
  for (std::size_t half = 0; half < panel_items; half += 24) {
    __m256 sums[1][3];
    tile_avx2<1>(panel + half, query, factors, sums);
    for (std::size_t part = 0; part < 3; ++part) _mm256_storeu_ps(out + half + 8 * part, sums[0][part]);
  }
}
#endif

/// The portable tile holds 12 items; compilers turn its fixed inner loops into 4-lane code.
inline constexpr std::size_t portable_items = 12;

template <std::size_t Q>
inline void tile_portable(const float* panel, const float* queries, std::size_t factors, float (&sums)[Q][portable_items]) {
  for (std::size_t q = 0; q < Q; ++q) {
    for (std::size_t lane = 0; lane < portable_items; ++lane) sums[q][lane] = 0.0f;
  }
  for (std::size_t factor = 0; factor < factors; ++factor, panel += panel_items, queries += Q) {
    for (std::size_t q = 0; q < Q; ++q) {
      for (std::size_t lane = 0; lane < portable_items; ++lane) sums[q][lane] += queries[q] * panel[lane];
    }
  }
}

template <std::size_t Q>
inline bool search_portable(const float* panel, const query_group& group, std::size_t factors, std::size_t first_item) {
  bool over = false;
  for (std::size_t part = 0; part < panel_items; part += portable_items) {
    float sums[Q][portable_items];
    tile_portable<Q>(panel + part, group.values, factors, sums);
    for (std::size_t q = 0; q < Q; ++q) {
      candidates& found = group.found[q];
      std::uint64_t lanes = 0;
      for (std::size_t lane = 0; lane < portable_items; ++lane) {
        lanes |= static_cast<std::uint64_t>(sums[q][lane] >= found.admission) << lane;
      }
      append_lanes_portable(found, first_item + part, sums[q], lanes);
      over |= found.count > found.limit;
    }
  }
  return over;
}

inline void score_portable(const float* panel, const float* query, std::size_t factors, float* out) {
  for (std::size_t part = 0; part < panel_items; part += portable_items) {
    float sums[1][portable_items];
    tile_portable<1>(panel + part, query, factors, sums);
    for (std::size_t lane = 0; lane < portable_items; ++lane) out[part + lane] = sums[0][lane];
  }
}

/// Collects the items of a panel for the queries of a group. True if one of them has more candidates than its limit.
inline bool search_panel(const float* panel, const query_group& group, std::size_t factors, std::size_t first_item,
                         [[maybe_unused]] simd_level level) {
#if MMREC_X86
  if (level == simd_level::avx512) {
    switch (group.count) {
      case 8:
        return search_avx512<8>(panel, group, factors, first_item);
      case 4:
        return search_avx512<4>(panel, group, factors, first_item);
      case 2:
        return search_avx512<2>(panel, group, factors, first_item);
      default:
        return search_avx512<1>(panel, group, factors, first_item);
    }
  }
  if (level == simd_level::avx2) {
    switch (group.count) {
      case 4:
        return search_avx2<4>(panel, group, factors, first_item);
      case 2:
        return search_avx2<2>(panel, group, factors, first_item);
      default:
        return search_avx2<1>(panel, group, factors, first_item);
    }
  }
#endif
  switch (group.count) {
    case 4:
      return search_portable<4>(panel, group, factors, first_item);
    case 2:
      return search_portable<2>(panel, group, factors, first_item);
    default:
      return search_portable<1>(panel, group, factors, first_item);
  }
}

/// The inner products of the items of a panel with one query.
inline void score_panel(const float* panel, const float* query, std::size_t factors, float* out,
                        [[maybe_unused]] simd_level level) {
#if MMREC_X86
  if (level == simd_level::avx512) return score_avx512(panel, query, factors, out);
  if (level == simd_level::avx2) return score_avx2(panel, query, factors, out);
#endif
  score_portable(panel, query, factors, out);
}

}  // namespace kernel::detail
}  // namespace mmrec::inline v0

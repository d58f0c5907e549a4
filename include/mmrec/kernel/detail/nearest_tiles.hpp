// mmrec/kernel/detail/nearest_tiles.hpp - a panel of points against a group of centres, for each instruction set.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <mmrec/core/config.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#if MMREC_X86
#include <immintrin.h>
#endif

namespace mmrec::inline v0 {
namespace kernel::detail {

/// Points of a panel, whose values of one coordinate lie side by side: three AVX-512 registers.
inline constexpr std::size_t tile_points = 48;
/// Centres of a group: with three vectors of points for each, 24 of the 32 AVX-512 registers accumulate.
inline constexpr std::size_t tile_centres = 8;
/// Numbers in a cache line.
inline constexpr std::size_t tile_line = 16;

/// A group of centres, and the best of the earlier groups for each point of the panel, which the tile replaces.
struct nearest_task {
  const float* panel;    // coordinate d of point p at panel[d * tile_points + p]
  const float* centres;  // coordinate d of centre q at centres[d * tile_centres + q]
  const float* half_squares;
  std::size_t width;
  std::uint32_t first;  // number of the group's first centre
  float* score;
  float* second;  // the second best score
  std::uint32_t* index;
  const float* ahead;  // a cache line for each coordinate, asked for meanwhile
};

// All levels sum an inner product in the order of the coordinates. Tiles are not inlined into larger functions: g++ would
// spill the accumulators.

#if MMREC_X86
__attribute__((target("avx512f"), always_inline)) inline void products_tile(const float* panel, const float* centres,
                                                                            std::size_t width, const float* ahead,
                                                                            __m512 (&sums)[tile_centres][3]) {
#pragma GCC unroll 8
  for (std::size_t q = 0; q < tile_centres; ++q) sums[q][0] = sums[q][1] = sums[q][2] = _mm512_setzero_ps();
  for (std::size_t d = 0; d < width; ++d, panel += tile_points, centres += tile_centres, ahead += tile_line) {
    __builtin_prefetch(ahead);
    const __m512 points0 = _mm512_loadu_ps(panel);
    const __m512 points1 = _mm512_loadu_ps(panel + 16);
    const __m512 points2 = _mm512_loadu_ps(panel + 32);
#pragma GCC unroll 8
    for (std::size_t q = 0; q < tile_centres; ++q) {
      const __m512 centre = _mm512_set1_ps(centres[q]);
      sums[q][0] = _mm512_fmadd_ps(centre, points0, sums[q][0]);
      sums[q][1] = _mm512_fmadd_ps(centre, points1, sums[q][1]);
      sums[q][2] = _mm512_fmadd_ps(centre, points2, sums[q][2]);
    }
  }
}

__attribute__((target("avx512f"), noinline)) inline void nearest_avx512(const nearest_task& task) {
  __m512 sums[tile_centres][3];
  products_tile(task.panel, task.centres, task.width, task.ahead, sums);
#pragma GCC unroll 3
  for (std::size_t part = 0; part < 3; ++part) {
    __m512 best = _mm512_loadu_ps(task.score + 16 * part);
    __m512 second = _mm512_loadu_ps(task.second + 16 * part);
    __m512i at = _mm512_loadu_si512(task.index + 16 * part);
#pragma GCC unroll 8
    for (std::size_t q = 0; q < tile_centres; ++q) {
      const __m512 score = _mm512_sub_ps(_mm512_set1_ps(task.half_squares[q]), sums[q][part]);
      const __mmask16 better = _mm512_cmp_ps_mask(score, best, _CMP_LT_OQ);
      second = _mm512_maskz_min_ps(0xffff, second, _mm512_maskz_max_ps(0xffff, score, best));
      best = _mm512_mask_mov_ps(best, better, score);
      at = _mm512_mask_mov_epi32(at, better, _mm512_set1_epi32(static_cast<int>(task.first + q)));
    }
    _mm512_storeu_ps(task.score + 16 * part, best);
    _mm512_storeu_ps(task.second + 16 * part, second);
    _mm512_storeu_si512(task.index + 16 * part, at);
  }
}

__attribute__((target("avx512f"), noinline)) inline void products_avx512(const float* panel, const float* centres,
                                                                         std::size_t width, float* out) {
  __m512 sums[tile_centres][3];
  products_tile(panel, centres, width, panel, sums);
#pragma GCC unroll 8
  for (std::size_t q = 0; q < tile_centres; ++q) {
#pragma GCC unroll 3
    for (std::size_t part = 0; part < 3; ++part) _mm512_storeu_ps(out + q * tile_points + 16 * part, sums[q][part]);
  }
}

__attribute__((target("avx512f"))) inline void one_avx512(const float* panel, const float* x, std::size_t width,
                                                          float* out) {
  __m512 sums[3] = {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps()};
  for (std::size_t d = 0; d < width; ++d, panel += tile_points) {
    const __m512 value = _mm512_set1_ps(x[d]);
#pragma GCC unroll 3
    for (std::size_t part = 0; part < 3; ++part) {
      sums[part] = _mm512_fmadd_ps(value, _mm512_loadu_ps(panel + 16 * part), sums[part]);
    }
  }
  for (std::size_t part = 0; part < 3; ++part) _mm512_storeu_ps(out + 16 * part, sums[part]);
}

__attribute__((target("avx512f"))) inline void distances_avx512(const float* panel, const float* x, std::size_t width,
                                                                float* out) {
  __m512 sums[3] = {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps()};
  for (std::size_t d = 0; d < width; ++d, panel += tile_points) {
    const __m512 value = _mm512_set1_ps(x[d]);
#pragma GCC unroll 3
    for (std::size_t part = 0; part < 3; ++part) {
      const __m512 difference = _mm512_sub_ps(value, _mm512_loadu_ps(panel + 16 * part));
      sums[part] = _mm512_fmadd_ps(difference, difference, sums[part]);
    }
  }
  for (std::size_t part = 0; part < 3; ++part) _mm512_storeu_ps(out + 16 * part, sums[part]);
}

// 16 registers hold half a panel for half a group.
__attribute__((target("avx2,fma"), always_inline)) inline void products_tile(const float* panel, const float* centres,
                                                                             std::size_t width, __m256 (&sums)[4][3]) {
#pragma GCC unroll 4
  for (std::size_t q = 0; q < 4; ++q) sums[q][0] = sums[q][1] = sums[q][2] = _mm256_setzero_ps();
  for (std::size_t d = 0; d < width; ++d, panel += tile_points, centres += tile_centres) {
    const __m256 points0 = _mm256_loadu_ps(panel);
    const __m256 points1 = _mm256_loadu_ps(panel + 8);
    const __m256 points2 = _mm256_loadu_ps(panel + 16);
#pragma GCC unroll 4
    for (std::size_t q = 0; q < 4; ++q) {
      const __m256 centre = _mm256_broadcast_ss(centres + q);
      sums[q][0] = _mm256_fmadd_ps(centre, points0, sums[q][0]);
      sums[q][1] = _mm256_fmadd_ps(centre, points1, sums[q][1]);
      sums[q][2] = _mm256_fmadd_ps(centre, points2, sums[q][2]);
    }
  }
}

__attribute__((target("avx2,fma"), noinline)) inline void nearest_avx2(const nearest_task& task) {
  for (std::size_t left = 0; left < tile_points; left += 24) {
    for (std::size_t top = 0; top < tile_centres; top += 4) {
      __m256 sums[4][3];
      products_tile(task.panel + left, task.centres + top, task.width, sums);
#pragma GCC unroll 3
      for (std::size_t part = 0; part < 3; ++part) {
        float* const score_at = task.score + left + 8 * part;
        float* const second_at = task.second + left + 8 * part;
        auto* const index_at = reinterpret_cast<__m256i*>(task.index + left + 8 * part);
        __m256 best = _mm256_loadu_ps(score_at);
        __m256 second = _mm256_loadu_ps(second_at);
        __m256i at = _mm256_loadu_si256(index_at);
#pragma GCC unroll 4
        for (std::size_t q = 0; q < 4; ++q) {
          const __m256 score = _mm256_sub_ps(_mm256_set1_ps(task.half_squares[top + q]), sums[q][part]);
          const __m256 better = _mm256_cmp_ps(score, best, _CMP_LT_OQ);
          const __m256i number = _mm256_set1_epi32(static_cast<int>(task.first + top + q));
          second = _mm256_min_ps(second, _mm256_max_ps(score, best));
          best = _mm256_blendv_ps(best, score, better);
          at = _mm256_blendv_epi8(at, number, _mm256_castps_si256(better));
        }
        _mm256_storeu_ps(score_at, best);
        _mm256_storeu_ps(second_at, second);
        _mm256_storeu_si256(index_at, at);
      }
    }
  }
}

__attribute__((target("avx2,fma"), noinline)) inline void products_avx2(const float* panel, const float* centres,
                                                                        std::size_t width, float* out) {
  for (std::size_t left = 0; left < tile_points; left += 24) {
    for (std::size_t top = 0; top < tile_centres; top += 4) {
      __m256 sums[4][3];
      products_tile(panel + left, centres + top, width, sums);
      for (std::size_t q = 0; q < 4; ++q) {
        float* const to = out + (top + q) * tile_points + left;
        for (std::size_t part = 0; part < 3; ++part) _mm256_storeu_ps(to + 8 * part, sums[q][part]);
      }
    }
  }
}

__attribute__((target("avx2,fma"))) inline void one_avx2(const float* panel, const float* x, std::size_t width, float* out) {
  __m256 sums[6];
  for (__m256& sum : sums) sum = _mm256_setzero_ps();
  for (std::size_t d = 0; d < width; ++d, panel += tile_points) {
    const __m256 value = _mm256_set1_ps(x[d]);
#pragma GCC unroll 6
    for (std::size_t part = 0; part < 6; ++part) {
      sums[part] = _mm256_fmadd_ps(value, _mm256_loadu_ps(panel + 8 * part), sums[part]);
    }
  }
  for (std::size_t part = 0; part < 6; ++part) _mm256_storeu_ps(out + 8 * part, sums[part]);
}

__attribute__((target("avx2,fma"))) inline void distances_avx2(const float* panel, const float* x, std::size_t width,
                                                               float* out) {
  __m256 sums[6];
  for (__m256& sum : sums) sum = _mm256_setzero_ps();
  for (std::size_t d = 0; d < width; ++d, panel += tile_points) {
    const __m256 value = _mm256_set1_ps(x[d]);
#pragma GCC unroll 6
    for (std::size_t part = 0; part < 6; ++part) {
      const __m256 difference = _mm256_sub_ps(value, _mm256_loadu_ps(panel + 8 * part));
      sums[part] = _mm256_fmadd_ps(difference, difference, sums[part]);
    }
  }
  for (std::size_t part = 0; part < 6; ++part) _mm256_storeu_ps(out + 8 * part, sums[part]);
}
#endif

inline void one_portable(const float* panel, const float* x, std::size_t width, float* out) {
  std::fill_n(out, tile_points, 0.0f);
  for (std::size_t d = 0; d < width; ++d, panel += tile_points) {
    for (std::size_t p = 0; p < tile_points; ++p) out[p] += x[d] * panel[p];
  }
}

inline void products_portable(const float* panel, const float* centres, std::size_t width, float* out) {
  constexpr std::size_t points = 12, rows = 4;  // what fixed loops keep in SSE registers
  for (std::size_t top = 0; top < tile_centres; top += rows) {
    for (std::size_t left = 0; left < tile_points; left += points) {
      float sums[rows][points] = {};
      for (std::size_t d = 0; d < width; ++d) {
        const float* const values = panel + d * tile_points + left;
        for (std::size_t q = 0; q < rows; ++q) {
          for (std::size_t p = 0; p < points; ++p) sums[q][p] += centres[d * tile_centres + top + q] * values[p];
        }
      }
      for (std::size_t q = 0; q < rows; ++q) std::copy_n(sums[q], points, out + (top + q) * tile_points + left);
    }
  }
}

inline void nearest_portable(const nearest_task& task) {
  float products[tile_centres * tile_points];
  products_portable(task.panel, task.centres, task.width, products);
  for (std::size_t q = 0; q < tile_centres; ++q) {
    for (std::size_t p = 0; p < tile_points; ++p) {
      const float score = task.half_squares[q] - products[q * tile_points + p];
      task.second[p] = (std::min)(task.second[p], (std::max)(score, task.score[p]));
      if (score < task.score[p]) {
        task.score[p] = score;
        task.index[p] = static_cast<std::uint32_t>(task.first + q);
      }
    }
  }
}

inline void distances_portable(const float* panel, const float* x, std::size_t width, float* out) {
  std::fill_n(out, tile_points, 0.0f);
  for (std::size_t d = 0; d < width; ++d, panel += tile_points) {
    for (std::size_t p = 0; p < tile_points; ++p) {
      const float difference = x[d] - panel[p];
      out[p] += difference * difference;
    }
  }
}

/// Replaces score and index of the points for which a centre of the group is nearer.
inline void nearest_group(const nearest_task& task, [[maybe_unused]] simd_level level) {
#if MMREC_X86
  if (level == simd_level::avx512) return nearest_avx512(task);
  if (level == simd_level::avx2) return nearest_avx2(task);
#endif
  nearest_portable(task);
}

/// out[q * tile_points + p] = centre q . point p for the centres of a group.
inline void group_products(const float* panel, const float* centres, std::size_t width, float* out,
                           [[maybe_unused]] simd_level level) {
#if MMREC_X86
  if (level == simd_level::avx512) return products_avx512(panel, centres, width, out);
  if (level == simd_level::avx2) return products_avx2(panel, centres, width, out);
#endif
  products_portable(panel, centres, width, out);
}

/// out[p] = x . point p of a panel.
inline void panel_times(const float* panel, const float* x, std::size_t width, float* out,
                        [[maybe_unused]] simd_level level) {
#if MMREC_X86
  if (level == simd_level::avx512) return one_avx512(panel, x, width, out);
  if (level == simd_level::avx2) return one_avx2(panel, x, width, out);
#endif
  one_portable(panel, x, width, out);
}

/// out[p] = squared distance of x to point p of a panel.
inline void panel_distances(const float* panel, const float* x, std::size_t width, float* out,
                            [[maybe_unused]] simd_level level) {
#if MMREC_X86
  if (level == simd_level::avx512) return distances_avx512(panel, x, width, out);
  if (level == simd_level::avx2) return distances_avx2(panel, x, width, out);
#endif
  distances_portable(panel, x, width, out);
}

}  // namespace kernel::detail
}  // namespace mmrec::inline v0

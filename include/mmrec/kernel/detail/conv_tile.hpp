// mmrec/kernel/detail/conv_tile.hpp - the innermost loops of convolutions, one for each instruction set.
#pragma once
#include <algorithm>
#include <cstddef>

#include <mmrec/core/config.hpp>
#include <mmrec/kernel/conv2d_shape.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/simd_vector.hpp>

namespace mmrec::inline v0 {
namespace kernel {

namespace detail {

/// Elements of the widest vector: packed rows are multiples of it.
template <class T>
inline constexpr std::size_t conv_granule = 64 / sizeof(T);
/// Granules that one tile is wide at most.
inline constexpr std::size_t conv_panel_granules = 4;
/// Rows that one tile has at most.
inline constexpr std::size_t conv_tile_most_rows = 8;

/// A stretch of the sum: `count` factors, the first at `offset` from a row's pointer.
struct conv_piece {
  std::size_t offset;
  std::size_t count;
};

enum class conv_store { plain, add, epilogue };

/// One tile's work: out[r][j] = sum over p of in[r][position(p)] * panel[p * width + j], where the positions of p run through
/// the pieces, `step` apart within one. Each element is one chain of multiply-adds in the order of p, begun with the element
/// itself if `resume`. `store` says what becomes of the sums.
template <class T>
struct conv_tile_task {
  const T* const* in;
  T* const* out;
  std::size_t rows;
  const T* panel;
  std::size_t width;    ///< of a packed row, a multiple of conv_granule
  std::size_t columns;  ///< <= width: how many there are to store
  const conv_piece* pieces;
  std::size_t piece_count;
  std::size_t step;
  bool resume;
  conv_store store;
  const conv2d_epilogue<T>* epilogue;  ///< bias begins at the tile's first column
  const T* output;                     ///< where the residual's first element belongs, to find an element's own
  // What will be needed soon and is asked for meanwhile, a part of it with each granule of steps:
  bool asks = false;               ///< for `out`
  const T* const* next = nullptr;  ///< `in` of the next tile, conv_tile_most_rows of them; or null
  const T* ahead = nullptr;        ///< rows of the next panels, ahead_stride apart, ahead_step of them at a time
  std::size_t ahead_rows = 0, ahead_stride = 0, ahead_step = 0;
};

/// A term of a sum channel by channel: where a row's pointer and the factors are read.
struct conv_term {
  std::size_t input, factor;
};

/// out[r][c] = sum over t of in[r][terms[t].input + c] * factors[terms[t].factor + c] for each channel c; see conv_tile_task.
template <class T>
struct conv_channel_task {
  const T* const* in;
  T* const* out;
  std::size_t rows;
  const T* factors;
  std::size_t channels;
  const conv_term* terms;
  std::size_t term_count;
  bool resume;
  conv_store store;
  const conv2d_epilogue<T>* epilogue;
  const T* output;
};

/// A sum with its epilogue: that of column `column`, to be stored at `out`.
template <class T>
T conv_finish(T value, std::size_t column, const T* out, const conv2d_epilogue<T>& epilogue, const T* output) {
  if (epilogue.bias != nullptr) value += epilogue.bias[column];
  if (epilogue.residual != nullptr) value += epilogue.residual[out - output];
  if (epilogue.activation == conv2d_activation::relu) return value < T(0) ? T(0) : value;
  if (epilogue.activation == conv2d_activation::leaky_relu) return value < T(0) ? epilogue.slope * value : value;
  return value;
}

template <class T>
void conv_tile_portable(const conv_tile_task<T>& task) {
  constexpr std::size_t width = 32 / sizeof(T);
  constexpr std::size_t height = 4;
  for (std::size_t top = 0; top < task.rows; top += height) {
    const std::size_t rows = (std::min)(height, task.rows - top);
    const T* in[height];
    for (std::size_t r = 0; r < height; ++r) in[r] = task.in[top + (std::min)(r, rows - 1)];
    for (std::size_t left = 0; left < task.columns; left += width) {
      const std::size_t count = (std::min)(width, task.columns - left);
      T sums[height][width] = {};
      if (task.resume) {
        for (std::size_t r = 0; r < rows; ++r) std::copy_n(task.out[top + r] + left, count, sums[r]);
      }
      const T* panel = task.panel + left;
      for (std::size_t piece = 0; piece < task.piece_count; ++piece) {
        std::size_t position = task.pieces[piece].offset;
        for (std::size_t p = 0; p < task.pieces[piece].count; ++p, position += task.step, panel += task.width) {
          for (std::size_t r = 0; r < height; ++r) {
            for (std::size_t j = 0; j < width; ++j) sums[r][j] += in[r][position] * panel[j];
          }
        }
      }
      for (std::size_t r = 0; r < rows; ++r) {
        T* out = task.out[top + r] + left;
        for (std::size_t j = 0; j < count; ++j) {
          T value = sums[r][j];
          if (task.store == conv_store::add) value += out[j];
          if (task.store == conv_store::epilogue) value = conv_finish(value, left + j, out + j, *task.epilogue, task.output);
          out[j] = value;
        }
      }
    }
  }
}

template <class T>
void conv_channels_portable(const conv_channel_task<T>& task) {
  constexpr std::size_t width = 32 / sizeof(T);
  for (std::size_t r = 0; r < task.rows; ++r) {
    for (std::size_t left = 0; left < task.channels; left += width) {
      const std::size_t count = (std::min)(width, task.channels - left);
      T* out = task.out[r] + left;
      T sums[width] = {};
      if (task.resume) std::copy_n(out, count, sums);
      for (std::size_t t = 0; t < task.term_count; ++t) {
        const T* in = task.in[r] + task.terms[t].input + left;
        const T* factor = task.factors + task.terms[t].factor + left;
        for (std::size_t j = 0; j < count; ++j) sums[j] += in[j] * factor[j];
      }
      for (std::size_t j = 0; j < count; ++j) {
        if (task.store == conv_store::add) sums[j] += out[j];
        if (task.store == conv_store::epilogue) {
          sums[j] = conv_finish(sums[j], left + j, out + j, *task.epilogue, task.output);
        }
        out[j] = sums[j];
      }
    }
  }
}

#if MMREC_X86
// The larger of x and zero, or the smaller one; x if it is not a number.
__attribute__((target("avx2,fma"), always_inline)) inline __m256 above_zero(__m256 x) {
  return _mm256_max_ps(_mm256_setzero_ps(), x);
}
__attribute__((target("avx2,fma"), always_inline)) inline __m256d above_zero(__m256d x) {
  return _mm256_max_pd(_mm256_setzero_pd(), x);
}
__attribute__((target("avx512f"), always_inline)) inline __m512 above_zero(__m512 x) {
  return _mm512_maskz_max_ps(static_cast<__mmask16>(-1), _mm512_setzero_ps(), x);
}
__attribute__((target("avx512f"), always_inline)) inline __m512d above_zero(__m512d x) {
  return _mm512_maskz_max_pd(static_cast<__mmask8>(-1), _mm512_setzero_pd(), x);
}
__attribute__((target("avx2,fma"), always_inline)) inline __m256 below_zero(__m256 x) {
  return _mm256_min_ps(_mm256_setzero_ps(), x);
}
__attribute__((target("avx2,fma"), always_inline)) inline __m256d below_zero(__m256d x) {
  return _mm256_min_pd(_mm256_setzero_pd(), x);
}
__attribute__((target("avx512f"), always_inline)) inline __m512 below_zero(__m512 x) {
  return _mm512_maskz_min_ps(static_cast<__mmask16>(-1), _mm512_setzero_ps(), x);
}
__attribute__((target("avx512f"), always_inline)) inline __m512d below_zero(__m512d x) {
  return _mm512_maskz_min_pd(static_cast<__mmask8>(-1), _mm512_setzero_pd(), x);
}

// The loops stand in conv_body.hpp, which this header includes once for each level: a target attribute cannot depend on a
// template parameter.
namespace conv_avx2 {
template <class T>
using vector = vector256<T>;
#define MMREC_CONV_TARGET __attribute__((target("avx2,fma")))
#include <mmrec/kernel/detail/conv_body.hpp>
#undef MMREC_CONV_TARGET
}  // namespace conv_avx2

namespace conv_avx512 {
template <class T>
using vector = vector512<T>;
#define MMREC_CONV_TARGET __attribute__((target("avx512f")))
#include <mmrec/kernel/detail/conv_body.hpp>
#undef MMREC_CONV_TARGET
}  // namespace conv_avx512

template <class T>
__attribute__((target("avx2,fma"))) void conv_tile_avx2(const conv_tile_task<T>& task) {
  // 16 registers: blocks of 6 rows x 2 vectors.
  for (std::size_t left = 0; left < task.columns; left += conv_granule<T>) {
    for (std::size_t top = 0; top < task.rows;) {
      const std::size_t rows = task.rows - top;
      if (rows > 6 || rows == 4 || rows == 3) {
        conv_avx2::block<T, 4, 2>(task, top, left);
        top += 4;
      } else if (rows > 4) {
        conv_avx2::block<T, 6, 2>(task, top, left);
        top += 6;
      } else {
        conv_avx2::block<T, 2, 2>(task, top, left);
        top += 2;
      }
    }
  }
}

template <class T>
__attribute__((target("avx512f"))) void conv_tile_avx512(const conv_tile_task<T>& task) {
  // 32 registers: blocks of up to 24 sums. Fewer than 8 would wait for each other's results.
  switch (task.width / conv_granule<T>) {
    case 4:
      if (task.rows > 5) return conv_avx512::block<T, 6, 4>(task, 0, 0);
      if (task.rows > 4) return conv_avx512::block<T, 5, 4>(task, 0, 0);
      if (task.rows > 2) return conv_avx512::block<T, 4, 4>(task, 0, 0);
      if (task.rows > 1) return conv_avx512::block<T, 2, 4>(task, 0, 0);
      return conv_avx512::block<T, 1, 4>(task, 0, 0);
    case 3:
      if (task.rows > 7) return conv_avx512::block<T, 8, 3>(task, 0, 0);
      if (task.rows > 6) return conv_avx512::block<T, 7, 3>(task, 0, 0);
      if (task.rows > 4) return conv_avx512::block<T, 6, 3>(task, 0, 0);
      if (task.rows > 1) return conv_avx512::block<T, 4, 3>(task, 0, 0);
      return conv_avx512::block<T, 1, 3>(task, 0, 0);
    case 2:
      if (task.rows > 6) return conv_avx512::block<T, 8, 2>(task, 0, 0);
      if (task.rows > 4) return conv_avx512::block<T, 6, 2>(task, 0, 0);
      if (task.rows > 1) return conv_avx512::block<T, 4, 2>(task, 0, 0);
      return conv_avx512::block<T, 1, 2>(task, 0, 0);
    default:
      if (task.rows > 4) return conv_avx512::block<T, 8, 1>(task, 0, 0);
      return conv_avx512::block<T, 4, 1>(task, 0, 0);
  }
}

template <class T>
__attribute__((target("avx2,fma"))) void conv_channels_avx2(const conv_channel_task<T>& task) {
  std::size_t top = 0;
  for (; top + 4 < task.rows; top += 8) conv_avx2::channel_block<T, 8>(task, top);
  if (top < task.rows) conv_avx2::channel_block<T, 4>(task, top);
}
template <class T>
__attribute__((target("avx512f"))) void conv_channels_avx512(const conv_channel_task<T>& task) {
  std::size_t top = 0;
  for (; top + 4 < task.rows; top += 8) conv_avx512::channel_block<T, 8>(task, top);
  if (top < task.rows) conv_avx512::channel_block<T, 4>(task, top);
}
#endif

template <class T>
using conv_channels_function = void (*)(const conv_channel_task<T>&);

/// At most conv_tile_most_rows rows.
template <class T>
conv_channels_function<T> conv_channels(simd_level level) {
#if MMREC_X86
  if (level == simd_level::avx512) return conv_channels_avx512<T>;
  if (level == simd_level::avx2) return conv_channels_avx2<T>;
#endif
  static_cast<void>(level);
  return conv_channels_portable<T>;
}

template <class T>
using conv_tile_function = void (*)(const conv_tile_task<T>&);

template <class T>
conv_tile_function<T> conv_tile(simd_level level) {
#if MMREC_X86
  if (level == simd_level::avx512) return conv_tile_avx512<T>;
  if (level == simd_level::avx2) return conv_tile_avx2<T>;
#endif
  static_cast<void>(level);
  return conv_tile_portable<T>;
}

/// The most rows that the tile takes when packed rows are `granules` granules wide.
constexpr std::size_t conv_tile_rows(simd_level level, std::size_t granules) {
  return level == simd_level::avx512 && granules < 4 ? conv_tile_most_rows : (level == simd_level::portable ? 4 : 6);
}

}  // namespace detail
}  // namespace kernel
}  // namespace mmrec::inline v0

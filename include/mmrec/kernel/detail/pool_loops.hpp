// mmrec/kernel/detail/pool_loops.hpp - the innermost loops of pooling, over a run of channels.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

#include <mmrec/core/config.hpp>
#include <mmrec/kernel/cpu_features.hpp>

namespace mmrec::inline v0 {
namespace kernel::detail {

#if defined(__GNUC__)
#define MMREC_POOL_INLINE __attribute__((always_inline)) inline
#else
#define MMREC_POOL_INLINE inline
#endif

/// Channels that are treated together: few enough to stay in registers.
template <class T>
inline constexpr std::size_t pool_lanes = 128 / sizeof(T);

/// A rectangle of pixels to reduce: `rows` of them row_stride apart, `columns` pixel_stride apart, each of channels that lie
/// side by side.
struct pool_window {
  std::size_t rows, columns, row_stride, pixel_stride;
};

/// The largest element, the first of equal ones, not-a-number before all; its place goes to `offset` if that is wanted.
template <class T, std::size_t Lanes, bool Places>
MMREC_POOL_INLINE void pool_max_lanes(const T* from, const pool_window& window, std::size_t lanes, T* best,
                                      std::size_t* places) {
  T value[Lanes];
  std::size_t place[Places ? Lanes : 1];
  for (std::size_t j = 0; j < lanes; ++j) value[j] = from[j];
  if constexpr (Places) {
    for (std::size_t j = 0; j < lanes; ++j) place[j] = 0;
  }
  for (std::size_t row = 0; row < window.rows; ++row) {
    for (std::size_t column = 0; column < window.columns; ++column) {
      const std::size_t offset = row * window.row_stride + column * window.pixel_stride;
      const T* pixel = from + offset;
      for (std::size_t j = 0; j < lanes; ++j) {
        const T x = pixel[j];
        const bool stays = x <= value[j] || value[j] != value[j];
        value[j] = stays ? value[j] : x;
        if constexpr (Places) place[j] = stays ? place[j] : offset;
      }
    }
  }
  for (std::size_t j = 0; j < lanes; ++j) best[j] = value[j];
  if constexpr (Places) {
    for (std::size_t j = 0; j < lanes; ++j) places[j] = place[j];
  }
}

/// best[j] = the largest of a window in channel j; places too if not null.
template <class T, bool Places>
MMREC_POOL_INLINE void pool_max(const T* from, const pool_window& window, std::size_t channels, T* best,
                                std::size_t* places) {
  constexpr std::size_t lanes = pool_lanes<T>;
  std::size_t c = 0;
  for (; c + lanes <= channels; c += lanes) {
    pool_max_lanes<T, lanes, Places>(from + c, window, lanes, best + c, Places ? places + c : nullptr);
  }
  if (c < channels) {
    pool_max_lanes<T, lanes, Places>(from + c, window, channels - c, best + c, Places ? places + c : nullptr);
  }
}

/// sum[j] = the sum of a window in channel j, row by row, times `factor`.
template <class T>
MMREC_POOL_INLINE void pool_sum(const T* from, const pool_window& window, std::size_t channels, T factor, T* sum) {
  constexpr std::size_t lanes = pool_lanes<T>;
  for (std::size_t c = 0; c < channels; c += lanes) {
    const std::size_t here = (std::min)(lanes, channels - c);
    T total[lanes] = {};
    for (std::size_t row = 0; row < window.rows; ++row) {
      for (std::size_t column = 0; column < window.columns; ++column) {
        const T* pixel = from + c + row * window.row_stride + column * window.pixel_stride;
        if (here == lanes) {  // a constant trip count lets the compiler keep the sums in registers
          for (std::size_t j = 0; j < lanes; ++j) total[j] += pixel[j];
        } else {
          for (std::size_t j = 0; j < here; ++j) total[j] += pixel[j];
        }
      }
    }
    for (std::size_t j = 0; j < here; ++j) sum[c + j] = total[j] * factor;
  }
}

/// Adds factor * gradient[j] to every pixel of a window.
template <class T>
MMREC_POOL_INLINE void pool_spread(const T* gradient, const pool_window& window, std::size_t channels, T factor, T* to) {
  constexpr std::size_t lanes = pool_lanes<T>;
  for (std::size_t c = 0; c < channels; c += lanes) {
    const std::size_t here = (std::min)(lanes, channels - c);
    T share[lanes] = {};
    for (std::size_t j = 0; j < here; ++j) share[j] = gradient[c + j] * factor;
    for (std::size_t row = 0; row < window.rows; ++row) {
      for (std::size_t column = 0; column < window.columns; ++column) {
        T* pixel = to + c + row * window.row_stride + column * window.pixel_stride;
        for (std::size_t j = 0; j < here; ++j) pixel[j] += share[j];
      }
    }
  }
}

#undef MMREC_POOL_INLINE

#if MMREC_X86
template <class Work>
__attribute__((target("avx2"))) void pool_on_avx2(const Work& work) {
  work();
}
template <class Work>
__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))) void pool_on_avx512(const Work& work) {
  work();
}
#endif

/// Calls work(), whose operator has to be inlined, compiled for a level.
template <class Work>
void pool_at(simd_level level, const Work& work) {
#if MMREC_X86
  if (level == simd_level::avx512) return pool_on_avx512(work);
  if (level == simd_level::avx2) return pool_on_avx2(work);
#endif
  static_cast<void>(level);
  work();
}

}  // namespace kernel::detail
}  // namespace mmrec::inline v0

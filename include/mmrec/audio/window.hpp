// mmrec/audio/window.hpp - windows that fade frames of sound in and out.
#pragma once
#include <cmath>
#include <cstddef>
#include <numbers>
#include <span>

namespace mmrec::inline v0 {
namespace audio {

/// How the samples of a frame are weighted. Periodic forms, as for spectra: w(N) would equal w(0).
enum class window_shape {
  hann,         ///< 0.5 - 0.5 cos(2 pi i / N)
  hamming,      ///< 0.54 - 0.46 cos(2 pi i / N)
  rectangular,  ///< 1
};

/// Writes a window as long as the span.
template <class T>
void fill_window(window_shape shape, std::span<T> out) {
  const double share = shape == window_shape::hann ? 0.5 : shape == window_shape::hamming ? 0.54 : 1.0;
  const auto length = static_cast<double>(out.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    const double angle = 2.0 * std::numbers::pi * static_cast<double>(i) / length;
    out[i] = static_cast<T>(shape == window_shape::rectangular ? 1.0 : share - (1.0 - share) * std::cos(angle));
  }
}

}  // namespace audio
}  // namespace mmrec::inline v0

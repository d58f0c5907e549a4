// mmrec/audio/stft.hpp - the spectra of overlapping frames of a sound, and back.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <mmrec/audio/window.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/fft.hpp>

namespace mmrec::inline v0 {
namespace audio {

using kernel::spectrum_form;

/// How a sound is cut into frames, in samples.
struct framing {
  int fft = 512;   ///< samples that are transformed; see kernel::is_fft_size
  int hop = 160;   ///< from one frame's beginning to the next one's
  int window = 0;  ///< samples that the window lets through, in the middle of the frame; 0: all
  window_shape shape = window_shape::hann;
  bool centered = true;  ///< frame t has its middle at sample t * hop; what lies outside is the sound mirrored at its ends

  friend bool operator==(const framing&, const framing&) = default;
};

/// Short-time Fourier transform of mono sounds and its inverse.
///
/// Shapes     in  samples; out T x bins() numbers (x 2 in complex form), row after row. Centred, T = 1 + (samples - fft % 2)
///            / hop, and 0 for no samples; else T = 1 + (samples - fft) / hop, and 0 where not one frame fits
/// Cost       see kernel::real_fft; the samples are read where they are
/// Result     same bits for any partition of the frames. inverse() of spectra() gives the sound back (weighted overlapping
///            frames over the sum of squared windows) wherever that sum is not 0: without centring, a Hann window never
///            sees the first sample, and float precision is lost where few frames see the next ones
/// Throws     invalid_config for fft outside kernel::is_fft_size, hop < 1, a window outside 0..fft
/// Example    audio::stft<> transform({.fft = 512, .hop = 160}); transform.spectra(samples, spectrum_form::power, out, scratch);
/// Reference  Allen, Rabiner, "A unified approach to short-time Fourier analysis and synthesis", Proc. IEEE 65(11), 1977;
///            Griffin, Lim, "Signal estimation from modified short-time Fourier transform", IEEE TASSP 32(2), 1984
template <class T = float>
class stft {
 public:
  /// Memory of one thread; grows when first used.
  struct workspace {
    kernel::aligned_vector<T> scratch;
    kernel::aligned_vector<T> frames;
    std::vector<T> weights;
  };

  explicit stft(const framing& spec)
      : spec_(checked(spec)), fft_(static_cast<std::size_t>(spec.fft)), window_(static_cast<std::size_t>(spec.fft)) {
    const auto size = static_cast<std::size_t>(spec.window == 0 ? spec.fft : spec.window);
    fill_window<T>(spec.shape, std::span<T>(window_).subspan((window_.size() - size) / 2, size));
  }

  const framing& spec() const { return spec_; }
  std::size_t bins() const { return fft_.bins(); }
  std::size_t width(spectrum_form form) const { return fft_.width(form); }

  /// Frames of a sound of that length.
  std::size_t frames(std::size_t samples) const {
    if (spec_.centered) return samples == 0 ? 0 : 1 + (samples - size() % 2) / hop();
    return samples < size() ? 0 : 1 + (samples - size()) / hop();
  }

  /// The spectra of all frames; `out` holds frames(samples.size()) * width(form) numbers.
  void spectra(std::span<const T> samples, spectrum_form form, T* out, workspace& scratch,
               kernel::simd_level level = kernel::best_simd_level()) const {
    spectra(samples, 0, frames(samples.size()), form, out, scratch, level);
  }
  /// The spectra of the frames first .. first + count - 1.
  void spectra(std::span<const T> samples, std::size_t first, std::size_t count, spectrum_form form, T* out,
               workspace& scratch, kernel::simd_level level = kernel::best_simd_level()) const {
    scratch.scratch.resize(fft_.scratch_size());
    const std::size_t row = width(form);
    std::size_t done = 0;
    while (done < count) {
      const std::size_t frame = first + done;
      if (inside(frame, samples.size())) {
        const std::size_t begin = frame * hop() - margin();
        const std::size_t last = (samples.size() - size() + margin()) / hop();  // the last frame that is inside
        const std::size_t part = (std::min)(count - done, last + 1 - frame);
        fft_.forward(samples.data() + begin, hop(), part, window_.data(), form, out + done * row, row,
                     scratch.scratch.data(), level);
        done += part;
      } else {
        scratch.frames.resize(edge_frames * size());
        std::size_t part = 0;
        for (; part < edge_frames && done + part < count && !inside(frame + part, samples.size()); ++part) {
          copy_mirrored(samples, frame + part, scratch.frames.data() + part * size());
        }
        fft_.forward(scratch.frames.data(), size(), part, window_.data(), form, out + done * row, row,
                     scratch.scratch.data(), level);
        done += part;
      }
    }
  }

  /// The sound of `samples.size()` samples whose frames have these spectra (complex form, frames(samples.size()) of them).
  /// Samples that no frame sees become 0.
  void inverse(std::span<const T> spectra_of_frames, std::span<T> samples, workspace& scratch,
               kernel::simd_level level = kernel::best_simd_level()) const {
    const std::size_t count = frames(samples.size()), row = width(spectrum_form::complex);
    require_size("audio::stft::inverse", "numbers of the spectra", count * row, spectra_of_frames.size());
    scratch.scratch.resize(fft_.scratch_size());
    scratch.frames.resize(edge_frames * size());
    scratch.weights.assign(samples.size(), T(0));
    std::fill(samples.begin(), samples.end(), T(0));
    for (std::size_t first = 0; first < count; first += edge_frames) {
      const std::size_t part = (std::min)(edge_frames, count - first);
      fft_.inverse(spectra_of_frames.data() + first * row, row, part, window_.data(), scratch.frames.data(), size(),
                   scratch.scratch.data(), level);
      for (std::size_t f = 0; f < part; ++f) {
        const std::size_t begin = (first + f) * hop();  // in samples after the margin
        const std::size_t skipped = begin < margin() ? margin() - begin : 0;
        const std::size_t end = (std::min)(size(), samples.size() + margin() - begin);
        const T* from = scratch.frames.data() + f * size();
        for (std::size_t i = skipped; i < end; ++i) {
          samples[begin + i - margin()] += from[i];
          scratch.weights[begin + i - margin()] += window_[i] * window_[i];
        }
      }
    }
    for (std::size_t i = 0; i < samples.size(); ++i)
      samples[i] = scratch.weights[i] > T(0) ? samples[i] / scratch.weights[i] : T(0);
  }

 private:
  static constexpr std::size_t edge_frames = kernel::cache_line / sizeof(float);

  static const framing& checked(const framing& spec) {
    constexpr std::string_view function = "audio::stft";
    require_config(spec.fft >= 1 && kernel::is_fft_size(static_cast<std::size_t>(spec.fft)), function, "fft",
                   "must be in 1..4194304 and have no prime factor above 7");
    require_config(spec.hop >= 1, function, "hop", "must be at least 1");
    require_config(spec.window >= 0 && spec.window <= spec.fft, function, "window", "must be in 0..fft");
    return spec;
  }

  std::size_t size() const { return fft_.size(); }
  std::size_t hop() const { return static_cast<std::size_t>(spec_.hop); }
  std::size_t margin() const { return spec_.centered ? size() / 2 : 0; }
  bool inside(std::size_t frame, std::size_t samples) const {
    const std::size_t begin = frame * hop();
    return begin >= margin() && begin - margin() + size() <= samples;
  }
  /// The frame with the sound mirrored at its first and last sample, as often as it takes.
  void copy_mirrored(std::span<const T> samples, std::size_t frame, T* out) const {
    const auto last = static_cast<std::int64_t>(samples.size()) - 1;
    const auto begin = static_cast<std::int64_t>(frame * hop()) - static_cast<std::int64_t>(margin());
    for (std::size_t i = 0; i < size(); ++i) {
      std::int64_t at = begin + static_cast<std::int64_t>(i);
      while (at < 0 || at > last) {
        if (last == 0) {
          at = 0;
        } else {
          at = at < 0 ? -at : 2 * last - at;
        }
      }
      out[i] = samples[static_cast<std::size_t>(at)];
    }
  }

  framing spec_;
  kernel::real_fft<T> fft_;
  kernel::aligned_vector<T> window_;
};

}  // namespace audio
}  // namespace mmrec::inline v0

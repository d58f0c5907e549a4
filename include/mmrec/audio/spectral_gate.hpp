// mmrec/audio/spectral_gate.hpp - sounds without their steady noise.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <mmrec/audio/detail/sounds.hpp>
#include <mmrec/audio/stft.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/data/sound.hpp>

namespace mmrec::inline v0 {
namespace audio {

class spectral_gate_model;

/// Removes noise that is steady in time and broad in frequency, by spectral subtraction: what a share of the frames stays
/// below, and the neighbouring bands as well, is taken for noise, and whatever rises little above it is turned down. Each
/// sound tells its own noise.
///
/// Shapes     in  N sounds; out N sounds of the same rates and lengths
/// Cost       a transform and its inverse for each frame; the spectra of one sound in memory for each thread
/// Result     a bin of power P keeps sqrt(1 - threshold * noise / P) of its amplitude, or `floor` where that is more, averaged
///            over the frame and those beside it; phases are kept, silence stays silence. Same bits for any number of threads,
///            in a batch or alone
/// Throws     invalid_config for what stft refuses, a hop above half the window, a quantile outside 0.05..0.95, a threshold outside
///            0..1000, a floor outside 0..1; data_error for a sample that is not finite
/// Avoid when the noise comes and goes, or has the colour of what is wanted
/// Example    audio::spectral_gate{} | audio::log_mel{}
/// Reference  Boll, "Suppression of acoustic noise in speech using spectral subtraction", IEEE TASSP 27(2), 1979; Martin,
///            "Spectral subtraction based on minimum statistics", EUSIPCO 1994
struct spectral_gate {
  using input_kind = kind::sound;
  using output_kind = kind::sound;

  framing frames{.fft = 512, .hop = 128};
  double quantile = 0.3;   ///< share of the frames that is expected to hold noise alone
  double threshold = 4.0;  ///< multiples of the noise's mean power that are taken away
  double floor = 0.03;     ///< least share of an amplitude that is kept

  template <executor Exec, data::sound_batch Batch>
  spectral_gate_model fit(const Exec&, const Batch&) const;

  friend bool operator==(const spectral_gate&, const spectral_gate&) = default;
};

/// See spectral_gate.
class spectral_gate_model {
 public:
  using input_kind = kind::sound;
  using output_kind = kind::sound;
  /// Memory of one thread.
  struct workspace {
    stft<float>::workspace transform;
    std::vector<float> spectra;  // frames x bins x 2
    std::vector<float> gains;    // frames x bins
    std::vector<float> sorted;   // of one bin, or of neighbouring bins
    std::vector<float> level;    // of each bin
  };

  explicit spectral_gate_model(const spectral_gate& spec) : spec_(checked(spec)), transform_(spec.frames) {}

  template <executor Exec, data::sound_batch Batch>
  std::vector<data::sound> transform(const Exec& exec, const Batch& batch) const {
    std::vector<data::sound> out(batch.size());
    for_ranges(exec, batch.size(), detail::sounds_per_task, [&](std::size_t begin, std::size_t end) {
      workspace scratch;
      for (std::size_t index = begin; index < end; ++index) {
        clean("audio::spectral_gate::transform", index, batch[index], out[index], scratch);
      }
    });
    return out;
  }
  void transform_one(const data::sound_view& in, data::sound& out, workspace& scratch) const {
    clean("audio::spectral_gate::transform_one", 0, in, out, scratch);
  }

 private:
  static constexpr std::size_t neighbours = 15;  // bins on each side: a tone is narrower, noise is not

  static const spectral_gate& checked(const spectral_gate& spec) {
    constexpr std::string_view function = "audio::spectral_gate";
    const int window = spec.frames.window == 0 ? spec.frames.fft : spec.frames.window;
    require_config(spec.frames.hop <= window / 2, function, "frames.hop", "must be at most half the window");
    require_config(spec.quantile >= 0.05 && spec.quantile <= 0.95, function, "quantile", "must be in 0.05..0.95");
    require_config(spec.threshold >= 0.0 && spec.threshold <= 1000.0, function, "threshold", "must be in 0..1000");
    require_config(spec.floor >= 0.0 && spec.floor <= 1.0, function, "floor", "must be in 0..1");
    return spec;
  }

  void clean(std::string_view function, std::size_t index, const data::sound_view& in, data::sound& out,
             workspace& scratch) const {
    detail::require_finite(function, index, in.samples);
    const std::size_t count = transform_.frames(in.samples.size()), bins = transform_.bins();
    out.rate = in.rate;
    out.samples.resize(in.samples.size());
    scratch.spectra.resize(count * 2 * bins);
    scratch.gains.resize(count * bins);
    transform_.spectra(in.samples, spectrum_form::complex, scratch.spectra.data(), scratch.transform);
    for (std::size_t i = 0; i < count * bins; ++i) {
      const float re = scratch.spectra[2 * i], im = scratch.spectra[2 * i + 1];
      scratch.gains[i] = re * re + im * im;  // the power for now
    }
    if (count > 0) find_levels(count, bins, scratch);
    const auto threshold = static_cast<float>(spec_.threshold), least = static_cast<float>(spec_.floor);
    for (std::size_t frame = 0; frame < count; ++frame) {
      float* gains = scratch.gains.data() + frame * bins;
      for (std::size_t k = 0; k < bins; ++k) {
        const float taken = threshold * scratch.level[k];
        gains[k] = gains[k] > taken ? (std::max)(least, std::sqrt(1.0f - taken / gains[k])) : least;
      }
    }
    for (std::size_t frame = 0; frame < count; ++frame) {
      const std::size_t before = frame == 0 ? 0 : frame - 1, after = (std::min)(frame + 1, count - 1);
      for (std::size_t k = 0; k < bins; ++k) {
        const float gain =
            (scratch.gains[before * bins + k] + scratch.gains[frame * bins + k] + scratch.gains[after * bins + k]) *
            (1.0f / 3.0f);
        scratch.spectra[2 * (frame * bins + k)] *= gain;
        scratch.spectra[2 * (frame * bins + k) + 1] *= gain;
      }
    }
    transform_.inverse(scratch.spectra, out.samples, scratch.transform);
  }

  /// The mean power of the noise in each bin: powers of Gaussian noise are distributed exponentially, which leads from a
  /// quantile to the mean; then the median over neighbouring bins.
  void find_levels(std::size_t count, std::size_t bins, workspace& scratch) const {
    const auto rank = static_cast<std::size_t>(spec_.quantile * static_cast<double>(count - 1));
    const auto to_mean = static_cast<float>(-1.0 / std::log1p(-spec_.quantile));
    scratch.level.resize(2 * bins);
    float* own = scratch.level.data() + bins;
    scratch.sorted.resize((std::max)(count, 2 * neighbours + 1));
    const auto ranked = [&](std::size_t size, std::size_t place) {
      const auto begin = scratch.sorted.begin();
      const auto wanted = begin + static_cast<std::ptrdiff_t>(place);
      std::nth_element(begin, wanted, begin + static_cast<std::ptrdiff_t>(size));
      return *wanted;
    };
    for (std::size_t k = 0; k < bins; ++k) {
      for (std::size_t frame = 0; frame < count; ++frame) scratch.sorted[frame] = scratch.gains[frame * bins + k];
      own[k] = ranked(count, rank) * to_mean;
    }
    for (std::size_t k = 0; k < bins; ++k) {
      const std::size_t first = k < neighbours ? 0 : k - neighbours, last = (std::min)(k + neighbours, bins - 1);
      std::copy(own + first, own + last + 1, scratch.sorted.begin());
      scratch.level[k] = ranked(last - first + 1, (last - first) / 2);
    }
  }

  spectral_gate spec_;
  stft<float> transform_;
};

template <executor Exec, data::sound_batch Batch>
spectral_gate_model spectral_gate::fit(const Exec&, const Batch&) const {
  return spectral_gate_model(*this);
}

}  // namespace audio
}  // namespace mmrec::inline v0

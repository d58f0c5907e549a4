// mmrec/audio/log_mel.hpp - sounds as sequences of logarithmic mel spectra.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <mmrec/audio/detail/sounds.hpp>
#include <mmrec/audio/mel.hpp>
#include <mmrec/audio/stft.hpp>
#include <mmrec/audio/window.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/data/sequences.hpp>
#include <mmrec/data/sound.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/kernel/fft.hpp>

namespace mmrec::inline v0 {
namespace audio {

class log_mel_model;

/// Turns each sound into a sequence of spectra as the ear hears them: the energy in bands that are evenly spaced in mels,
/// on a logarithmic scale. The front end of most networks for speech and music.
///
/// Shapes     in  N sounds of one rate, of any length; out N sequences of T x bands, T = 1 + samples / hop if centred
/// Cost       one transform of `fft` samples a frame (see kernel::real_fft)
/// Result     ln(max(energy, floor)); silence is finite, a sound without samples has no frames. Same bits for any number of
///            threads, in a batch or alone
/// Throws     invalid_config for lengths that are not positive, and what stft and mel_bank refuse; data_error for no sounds
///            where the rate is to be learned, another rate than the model's, a sample that is not finite
/// Avoid when the pitch itself matters: bands hide it (use stft)
/// Example    audio::log_mel{.bands = 40} | audio::pool{}
/// Reference  Davis, Mermelstein, "Comparison of parametric representations for monosyllabic word recognition in continuously
///            spoken sentences", IEEE TASSP 28(4), 1980
struct log_mel {
  using input_kind = kind::sound;
  using output_kind = kind::sequence<float>;

  int bands = 40;
  double window = 0.025;  ///< length of a frame, in seconds
  double hop = 0.010;     ///< from one frame to the next, in seconds
  int fft = 0;            ///< samples that are transformed, the window in their middle; 0: the power of two that holds it
  window_shape shape = window_shape::hann;
  bool centered = true;  ///< see framing
  double low = 0.0;      ///< lowest frequency, in hertz
  double high = 0.0;     ///< highest frequency; 0: half the rate
  mel_scale scale = mel_scale::htk;
  bool equal_area = false;  ///< see mel_filters
  double floor = 1e-10;     ///< least energy, so that silence has a logarithm
  int rate = 0;             ///< samples a second; 0: that of the first sound of `fit`

  template <executor Exec, data::sound_batch Batch>
  log_mel_model fit(const Exec&, const Batch& batch) const;

  friend bool operator==(const log_mel&, const log_mel&) = default;
};

/// See log_mel.
class log_mel_model {
 public:
  using input_kind = kind::sound;
  using output_kind = kind::sequence<float>;
  /// Memory of one thread.
  struct workspace {
    stft<float>::workspace transform;
    kernel::aligned_vector<float> powers;
  };

  /// For sounds of `rate` samples a second; `spec.rate` has to be 0 or the same.
  log_mel_model(const log_mel& spec, std::uint32_t rate)
      : rate_(rate), floor_(checked_floor(spec, rate)), transform_(framing_of(spec, rate)), bank_(filters_of(spec, rate)) {}

  std::uint32_t rate() const { return rate_; }
  /// Numbers of a frame.
  std::size_t width() const { return bank_.bands(); }
  /// Frames of a sound of that many samples.
  std::size_t steps(std::size_t samples) const { return transform_.frames(samples); }
  const stft<float>& transform_of_frames() const { return transform_; }
  const mel_bank<float>& bank() const { return bank_; }

  template <executor Exec, data::sound_batch Batch>
  data::sequences<float> transform(const Exec& exec, const Batch& batch) const {
    return detail::describe_all("audio::log_mel::transform", *this, exec, batch);
  }
  void transform_one(const data::sound_view& in, data::sequence<float>& out, workspace& scratch) const {
    out.resize(steps(in.samples.size()), width());
    describe("audio::log_mel::transform_one", 0, in, out.values.data(), scratch);
  }

  /// The frames of one sound, steps() * width() numbers.
  void describe(std::string_view function, std::size_t index, const data::sound_view& in, float* out,
                workspace& scratch) const {
    detail::require_rate(function, index, rate_, in.rate);
    detail::require_finite(function, index, in.samples);
    const std::size_t count = steps(in.samples.size()), bins = transform_.bins();
    scratch.powers.resize(frames_at_once * bins);
    for (std::size_t first = 0; first < count; first += frames_at_once) {
      const std::size_t part = (std::min)(frames_at_once, count - first);
      transform_.spectra(in.samples, first, part, spectrum_form::power, scratch.powers.data(), scratch.transform);
      for (std::size_t frame = 0; frame < part; ++frame, out += width()) {
        bank_.apply(scratch.powers.data() + frame * bins, out);
        for (std::size_t band = 0; band < width(); ++band) out[band] = std::log((std::max)(out[band], floor_));
      }
    }
  }

 private:
  static constexpr std::size_t frames_at_once = 32;  // their powers stay in the second cache level

  static float checked_floor(const log_mel& spec, std::uint32_t rate) {
    constexpr std::string_view function = "audio::log_mel";
    require_config(rate >= 1 && rate <= 1u << 30, function, "rate", "must be in 1..2^30");
    require_config(spec.rate >= 0 && (spec.rate == 0 || static_cast<std::uint32_t>(spec.rate) == rate), function, "rate",
                   "must be 0 or that of the sounds");
    require_config(spec.floor >= 1e-37 && std::isfinite(spec.floor), function, "floor", "must be at least 1e-37");
    return static_cast<float>(spec.floor);
  }
  static int samples_of(double seconds, std::uint32_t rate, std::string_view field) {
    const double samples = std::round(seconds * rate);
    require_config(samples >= 1.0 && samples <= static_cast<double>(kernel::largest_fft), "audio::log_mel", field,
                   "must be 1..4194304 samples long");
    return static_cast<int>(samples);
  }
  static framing framing_of(const log_mel& spec, std::uint32_t rate) {
    const int window = samples_of(spec.window, rate, "window");
    return {.fft = spec.fft != 0 ? spec.fft : static_cast<int>(kernel::power_of_two_from(static_cast<std::size_t>(window))),
            .hop = samples_of(spec.hop, rate, "hop"),
            .window = window,
            .shape = spec.shape,
            .centered = spec.centered};
  }
  static mel_filters filters_of(const log_mel& spec, std::uint32_t rate) {
    return {.rate = static_cast<int>(rate),
            .fft = framing_of(spec, rate).fft,
            .bands = spec.bands,
            .low = spec.low,
            .high = spec.high,
            .scale = spec.scale,
            .equal_area = spec.equal_area};
  }

  std::uint32_t rate_;
  float floor_;
  stft<float> transform_;
  mel_bank<float> bank_;
};

template <executor Exec, data::sound_batch Batch>
log_mel_model log_mel::fit(const Exec&, const Batch& batch) const {
  require_config(rate >= 0, "audio::log_mel::fit", "rate", "must be 0 or positive");
  return {*this, rate != 0 ? static_cast<std::uint32_t>(rate) : detail::first_rate("audio::log_mel::fit", batch)};
}

}  // namespace audio
}  // namespace mmrec::inline v0

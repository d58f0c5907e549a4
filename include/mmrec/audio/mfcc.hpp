// mmrec/audio/mfcc.hpp - sounds as sequences of mel-frequency cepstral coefficients.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <string_view>
#include <vector>

#include <mmrec/audio/detail/sounds.hpp>
#include <mmrec/audio/log_mel.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/data/sequences.hpp>
#include <mmrec/data/sound.hpp>

namespace mmrec::inline v0 {
namespace audio {

class mfcc_model;

/// The shape of each logarithmic mel spectrum, coarse first: its first coefficients in the orthonormal cosine transform.
///
/// Shapes     in  N sounds of one rate; out N sequences of T x coefficients
/// Cost       log_mel and T x bands x coefficients multiplications
/// Result     coefficient k = s(k) sum over n of x(n) cos(pi k (n + 1/2) / bands), s(0) = sqrt(1 / bands), else sqrt(2 / bands),
///            x being what log_mel gives; same bits for any number of threads, in a batch or alone
/// Throws     invalid_config for coefficients outside 1..bands; besides, see log_mel
/// Avoid when a network follows that can learn its own features: log_mel
/// Example    audio::mfcc{.coefficients = 13} | audio::pool{}
/// Reference  Davis, Mermelstein (see log_mel)
struct mfcc {
  using input_kind = kind::sound;
  using output_kind = kind::sequence<float>;

  int coefficients = 13;
  log_mel spectrum{};

  template <executor Exec, data::sound_batch Batch>
  mfcc_model fit(const Exec& exec, const Batch& batch) const;

  friend bool operator==(const mfcc&, const mfcc&) = default;
};

/// See mfcc.
class mfcc_model {
 public:
  using input_kind = kind::sound;
  using output_kind = kind::sequence<float>;
  /// Memory of one thread.
  struct workspace {
    log_mel_model::workspace spectrum;
    data::sequence<float> bands;
  };

  /// For sounds of `rate` samples a second.
  mfcc_model(const mfcc& spec, std::uint32_t rate) : spectrum_(spec.spectrum, rate) {
    const std::size_t bands = spectrum_.width();
    require_config(spec.coefficients >= 1 && static_cast<std::size_t>(spec.coefficients) <= bands, "audio::mfcc",
                   "coefficients", "must be in 1..bands");
    coefficients_ = static_cast<std::size_t>(spec.coefficients);
    const auto count = static_cast<double>(bands);
    for (std::size_t k = 0; k < coefficients_; ++k) {
      const double scale = std::sqrt((k == 0 ? 1.0 : 2.0) / count);
      for (std::size_t n = 0; n < bands; ++n) {
        const double angle = std::numbers::pi * static_cast<double>(k) * (static_cast<double>(n) + 0.5) / count;
        cosines_.push_back(static_cast<float>(scale * std::cos(angle)));
      }
    }
  }

  std::uint32_t rate() const { return spectrum_.rate(); }
  /// Numbers of a frame.
  std::size_t width() const { return coefficients_; }
  /// Frames of a sound of that many samples.
  std::size_t steps(std::size_t samples) const { return spectrum_.steps(samples); }

  template <executor Exec, data::sound_batch Batch>
  data::sequences<float> transform(const Exec& exec, const Batch& batch) const {
    return detail::describe_all("audio::mfcc::transform", *this, exec, batch);
  }
  void transform_one(const data::sound_view& in, data::sequence<float>& out, workspace& scratch) const {
    out.resize(steps(in.samples.size()), width());
    describe("audio::mfcc::transform_one", 0, in, out.values.data(), scratch);
  }

  /// The frames of one sound, steps() * width() numbers.
  void describe(std::string_view function, std::size_t index, const data::sound_view& in, float* out,
                workspace& scratch) const {
    const std::size_t count = steps(in.samples.size()), bands = spectrum_.width();
    scratch.bands.resize(count, bands);
    spectrum_.describe(function, index, in, scratch.bands.values.data(), scratch.spectrum);
    for (std::size_t frame = 0; frame < count; ++frame) {
      const float* from = scratch.bands.values.data() + frame * bands;
      for (std::size_t k = 0; k < coefficients_; ++k) {
        const float* cosines = cosines_.data() + k * bands;
        float sum = 0.0f;
        for (std::size_t n = 0; n < bands; ++n) sum += from[n] * cosines[n];
        *out++ = sum;
      }
    }
  }

 private:
  log_mel_model spectrum_;
  std::size_t coefficients_ = 0;
  std::vector<float> cosines_;  // coefficients x bands
};

template <executor Exec, data::sound_batch Batch>
mfcc_model mfcc::fit(const Exec& exec, const Batch& batch) const {
  return {*this, spectrum.fit(exec, batch).rate()};
}

}  // namespace audio
}  // namespace mmrec::inline v0

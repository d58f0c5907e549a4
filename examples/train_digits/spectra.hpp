// spectra.hpp - what the networks see of a recording.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <mmrec/audio/log_mel.hpp>
#include <mmrec/audio/mask.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/data/sequences.hpp>
#include <mmrec/nn/train/train.hpp>

#include "recordings.hpp"

namespace digits {

namespace nn = mmrec::nn;

inline constexpr std::size_t bands = 40;

/// Brings each band to mean 0 and variance 1 over all frames that it was made for.
class band_scaling {
 public:
  explicit band_scaling(const mm::data::sequences<float>& known) : mean_(bands), scale_(bands) {
    const auto values = known.values();
    const double frames = static_cast<double>(values.size() / bands);
    std::vector<double> squares(bands);
    for (std::size_t i = 0; i < values.size(); ++i) mean_[i % bands] += values[i] / frames;
    for (std::size_t i = 0; i < values.size(); ++i) squares[i % bands] += std::pow(values[i] - mean_[i % bands], 2) / frames;
    for (std::size_t band = 0; band < bands; ++band) scale_[band] = 1.0 / std::sqrt(std::max(squares[band], 1e-12));
  }
  void operator()(std::span<float> values) const {
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<float>((values[i] - mean_[i % bands]) * scale_[i % bands]);
    }
  }

 private:
  std::vector<double> mean_, scale_;
};

/// Spectra of some recordings, ready to be trained on or judged by.
struct spectra {
  mm::data::sequences<float> frames;
  std::vector<std::uint32_t> digits;

  template <class Exec>
  spectra(const Exec& exec, const mm::audio::log_mel_model& model, const recordings& from)
      : frames(model.transform(exec, from.sounds)), digits(from.digits) {}

  auto source() const { return nn::ragged<float>{frames.values(), frames.starts(), bands}; }
  auto as_they_are() const { return nn::labelled(source(), digits); }

  /// Anew in each epoch: louder or softer, and with stretches of time and of bands blanked out.
  auto varied() const {
    return nn::labelled(nn::augmented(source(),
                                      [](float* values, std::size_t steps, mm::random_stream& random) {
                                        const std::span all(values, steps * bands);
                                        const auto louder = static_cast<float>(0.3 * random.normal());
                                        for (float& value : all) value += louder;
                                        mm::audio::mask(all, steps, bands, {.time_steps = 8, .bands = 6}, random);
                                      }),
                        digits);
  }
};

}  // namespace digits

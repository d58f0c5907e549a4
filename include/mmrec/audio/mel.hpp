// mmrec/audio/mel.hpp - filters that are evenly spaced to the ear.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/kernel/fft.hpp>

namespace mmrec::inline v0 {
namespace audio {

/// How frequencies in hertz become mels.
enum class mel_scale {
  htk,     ///< 2595 log10(1 + f / 700), as in HTK, Kaldi and torchaudio
  slaney,  ///< linear up to 1 kHz, logarithmic above, as in Slaney's toolbox and librosa
};

inline double hz_to_mel(double hz, mel_scale scale) {
  if (scale == mel_scale::htk) return 2595.0 * std::log10(1.0 + hz / 700.0);
  return hz < 1000.0 ? hz * 3.0 / 200.0 : 15.0 + 27.0 * std::log(hz / 1000.0) / std::log(6.4);
}
inline double mel_to_hz(double mel, mel_scale scale) {
  if (scale == mel_scale::htk) return 700.0 * (std::pow(10.0, mel / 2595.0) - 1.0);
  return mel < 15.0 ? mel * 200.0 / 3.0 : 1000.0 * std::exp((mel - 15.0) / 27.0 * std::log(6.4));
}

/// Triangular filters, their corners evenly spaced in mels.
struct mel_filters {
  int rate = 16000;  ///< samples a second
  int fft = 512;     ///< samples of a frame
  int bands = 40;
  double low = 0.0;   ///< where the first filter begins, in hertz
  double high = 0.0;  ///< where the last filter ends; 0: half the rate
  mel_scale scale = mel_scale::htk;
  bool equal_area = false;  ///< filters divided by half their width in hertz (Slaney) instead of all reaching 1

  friend bool operator==(const mel_filters&, const mel_filters&) = default;
};

/// The weights of mel_filters.
///
/// Shapes     in  fft / 2 + 1 powers; out `bands` sums
/// Cost       at most two operations a power, whatever the number of bands
/// Result     weights within one rounding of librosa.filters.mel (slaney) and torchaudio.functional.melscale_fbanks (htk). A
///            filter narrower than the distance of two bins may be empty: its sum is 0
/// Throws     invalid_config for bands outside 1..4096, a rate or fft below 1, 0 <= low < high <= rate / 2 violated
/// Reference  Stevens, Volkmann, Newman, "A scale for the measurement of the psychological magnitude pitch", JASA 8, 1937
template <class T = float>
class mel_bank {
 public:
  explicit mel_bank(const mel_filters& spec) : spec_(checked(spec)) {
    const auto bands = static_cast<std::size_t>(spec_.bands);
    const auto bins = static_cast<std::size_t>(spec_.fft) / 2 + 1;
    const double lowest = hz_to_mel(spec_.low, spec_.scale), highest = hz_to_mel(spec_.high, spec_.scale);
    std::vector<double> corners(bands + 2);
    for (std::size_t i = 0; i < corners.size(); ++i) {
      corners[i] =
          mel_to_hz(lowest + (highest - lowest) * static_cast<double>(i) / static_cast<double>(bands + 1), spec_.scale);
    }
    for (std::size_t band = 0; band < bands; ++band) {
      const double left = corners[band], top = corners[band + 1], right = corners[band + 2];
      const double height = spec_.equal_area ? 2.0 / (right - left) : 1.0;
      row filter{0, 0, weights_.size()};
      for (std::size_t bin = 0; bin < bins; ++bin) {
        const double hz = static_cast<double>(bin) * spec_.rate / spec_.fft;
        const double weight = height * (std::min)((hz - left) / (top - left), (right - hz) / (right - top));
        if (!(weight > 0.0)) continue;
        if (filter.count == 0) filter.first = bin;
        ++filter.count;
        weights_.push_back(static_cast<T>(weight));
      }
      rows_.push_back(filter);
    }
  }

  /// The filters, with `high` as it was resolved.
  const mel_filters& spec() const { return spec_; }
  std::size_t bands() const { return rows_.size(); }
  std::size_t bins() const { return static_cast<std::size_t>(spec_.fft) / 2 + 1; }
  T weight(std::size_t band, std::size_t bin) const {
    const row& filter = rows_[band];
    return bin < filter.first || bin >= filter.first + filter.count ? T(0) : weights_[filter.start + bin - filter.first];
  }

  /// The bands of one spectrum.
  void apply(const T* powers, T* out) const {
    for (const row& filter : rows_) {
      const T* from = powers + filter.first;
      const T* weights = weights_.data() + filter.start;
      T sum = 0;
      for (std::size_t i = 0; i < filter.count; ++i) sum += from[i] * weights[i];
      *out++ = sum;
    }
  }

 private:
  struct row {
    std::size_t first;  ///< bin
    std::size_t count;
    std::size_t start;  ///< in weights_
  };
  static mel_filters checked(mel_filters spec) {
    constexpr std::string_view function = "audio::mel_bank";
    require_config(spec.bands >= 1 && spec.bands <= 4096, function, "bands", "must be in 1..4096");
    require_config(spec.rate >= 1, function, "rate", "must be at least 1");
    require_config(spec.fft >= 1 && static_cast<std::size_t>(spec.fft) <= kernel::largest_fft, function, "fft",
                   "must be in 1..4194304");
    if (spec.high == 0.0) spec.high = 0.5 * spec.rate;
    require_config(spec.low >= 0.0 && spec.low < spec.high, function, "low", "must be in 0..high");
    require_config(spec.high <= 0.5 * spec.rate, function, "high", "must not exceed half the rate");
    return spec;
  }

  mel_filters spec_;
  std::vector<row> rows_;
  std::vector<T> weights_;
};

}  // namespace audio
}  // namespace mmrec::inline v0

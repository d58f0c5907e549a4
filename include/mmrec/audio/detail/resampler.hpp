// mmrec/audio/detail/resampler.hpp - the filter between two rates.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <numeric>
#include <span>
#include <string_view>
#include <vector>

#include <mmrec/core/error.hpp>

namespace mmrec::inline v0 {
namespace audio::detail {

/// The modified Bessel function of order 0, by its power series.
inline double bessel_i0(double x) {
  double term = 1.0, sum = 1.0;
  for (int k = 1; term > 1e-17 * sum; ++k) {
    term *= (x / (2 * k)) * (x / (2 * k));
    sum += term;
  }
  return sum;
}

/// A low-pass filter cut into phases: one for each place that an output sample can have between two input samples.
class resampler {
 public:
  resampler() = default;
  resampler(std::uint32_t from, std::uint32_t to, int zeros, double attenuation)
      : from_(from), to_(to), zeros_(zeros), attenuation_(attenuation) {
    const std::uint32_t common = std::gcd(from, to);
    up_ = to / common;
    down_ = from / common;
    if (up_ == down_) return;
    const std::uint64_t half = static_cast<std::uint64_t>(zeros) * (up_ > down_ ? up_ : down_);
    before_ = half / up_;
    taps_ = before_ + (up_ - 1 + half) / up_ + 1;
    const std::uint64_t size = taps_ * up_;
    if (size > largest) throw limit_error("audio::resample", "numbers of the filter between two rates", largest, size);

    // Kaiser's formulas: the transition ends at the lower one of the two Nyquist frequencies.
    const double beta = attenuation > 50.0 ? 0.1102 * (attenuation - 8.7)
                                           : 0.5842 * std::pow(attenuation - 21.0, 0.4) + 0.07886 * (attenuation - 21.0);
    const double transition = (attenuation - 8.0) / (2.285 * 2.0 * zeros) / std::numbers::pi;
    const double cutoff = (1.0 - transition / 2.0) / static_cast<double>(up_ > down_ ? up_ : down_);
    const auto edge = static_cast<double>(half);
    const auto filter = [&](std::int64_t n) {
      const double at = static_cast<double>(n);
      const double angle = std::numbers::pi * cutoff * at;
      const double inside = 1.0 - (at / edge) * (at / edge);
      return (n == 0 ? 1.0 : std::sin(angle) / angle) * bessel_i0(beta * std::sqrt(inside > 0.0 ? inside : 0.0));
    };
    std::vector<double> weights(static_cast<std::size_t>(size), 0.0);
    double sum = 0.0;
    for (std::uint64_t phase = 0; phase < up_; ++phase) {
      for (std::uint64_t tap = 0; tap < taps_; ++tap) {
        const auto n =
            static_cast<std::int64_t>(phase) -
            (static_cast<std::int64_t>(tap) - static_cast<std::int64_t>(before_)) * static_cast<std::int64_t>(up_);
        if (n > static_cast<std::int64_t>(half) || n < -static_cast<std::int64_t>(half)) continue;
        sum += weights[phase * taps_ + tap] = filter(n);
      }
    }
    const double scale = static_cast<double>(up_) / sum;
    for (const double weight : weights) weights_.push_back(static_cast<float>(weight * scale));
  }

  /// Whether it was made of these.
  bool is(std::uint32_t from, std::uint32_t to, int zeros, double attenuation) const {
    return from_ == from && to_ == to && zeros_ == zeros && attenuation_ == attenuation;
  }
  std::size_t output_size(std::size_t samples) const {
    return static_cast<std::size_t>((samples * up_ + down_ - 1) / down_);
  }
  void apply(std::span<const float> in, std::span<float> out) const {
    if (up_ == down_) {
      for (std::size_t i = 0; i < in.size(); ++i) out[i] = in[i];
      return;
    }
    std::size_t place = 0, phase = 0;  // of the output sample: in + phase / up
    for (float& y : out) {
      const float* weights = weights_.data() + phase * taps_;
      // Input samples place - before .. place - before + taps - 1, those outside the sound being 0.
      const std::size_t skipped = place < before_ ? before_ - place : 0;
      const std::size_t end = in.size() + before_ - place < taps_ ? in.size() + before_ - place : taps_;
      y = skipped < end ? dot(in.data() + (place + skipped - before_), weights + skipped, end - skipped) : 0.0f;
      phase += down_;
      place += phase / up_;
      phase %= up_;
    }
  }

 private:
  static constexpr std::uint64_t largest = std::uint64_t{1} << 24;

  /// Eight sums side by side, so that the loop becomes vectors.
  static float dot(const float* a, const float* b, std::size_t count) {
    float sums[8] = {};
    std::size_t i = 0;
    for (; i + 8 <= count; i += 8) {
      for (std::size_t lane = 0; lane < 8; ++lane) sums[lane] += a[i + lane] * b[i + lane];
    }
    for (; i < count; ++i) sums[0] += a[i] * b[i];
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
  }

  std::uint32_t from_ = 0;
  std::uint32_t to_ = 0;
  int zeros_ = 0;
  double attenuation_ = 0.0;
  std::uint64_t up_ = 1;
  std::uint64_t down_ = 1;
  std::uint64_t before_ = 0;
  std::uint64_t taps_ = 0;
  std::vector<float> weights_;  // phases x taps
};

}  // namespace audio::detail
}  // namespace mmrec::inline v0

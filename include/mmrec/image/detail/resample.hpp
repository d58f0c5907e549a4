// mmrec/image/detail/resample.hpp - separable resampling of 8-bit RGB pictures.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <vector>

#include <mmrec/data/image.hpp>
#include <mmrec/image/filter.hpp>

namespace mmrec::inline v0 {
namespace image::detail {

/// Which inputs along one axis make up each output, and with which weights (that sum to 1).
class axis_weights {
 public:
  /// Keeps what it has when asked for the same sizes again: pictures of one size share the table.
  void prepare(std::size_t inputs, std::size_t outputs, filter kernel) {
    if (inputs == inputs_ && outputs == outputs_ && kernel == kernel_) return;
    inputs_ = inputs;
    outputs_ = outputs;
    kernel_ = kernel;
    first_.clear();
    start_.assign(1, 0);
    weights_.clear();
    const double step = static_cast<double>(inputs) / static_cast<double>(outputs);
    for (std::size_t output = 0; output < outputs; ++output) {
      add_output(static_cast<double>(output) * step, step);
      start_.push_back(weights_.size());
    }
  }

  std::size_t first(std::size_t output) const { return first_[output]; }
  std::size_t count(std::size_t output) const { return start_[output + 1] - start_[output]; }
  const float* weights(std::size_t output) const { return weights_.data() + start_[output]; }

 private:
  /// The output covers [left, left + step) on the axis of the inputs, where input j covers [j, j + 1).
  void add_output(double left, double step) {
    const double stretch = (std::max)(step, 1.0);
    const double center = left + 0.5 * step;
    const double reach = kernel_ == filter::area ? 0.5 * step : (kernel_ == filter::lanczos ? 3.0 : 1.0) * stretch;
    const auto begin = static_cast<std::size_t>((std::max)(0.0, std::floor(center - reach)));
    const auto end = (std::min)(inputs_, static_cast<std::size_t>(std::ceil(center + reach)));
    std::size_t first = end;
    double sum = 0.0;
    const std::size_t start = weights_.size();
    for (std::size_t input = begin; input < end; ++input) {
      const double weight = weight_of(static_cast<double>(input), left, step, center, stretch);
      // What rounding leaves of an input that the filter does not reach would cost a tap.
      if (std::abs(weight) < 1e-9 && first == end) continue;
      first = (std::min)(first, input);
      weights_.push_back(static_cast<float>(weight));
      sum += weight;
    }
    while (weights_.size() > start && std::abs(weights_.back()) < 1e-9f) weights_.pop_back();
    for (std::size_t index = start; index < weights_.size(); ++index)
      weights_[index] = static_cast<float>(static_cast<double>(weights_[index]) / sum);
    first_.push_back(first);
  }

  double weight_of(double input, double left, double step, double center, double stretch) const {
    if (kernel_ == filter::area) return (std::max)(0.0, (std::min)(input + 1.0, left + step) - (std::max)(input, left));
    const double x = std::abs(input + 0.5 - center) / stretch;
    if (kernel_ == filter::bilinear) return (std::max)(0.0, 1.0 - x);
    if (x >= 3.0) return 0.0;
    if (x == 0.0) return 1.0;
    const double angle = std::numbers::pi * x;
    return 3.0 * std::sin(angle) * std::sin(angle / 3.0) / (angle * angle);
  }

  std::size_t inputs_ = 0;
  std::size_t outputs_ = 0;
  filter kernel_ = filter::bilinear;
  std::vector<std::size_t> first_;
  std::vector<std::size_t> start_;
  std::vector<float> weights_;
};

struct resample_workspace {
  axis_weights vertical;
  axis_weights horizontal;
  std::vector<float> row;
};

/// Calls put(y, x, rgb) with the three channels, 0..255 and a little beyond for lanczos, of every output pixel. Not for
/// filter::nearest. Each output row is made from the input rows it draws on in one row of floats, which stays in cache.
template <class Put>
void resample(const data::image_view& in, std::size_t height, std::size_t width, filter kernel, resample_workspace& scratch,
              Put&& put) {
  scratch.vertical.prepare(in.height(), height, kernel);
  scratch.horizontal.prepare(in.width(), width, kernel);
  const std::size_t row_bytes = in.width() * data::rgb_channels;
  // One more float, because pixels are read as four of them.
  scratch.row.resize(row_bytes + 1);
  float* mixed = scratch.row.data();
  mixed[row_bytes] = 0.0f;
  for (std::size_t y = 0; y < height; ++y) {
    const float* down = scratch.vertical.weights(y);
    const std::size_t top = scratch.vertical.first(y);
    for (std::size_t tap = 0; tap < scratch.vertical.count(y); ++tap) {
      const std::uint8_t* from = in.row(top + tap).data();
      const float weight = down[tap];
      if (tap == 0) {
        for (std::size_t index = 0; index < row_bytes; ++index) mixed[index] = weight * static_cast<float>(from[index]);
      } else {
        for (std::size_t index = 0; index < row_bytes; ++index) mixed[index] += weight * static_cast<float>(from[index]);
      }
    }
    for (std::size_t x = 0; x < width; ++x) {
      const float* across = scratch.horizontal.weights(x);
      const float* from = mixed + scratch.horizontal.first(x) * data::rgb_channels;
      float sums[4] = {};
      for (std::size_t tap = 0; tap < scratch.horizontal.count(x); ++tap, from += data::rgb_channels) {
        for (std::size_t channel = 0; channel < 4; ++channel) sums[channel] += across[tap] * from[channel];
      }
      put(y, x, sums);
    }
  }
}

inline std::uint8_t rounded_byte(float value) { return static_cast<std::uint8_t>(std::clamp(value, 0.0f, 255.0f) + 0.5f); }

}  // namespace image::detail
}  // namespace mmrec::inline v0

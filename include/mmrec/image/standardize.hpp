// mmrec/image/standardize.hpp - pictures as planes of numbers with mean 0 and standard deviation 1.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/data/image.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/image/detail/pictures.hpp>

namespace mmrec::inline v0 {
namespace image {

namespace detail {

/// dense<float> of Channels x H x W numbers where the kind of picture gives H and W, of any width where it does not.
template <class Given, int Channels>
struct planes_of {
  using type = void;
};
template <int H, int W, int Channels>
struct planes_of<kind::image<H, W>, Channels> {
  using type = kind::dense<float, (H == dynamic || W == dynamic) ? dynamic : Channels * H * W>;
};

}  // namespace detail

class standardize_model;

/// Turns pictures into numbers for a network or a projection: each of the three channels is moved and scaled so that over
/// all pixels of all pictures of `fit` it has mean 0 and standard deviation 1.
///
/// Shapes     in  N pictures of one size H x W; out N x (3 H W), planes red, green, blue, each row by row (C x H x W)
/// Cost       one pass over the pixels for fit, one for transform
/// Result     same bits for any number of threads: sums are of integers and exact. A channel that is the same everywhere
///            becomes 0
/// Throws     data_error for no pictures or an empty one; shape_error if sizes differ (put image::resize before)
/// Avoid when pictures are large and no network follows: 3 H W numbers a picture (color_histogram, gradient_histogram)
/// Example    image::resize_to<48, 32>{} | image::standardize{}
struct standardize {
  using input_kind = kind::image<>;
  using output_kind = kind::dense<float>;
  template <class Given>
  using output_for = typename detail::planes_of<Given, 3>::type;

  template <executor Exec, data::image_batch Batch>
  standardize_model fit(const Exec& exec, const Batch& batch) const;

  friend bool operator==(const standardize&, const standardize&) = default;
};

/// See standardize.
class standardize_model {
 public:
  using input_kind = kind::image<>;
  using output_kind = kind::dense<float>;
  struct workspace {};

  std::size_t features() const { return data::rgb_channels * height_ * width_; }
  std::size_t height() const { return height_; }
  std::size_t width() const { return width_; }
  /// Of the channels red, green, blue, in grey levels 0..255.
  std::span<const double, 3> mean() const { return mean_; }
  std::span<const double, 3> deviation() const { return deviation_; }

  template <executor Exec, data::image_batch Batch>
  matrix<float> transform(const Exec& exec, const Batch& batch) const {
    return detail::describe_all("image::standardize::transform", *this, exec, batch);
  }
  void transform_one(const data::image_view& in, std::vector<float>& out, workspace& scratch) const {
    out.resize(features());
    describe("image::standardize::transform_one", 0, in, out.data(), scratch);
  }

  /// The numbers of one picture, features() of them.
  void describe(std::string_view function, std::size_t index, const data::image_view& in, float* out, workspace&) const {
    detail::require_same_size(function, index, in, height_, width_);
    const std::size_t plane = height_ * width_;
    for (std::size_t y = 0; y < height_; ++y) {
      const std::uint8_t* from = in.row(y).data();
      for (std::size_t channel = 0; channel < data::rgb_channels; ++channel) {
        float* to = out + channel * plane + y * width_;
        const float* level = levels_[channel].data();
        for (std::size_t x = 0; x < width_; ++x) to[x] = level[from[x * data::rgb_channels + channel]];
      }
    }
  }

  friend bool operator==(const standardize_model&, const standardize_model&) = default;

 private:
  friend struct standardize;

  void learn(const std::array<std::uint64_t, 3>& sum, const std::array<std::uint64_t, 3>& squares, std::size_t pixels) {
    const auto count = static_cast<double>(pixels);
    for (std::size_t channel = 0; channel < data::rgb_channels; ++channel) {
      mean_[channel] = static_cast<double>(sum[channel]) / count;
      // About the nearest integer, so that the difference of two large numbers is taken in integers.
      const auto origin = static_cast<std::int64_t>(std::llround(mean_[channel]));
      const auto moved = static_cast<std::int64_t>(squares[channel]) - 2 * origin * static_cast<std::int64_t>(sum[channel]) +
                         origin * origin * static_cast<std::int64_t>(pixels);
      const double away = mean_[channel] - static_cast<double>(origin);
      const double variance = static_cast<double>(moved) / count - away * away;
      deviation_[channel] = std::sqrt((std::max)(variance, 0.0));
      const double scale = deviation_[channel] > 0.0 ? 1.0 / deviation_[channel] : 0.0;
      for (std::size_t value = 0; value < 256; ++value) {
        levels_[channel][value] = static_cast<float>((static_cast<double>(value) - mean_[channel]) * scale);
      }
    }
  }

  std::size_t height_ = 0;
  std::size_t width_ = 0;
  std::array<double, 3> mean_{};
  std::array<double, 3> deviation_{};
  std::array<std::array<float, 256>, 3> levels_{};  // what each grey level becomes
};

template <executor Exec, data::image_batch Batch>
standardize_model standardize::fit(const Exec& exec, const Batch& batch) const {
  constexpr std::string_view function = "image::standardize::fit";
  const data::image_view first = detail::first_picture(function, batch);
  standardize_model model;
  model.height_ = first.height();
  model.width_ = first.width();
  struct moments {
    std::array<std::uint64_t, 3> sum{};
    std::array<std::uint64_t, 3> squares{};
  };
  std::vector<moments> partial(batch.size() / detail::pictures_per_task + 1);
  for_ranges(exec, batch.size(), detail::pictures_per_task, [&](std::size_t begin, std::size_t end) {
    moments total;
    for (std::size_t index = begin; index < end; ++index) {
      const data::image_view picture = batch[index];
      detail::require_same_size(function, index, picture, model.height_, model.width_);
      for (std::size_t y = 0; y < model.height_; ++y) {
        const std::uint8_t* from = picture.row(y).data();
        for (std::size_t x = 0; x < model.width_; ++x) {
          for (std::size_t channel = 0; channel < data::rgb_channels; ++channel) {
            const std::uint32_t value = from[x * data::rgb_channels + channel];
            total.sum[channel] += value;
            total.squares[channel] += value * value;
          }
        }
      }
    }
    partial[begin / detail::pictures_per_task] = total;
  });
  moments all;
  for (const moments& part : partial) {
    for (std::size_t channel = 0; channel < data::rgb_channels; ++channel) {
      all.sum[channel] += part.sum[channel];
      all.squares[channel] += part.squares[channel];
    }
  }
  model.learn(all.sum, all.squares, batch.size() * model.height_ * model.width_);
  return model;
}

}  // namespace image
}  // namespace mmrec::inline v0

// mmrec/image/pixels.hpp - a picture as a few numbers: its own thumbnail.
#pragma once
#include <cstddef>
#include <string_view>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/data/image.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/image/detail/pictures.hpp>
#include <mmrec/image/detail/resample.hpp>
#include <mmrec/image/filter.hpp>

namespace mmrec::inline v0 {
namespace image {

/// The pixels of a thumbnail, each the mean over its share of the picture: layout and colour at a glance.
///
/// Shapes     in  pictures of any sizes; out N x D, D = height * width for grey, three planes red, green, blue of it else;
///            numbers in [0, 1], not rounded to grey levels
/// Cost       O(pixels in) a picture
/// Result     same bits for any number of threads. It learns nothing and is its own model
/// Throws     invalid_config for a height or width outside 1..1024; data_error for an empty picture
/// Avoid when a network follows: image::resize and image::standardize keep the picture itself
/// Example    image::pixels{.height = 12, .width = 8}
/// Reference  Torralba, Fergus, Freeman, "80 million tiny images", PAMI 30(11), 2008
struct pixels {
  using input_kind = kind::image<>;
  using output_kind = kind::dense<float>;
  using workspace = detail::resample_workspace;

  int height = 8;
  int width = 8;
  bool grey = false;  ///< brightness alone (ITU-R BT.601 luma)

  std::size_t features() const { return (grey ? 1 : data::rgb_channels) * plane(); }

  template <executor Exec, data::image_batch Batch>
  pixels fit(const Exec&, const Batch&) const {
    require_valid("image::pixels::fit");
    return *this;
  }
  template <executor Exec, data::image_batch Batch>
  matrix<float> transform(const Exec& exec, const Batch& batch) const {
    require_valid("image::pixels::transform");
    return detail::describe_all("image::pixels::transform", *this, exec, batch);
  }
  void transform_one(const data::image_view& in, std::vector<float>& out, workspace& scratch) const {
    require_valid("image::pixels::transform_one");
    out.resize(features());
    describe("image::pixels::transform_one", 0, in, out.data(), scratch);
  }

  /// The numbers of one picture, features() of them; the spec has to be valid.
  void describe(std::string_view function, std::size_t index, const data::image_view& in, float* out,
                workspace& scratch) const {
    detail::require_not_empty(function, index, in);
    const auto columns = static_cast<std::size_t>(width);
    detail::resample(in, static_cast<std::size_t>(height), columns, filter::area, scratch,
                     [&](std::size_t y, std::size_t x, const float* rgb) {
                       float* to = out + y * columns + x;
                       constexpr float unit = 1.0f / 255.0f;
                       if (grey) {
                         to[0] = (0.299f * rgb[0] + 0.587f * rgb[1] + 0.114f * rgb[2]) * unit;
                       } else {
                         for (std::size_t channel = 0; channel < data::rgb_channels; ++channel)
                           to[channel * plane()] = rgb[channel] * unit;
                       }
                     });
  }

  friend bool operator==(const pixels&, const pixels&) = default;

 private:
  std::size_t plane() const { return static_cast<std::size_t>(height) * static_cast<std::size_t>(width); }

  void require_valid(std::string_view function) const {
    require_config(height >= 1 && height <= 1024, function, "height", "must be in 1..1024");
    require_config(width >= 1 && width <= 1024, function, "width", "must be in 1..1024");
  }
};

}  // namespace image
}  // namespace mmrec::inline v0

// mmrec/image/resize.hpp - pictures of one size out of pictures of any size.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/core/limits.hpp>
#include <mmrec/data/image.hpp>
#include <mmrec/image/detail/pictures.hpp>
#include <mmrec/image/detail/resample.hpp>
#include <mmrec/image/filter.hpp>
#include <mmrec/image/uniform_images.hpp>

namespace mmrec::inline v0 {
namespace image {

namespace detail {

inline void resize_into(const data::image_view& in, std::size_t height, std::size_t width, image::filter kernel,
                        std::span<std::uint8_t> out, resample_workspace& scratch) {
  const std::size_t out_stride = width * data::rgb_channels;
  if (in.height() == height && in.width() == width) {
    for (std::size_t y = 0; y < height; ++y) std::memcpy(out.data() + y * out_stride, in.row(y).data(), out_stride);
    return;
  }
  if (kernel == image::filter::nearest) {
    for (std::size_t y = 0; y < height; ++y) {
      const std::uint8_t* from = in.row((2 * y + 1) * in.height() / (2 * height)).data();
      for (std::size_t x = 0; x < width; ++x) {
        std::memcpy(out.data() + y * out_stride + x * data::rgb_channels,
                    from + (2 * x + 1) * in.width() / (2 * width) * data::rgb_channels, data::rgb_channels);
      }
    }
    return;
  }
  resample(in, height, width, kernel, scratch, [&](std::size_t y, std::size_t x, const float* rgb) {
    std::uint8_t* to = out.data() + y * out_stride + x * data::rgb_channels;
    for (std::size_t channel = 0; channel < data::rgb_channels; ++channel) to[channel] = rounded_byte(rgb[channel]);
  });
}

template <executor Exec, data::image_batch Batch>
uniform_images resize_all(const Exec& exec, const Batch& batch, std::size_t height, std::size_t width,
                          image::filter kernel) {
  constexpr std::string_view function = "image::resize::transform";
  uniform_images out(batch.size(), height, width);
  for_ranges(exec, batch.size(), pictures_per_task, [&](std::size_t begin, std::size_t end) {
    resample_workspace scratch;
    for (std::size_t index = begin; index < end; ++index) {
      const data::image_view picture = batch[index];
      require_not_empty(function, index, picture);
      resize_into(picture, height, width, kernel, out.bytes(index), scratch);
    }
  });
  return out;
}

inline void resize_one(const data::image_view& in, data::image& out, std::size_t height, std::size_t width,
                       image::filter kernel, resample_workspace& scratch) {
  require_not_empty("image::resize::transform_one", 0, in);
  out.resize(height, width);
  resize_into(in, height, width, kernel, out.bytes, scratch);
}

}  // namespace detail

/// Gives all pictures one height and width, known at run time. It learns nothing and is its own model.
///
/// Shapes     in  N pictures of any sizes; out N x height x width x 3
/// Cost       O(pixels in + pixels out) a picture, times the taps of the filter (2 for bilinear, 1 for area, 6 for lanczos)
/// Result     same bits for any number of threads; within 1 grey level of Pillow (see image/filter.hpp); a picture of the
///            wanted size is passed on unchanged
/// Throws     invalid_config for a height or width below 1; limit_error for an absurd size; data_error for an empty picture
/// Avoid when proportions matter: pictures are stretched, not cropped
/// Example    image::resize{.height = 48, .width = 32, .filter = image::filter::area}
/// Reference  Turkowski, "Filters for common resampling tasks", Graphics Gems I, 1990
struct resize {
  using input_kind = kind::image<>;
  using output_kind = kind::image<>;
  using workspace = detail::resample_workspace;

  int height = 64;
  int width = 64;
  image::filter filter = image::filter::bilinear;

  template <executor Exec, data::image_batch Batch>
  resize fit(const Exec&, const Batch&) const {
    require_valid("image::resize::fit");
    return *this;
  }
  template <executor Exec, data::image_batch Batch>
  uniform_images transform(const Exec& exec, const Batch& batch) const {
    require_valid("image::resize::transform");
    return detail::resize_all(exec, batch, static_cast<std::size_t>(height), static_cast<std::size_t>(width), filter);
  }
  void transform_one(const data::image_view& in, data::image& out, workspace& scratch) const {
    require_valid("image::resize::transform_one");
    detail::resize_one(in, out, static_cast<std::size_t>(height), static_cast<std::size_t>(width), filter, scratch);
  }

  friend bool operator==(const resize&, const resize&) = default;

 private:
  void require_valid(std::string_view function) const {
    require_config(height >= 1, function, "height", "must be at least 1");
    require_config(width >= 1, function, "width", "must be at least 1");
    const std::uint64_t area = static_cast<std::uint64_t>(height) * static_cast<std::uint64_t>(width);
    if (area > limits{}.image_pixels) throw limit_error(function, "pixels", limits{}.image_pixels, area);
  }
};

/// As resize, with sizes that the compiler knows: stages after it are checked against Height x Width where they are written.
///
/// Example    image::resize_to<48, 32>{.filter = image::filter::area}
template <int Height, int Width>
struct resize_to {
  static_assert(Height >= 1 && Width >= 1, "image::resize_to needs a height and width of at least 1");
  static_assert(static_cast<std::uint64_t>(Height) * static_cast<std::uint64_t>(Width) <= limits{}.image_pixels,
                "image::resize_to: pictures of this size are larger than limits::image_pixels");
  using input_kind = kind::image<>;
  using output_kind = kind::image<Height, Width>;
  using workspace = detail::resample_workspace;

  image::filter filter = image::filter::bilinear;

  template <executor Exec, data::image_batch Batch>
  resize_to fit(const Exec&, const Batch&) const {
    return *this;
  }
  template <executor Exec, data::image_batch Batch>
  uniform_images transform(const Exec& exec, const Batch& batch) const {
    return detail::resize_all(exec, batch, Height, Width, filter);
  }
  void transform_one(const data::image_view& in, data::image& out, workspace& scratch) const {
    detail::resize_one(in, out, Height, Width, filter, scratch);
  }

  friend bool operator==(const resize_to&, const resize_to&) = default;
};

}  // namespace image
}  // namespace mmrec::inline v0

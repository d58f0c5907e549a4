// mmrec/image/uniform_images.hpp - many pictures of one size.
#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include <mmrec/core/limits.hpp>
#include <mmrec/data/image.hpp>

namespace mmrec::inline v0 {
namespace image {

/// N pictures of Height x Width x 3 bytes one after another: a data::image_batch whose parts can be written in parallel.
class uniform_images {
 public:
  uniform_images() = default;
  uniform_images(std::size_t count, std::size_t height, std::size_t width) : count_(count), height_(height), width_(width) {
    constexpr std::string_view function = "image::uniform_images";
    const std::uint64_t area = checked_multiply(function, height, checked_multiply(function, width, data::rgb_channels));
    bytes_.resize(checked_multiply(function, count, area));
  }

  std::size_t size() const { return count_; }
  std::size_t height() const { return height_; }
  std::size_t width() const { return width_; }
  data::image_view operator[](std::size_t index) const {
    limits owned;  // the bytes are here: nothing is left to refuse
    owned.image_pixels = (std::numeric_limits<std::uint64_t>::max)();
    return {std::span(bytes_).subspan(index * picture_bytes(), picture_bytes()), height_, width_, 0, owned};
  }
  /// Where picture `index` stands, to be written.
  std::span<std::uint8_t> bytes(std::size_t index) {
    return std::span(bytes_).subspan(index * picture_bytes(), picture_bytes());
  }

  friend bool operator==(const uniform_images&, const uniform_images&) = default;

 private:
  std::size_t picture_bytes() const { return height_ * width_ * data::rgb_channels; }

  std::size_t count_ = 0;
  std::size_t height_ = 0;
  std::size_t width_ = 0;
  std::vector<std::uint8_t> bytes_;
};

}  // namespace image
}  // namespace mmrec::inline v0

// mmrec/data/image.hpp - 8-bit RGB pictures: views, owners, columns.
#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/limits.hpp>

namespace mmrec::inline v0 {
namespace data {

inline constexpr std::size_t rgb_channels = 3;

/// Height x Width x 3 bytes, row after row, red green blue; rows may be padded (`row_stride` bytes apart).
class image_view {
 public:
  image_view() = default;
  /// Throws shape_error when the bytes do not hold the picture, limit_error for an absurd area.
  image_view(std::span<const std::uint8_t> bytes, std::size_t height, std::size_t width, std::size_t row_stride = 0,
             const limits& bounds = {})
      : height_(height), width_(width), row_stride_(row_stride == 0 ? width * rgb_channels : row_stride) {
    constexpr std::string_view function = "data::image_view";
    const std::uint64_t area = checked_multiply(function, height, width);
    if (area > bounds.image_pixels) throw limit_error(function, "pixels", bounds.image_pixels, area);
    if (row_stride_ < width * rgb_channels)
      throw shape_error(function, "row stride in bytes, at least", width * rgb_channels, row_stride_);
    const std::uint64_t needed =
        area == 0 ? 0 : checked_add(function, checked_multiply(function, height - 1, row_stride_), width * rgb_channels);
    if (bytes.size() < needed)
      throw shape_error(function, "bytes, at least", static_cast<std::size_t>(needed), bytes.size());
    data_ = bytes.data();
  }

  std::size_t height() const { return height_; }
  std::size_t width() const { return width_; }
  std::span<const std::uint8_t> row(std::size_t y) const { return {data_ + y * row_stride_, width_ * rgb_channels}; }

 private:
  const std::uint8_t* data_ = nullptr;
  std::size_t height_ = 0;
  std::size_t width_ = 0;
  std::size_t row_stride_ = 0;
};

namespace detail {
/// Bytes that an owner holds already: the limit was the business of whoever read them.
inline image_view owned_view(std::span<const std::uint8_t> bytes, std::size_t height, std::size_t width) {
  limits none;
  none.image_pixels = (std::numeric_limits<decltype(none.image_pixels)>::max)();
  return {bytes, height, width, 0, none};
}
}  // namespace detail

/// Anything that has a size and gives a picture for an index.
template <class B>
concept image_batch = requires(const B& batch, std::size_t index) {
  { batch.size() } -> std::convertible_to<std::size_t>;
  { batch[index] } -> std::convertible_to<image_view>;
};

/// An owned picture that keeps its memory between uses.
struct image {
  std::size_t height = 0;
  std::size_t width = 0;
  std::vector<std::uint8_t> bytes;

  void resize(std::size_t new_height, std::size_t new_width) {
    height = new_height;
    width = new_width;
    bytes.resize(new_height * new_width * rgb_channels);
  }
  image_view view() const { return detail::owned_view(bytes, height, width); }
  friend bool operator==(const image&, const image&) = default;
};

/// Pictures of any sizes in one block of memory.
class image_column {
 public:
  void push_back(const image_view& picture) {
    entries_.push_back({bytes_.size(), picture.height(), picture.width()});
    for (std::size_t y = 0; y < picture.height(); ++y) {
      const auto row = picture.row(y);
      bytes_.insert(bytes_.end(), row.begin(), row.end());
    }
  }
  std::size_t size() const { return entries_.size(); }
  image_view operator[](std::size_t index) const {
    const entry& e = entries_[index];
    return detail::owned_view(std::span(bytes_).subspan(e.start, e.height * e.width * rgb_channels), e.height, e.width);
  }

 private:
  struct entry {
    std::size_t start;
    std::size_t height;
    std::size_t width;
  };
  std::vector<std::uint8_t> bytes_;
  std::vector<entry> entries_;
};

}  // namespace data
}  // namespace mmrec::inline v0

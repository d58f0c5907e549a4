// mmrec/nn/layers/hw.hpp - two extents of a picture.
#pragma once
#include <cstddef>
#include <string>

namespace mmrec::inline v0 {
namespace nn {

/// A height and a width; one number stands for both. The type of template arguments: conv2d<32, 3>, conv2d<32, hw{1, 7}>.
struct hw {
  std::size_t height;
  std::size_t width;

  constexpr hw(std::size_t side) : height(side), width(side) {}  // NOLINT: implicit on purpose
  constexpr hw(std::size_t rows, std::size_t columns) : height(rows), width(columns) {}

  friend constexpr bool operator==(const hw&, const hw&) = default;
};

namespace detail {
/// "3" or "3 x 5", or "same" for an extent that is left to the layer.
inline std::string text_of(const hw& extents) {
  const auto one = [](std::size_t extent) {
    return extent == static_cast<std::size_t>(-1) ? std::string("same") : std::to_string(extent);
  };
  return extents.height == extents.width ? one(extents.height) : one(extents.height) + " x " + one(extents.width);
}
/// Of extents of which only the width counts, those of a picture of one row.
constexpr hw along_steps(const hw& extents, std::size_t height) { return {height, extents.width}; }
}  // namespace detail

}  // namespace nn
}  // namespace mmrec::inline v0

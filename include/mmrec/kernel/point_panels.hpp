// mmrec/kernel/point_panels.hpp - points laid out so that one vector register holds the same coordinate of many of them.
#pragma once
#include <algorithm>
#include <cstddef>

#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/nearest_tiles.hpp>
#include <mmrec/kernel/detail/pack.hpp>

namespace mmrec::inline v0 {
namespace kernel {

/// Points of a panel: coordinate d of point p of a panel stands at panel[d * panel_points + p].
inline constexpr std::size_t panel_points = detail::tile_points;

constexpr std::size_t panels_of(std::size_t points) { return (points + panel_points - 1) / panel_points; }
/// Numbers in the panels of so many points of D coordinates.
constexpr std::size_t panel_numbers(std::size_t points, std::size_t width) {
  return panels_of(points) * panel_points * width;
}

/// Packs points into one panel, minus `shift` unless that is null; lanes without a point become zeros.
///
/// Shapes     rows: count x D, `stride` apart, count <= panel_points; shift: D; scratch: count x D, unused without a shift;
///            panel: D x panel_points
template <class T>
void pack_points(const T* rows, std::size_t stride, std::size_t count, std::size_t width, const T* shift, T* scratch,
                 T* panel, simd_level level = best_simd_level()) {
  if (shift != nullptr) {
    for (std::size_t row = 0; row < count; ++row) {
      for (std::size_t d = 0; d < width; ++d) scratch[row * width + d] = rows[row * stride + d] - shift[d];
    }
    rows = scratch;
    stride = width;
  }
  detail::pack_panel<T>({rows, stride, 1, count, width}, panel_points, panel, level);
}

}  // namespace kernel
}  // namespace mmrec::inline v0

// mmrec/kernel/nearest.hpp - which of a few centres is nearest to each of many points.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

#include <mmrec/core/config.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/nearest_tiles.hpp>
#include <mmrec/kernel/point_panels.hpp>

namespace mmrec::inline v0 {
namespace kernel {

/// Centres as nearest() reads them: in groups whose values of one coordinate lie side by side.
///
/// Shapes     centres K x D, row-major
/// Cost       O(K D) time and memory
class packed_centres {
 public:
  packed_centres(const float* centres, std::size_t count, std::size_t width) : count_(count), width_(width) {
    const std::size_t group = detail::tile_centres, groups = (count + group - 1) / group;
    values_.assign(groups * group * width, 0.0f);
    // A centre that is not there is infinitely far.
    half_squares_.assign(groups * group, std::numeric_limits<float>::infinity());
    for (std::size_t centre = 0; centre < count; ++centre) {
      float* const to = values_.data() + centre / group * group * width + centre % group;
      const float* const from = centres + centre * width;
      for (std::size_t d = 0; d < width; ++d) to[d * group] = from[d];
      half_squares_[centre] = half_square(from, width);
    }
  }

  /// Half the squared length, summed in double.
  static float half_square(const float* centre, std::size_t width) {
    double sum = 0.0;
    for (std::size_t d = 0; d < width; ++d) sum += static_cast<double>(centre[d]) * static_cast<double>(centre[d]);
    return static_cast<float>(0.5 * sum);
  }

  std::size_t count() const { return count_; }
  std::size_t width() const { return width_; }
  const float* values() const { return values_.data(); }
  const float* half_squares() const { return half_squares_.data(); }

 private:
  std::size_t count_;
  std::size_t width_;
  aligned_vector<float> values_;
  aligned_vector<float> half_squares_;
};

/// For each point x of a panel, the centre c with the smallest |c|^2 / 2 - x.c, and that number: half the squared distance
/// minus |x|^2 / 2; also the second smallest of these numbers. Ties: the centre with the lower number.
///
/// Shapes     panel: see point_panels.hpp; score, second and index: panel_points; next: the panel that will be asked for after this
///            one, fetched meanwhile, or null
/// Cost       2 K D operations a point; the products stay in registers
/// Result     x.c is summed in the order of the coordinates by fused multiply-adds (the portable level rounds twice): a
///            point gives the same bits in any panel, and in nearest_one()
inline void nearest(const float* panel, const packed_centres& centres, float* score, float* second, std::uint32_t* index,
                    const float* next = nullptr, simd_level level = best_simd_level()) {
  std::fill_n(score, panel_points, std::numeric_limits<float>::infinity());
  std::fill_n(second, panel_points, std::numeric_limits<float>::infinity());
  std::fill_n(index, panel_points, std::uint32_t{0});
  const std::size_t group = detail::tile_centres, width = centres.width();
  for (std::size_t first = 0; first < centres.count(); first += group) {
    // The next panel has three lines for each coordinate: the first three groups ask for one of them at each step.
    const bool asks = next != nullptr && first < 3 * group;
    const float* const ahead = asks ? next + first / group * width * detail::tile_line : panel;
    detail::nearest_group({panel, centres.values() + first * width, centres.half_squares() + first, width,
                           static_cast<std::uint32_t>(first), score, second, index, ahead},
                          level);
  }
}

/// Inner products of the points of a panel with all centres.
/// Shapes     out: K x panel_points
inline void panel_products(const float* panel, const packed_centres& centres, float* out,
                           simd_level level = best_simd_level()) {
  const std::size_t group = detail::tile_centres;
  alignas(cache_line) float tile[detail::tile_centres * panel_points];
  for (std::size_t first = 0; first < centres.count(); first += group) {
    detail::group_products(panel, centres.values() + first * centres.width(), centres.width(), tile, level);
    std::copy_n(tile, (std::min)(group, centres.count() - first) * panel_points, out + first * panel_points);
  }
}

/// nearest() for one point and centres in panels: the same numbers, no allocation.
///
/// Shapes     x: D; panels: those of K centres; half_squares: K
/// Avoid when there are many points: it reads the centres for each of them
inline std::uint32_t nearest_one(const float* x, const float* panels, const float* half_squares, std::size_t count,
                                 std::size_t width, simd_level level = best_simd_level()) {
  alignas(cache_line) float products[panel_points];
  float best = std::numeric_limits<float>::infinity();
  std::uint32_t index = 0;
  for (std::size_t first = 0; first < count; first += panel_points) {
    detail::panel_times(panels + first * width, x, width, products, level);
    for (std::size_t lane = 0; lane < (std::min)(panel_points, count - first); ++lane) {
      const float score = half_squares[first + lane] - products[lane];
      if (score < best) {
        best = score;
        index = static_cast<std::uint32_t>(first + lane);
      }
    }
  }
  return index;
}

/// Squared distances of one point to centres in panels, by differences: no cancellation where a point lies near a centre.
///
/// Shapes     x: D; panels: those of K centres; out: K
/// Cost       3 K D operations
/// Result     summed in the order of the coordinates
inline void squared_distances(const float* x, const float* panels, std::size_t count, std::size_t width, float* out,
                              simd_level level = best_simd_level()) {
  alignas(cache_line) float sums[panel_points];
  for (std::size_t first = 0; first < count; first += panel_points) {
    detail::panel_distances(panels + first * width, x, width, sums, level);
    std::copy_n(sums, (std::min)(panel_points, count - first), out + first);
  }
}

}  // namespace kernel
}  // namespace mmrec::inline v0

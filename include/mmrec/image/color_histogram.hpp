// mmrec/image/color_histogram.hpp - how much of each colour a picture has, and where.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/data/image.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/image/detail/pictures.hpp>

namespace mmrec::inline v0 {
namespace image {

/// What the three channels of a histogram are.
enum class color_space {
  rgb,  ///< red, green, blue
  hsv,  ///< hue, saturation, value (brightness); a grey pixel has hue 0 and saturation 0
};

/// How the counts of a cell become numbers.
enum class histogram_scale {
  count,      ///< pixels
  fraction,   ///< of the pixels of the cell: each histogram sums to 1
  hellinger,  ///< square root of the fraction: inner products compare distributions (Bhattacharyya)
};

/// Histograms of colours over the cells of a grid.
///
/// Shapes     in  pictures of any sizes; out N x D, D = rows * columns * 3 * bins, or rows * columns * bins^3 if joint.
///            Order: cells row by row; in a cell the channels one after another, or ((first * bins) + second) * bins + third
/// Cost       O(pixels) time
/// Result     exact counts; same bits for any number of threads. It learns nothing and is its own model
/// Throws     invalid_config for bins outside 1..256, a grid outside 1 x 1 .. 1024 x 1024; limit_error for more than 2^20
///            features; data_error for a picture with fewer pixels than the grid has cells in a direction
/// Avoid when shape matters more than colour: gradient_histogram
/// Example    image::color_histogram{.bins = 8, .space = image::color_space::hsv, .rows = 2, .columns = 2}
/// Reference  Swain, Ballard, "Color indexing", IJCV 7(1), 1991
struct color_histogram {
  using input_kind = kind::image<>;
  using output_kind = kind::dense<float>;
  struct workspace {
    std::vector<std::uint32_t> counts;
  };

  int bins = 8;        ///< of each channel
  bool joint = false;  ///< one histogram of colours instead of one a channel
  color_space space = color_space::rgb;
  int rows = 1;  ///< of the grid
  int columns = 1;
  histogram_scale scale = histogram_scale::fraction;

  std::size_t features() const {
    return static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns) * cell_features();
  }

  template <executor Exec, data::image_batch Batch>
  color_histogram fit(const Exec&, const Batch&) const {
    require_valid("image::color_histogram::fit");
    return *this;
  }
  template <executor Exec, data::image_batch Batch>
  matrix<float> transform(const Exec& exec, const Batch& batch) const {
    require_valid("image::color_histogram::transform");
    return detail::describe_all("image::color_histogram::transform", *this, exec, batch);
  }
  void transform_one(const data::image_view& in, std::vector<float>& out, workspace& scratch) const {
    require_valid("image::color_histogram::transform_one");
    out.resize(features());
    describe("image::color_histogram::transform_one", 0, in, out.data(), scratch);
  }

  /// The numbers of one picture, features() of them; the spec has to be valid.
  void describe(std::string_view function, std::size_t index, const data::image_view& in, float* out,
                workspace& scratch) const {
    detail::require_not_empty(function, index, in);
    const auto grid_rows = static_cast<std::size_t>(rows);
    const auto grid_columns = static_cast<std::size_t>(columns);
    if (in.height() < grid_rows) throw data_error(function, too_small(index, "height", in.height(), "rows", grid_rows));
    if (in.width() < grid_columns)
      throw data_error(function, too_small(index, "width", in.width(), "columns", grid_columns));
    for (std::size_t row = 0; row < grid_rows; ++row) {
      for (std::size_t column = 0; column < grid_columns; ++column) {
        const box cell{row * in.height() / grid_rows, (row + 1) * in.height() / grid_rows,
                       column * in.width() / grid_columns, (column + 1) * in.width() / grid_columns};
        scratch.counts.assign(cell_features(), 0);
        count_colors(in, cell, scratch.counts.data());
        const auto pixels = static_cast<double>((cell.bottom - cell.top) * (cell.right - cell.left));
        for (const std::uint32_t count : scratch.counts) *out++ = scaled(static_cast<double>(count), pixels);
      }
    }
  }

  friend bool operator==(const color_histogram&, const color_histogram&) = default;

 private:
  struct box {
    std::size_t top, bottom, left, right;
  };

  std::size_t cell_features() const {
    const auto b = static_cast<std::size_t>(bins);
    return joint ? b * b * b : 3 * b;
  }

  void require_valid(std::string_view function) const {
    require_config(bins >= 1 && bins <= 256, function, "bins", "must be in 1..256");
    require_config(rows >= 1 && rows <= 1024, function, "rows", "must be in 1..1024");
    require_config(columns >= 1 && columns <= 1024, function, "columns", "must be in 1..1024");
    constexpr std::size_t most = std::size_t{1} << 20;
    if (features() > most) throw limit_error(function, "features", most, features());
  }

  static std::string too_small(std::size_t index, std::string_view side, std::size_t pixels, std::string_view field,
                               std::size_t cells) {
    return detail::picture_name(index) + ": " + std::string(side) + ' ' + std::to_string(pixels) + " is less than the " +
           std::to_string(cells) + ' ' + std::string(field) + " of the grid";
  }

  float scaled(double count, double pixels) const {
    if (scale == histogram_scale::count) return static_cast<float>(count);
    return static_cast<float>(scale == histogram_scale::fraction ? count / pixels : std::sqrt(count / pixels));
  }

  void count_colors(const data::image_view& in, const box& cell, std::uint32_t* counts) const {
    const auto b = static_cast<std::uint32_t>(bins);
    for (std::size_t y = cell.top; y < cell.bottom; ++y) {
      const std::uint8_t* pixel = in.row(y).data() + cell.left * data::rgb_channels;
      for (std::size_t x = cell.left; x < cell.right; ++x, pixel += data::rgb_channels) {
        const auto place = space == color_space::rgb ? rgb_bins(pixel, b) : hsv_bins(pixel, b);
        if (joint) {
          ++counts[(place[0] * b + place[1]) * b + place[2]];
        } else {
          ++counts[place[0]];
          ++counts[b + place[1]];
          ++counts[2 * b + place[2]];
        }
      }
    }
  }

  static std::array<std::uint32_t, 3> rgb_bins(const std::uint8_t* pixel, std::uint32_t b) {
    return {pixel[0] * b >> 8, pixel[1] * b >> 8, pixel[2] * b >> 8};
  }

  /// In integers, so that a colour on the edge of two bins falls in the same one everywhere. Hue runs once around the
  /// circle, six sextants of `chroma` steps each; saturation is chroma / largest.
  static std::array<std::uint32_t, 3> hsv_bins(const std::uint8_t* pixel, std::uint32_t b) {
    const std::int32_t red = pixel[0], green = pixel[1], blue = pixel[2];
    const std::int32_t largest = (std::max)({red, green, blue});
    const std::int32_t chroma = largest - (std::min)({red, green, blue});
    const std::uint32_t value = static_cast<std::uint32_t>(largest) * b >> 8;
    if (chroma == 0) return {0, 0, value};
    // Selections, not branches: which channel is the largest changes from pixel to pixel.
    const std::int32_t from_red = green - blue + (green < blue ? 6 * chroma : 0);
    const std::int32_t from_others = largest == green ? blue - red + 2 * chroma : red - green + 4 * chroma;
    const std::int32_t turn = largest == red ? from_red : from_others;
    const auto step = static_cast<std::uint32_t>(chroma);
    const std::uint32_t hue = static_cast<std::uint32_t>(turn) * b / (6 * step);
    const std::uint32_t saturation = (std::min)(step * b / static_cast<std::uint32_t>(largest), b - 1);
    return {hue, saturation, value};
  }
};

}  // namespace image
}  // namespace mmrec::inline v0

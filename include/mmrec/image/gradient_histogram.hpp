// mmrec/image/gradient_histogram.hpp - histograms of oriented gradients.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
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

class gradient_histogram_model;

/// Histograms of oriented gradients (HOG): the directions of edges, weighted by their strength, in each cell of a grid;
/// cells are normalised in overlapping blocks.
///
/// Shapes     in  N pictures of one size H x W; out N x D, D = blocks down * blocks across * block * block * bins with
///            floor(H / cell) - block + 1 blocks down. Order: blocks row by row, cells of a block row by row, bins from 0
///            degrees on. Pixels beyond the last whole cell count for gradients only
/// Cost       O(bins * H W) time a picture, O(W + cells) scratch
/// Result     same bits for any number of threads. As scikit-image's hog (channel_axis = -1, L2-Hys): central differences of
///            grey levels, 0 at the border; the channel of the steepest gradient; a pixel votes for one bin of its own cell
///            only, where the paper shares votes among neighbouring bins and cells
/// Throws     invalid_config for sizes below 1, bins outside 1..64, clip not positive; limit_error for more than 2^20
///            features; data_error for no pictures or a first one too small for a block; shape_error if sizes differ (put image::resize before)
/// Avoid when pictures differ in size or orientation: features are tied to places
/// Example    image::resize{.height = 64, .width = 48} | image::gradient_histogram{}
/// Reference  Dalal, Triggs, "Histograms of oriented gradients for human detection", CVPR 2005
struct gradient_histogram {
  using input_kind = kind::image<>;
  using output_kind = kind::dense<float>;

  int cell = 8;       ///< pixels of a side of a cell
  int block = 2;      ///< cells of a side of a block
  int bins = 9;       ///< directions, over 180 degrees
  float clip = 0.2f;  ///< largest number after a block's first normalisation (L2-Hys)

  template <executor Exec, data::image_batch Batch>
  gradient_histogram_model fit(const Exec&, const Batch& batch) const;

  friend bool operator==(const gradient_histogram&, const gradient_histogram&) = default;
};

/// See gradient_histogram.
class gradient_histogram_model {
 public:
  using input_kind = kind::image<>;
  using output_kind = kind::dense<float>;
  struct workspace {
    std::vector<float> cells;                   // cells down x cells across x bins
    std::vector<std::int16_t> down3, right3;    // 3 W: differences in each channel
    std::vector<std::int32_t> squares3;         // 3 W
    std::vector<float> down, right, magnitude;  // W: the steepest of them
    std::vector<std::int32_t> bin;              // W
  };

  std::size_t features() const { return blocks_down() * blocks_across() * block_features(); }
  std::size_t height() const { return height_; }
  std::size_t width() const { return width_; }

  template <executor Exec, data::image_batch Batch>
  matrix<float> transform(const Exec& exec, const Batch& batch) const {
    return detail::describe_all("image::gradient_histogram::transform", *this, exec, batch);
  }
  void transform_one(const data::image_view& in, std::vector<float>& out, workspace& scratch) const {
    out.resize(features());
    describe("image::gradient_histogram::transform_one", 0, in, out.data(), scratch);
  }

  /// The numbers of one picture, features() of them.
  void describe(std::string_view function, std::size_t index, const data::image_view& in, float* out,
                workspace& scratch) const {
    detail::require_same_size(function, index, in, height_, width_);
    scratch.cells.assign(cells_down_ * cells_across_ * bins_, 0.0f);
    resize(scratch);
    for (std::size_t y = 0; y < cells_down_ * cell_; ++y) {
      steepest_gradients(in, y, scratch);
      choose_bins(scratch);
      float* cell = scratch.cells.data() + y / cell_ * cells_across_ * bins_;
      for (std::size_t x = 0; x < cells_across_ * cell_; cell += bins_) {
        for (const std::size_t end = x + cell_; x < end; ++x) cell[scratch.bin[x]] += scratch.magnitude[x];
      }
    }
    const float share = 1.0f / static_cast<float>(cell_ * cell_);
    for (float& vote : scratch.cells) vote *= share;
    for (std::size_t row = 0; row < blocks_down(); ++row) {
      for (std::size_t column = 0; column < blocks_across(); ++column) {
        for (std::size_t inner = 0; inner < block_; ++inner) {
          const float* from = scratch.cells.data() + ((row + inner) * cells_across_ + column) * bins_;
          std::copy_n(from, block_ * bins_, out + inner * block_ * bins_);
        }
        normalize_block(out);
        out += block_features();
      }
    }
  }

  friend bool operator==(const gradient_histogram_model&, const gradient_histogram_model&) = default;

 private:
  friend struct gradient_histogram;

  std::size_t blocks_down() const { return cells_down_ - block_ + 1; }
  std::size_t blocks_across() const { return cells_across_ - block_ + 1; }
  std::size_t block_features() const { return block_ * block_ * bins_; }

  void resize(workspace& scratch) const {
    scratch.down3.resize(3 * width_);
    scratch.right3.resize(3 * width_);
    scratch.squares3.resize(3 * width_);
    scratch.down.resize(width_);
    scratch.right.resize(width_);
    scratch.magnitude.resize(width_);
    scratch.bin.resize(width_);
  }

  /// Central differences of row y, in all channels, then in the channel where they are largest: the first such one.
  void steepest_gradients(const data::image_view& in, std::size_t y, workspace& scratch) const {
    const std::size_t values = 3 * width_;
    std::int16_t* __restrict down3 = scratch.down3.data();
    std::int16_t* __restrict right3 = scratch.right3.data();
    std::int32_t* __restrict squares3 = scratch.squares3.data();
    const bool edge = y == 0 || y + 1 == height_;
    const std::uint8_t* above = in.row(edge ? y : y - 1).data();
    const std::uint8_t* below = in.row(edge ? y : y + 1).data();
    const std::uint8_t* here = in.row(y).data();
    for (std::size_t at = 0; at < values; ++at) down3[at] = static_cast<std::int16_t>(below[at] - above[at]);
    for (std::size_t at = 3; at + 3 < values; ++at) right3[at] = static_cast<std::int16_t>(here[at + 3] - here[at - 3]);
    std::fill_n(right3, std::size_t{3}, std::int16_t{0});
    std::fill_n(right3 + values - 3, std::size_t{3}, std::int16_t{0});
    for (std::size_t at = 0; at < values; ++at) squares3[at] = down3[at] * down3[at] + right3[at] * right3[at];
    for (std::size_t x = 0; x < width_; ++x) {
      const std::int32_t* square = squares3 + 3 * x;
      const std::size_t second = square[1] > square[0] ? 1 : 0;
      const std::size_t steepest = square[2] > square[second] ? 2 : second;
      scratch.down[x] = static_cast<float>(down3[3 * x + steepest]);
      scratch.right[x] = static_cast<float>(right3[3 * x + steepest]);
      scratch.magnitude[x] = static_cast<float>(square[steepest]);
    }
    float* __restrict magnitude = scratch.magnitude.data();
    for (std::size_t x = 0; x < width_; ++x) magnitude[x] = std::sqrt(magnitude[x]);
  }

  /// A direction d and its opposite are one. Turned to point down (or right), d lies beyond the edge between bins i - 1 and
  /// i exactly if it is not clockwise of that edge's direction: the bin is the number of such edges, no arctangent needed.
  void choose_bins(workspace& scratch) const {
    // Differences are integers, so that an edge that is met exactly (45 or 90 degrees) is off by rounding only.
    constexpr float rounding = 1e-4f;
    float* __restrict down = scratch.down.data();
    float* __restrict right = scratch.right.data();
    std::int32_t* __restrict bin = scratch.bin.data();
    for (std::size_t x = 0; x < width_; ++x) {
      const bool turn = down[x] < 0.0f || (down[x] == 0.0f && right[x] < 0.0f);
      const float sign = turn ? -1.0f : 1.0f;
      down[x] *= sign;
      right[x] *= sign;
      bin[x] = 0;
    }
    for (std::size_t edge = 0; edge < edge_right_.size(); ++edge) {
      const float edge_right = edge_right_[edge];
      const float edge_down = edge_down_[edge];
      for (std::size_t x = 0; x < width_; ++x) bin[x] += edge_right * down[x] - edge_down * right[x] > -rounding ? 1 : 0;
    }
    // Without a gradient every edge was counted; the vote is 0 wherever it goes, but it has to go to a bin.
  }

  /// L2-Hys: to length 1, clipped, and to length 1 again.
  void normalize_block(float* values) const {
    constexpr double tiny = 1e-10;
    for (int round = 0; round < 2; ++round) {
      double squares = tiny;
      for (std::size_t index = 0; index < block_features(); ++index)
        squares += static_cast<double>(values[index]) * static_cast<double>(values[index]);
      const auto scale = static_cast<float>(1.0 / std::sqrt(squares));
      for (std::size_t index = 0; index < block_features(); ++index) {
        values[index] *= scale;
        if (round == 0) values[index] = (std::min)(values[index], clip_);
      }
    }
  }

  std::size_t height_ = 0;
  std::size_t width_ = 0;
  std::size_t cell_ = 1;
  std::size_t block_ = 1;
  std::size_t bins_ = 1;
  std::size_t cells_down_ = 0;
  std::size_t cells_across_ = 0;
  float clip_ = 0.0f;
  std::vector<float> edge_right_;  // direction of the edge between bins i and i + 1
  std::vector<float> edge_down_;
};

template <executor Exec, data::image_batch Batch>
gradient_histogram_model gradient_histogram::fit(const Exec&, const Batch& batch) const {
  constexpr std::string_view function = "image::gradient_histogram::fit";
  require_config(cell >= 1 && cell <= 65536, function, "cell", "must be in 1..65536");
  require_config(block >= 1 && block <= 1024, function, "block", "must be in 1..1024");
  require_config(bins >= 1 && bins <= 64, function, "bins", "must be in 1..64");
  require_config(std::isfinite(clip) && clip > 0.0f, function, "clip", "must be finite and positive");
  const data::image_view first = detail::first_picture(function, batch);
  gradient_histogram_model model;
  model.height_ = first.height();
  model.width_ = first.width();
  model.cell_ = static_cast<std::size_t>(cell);
  model.block_ = static_cast<std::size_t>(block);
  model.bins_ = static_cast<std::size_t>(bins);
  model.cells_down_ = model.height_ / model.cell_;
  model.cells_across_ = model.width_ / model.cell_;
  model.clip_ = clip;
  if ((std::min)(model.cells_down_, model.cells_across_) < model.block_) {
    throw data_error(function, "a picture of " + std::to_string(model.height_) + " x " + std::to_string(model.width_) +
                                   " pixels is too small for a block of " + std::to_string(block) + " x " +
                                   std::to_string(block) + " cells of " + std::to_string(cell) + " x " +
                                   std::to_string(cell) + " pixels");
  }
  constexpr std::uint64_t most = std::uint64_t{1} << 20;
  const std::uint64_t asked = checked_multiply(
      function, checked_multiply(function, model.blocks_down(), model.blocks_across()), model.block_features());
  if (asked > most) throw limit_error(function, "features", most, asked);
  for (int edge = 1; edge < bins; ++edge) {
    const double angle = std::numbers::pi * edge / bins;
    model.edge_right_.push_back(static_cast<float>(std::cos(angle)));
    model.edge_down_.push_back(static_cast<float>(std::sin(angle)));
  }
  return model;
}

}  // namespace image
}  // namespace mmrec::inline v0

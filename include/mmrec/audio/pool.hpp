// mmrec/audio/pool.hpp - one row of features for each sequence: what its numbers are on average, and how they vary.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string_view>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/data/sequences.hpp>

namespace mmrec::inline v0 {
namespace audio {

class pool_model;

/// Turns each sequence into its mean and its standard deviation over time.
///
/// Shapes     in  N sequences of T x D; out N x 2 D, means first (N x D without deviations). A sequence without steps gives 0
/// Cost       O(T D) time
/// Result     sums in float64 in the order of time; same bits for any number of threads, in a batch or alone
/// Throws     shape_error for sequences of another width than those of `fit`
/// Avoid when the order of events matters: a network that reads the sequence (nn::encoder) sees it, means do not
/// Example    audio::mfcc{} | audio::pool{}
/// Reference  Tzanetakis, Cook, "Musical genre classification of audio signals", IEEE TSAP 10(5), 2002
struct pool {
  using input_kind = kind::sequence<float>;
  using output_kind = kind::dense<float>;

  bool deviations = true;

  template <executor Exec, data::sequence_batch<float> Batch>
  pool_model fit(const Exec&, const Batch& batch) const;

  friend bool operator==(const pool&, const pool&) = default;
};

/// See pool.
class pool_model {
 public:
  using input_kind = kind::sequence<float>;
  using output_kind = kind::dense<float>;
  /// Memory of one thread.
  struct workspace {
    std::vector<double> sums;
  };

  pool_model(const pool& spec, std::size_t width) : deviations_(spec.deviations), width_(width) {}

  std::size_t features() const { return deviations_ ? 2 * width_ : width_; }

  template <executor Exec, data::sequence_batch<float> Batch>
  matrix<float> transform(const Exec& exec, const Batch& batch) const {
    matrix<float> rows(static_cast<Eigen::Index>(batch.size()), static_cast<Eigen::Index>(features()));
    for_ranges(exec, batch.size(), 64, [&](std::size_t begin, std::size_t end) {
      workspace scratch;
      for (std::size_t index = begin; index < end; ++index) {
        describe("audio::pool::transform", batch[index], rows.data() + index * features(), scratch);
      }
    });
    return rows;
  }
  void transform_one(const data::sequence_view<float>& in, std::vector<float>& out, workspace& scratch) const {
    out.resize(features());
    describe("audio::pool::transform_one", in, out.data(), scratch);
  }

 private:
  void describe(std::string_view function, const data::sequence_view<float>& in, float* out, workspace& scratch) const {
    require_size(function, "width of the sequence", width_, in.width);
    scratch.sums.assign(2 * width_, 0.0);
    double* mean = scratch.sums.data();
    double* squares = mean + width_;
    const double count = static_cast<double>((std::max)(in.steps, std::size_t{1}));
    const float* values = in.values.data();
    for (std::size_t step = 0; step < in.steps; ++step) {
      for (std::size_t d = 0; d < width_; ++d) mean[d] += static_cast<double>(values[step * width_ + d]);
    }
    for (std::size_t d = 0; d < width_; ++d) mean[d] /= count;
    for (std::size_t d = 0; d < width_; ++d) out[d] = static_cast<float>(mean[d]);
    if (!deviations_) return;
    for (std::size_t step = 0; step < in.steps; ++step) {
      for (std::size_t d = 0; d < width_; ++d) {
        const double away = static_cast<double>(values[step * width_ + d]) - mean[d];
        squares[d] += away * away;
      }
    }
    for (std::size_t d = 0; d < width_; ++d) out[width_ + d] = static_cast<float>(std::sqrt(squares[d] / count));
  }

  bool deviations_;
  std::size_t width_;
};

template <executor Exec, data::sequence_batch<float> Batch>
pool_model pool::fit(const Exec&, const Batch& batch) const {
  if (batch.size() == 0) throw data_error("audio::pool::fit", "no sequences to learn the width from");
  const data::sequence_view<float> first = batch[0];
  return {*this, first.width};
}

}  // namespace audio
}  // namespace mmrec::inline v0

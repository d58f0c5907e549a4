// mmrec/cluster/detail/seeding.hpp - first centres that lie far from each other: greedy k-means++.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <mmrec/cluster/detail/points.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/kernel/nearest.hpp>

namespace mmrec::inline v0 {
namespace cluster::detail {

/// Picks rows as centres: the first uniformly, each next one the best of a few candidates drawn with probability
/// proportional to the squared distance to the nearest centre so far.
/// Reference  Arthur, Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007, with the greedy choice of
///            its section 6
class plus_plus {
 public:
  static constexpr std::size_t most_candidates = 8;

  plus_plus(const points& rows, std::size_t centres)
      : points_(rows),
        candidates_((std::min)(most_candidates, 2 + static_cast<std::size_t>(std::log(static_cast<double>(centres))))),
        nearest_(rows.rows(), std::numeric_limits<float>::infinity()),
        distances_(rows.panels() * most_candidates * kernel::panel_points),
        block_sums_(blocks() * most_candidates) {}

  /// K row numbers.
  template <executor Exec>
  std::vector<std::size_t> pick(const Exec& exec, std::size_t centres, seed key) {
    random_stream random(key);
    std::vector<std::size_t> chosen, candidates;
    for (std::size_t centre = 0; centre < centres; ++centre) {
      candidates.clear();
      for (std::size_t trial = 0; trial < (centre == 0 ? 1 : candidates_); ++trial) {
        candidates.push_back(centre == 0 ? any(random) : draw(random));
      }
      const std::vector<double> potentials = try_candidates(exec, candidates);
      const auto best =
          static_cast<std::size_t>(std::min_element(potentials.begin(), potentials.end()) - potentials.begin());
      adopt(exec, best);
      chosen.push_back(candidates[best]);
    }
    return chosen;
  }

 private:
  static constexpr std::size_t block_panels = 64;
  std::size_t blocks() const { return (points_.panels() + block_panels - 1) / block_panels; }

  std::size_t any(random_stream& random) const { return random.below(static_cast<std::uint32_t>(points_.rows())); }

  /// A row by its share of the potential; any row when every row coincides with a centre.
  std::size_t draw(random_stream& random) const {
    double total = 0.0;
    for (const double sum : potential_) total += sum;
    const double at = random.uniform() * total;
    if (!(total > 0.0)) return any(random);
    double passed = 0.0;
    std::size_t block = 0;
    while (block + 1 < potential_.size() && passed + potential_[block] <= at) passed += potential_[block++];
    const std::size_t block_rows = block_panels * kernel::panel_points;
    const std::size_t end = (std::min)(points_.rows(), (block + 1) * block_rows);
    std::size_t last = block * block_rows;  // rounding may walk past the end: the last row with a share stands for it
    for (std::size_t row = block * block_rows; row < end; ++row) {
      if (nearest_[row] <= 0.0f) continue;
      last = row;
      passed += static_cast<double>(nearest_[row]);
      if (passed > at) break;
    }
    return last;
  }

  /// Fills distances_ with what nearest_ would become, and gives the sum for each candidate.
  template <executor Exec>
  std::vector<double> try_candidates(const Exec& exec, const std::vector<std::size_t>& candidates) {
    const std::size_t width = points_.width(), count = candidates.size();
    std::vector<float> rows(count * width), squares(count);
    for (std::size_t c = 0; c < count; ++c) {
      for (std::size_t d = 0; d < width; ++d) rows[c * width + d] = static_cast<float>(points_.centred(candidates[c], d));
      squares[c] = static_cast<float>(points_.square(candidates[c]));
    }
    const kernel::packed_centres packed(rows.data(), count, width);
    for_ranges(exec, blocks(), 1, [&](std::size_t block, std::size_t) {
      alignas(kernel::cache_line) float products[most_candidates * kernel::panel_points];
      double* const sums = block_sums_.data() + block * most_candidates;
      std::fill_n(sums, count, 0.0);
      const std::size_t end = (std::min)(points_.panels(), (block + 1) * block_panels);
      for (std::size_t panel = block * block_panels; panel < end; ++panel) {
        kernel::panel_products(points_.panel(panel), packed, products);
        const std::size_t first = panel * kernel::panel_points, used = points_.count_in(panel);
        for (std::size_t c = 0; c < count; ++c) {
          float* const out = distances_.data() + (panel * most_candidates + c) * kernel::panel_points;
          for (std::size_t lane = 0; lane < used; ++lane) {
            const float both = static_cast<float>(points_.square(first + lane)) + squares[c];
            const float distance = both - 2.0f * products[c * kernel::panel_points + lane];
            // What rounding alone can make is no distance: rows equal to a centre are never drawn.
            out[lane] = (std::min)(nearest_[first + lane], distance > both * rounding ? distance : 0.0f);
          }
          double sum = 0.0;
          for (std::size_t lane = 0; lane < used; ++lane) sum += static_cast<double>(out[lane]);
          sums[c] += sum;
        }
      }
    });
    std::vector<double> potentials(count, 0.0);
    for (std::size_t block = 0; block < blocks(); ++block) {
      for (std::size_t c = 0; c < count; ++c) potentials[c] += block_sums_[block * most_candidates + c];
    }
    return potentials;
  }

  template <executor Exec>
  void adopt(const Exec& exec, std::size_t best) {
    for_ranges(exec, points_.panels(), panel_grain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t panel = begin; panel < end; ++panel) {
        std::copy_n(distances_.data() + (panel * most_candidates + best) * kernel::panel_points, points_.count_in(panel),
                    nearest_.data() + panel * kernel::panel_points);
      }
    });
    potential_.resize(blocks());
    for (std::size_t block = 0; block < blocks(); ++block) potential_[block] = block_sums_[block * most_candidates + best];
  }

  static constexpr float rounding = 1e-6f;

  const points& points_;
  std::size_t candidates_;
  std::vector<float> nearest_;    // squared distance of each row to the nearest centre so far
  std::vector<float> distances_;  // by panel, then candidate
  std::vector<double> block_sums_;
  std::vector<double> potential_;  // sum of nearest_ in each block
};

}  // namespace cluster::detail
}  // namespace mmrec::inline v0

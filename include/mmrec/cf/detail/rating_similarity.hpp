// mmrec/cf/detail/rating_similarity.hpp - how alike two users rate, or two items are rated.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <mmrec/cf/detail/rating_data.hpp>
#include <mmrec/core/executor.hpp>

namespace mmrec::inline v0 {
namespace cf {

/// How alike two users (or items) are, from the ratings x and y of the items (users) that both have.
enum class rating_similarity {
  msd,               ///< 1 / (1 + mean of (x - y)^2)
  cosine,            ///< x.y / (|x| |y|)
  pearson,           ///< the correlation of x and y
  pearson_baseline,  ///< the same around the baseline estimates instead of the means, shrunk where it rests on few
};

namespace detail {

/// What similarity to compute and how.
struct similarity_rule {
  rating_similarity kind = rating_similarity::msd;
  std::size_t least_support = 1;
  double shrinkage = 0.0;
};

/// Sums over what two rows have in common. Symmetric: exchanging the rows gives the same bits.
struct common_sums {
  double xy = 0.0;  ///< of squared differences for msd
  double xx = 0.0;
  double yy = 0.0;
  double x = 0.0;
  double y = 0.0;
  std::size_t count = 0;
};

inline double similarity_of(const common_sums& sums, const similarity_rule& rule) {
  if (sums.count == 0 || sums.count < rule.least_support) return 0.0;
  const auto n = static_cast<double>(sums.count);
  double factor = 1.0;
  switch (rule.kind) {
    case rating_similarity::msd:
      return 1.0 / (sums.xy / n + 1.0);
    case rating_similarity::cosine:
      break;
    case rating_similarity::pearson: {
      const double of_x = n * sums.xx - sums.x * sums.x, of_y = n * sums.yy - sums.y * sums.y;
      // Ratings that are all alike correlate with nothing; what their sums leave is rounding.
      constexpr double rounding = 1e-12;
      if (of_x <= rounding * n * sums.xx || of_y <= rounding * n * sums.yy) return 0.0;
      return std::clamp((n * sums.xy - sums.x * sums.y) / std::sqrt(of_x * of_y), -1.0, 1.0);
    }
    case rating_similarity::pearson_baseline:
      factor = (n - 1.0) / (n - 1.0 + rule.shrinkage);
      break;
  }
  const double below = sums.xx * sums.yy;
  return below > 0.0 && n - 1.0 + rule.shrinkage > 0.0 ? factor * sums.xy / std::sqrt(below) : 0.0;
}

/// Similarities of one row to others.
class rating_similarity_row {
 public:
  /// out[x] = the similarity to row x for x >= first. `own` and `across` hold what is compared: ratings, or what they are
  /// above the baseline; `across`: for each id of the other side, the rows that rated it.
  void compute(const similarity_rule& rule, std::span<const std::uint32_t> ids, std::span<const float> own,
               const rating_rows_view& across, std::size_t first, std::span<float> out) {
    sums_.assign(out.size(), common_sums{});
    for (std::size_t entry = 0; entry < ids.size(); ++entry) {
      const auto rows = across.ids_of(ids[entry]);
      const auto values = across.values_of(ids[entry]);
      const auto begin = static_cast<std::size_t>(std::lower_bound(rows.begin(), rows.end(), first) - rows.begin());
      const double x = own[entry];
      for (std::size_t place = begin; place < rows.size(); ++place) {
        common_sums& sums = sums_[rows[place]];
        const double y = values[place];
        ++sums.count;
        if (rule.kind == rating_similarity::msd) {
          sums.xy += (x - y) * (x - y);
          continue;
        }
        sums.xy += x * y;
        sums.xx += x * x;
        sums.yy += y * y;
        if (rule.kind == rating_similarity::pearson) {
          sums.x += x;
          sums.y += y;
        }
      }
    }
    for (std::size_t row = first; row < out.size(); ++row) {
      out[row] = static_cast<float>(similarity_of(sums_[row], rule));
    }
  }

 private:
  std::vector<common_sums> sums_;
};

/// Rows of one task of similarity_matrix.
inline constexpr std::size_t similarity_grain = 16;
/// Side of the squares in which the matrix is mirrored.
inline constexpr std::size_t similarity_tile = 32;

/// All similarities, N x N. `rows` and `across` hold the same ratings by either side.
template <executor Exec>
std::vector<float> similarity_matrix(const Exec& exec, std::string_view function, const rating_rows_view& rows,
                                     const rating_rows_view& across, const similarity_rule& rule) {
  const std::size_t n = rows.rows();
  std::vector<float> matrix(n * n);
  for_reported_ranges(exec, function, n, similarity_grain, [&](std::size_t begin, std::size_t end) {
    rating_similarity_row search;
    for (std::size_t row = begin; row < end; ++row) {
      search.compute(rule, rows.ids_of(row), rows.values_of(row), across, row, std::span(matrix).subspan(row * n, n));
    }
  });
  for_ranges(exec, n, similarity_tile, [&](std::size_t begin, std::size_t end) {
    for (std::size_t left = 0; left < end; left += similarity_tile) {
      for (std::size_t row = begin; row < end; ++row) {
        const std::size_t last = (std::min)(row, left + similarity_tile);
        for (std::size_t column = left; column < last; ++column) matrix[row * n + column] = matrix[column * n + row];
      }
    }
  });
  return matrix;
}

}  // namespace detail
}  // namespace cf
}  // namespace mmrec::inline v0

// mmrec/data/features.hpp - features of the items of a catalogue, some of which may be missing.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/data/csr.hpp>
#include <mmrec/data/matrix.hpp>

namespace mmrec::inline v0 {
namespace data {

/// Which of I items have something. One byte an item.
using presence = std::vector<std::uint8_t>;

inline std::size_t count_present(const presence& present) {
  return present.size() - static_cast<std::size_t>(std::count(present.begin(), present.end(), std::uint8_t{0}));
}

/// I x D dense features; rows of absent items are zero and must not be used as data.
struct dense_features {
  matrix<float> values;
  presence present;

  std::size_t items() const { return present.size(); }
  std::size_t width() const { return static_cast<std::size_t>(values.cols()); }
};

/// I x D sparse features; rows of absent items are empty.
struct sparse_features {
  csr_matrix<float> values;
  presence present;

  std::size_t items() const { return present.size(); }
  std::size_t width() const { return values.cols(); }
};

/// Rows computed for the present items, put in their places among all items.
inline dense_features scatter_rows(const matrix<float>& rows, const presence& present) {
  require_size("data::scatter_rows", "rows", count_present(present), static_cast<std::size_t>(rows.rows()));
  dense_features result{matrix<float>::Zero(static_cast<Eigen::Index>(present.size()), rows.cols()), present};
  Eigen::Index next = 0;
  for (std::size_t item = 0; item < present.size(); ++item) {
    if (present[item] != 0) result.values.row(static_cast<Eigen::Index>(item)) = rows.row(next++);
  }
  return result;
}
inline sparse_features scatter_rows(const csr_matrix<float>& rows, const presence& present) {
  require_size("data::scatter_rows", "rows", count_present(present), rows.rows());
  std::vector<std::int64_t> starts(1, 0);
  starts.reserve(present.size() + 1);
  std::size_t next = 0;
  for (const std::uint8_t is_present : present) {
    if (is_present != 0) ++next;
    starts.push_back(rows.starts()[next]);
  }
  return {csr_matrix<float>(rows.cols(), std::move(starts), {rows.indices().begin(), rows.indices().end()},
                            {rows.values().begin(), rows.values().end()}),
          present};
}

}  // namespace data
}  // namespace mmrec::inline v0

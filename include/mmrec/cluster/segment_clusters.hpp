// mmrec/cluster/segment_clusters.hpp - segments of users from clusters of their vectors.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/data/features.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/data/segments.hpp>

namespace mmrec::inline v0 {
namespace cluster {

/// Each user's cluster as a segment; users whose vector is absent belong to none, whatever their rows hold.
///
/// Shapes     model: of K clusters, k_means_model or gaussian_mixture_model; users: U x D, present: U (all where it is
///            empty); names: K, or none for "cluster 0", "cluster 1", ...
/// Throws     shape_error if a size does not fit; as model.predict
/// Example    cluster::segment_by_clusters(exec, cluster::k_means{.clusters = 6}.fit(exec, factors), factors)
template <executor Exec, class Model>
data::segments segment_by_clusters(const Exec& exec, const Model& model, const matrix_view<float>& users,
                                   const data::presence& present = {}, std::vector<std::string> names = {}) {
  constexpr std::string_view function = "cluster::segment_by_clusters";
  if (!present.empty()) require_size(function, "present", static_cast<std::size_t>(users.rows()), present.size());
  if (names.empty()) {
    for (std::size_t label = 0; label < model.clusters(); ++label) names.push_back("cluster " + std::to_string(label));
  }
  require_size(function, "names", model.clusters(), names.size());
  const auto kept = std::count_if(present.begin(), present.end(), [](std::uint8_t flag) { return flag != 0; });
  if (kept == users.rows() || present.empty()) return {std::move(names), model.predict(exec, users)};
  matrix<float> rows(kept, users.cols());
  for (std::size_t user = 0, row = 0; user < present.size(); ++user) {
    if (present[user] != 0) rows.row(static_cast<Eigen::Index>(row++)) = users.row(static_cast<Eigen::Index>(user));
  }
  const std::vector<std::uint32_t> found = model.predict(exec, rows);
  std::vector<std::uint32_t> labels(present.size(), data::segments::none);
  for (std::size_t user = 0, row = 0; user < present.size(); ++user) {
    if (present[user] != 0) labels[user] = found[row++];
  }
  return {std::move(names), std::move(labels)};
}

}  // namespace cluster
}  // namespace mmrec::inline v0

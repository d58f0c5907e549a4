// mmrec/fusion/feature_level.hpp - the protocol of feature-level fusion.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include <mmrec/data/features.hpp>

namespace mmrec::inline v0 {
namespace fusion {

/// The features of all items in one modality, not owned.
struct modality_features {
  std::string_view name;
  const data::dense_features* features = nullptr;
};

/// Where the numbers of a modality stand in the fused vector.
struct block {
  std::string name;
  std::size_t offset = 0;
  std::size_t width = 0;
  friend bool operator==(const block&, const block&) = default;
};

/// The protocol of a policy of level fusion_level::feature, M modalities in a fixed order:
///
///   model fit(exec, std::span<const modality_features>) const;
///
/// Its model, safe to use from many threads at once, has
///
///   std::size_t width() const;
///   std::span<const block> blocks() const;
///   data::dense_features fuse(exec, std::span<const modality_features>) const;
///       I x width(); present are the items that may be recommended
///   bool fuse_one(std::span<const std::optional<std::span<const float>>> parts, std::vector<float>& out) const;
///       one item, the same numbers as fuse, no allocation once `out` is warm; false: it may not be recommended
}  // namespace fusion
}  // namespace mmrec::inline v0

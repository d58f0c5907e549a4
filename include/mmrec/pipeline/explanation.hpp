// mmrec/pipeline/explanation.hpp - why an item is recommended.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <mmrec/core/ids.hpp>
#include <mmrec/core/recommender.hpp>

namespace mmrec::inline v0 {

/// The parts of one score. Both lists add up to the score, up to rounding, where the model is additive; a list is empty
/// where the model has no such parts. At decision level only the list of modalities adds up to the score: the policy
/// normalises each branch's scores, so the parts of the history keep their signs and proportions within a branch and are
/// scaled so that their sizes sum to the size of the branch's part.
struct explanation {
  struct modality_part {
    std::string name;
    float contribution = 0.0f;
    std::optional<item_id> strongest;  ///< the item of the history that adds most through this modality, if any does
  };
  struct history_part {
    item_id item;
    float contribution = 0.0f;
  };
  item_id item;
  float score = 0.0f;
  std::vector<modality_part> modalities;  ///< in the order of the recommender's modalities
  std::vector<history_part> history;      ///< largest contribution first
};

namespace detail {

/// Adds one contribution for each item of a history, keeping the order of the history.
inline void add_history(std::vector<explanation::history_part>& parts, history_view history,
                        std::span<const float> contributions) {
  if (parts.empty()) {
    for (const item_id item : history.items) parts.push_back({item, 0.0f});
  }
  for (std::size_t index = 0; index < parts.size(); ++index) parts[index].contribution += contributions[index];
}

inline void sort_history(std::vector<explanation::history_part>& parts) {
  std::stable_sort(parts.begin(), parts.end(),
                   [](const auto& left, const auto& right) { return left.contribution > right.contribution; });
}

/// Rescales contributions so that their sizes sum to the size of `part`. Signs stay, and nothing is divided by a sum in
/// which they may cancel. All become 0 where they or the part are not finite.
inline void scale_to(std::span<float> contributions, float part) {
  double sizes = 0.0;
  for (const float contribution : contributions) sizes += std::abs(static_cast<double>(contribution));
  const double scale = std::abs(static_cast<double>(part)) / sizes;
  const bool usable = std::isfinite(scale) && std::isfinite(sizes);
  for (float& contribution : contributions) {
    contribution = usable ? static_cast<float>(static_cast<double>(contribution) * scale) : 0.0f;
  }
}

}  // namespace detail

}  // namespace mmrec::inline v0

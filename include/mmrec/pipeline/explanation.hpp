// mmrec/pipeline/explanation.hpp - why an item is recommended.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <mmrec/core/ids.hpp>
#include <mmrec/core/recommender.hpp>

namespace mmrec::inline v0 {

/// The parts of one score. Both lists add up to the score, up to rounding, where the model is additive; a list is empty
/// where the model has no such parts.
struct explanation {
  struct modality_part {
    std::string name;
    float contribution = 0.0f;
    item_id strongest;           ///< the item of the history that adds most through this modality
    bool has_strongest = false;  ///< false for models that cannot tell
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

/// Rescales contributions so that they add up to `total`. Where they nearly cancel, dividing by their sum would blow
/// rounding errors up; their sizes are used instead.
inline void scale_to(std::span<float> contributions, float total) {
  double sum = 0.0;
  double sizes = 0.0;
  for (const float contribution : contributions) {
    sum += contribution;
    sizes += std::abs(contribution);
  }
  const bool cancels = std::abs(sum) <= 1e-3 * sizes;
  const double divisor = cancels ? sizes : sum;
  for (float& contribution : contributions) {
    const double part = cancels ? std::abs(contribution) : static_cast<double>(contribution);
    contribution = divisor == 0.0 ? 0.0f : static_cast<float>(part / divisor * static_cast<double>(total));
  }
}

}  // namespace detail

}  // namespace mmrec::inline v0

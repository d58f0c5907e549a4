// mmrec/fusion/detail/weights.hpp - one weight a modality or branch.
#pragma once
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <mmrec/core/error.hpp>

namespace mmrec::inline v0 {
namespace fusion::detail {

inline constexpr std::string_view missing_choices = "choose fusion::missing::zero, mean, renormalize or drop";

// Called with its namespace: std::quoted, found through std::string, would be as good a match.
inline std::string quoted(std::string_view name) { return '"' + std::string(name) + '"'; }

inline std::string quoted_list(std::span<const std::string> names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + detail::quoted(name);
  return list;
}

/// The weights of a spec, or equal ones where it gives none. Throws invalid_config.
inline std::vector<float> checked_weights(std::string_view function, const std::vector<float>& weights,
                                          std::span<const std::string> names) {
  if (names.empty()) throw data_error(function, "there is nothing to fuse");
  if (weights.empty()) return std::vector<float>(names.size(), 1.0f);
  if (weights.size() != names.size()) {
    throw invalid_config(function, "weights",
                         "has " + std::to_string(weights.size()) + " numbers for " + std::to_string(names.size()) +
                             " modalities: " + quoted_list(names));
  }
  bool any = false;
  for (std::size_t index = 0; index < weights.size(); ++index) {
    if (!std::isfinite(weights[index]) || weights[index] < 0.0f) {
      throw invalid_config(function, "weights",
                           "must be finite and not negative; that of " + detail::quoted(names[index]) + " is " +
                               std::to_string(weights[index]));
    }
    any = any || weights[index] > 0.0f;
  }
  require_config(any, function, "weights", "must not all be 0");
  return weights;
}

}  // namespace fusion::detail
}  // namespace mmrec::inline v0

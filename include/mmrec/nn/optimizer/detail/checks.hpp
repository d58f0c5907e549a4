// mmrec/nn/optimizer/detail/checks.hpp - the checks of fields that several optimisers have.
#pragma once
#include <cmath>
#include <string_view>

#include <mmrec/core/error.hpp>

namespace mmrec::inline v0 {
namespace nn::detail {

inline void require_rates(std::string_view function, double learning_rate, double weight_decay) {
  require_config(learning_rate >= 0.0 && std::isfinite(learning_rate), function, "learning_rate",
                 "must be finite and not negative");
  require_config(weight_decay >= 0.0 && std::isfinite(weight_decay), function, "weight_decay",
                 "must be finite and not negative");
}
inline void require_share(std::string_view function, std::string_view field, double value) {
  require_config(value >= 0.0 && value < 1.0, function, field, "must be at least 0 and below 1");
}
/// Epsilon keeps 0 / 0 away, also in float.
inline void require_epsilon(std::string_view function, double epsilon) {
  require_config(static_cast<float>(epsilon) > 0.0f && std::isfinite(epsilon), function, "epsilon",
                 "must be positive, as a float too, and finite");
}

}  // namespace nn::detail
}  // namespace mmrec::inline v0

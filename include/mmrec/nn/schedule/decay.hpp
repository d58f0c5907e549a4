// mmrec/nn/schedule/decay.hpp - learning rates that fall in steps or exponentially.
#pragma once
#include <cmath>
#include <cstdint>
#include <string_view>

#include <mmrec/core/error.hpp>

namespace mmrec::inline v0 {
namespace nn::schedule {

/// Multiplied by `multiplier` every `every` steps: PyTorch's StepLR.
///
/// Throws     validate: invalid_config
struct step {
  std::uint64_t every = 30;  ///< at least 1
  double multiplier = 0.1;   ///< above 0

  void validate(std::string_view function) const {
    require_config(every >= 1, function, "every", "must be at least 1");
    require_config(multiplier > 0.0 && std::isfinite(multiplier), function, "multiplier", "must be positive and finite");
  }
  double factor(std::uint64_t at, std::uint64_t) const { return std::pow(multiplier, static_cast<double>(at / every)); }
  friend bool operator==(const step&, const step&) = default;
};

/// Multiplied by `multiplier` at each step: PyTorch's ExponentialLR.
///
/// Throws     validate: invalid_config
struct exponential {
  double multiplier = 0.95;  ///< above 0

  void validate(std::string_view function) const {
    require_config(multiplier > 0.0 && std::isfinite(multiplier), function, "multiplier", "must be positive and finite");
  }
  double factor(std::uint64_t step, std::uint64_t) const { return std::pow(multiplier, static_cast<double>(step)); }
  friend bool operator==(const exponential&, const exponential&) = default;
};

}  // namespace nn::schedule
}  // namespace mmrec::inline v0

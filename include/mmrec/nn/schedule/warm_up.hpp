// mmrec/nn/schedule/warm_up.hpp - a rising start before another schedule.
#pragma once
#include <algorithm>
#include <cstdint>
#include <string_view>

#include <mmrec/core/error.hpp>
#include <mmrec/nn/schedule/constant.hpp>

namespace mmrec::inline v0 {
namespace nn::schedule {

/// Up from `start` in a straight line during `steps` steps, then the schedule `then` over the steps that are left: PyTorch's
/// SequentialLR of LinearLR and another.
///
/// Throws     validate: invalid_config
/// Example    warm_up<cosine>{.steps = 500, .then = {.minimum = 0.01}}
template <schedule Then = constant>
struct warm_up {
  std::uint64_t steps = 0;
  double start = 0.0;  ///< 0..1; at 0 the first step moves nothing
  Then then{};

  void validate(std::string_view function) const {
    require_config(start >= 0.0 && start <= 1.0, function, "start", "must lie in 0..1");
    then.validate(function);
  }
  double factor(std::uint64_t step, std::uint64_t total) const {
    if (step >= steps) return then.factor(step - steps, total - (std::min)(steps, total));
    const double share = static_cast<double>(step) / static_cast<double>(steps);
    return (start + (1.0 - start) * share) * then.factor(0, total - (std::min)(steps, total));
  }
  friend bool operator==(const warm_up&, const warm_up&) = default;
};

}  // namespace nn::schedule
}  // namespace mmrec::inline v0

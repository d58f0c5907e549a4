// mmrec/nn/schedule/constant.hpp - what a schedule is, and the one that changes nothing.
#pragma once
#include <concepts>
#include <cstdint>
#include <string_view>

namespace mmrec::inline v0 {
namespace nn::schedule {

/// The factor of the learning rate at time `step` (0, 1, ...) of `total`. The training decides what a step is, an epoch or a
/// mini-batch, and calls with the same unit always. The factor is a function of its arguments: nothing to save or restore.
template <class S>
concept schedule = std::equality_comparable<S> && requires(const S& spec, std::uint64_t step, std::uint64_t total) {
  { spec.factor(step, total) } -> std::same_as<double>;
  {spec.validate(std::string_view())};
};

/// 1 throughout.
struct constant {
  void validate(std::string_view) const {}
  double factor(std::uint64_t, std::uint64_t) const { return 1.0; }
  friend bool operator==(const constant&, const constant&) = default;
};

}  // namespace nn::schedule
}  // namespace mmrec::inline v0

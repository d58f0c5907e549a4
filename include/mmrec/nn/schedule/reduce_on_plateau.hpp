// mmrec/nn/schedule/reduce_on_plateau.hpp - a learning rate that falls when the validation stops getting better.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>

#include <mmrec/core/error.hpp>

namespace mmrec::inline v0 {
namespace nn::schedule {

/// What reduce_on_plateau has seen so far. visit() enumerates all there is, for checkpoints.
struct plateau_state {
  double factor = 1.0;                                     ///< of the learning rate
  double best = std::numeric_limits<double>::quiet_NaN();  ///< best value so far; NaN: none yet
  std::uint64_t bad = 0;                                   ///< observations since the best one, or since the last cut
  std::uint64_t resting = 0;                               ///< observations left that cannot count as bad

  /// Calls visitor(name, double& or std::uint64_t&) for each field.
  template <class Visitor>
  void visit(Visitor&& visitor) {
    visit_fields(*this, visitor);
  }
  template <class Visitor>
  void visit(Visitor&& visitor) const {
    visit_fields(*this, visitor);
  }

 private:
  template <class Self, class Visitor>
  static void visit_fields(Self& self, Visitor& visitor) {
    visitor(std::string_view("factor"), self.factor);
    visitor(std::string_view("best"), self.best);
    visitor(std::string_view("bad"), self.bad);
    visitor(std::string_view("resting"), self.resting);
  }
};

/// After more than `patience` observations in a row that are not better than the best by the relative `threshold`, the factor
/// is multiplied by `multiplier`: PyTorch's ReduceLROnPlateau with threshold_mode "rel" and eps = 0. A value that is not a
/// number is never better.
///
/// Throws     validate: invalid_config
/// Example    reduce_on_plateau plateau{.patience = 3}; plateau_state state; ... plateau.observe(state, validation_loss);
struct reduce_on_plateau {
  std::uint64_t patience = 10;
  double multiplier = 0.1;     ///< above 0, below 1
  double minimum = 0.0;        ///< 0..1: the factor does not fall below it
  double threshold = 1e-4;     ///< 0..1
  std::uint64_t cooldown = 0;  ///< observations after a cut that cannot count as bad
  bool larger_is_better = false;

  void validate(std::string_view function) const {
    require_config(multiplier > 0.0 && multiplier < 1.0, function, "multiplier", "must lie between 0 and 1");
    require_config(minimum >= 0.0 && minimum <= 1.0, function, "minimum", "must lie in 0..1");
    require_config(threshold >= 0.0 && threshold <= 1.0, function, "threshold", "must lie in 0..1");
  }
  /// Takes the value of one more validation into account; state.factor is the factor from here on.
  void observe(plateau_state& state, double value) const {
    if (better(value, state.best)) {
      state.best = value;
      state.bad = 0;
    } else {
      ++state.bad;
    }
    if (state.resting > 0) {
      --state.resting;
      state.bad = 0;
    }
    if (state.bad > patience) {
      state.factor = (std::max)(state.factor * multiplier, minimum);
      state.resting = cooldown;
      state.bad = 0;
    }
  }
  friend bool operator==(const reduce_on_plateau&, const reduce_on_plateau&) = default;

 private:
  bool better(double value, double best) const {
    if (std::isnan(value)) return false;
    if (std::isnan(best)) return true;
    return larger_is_better ? value > best * (1.0 + threshold) : value < best * (1.0 - threshold);
  }
};

}  // namespace nn::schedule
}  // namespace mmrec::inline v0

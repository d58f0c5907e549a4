#include <mmrec/nn/schedule/constant.hpp>
#include <mmrec/nn/schedule/cosine.hpp>
#include <mmrec/nn/schedule/decay.hpp>
#include <mmrec/nn/schedule/reduce_on_plateau.hpp>
#include <mmrec/nn/schedule/warm_up.hpp>

#include <mmrec/core/error.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "nn/golden_numbers.hpp"
#include "support/catch.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;
namespace schedule = mmrec::nn::schedule;

static_assert(schedule::schedule<schedule::constant> && schedule::schedule<schedule::step>);
static_assert(schedule::schedule<schedule::exponential> && schedule::schedule<schedule::cosine>);
static_assert(schedule::schedule<schedule::one_cycle> && schedule::schedule<schedule::warm_up<schedule::cosine>>);

namespace {

const test::golden_numbers& goldens() {
  static const test::golden_numbers all("schedules.txt");
  return all;
}

void check_golden(const std::string& name, const schedule::schedule auto& spec, std::uint64_t total) {
  spec.validate("f");
  const std::vector<double>& wanted = goldens()[name];
  for (std::size_t step = 0; step < wanted.size(); ++step) {
    CAPTURE(name, step);
    CHECK(spec.factor(step, total) == Approx(wanted[step]).epsilon(1e-12).margin(1e-14));
  }
}

void check_plateau(const std::string& name, const schedule::reduce_on_plateau& spec) {
  spec.validate("f");
  schedule::plateau_state state;
  const std::vector<double>& wanted = goldens()[name];
  for (std::size_t at = 0; at < wanted.size(); ++at) {
    CAPTURE(name, at);
    spec.observe(state, goldens()["plateau_values"][at]);
    CHECK(state.factor == Approx(wanted[at]).epsilon(1e-13));
  }
}

}  // namespace

TEST_CASE("schedules agree with PyTorch") {
  check_golden("step", schedule::step{.every = 7, .multiplier = 0.3}, 30);
  check_golden("exponential", schedule::exponential{.multiplier = 0.9}, 30);
  check_golden("cosine", schedule::cosine{.minimum = 0.1}, 20);
  check_golden("one_cycle", schedule::one_cycle{}, 30);
  check_golden("one_cycle_other", schedule::one_cycle{.rise = 0.45, .start_divisor = 10, .end_divisor = 50}, 17);
  check_golden("warm_up", schedule::warm_up<schedule::cosine>{.steps = 6, .start = 0.25, .then = {.minimum = 0.1}}, 20);
}

TEST_CASE("reductions on a plateau agree with PyTorch") {
  check_plateau("plateau", {.patience = 2, .multiplier = 0.5});
  check_plateau("plateau_cooled", {.patience = 1, .multiplier = 0.5, .minimum = 0.1, .threshold = 0.1, .cooldown = 2});
  check_plateau("plateau_up", {.patience = 2, .multiplier = 0.5, .larger_is_better = true});
}

TEST_CASE("schedules are defined at and beyond their ends") {
  CHECK(schedule::constant{}.factor(7, 3) == 1.0);
  CHECK(schedule::cosine{.minimum = 0.2}.factor(10, 10) == 0.2);
  CHECK(schedule::cosine{.minimum = 0.2}.factor(11, 10) == 0.2);
  CHECK(schedule::cosine{}.factor(0, 0) == 1.0);
  const schedule::one_cycle cycle;
  for (const std::uint64_t total : std::vector<std::uint64_t>{0, 1, 2, 3, 4, 100}) {
    for (std::uint64_t step = 0; step < 110; ++step) {
      CAPTURE(total, step);
      CHECK(cycle.factor(step, total) > 0.0);
      CHECK(cycle.factor(step, total) <= 1.0);
    }
    CHECK(schedule::one_cycle{.rise = 0.0}.factor(total, total) <= 1.0);
    CHECK(schedule::one_cycle{.rise = 1.0}.factor(total, total) <= 1.0);
  }
  CHECK(cycle.factor(1000, 100) == cycle.factor(99, 100));
  const schedule::warm_up<> rise{.steps = 4};
  CHECK(rise.factor(0, 10) == 0.0);
  CHECK(rise.factor(1, 10) == 0.25);
  CHECK(rise.factor(4, 10) == 1.0);
  CHECK(rise.factor(3, 2) == 0.75);  // longer than the training
  CHECK(schedule::warm_up<schedule::cosine>{}.factor(5, 10) == schedule::cosine{}.factor(5, 10));
}

TEST_CASE("what the state of a plateau enumerates continues it") {
  const schedule::reduce_on_plateau spec{.patience = 1, .multiplier = 0.5, .cooldown = 1};
  schedule::plateau_state state;
  for (const double value : {3.0, 4.0, 4.0, 4.0}) spec.observe(state, value);
  std::vector<std::string> names;
  std::vector<double> numbers;
  std::vector<std::uint64_t> counts;
  static_cast<const schedule::plateau_state&>(state).visit([&](std::string_view name, const auto& value) {
    names.emplace_back(name);
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(value)>, double>) {
      numbers.push_back(value);
    } else {
      counts.push_back(value);
    }
  });
  CHECK(names == std::vector<std::string>{"factor", "best", "bad", "resting"});
  schedule::plateau_state again;
  std::size_t number = 0, count = 0;
  again.visit([&](std::string_view, auto& value) {
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(value)>, double>) {
      value = numbers[number++];
    } else {
      value = counts[count++];
    }
  });
  for (const double value : {4.0, 4.0, 2.0, 4.0, 4.0, 4.0}) {
    spec.observe(state, value);
    spec.observe(again, value);
    CHECK(again.factor == state.factor);
    CHECK(again.best == state.best);
    CHECK(again.bad == state.bad);
    CHECK(again.resting == state.resting);
  }
}

TEST_CASE("a validation that is not a number is never better") {
  const schedule::reduce_on_plateau spec{.patience = 0, .multiplier = 0.5};
  schedule::plateau_state state;
  spec.observe(state, std::numeric_limits<double>::quiet_NaN());
  CHECK(std::isnan(state.best));
  CHECK(state.factor == 0.5);
  spec.observe(state, 1.0);
  CHECK(state.best == 1.0);
}

TEST_CASE("fields of schedules without sense are refused by name") {
  const auto said = [](const auto& spec) { return test::thrown<mm::invalid_config>([&] { spec.validate("f"); }); };
  CHECK(said(schedule::step{.every = 0}) == "f: every must be at least 1");
  CHECK(said(schedule::step{.multiplier = 0.0}) == "f: multiplier must be positive and finite");
  CHECK(said(schedule::exponential{.multiplier = -1.0}) == "f: multiplier must be positive and finite");
  CHECK(said(schedule::cosine{.minimum = 1.1}) == "f: minimum must lie in 0..1");
  CHECK(said(schedule::one_cycle{.rise = -0.1}) == "f: rise must lie in 0..1");
  CHECK(said(schedule::one_cycle{.start_divisor = 0.5}) == "f: start_divisor must be at least 1");
  CHECK(said(schedule::one_cycle{.end_divisor = 0.5}) == "f: end_divisor must be at least 1");
  CHECK(said(schedule::warm_up<>{.start = 2.0}) == "f: start must lie in 0..1");
  CHECK(said(schedule::warm_up<schedule::cosine>{.then = {.minimum = 2.0}}) == "f: minimum must lie in 0..1");
  CHECK(said(schedule::reduce_on_plateau{.multiplier = 1.0}) == "f: multiplier must lie between 0 and 1");
  CHECK(said(schedule::reduce_on_plateau{.minimum = -1.0}) == "f: minimum must lie in 0..1");
  CHECK(said(schedule::reduce_on_plateau{.threshold = 2.0}) == "f: threshold must lie in 0..1");
}

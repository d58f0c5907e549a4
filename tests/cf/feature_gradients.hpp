// tests/cf/feature_gradients.hpp - gradients of factors of features against differences.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <mmrec/cf/detail/feature_machine.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/data/csr.hpp>
#include <mmrec/exec/cpu.hpp>

namespace test {

/// The largest difference between the gradients of all features and central differences of the loss, relative to the largest
/// gradient. One example takes no part, one has no rival, and rows share features.
inline double gradient_error(mmrec::cf::detail::example_loss loss, bool interact) {
  using namespace mmrec;
  using namespace mmrec::cf::detail;
  random_stream random(seed{6});
  const auto rows = [&](std::size_t count, std::size_t columns) {
    csr_matrix<float> result(columns);
    for (std::size_t row = 0; row < count; ++row) {
      sparse_row<float> entries;
      for (std::size_t column = 0; column < columns; ++column) {
        if (random.uniform() < 0.5) continue;
        entries.indices.push_back(static_cast<std::int32_t>(column));
        entries.values.push_back(static_cast<float>(random.normal()));
      }
      result.push_row(entries.view());
    }
    return result;
  };
  constexpr std::size_t batch = 7, factors = 3;
  feature_machine<double> machine({rows(4, 5), factors, interact}, {rows(6, 4), factors, interact}, batch);
  machine.users().draw(seed{7}, 0.7);
  machine.items().draw(seed{8}, 0.7);
  for (double* weight : {machine.users().feature(2) + factors, machine.items().feature(1) + factors}) *weight = 0.4;
  machine.bias() = 0.3;
  const bool rivals = loss != example_loss::squared;
  const exec::cpu exec{};
  feature_steps how;
  how.loss = loss;
  const auto draw = [&](std::size_t slot, example& one, random_stream&, auto&&) {
    one.user = static_cast<std::uint32_t>(slot % 4);
    one.item = static_cast<std::uint32_t>(slot * 5 % 6);
    if (rivals && (slot != 3 || loss != example_loss::logistic)) one.rival = static_cast<std::uint32_t>((slot * 5 + 2) % 6);
    one.target = loss == example_loss::logistic ? (slot == 3 ? 0.0f : 1.0f) : 0.5f * static_cast<float>(slot);
    one.weight = slot == 5 ? 0.0f : loss == example_loss::hinge ? 1.5f : 1.0f;
  };
  const auto evaluate = [&] { return machine.prepare(exec, batch, seed{1}, how, draw); };
  double largest = 0.0, error = 0.0;
  for (const bool of_user : {true, false}) {
    auto& side = of_user ? machine.users() : machine.items();
    for (std::size_t feature = 0; feature < side.rows.cols(); ++feature) {
      evaluate();
      // A plain step of rate 1 moves by the gradient.
      auto moved = machine;
      feature_steps plain = how;
      plain.adaptive = false;
      plain.learning_rate = 1.0;
      moved.apply(exec, batch, plain);
      const double* const after = (of_user ? moved.users() : moved.items()).feature(feature);
      std::vector<double> analytic(side.width());
      for (std::size_t k = 0; k < side.width(); ++k) analytic[k] = side.feature(feature)[k] - after[k];
      for (std::size_t k = 0; k < side.width(); ++k) {
        constexpr double step = 1e-5;
        double& value = side.feature(feature)[k];
        const double kept = value;
        value = kept + step;
        const double above = evaluate();
        value = kept - step;
        const double below = evaluate();
        value = kept;
        const double numeric = (above - below) / (2.0 * step);
        largest = (std::max)(largest, std::abs(numeric));
        error = (std::max)(error, std::abs(numeric - analytic[k]));
      }
    }
  }
  return error / largest;
}

}  // namespace test

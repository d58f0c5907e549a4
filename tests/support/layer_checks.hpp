// tests/support/layer_checks.hpp - what every layer promises, checked on networks around it.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include <mmrec/core/random.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/nn/frozen.hpp>
#include <mmrec/nn/sequential.hpp>
#include <mmrec/nn/training_pass.hpp>
#include <mmrec/nn/weights.hpp>

#include "nn/golden_numbers.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/gradient.hpp"

namespace test {

/// Outputs and gradients of one training step.
template <class T>
struct step_result {
  std::vector<T> outputs, gradients, input_gradient, statistics;
  friend bool operator==(const step_result&, const step_result&) = default;
};
template <class Net, class T, class Exec>
step_result<T> one_step(const Exec& exec, nn::weights<Net, T> weights,
                        const nn::batch_view<typename Net::bound::input_shape, T>& in,
                        const std::vector<T>& output_gradient) {
  using input = typename Net::bound::input_shape;
  nn::training_pass<Net, T> pass(in.size(), exec.concurrency());
  step_result<T> result;
  const auto outputs = pass.forward(exec, weights, in, mmrec::seed{5});
  result.outputs.assign(outputs.begin(), outputs.end());
  constexpr bool real_input = !nn::detail::is_bundle<input> && !std::is_same_v<input, nn::ids>;
  if constexpr (real_input) result.input_gradient.assign(in.size().size(), T(99));
  pass.backward(exec, weights, in, output_gradient, mmrec::seed{5}, real_input ? result.input_gradient.data() : nullptr);
  result.gradients.assign(pass.gradients().begin(), pass.gradients().end());
  result.statistics.assign(weights.statistics.begin(), weights.statistics.end());
  return result;
}

/// Random numbers that are zero beyond the length of an example, as gradients of outputs are.
template <class Net, class View>
std::vector<double> random_output_gradient(const View& in, mmrec::random_stream& random) {
  const auto size = nn::output_dims<typename Net::bound>(in.size());
  std::vector<double> values(size.size());
  for (double& value : values) value = random.normal();
  if constexpr (nn::detail::has_steps<typename Net::bound::output_shape>) {
    const std::uint32_t* lengths = nn::detail::lengths_of(in);
    const std::size_t width = values.size() / std::max<std::size_t>(1, size.count * size.steps);
    for (std::size_t example = 0; lengths != nullptr && example < size.count; ++example) {
      const std::size_t length = lengths[example] == 0 ? 0 : Net::bound::steps(lengths[example]);
      std::fill(values.begin() + static_cast<std::ptrdiff_t>((example * size.steps + length) * width),
                values.begin() + static_cast<std::ptrdiff_t>((example + 1) * size.steps * width), 0.0);
    }
  }
  return values;
}

/// One step has the same bits on 1, 2 and 8 threads; passes and frozen calls allocate nothing; a frozen network gives what
/// evaluation gives, and for an example alone what it gives in the batch; an empty batch gives nothing.
template <class Net>
void check_layer_promises(std::size_t batch, std::size_t steps) {
  using input = typename Net::bound::input_shape;
  mmrec::random_stream random(mmrec::seed{8});
  for (const bool ragged : {false, true}) {
    typename batch_for<input>::type made(batch, steps, ragged, random);
    const auto in = made.view();
    auto weights = nn::initialize<Net, double>(mmrec::seed{1});
    for (double& value : weights.parameters) value += 0.1 * random.normal();
    const auto gradient = random_output_gradient<Net>(in, random);

    const auto one = one_step<Net, double>(mmrec::exec::cpu{}, weights, in, gradient);
    for (const std::size_t threads : {2u, 8u}) {
      CHECK(one == one_step<Net, double>(mmrec::exec::cpu{.threads = threads}, weights, in, gradient));
    }

    const mmrec::exec::cpu exec;
    nn::training_pass<Net, double> pass(in.size(), 1);
    CHECK(allocations_of([&] {
            pass.forward(exec, weights, in, mmrec::seed{5});
            pass.backward(exec, weights, in, gradient, mmrec::seed{5});
          }) == 0);

    const auto evaluated = pass.forward(exec, weights, in, {}, false);
    const nn::frozen<Net, double> frozen(weights);
    typename nn::frozen<Net, double>::workspace memory(in.size());
    std::span<const double> outputs;
    CHECK(allocations_of([&] { outputs = frozen(exec, in, memory); }) == 0);
    REQUIRE(outputs.size() == evaluated.size());
    double worst = 0.0;
    for (std::size_t i = 0; i < outputs.size(); ++i) worst = std::max(worst, std::abs(outputs[i] - evaluated[i]));
    CHECK(worst <= 1e-12);

    if constexpr (!nn::detail::is_bundle<input>) {
      const std::size_t each = outputs.size() / batch, taken = in.size().size() / batch;
      for (std::size_t example = 0; example < batch; ++example) {
        typename nn::frozen<Net, double>::workspace other;
        const nn::batch_view<input, double> alone{in.data + example * taken, 1, in.steps,
                                                  in.lengths == nullptr ? nullptr : in.lengths + example};
        const auto single = frozen(exec, alone, other);
        CHECK(std::equal(single.begin(), single.end(), outputs.begin() + static_cast<std::ptrdiff_t>(example * each)));
      }
      nn::training_pass<Net, double> none({0, steps}, 1);
      const nn::batch_view<input, double> nothing{nullptr, 0, in.steps, nullptr};
      CHECK(none.forward(exec, weights, nothing).empty());
      CHECK_NOTHROW(none.backward(exec, weights, nothing, {}));
      CHECK(std::all_of(none.gradients().begin(), none.gradients().end(), [](double value) { return value == 0.0; }));
    }
  }
}

/// The largest difference, relative to the largest expected number.
template <class T>
double relative_error(std::span<const T> actual, const std::vector<double>& expected) {
  if (actual.size() != expected.size()) return 1e9;
  double largest = 1e-30, error = 0.0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    largest = std::max(largest, std::abs(expected[i]));
    error = std::max(error, std::abs(static_cast<double>(actual[i]) - expected[i]));
  }
  return error / largest;
}
template <class T>
double relative_error(const std::vector<T>& actual, const std::vector<double>& expected) {
  return relative_error(std::span<const T>(actual), expected);
}

}  // namespace test

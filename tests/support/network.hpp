// tests/support/network.hpp - what every layer is held to: the same numbers frozen, in a batch or alone, in float, on any
// number of threads, and as another library has them.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
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

/// Largest difference, relative to the largest number.
template <class Left, class Right>
double relative_error(const Left& values, const Right& expected) {
  if (values.size() != expected.size()) return 1e300;
  double largest = 0.0, worst = 0.0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double wanted = static_cast<double>(expected[i]), difference = std::abs(static_cast<double>(values[i]) - wanted);
    largest = std::max(largest, std::abs(wanted));
    worst = difference <= worst ? worst : difference;  // not-a-number counts
  }
  return worst == 0.0 ? 0.0 : worst / std::max(largest, 1e-30);
}

/// Numbers of a network and a batch for it, in double; in float by rounding.
template <class Net>
struct network_case {
  using input = typename Net::bound::input_shape;
  nn::weights<Net, double> weights;
  std::vector<double> values;
  std::vector<std::uint32_t> lengths;
  std::size_t count = 0, steps = 1;
  std::vector<double> output_gradient;

  std::size_t outputs() const { return nn::output_dims<typename Net::bound>({count, steps}).size(); }
};

template <class Net>
network_case<Net> random_case(std::size_t batch, std::size_t steps, bool ragged, std::uint64_t key = 1) {
  mmrec::random_stream random(mmrec::seed{key}, 7);
  random_batch<typename network_case<Net>::input> in(batch, steps, ragged, random);
  const std::vector<double> values(in.values.begin(), in.values.end());
  network_case<Net> result{nn::initialize<Net, double>(mmrec::seed{key}), values, in.lengths, in.count, in.steps, {}};
  for (double& value : result.weights.parameters) value += 0.1 * random.normal();
  for (double& value : result.weights.statistics) value += 0.1 * random.uniform();
  result.output_gradient.resize(result.outputs());
  for (double& value : result.output_gradient) value = random.normal();
  if constexpr (nn::detail::has_steps<typename Net::bound::output_shape>) {
    const std::size_t all = Net::bound::steps(result.steps);
    const std::size_t width = all == 0 ? 0 : result.output_gradient.size() / std::max<std::size_t>(1, batch * all);
    for (std::size_t example = 0; example < result.lengths.size(); ++example) {
      const std::size_t length = result.lengths[example] == 0 ? 0 : Net::bound::steps(result.lengths[example]);
      std::fill_n(result.output_gradient.begin() + static_cast<std::ptrdiff_t>((example * all + length) * width),
                  (all - length) * width, 0.0);
    }
  }
  return result;
}

/// What one pass forward and back gives.
template <class T>
struct pass_result {
  std::vector<T> outputs, parameter_gradient, input_gradient;
  std::size_t allocations = 0;
  friend bool operator==(const pass_result& left, const pass_result& right) {
    return left.outputs == right.outputs && left.parameter_gradient == right.parameter_gradient &&
           left.input_gradient == right.input_gradient;
  }
};

template <class T, class From>
std::vector<T> as(const From& numbers) {
  std::vector<T> result;
  for (const auto number : numbers) result.push_back(static_cast<T>(number));
  return result;
}
template <class T, class Net>
nn::weights<Net, T> weights_as(const nn::weights<Net, double>& from) {
  nn::weights<Net, T> result;
  for (std::size_t i = 0; i < from.parameters.size(); ++i) result.parameters[i] = static_cast<T>(from.parameters[i]);
  for (std::size_t i = 0; i < from.statistics.size(); ++i) result.statistics[i] = static_cast<T>(from.statistics[i]);
  return result;
}

template <class T, class Net>
pass_result<T> run(const network_case<Net>& given, const mmrec::exec::cpu& exec, bool training = true) {
  using input = typename Net::bound::input_shape;
  using element = typename nn::batch_view<input, T>::element;
  const auto values = as<element>(given.values);
  const nn::batch_view<input, T> view{values.data(), given.count, given.steps,
                                      given.lengths.empty() ? nullptr : given.lengths.data()};
  auto weights = weights_as<T>(given.weights);
  const auto gradient = as<T>(given.output_gradient);
  pass_result<T> result;
  nn::training_pass<Net, T> pass(view.size(), exec.concurrency());
  if constexpr (!std::is_same_v<input, nn::ids>) result.input_gradient.assign(values.size(), T(123));
  const auto both = [&] {
    pass.clear_gradients();
    const auto outputs = pass.forward(exec, weights, view, mmrec::seed{5}, training);
    if (result.outputs.size() == outputs.size()) std::copy(outputs.begin(), outputs.end(), result.outputs.begin());
    if (training)
      pass.backward(exec, weights, view, gradient, mmrec::seed{5},
                    result.input_gradient.empty() ? nullptr : result.input_gradient.data());
  };
  result.outputs.resize(given.outputs());
  result.allocations = allocations_of(both);
  result.parameter_gradient.assign(pass.gradients().begin(), pass.gradients().end());
  return result;
}

/// Checks all that holds for every network, on random numbers. The error of float against double, relative to the largest
/// number, is bounded by 4 sqrt(inner) 2^-24, where `inner` is about the length of the longest sum.
template <class Net>
void check_network(std::size_t batch, std::size_t steps = 1, bool ragged = false, std::size_t inner = 64) {
  using bound = typename Net::bound;
  using input = typename bound::input_shape;
  using element = typename nn::batch_view<input, float>::element;
  CAPTURE(batch, steps, ragged);
  const double float_bound = 4.0 * std::sqrt(static_cast<double>(inner)) * std::ldexp(1.0, -24);
  const auto given = random_case<Net>(batch, steps, ragged);
  const mmrec::exec::cpu one;

  // Any number of threads; no allocation.
  const auto first = run<float>(given, one);
  CHECK(first.allocations == 0);
  for (const std::size_t threads : {std::size_t{2}, std::size_t{8}}) {
    const mmrec::exec::cpu_session many(mmrec::exec::cpu{.threads = threads});
    CHECK(run<float>(given, many.executor()) == first);
  }

  // Float against double.
  const auto exact = run<double>(given, one);
  CHECK(relative_error(first.outputs, exact.outputs) <= float_bound);
  CHECK(relative_error(first.parameter_gradient, exact.parameter_gradient) <= float_bound);
  CHECK(relative_error(first.input_gradient, exact.input_gradient) <= float_bound);

  // Frozen.
  const auto values = as<element>(given.values);
  const nn::batch_view<input, float> view{values.data(), given.count, given.steps,
                                          given.lengths.empty() ? nullptr : given.lengths.data()};
  const auto evaluated = run<float>(given, one, false);
  const nn::frozen<Net, float> frozen(weights_as<float>(given.weights));
  typename nn::frozen<Net, float>::workspace memory(view.size(), one.concurrency());
  std::vector<float> outputs(given.outputs());
  CHECK(allocations_of([&] {
          const auto result = frozen(one, view, memory);
          std::copy(result.begin(), result.end(), outputs.begin());
        }) == 0);
  CHECK(relative_error(outputs, evaluated.outputs) <= float_bound);
  for (const std::size_t threads : {std::size_t{2}, std::size_t{8}}) {
    const mmrec::exec::cpu_session many(mmrec::exec::cpu{.threads = threads});
    typename nn::frozen<Net, float>::workspace other(view.size(), many.executor().concurrency());
    const auto result = frozen(many.executor(), view, other);
    CHECK(std::equal(result.begin(), result.end(), outputs.begin(), outputs.end()));
  }

  // Each example alone, without what pads it.
  const std::size_t width = given.count * given.steps == 0 ? 0 : values.size() / (given.count * given.steps);
  const std::size_t row = given.count == 0 ? 0 : outputs.size() / given.count;
  for (std::size_t example = 0; example < given.count; ++example) {
    const std::size_t length = view.length(example);
    const nn::batch_view<input, float> alone{values.data() + example * given.steps * width, 1, length, nullptr};
    typename nn::frozen<Net, float>::workspace own(alone.size(), 1);
    const auto result = frozen(one, alone, own);
    const float* const here = outputs.data() + example * row;
    CHECK(std::equal(result.begin(), result.end(), here));
    CHECK(std::all_of(here + result.size(), here + row, [](float value) { return value == 0.0f; }));
  }
}

/// Checks a network against another library: NAME.parameters, .statistics, .input, .lengths, .output, .output_gradient,
/// .input_gradient and .parameter_gradient of a golden file, in our layouts.
template <class Net>
void check_golden(const golden_numbers& golden, const std::string& name, std::size_t count, std::size_t steps = 1,
                  bool training = true) {
  CAPTURE(name);
  network_case<Net> given;
  const auto fill = [&](auto& numbers, const std::string& part) {
    const auto& from = golden[name + '.' + part];
    REQUIRE(from.size() == numbers.size());
    std::copy(from.begin(), from.end(), numbers.begin());
  };
  fill(given.weights.parameters, "parameters");
  if (Net::statistic_count != 0) fill(given.weights.statistics, "statistics");
  given.count = count;
  given.steps = steps;
  given.values.resize(nn::dims<typename network_case<Net>::input>{count, steps}.size());
  fill(given.values, "input");
  if constexpr (nn::detail::has_steps<typename network_case<Net>::input>) {
    given.lengths = golden.as<std::uint32_t>(name + ".lengths");
    REQUIRE(given.lengths.size() == count);
  }
  given.output_gradient.resize(given.outputs());
  const auto check = [&](const auto& result, double bound) {
    CHECK(relative_error(result.outputs, golden[name + ".output"]) <= bound);
    if (!training) return;
    CHECK(relative_error(result.parameter_gradient, golden[name + ".parameter_gradient"]) <= bound);
    CHECK(relative_error(result.input_gradient, golden[name + ".input_gradient"]) <= bound);
  };
  if (training) fill(given.output_gradient, "output_gradient");
  check(run<double>(given, {}, training), 1e-8);
  check(run<float>(given, {}, training), 1e-5);
}

}  // namespace test

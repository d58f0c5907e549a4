// tests/support/gradient.hpp - checks the gradients of a network against differences.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <vector>

#include <mmrec/core/random.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/nn/sequential.hpp>
#include <mmrec/nn/training_pass.hpp>
#include <mmrec/nn/weights.hpp>

namespace test {
namespace nn = mmrec::nn;

/// A random batch of one shape, owned.
template <class Shape>
struct random_batch {
  using element = typename nn::batch_view<Shape, double>::element;
  std::vector<element> values;
  std::vector<std::uint32_t> lengths;
  std::size_t count = 0, steps = 1;

  random_batch(std::size_t batch, std::size_t most_steps, bool ragged, mmrec::random_stream& random,
               std::uint32_t vocabulary = 7)
      : count(batch), steps(nn::detail::has_steps<Shape> ? most_steps : 1) {
    values.resize(nn::dims<Shape>{count, steps}.size());
    for (element& value : values) {
      if constexpr (std::is_integral_v<element>) {
        value = static_cast<element>(random.below(vocabulary));
      } else {
        value = static_cast<element>(random.normal());
      }
    }
    if (!nn::detail::has_steps<Shape> || !ragged) return;
    const std::size_t width = count * steps == 0 ? 0 : values.size() / (count * steps);
    for (std::size_t example = 0; example < count; ++example) {
      const std::uint32_t length =
          example == 0 ? static_cast<std::uint32_t>(steps) : random.below(static_cast<std::uint32_t>(steps) + 1);
      lengths.push_back(length);
      std::fill(values.begin() + static_cast<std::ptrdiff_t>((example * steps + length) * width),
                values.begin() + static_cast<std::ptrdiff_t>((example + 1) * steps * width), element(0));
    }
  }
  nn::batch_view<Shape, double> view() const {
    return {values.data(), count, steps, lengths.empty() ? nullptr : lengths.data()};
  }
};

template <class Shape>
struct batch_for {
  using type = random_batch<Shape>;
};
template <class... Inputs>
struct batch_for<nn::bundle<Inputs...>> {
  struct type {
    std::tuple<random_batch<typename Inputs::shape>...> parts;
    type(std::size_t batch, std::size_t steps, bool ragged, mmrec::random_stream& random, std::uint32_t vocabulary = 7)
        : parts{random_batch<typename Inputs::shape>(batch, steps, ragged, random, vocabulary)...} {}
    nn::batch_view<nn::bundle<Inputs...>, double> view() const {
      return {std::apply([](const auto&... part) { return std::tuple(part.view()...); }, parts)};
    }
  };
};

struct gradient_case {
  std::size_t batch = 3;
  std::size_t steps = 1;
  bool ragged = false;
  std::uint64_t seed = 1;
  double step = 1e-5;
};

/// max |analytic - numeric| / max(|numeric|) over the gradients of parameters and input, for the loss sum(c * outputs) with
/// random c; float64, central differences. Weights and statistics are drawn at random about what the network starts from.
template <class Net>
double gradient_error(const gradient_case& given) {
  using mmrec::random_stream;
  using mmrec::seed;
  using input = typename Net::bound::input_shape;
  random_stream random(seed{given.seed}, 99);
  typename batch_for<input>::type batch(given.batch, given.steps, given.ragged, random);
  auto weights = nn::initialize<Net, double>(seed{given.seed});
  for (double& value : weights.parameters) value += 0.1 * random.normal();

  const mmrec::exec::cpu exec;
  nn::training_pass<Net, double> pass(batch.view().size(), 1);
  const auto statistics = weights.statistics;
  const auto loss = [&](const std::vector<double>& factors) {
    weights.statistics = statistics;
    const auto outputs = pass.forward(exec, weights, batch.view(), seed{5});
    double sum = 0.0;
    for (std::size_t i = 0; i < outputs.size(); ++i) sum += factors[i] * outputs[i];
    return sum;
  };
  std::vector<double> factors(pass.forward(exec, weights, batch.view(), seed{5}).size());
  for (double& factor : factors) factor = random.normal();
  // Gradients, like activations, are zero beyond the length of an example.
  if constexpr (nn::detail::has_steps<typename Net::bound::output_shape>) {
    if (const std::uint32_t* lengths = nn::detail::lengths_of(batch.view())) {
      const auto size = nn::output_dims<typename Net::bound>(batch.view().size());
      const std::size_t width = factors.size() / (std::max<std::size_t>)(1, size.count * size.steps);
      for (std::size_t example = 0; example < size.count; ++example) {
        const std::size_t length = lengths[example] == 0 ? 0 : Net::bound::steps(lengths[example]);
        std::fill(factors.begin() + static_cast<std::ptrdiff_t>((example * size.steps + length) * width),
                  factors.begin() + static_cast<std::ptrdiff_t>((example + 1) * size.steps * width), 0.0);
      }
    }
  }

  constexpr bool real_input = !nn::detail::is_bundle<input> && !std::is_same_v<input, nn::ids>;
  std::vector<double> input_gradient;
  if constexpr (real_input) input_gradient.resize(batch.values.size(), 123.0);
  loss(factors);
  pass.clear_gradients();
  pass.backward(exec, weights, batch.view(), factors, seed{5}, real_input ? input_gradient.data() : nullptr);
  const std::vector<double> analytic(pass.gradients().begin(), pass.gradients().end());

  double largest = 1e-12, error = 0.0;
  const auto compare = [&](double& value, double gradient) {
    const double kept = value;
    value = kept + given.step;
    const double above = loss(factors);
    value = kept - given.step;
    const double below = loss(factors);
    value = kept;
    const double numeric = (above - below) / (2.0 * given.step);
    largest = (std::max)(largest, std::abs(numeric));
    error = (std::max)(error, std::abs(numeric - gradient));
  };
  for (std::size_t i = 0; i < analytic.size(); ++i) compare(weights.parameters[i], analytic[i]);
  if constexpr (real_input) {
    const std::size_t width = given.batch * batch.steps == 0 ? 1 : batch.values.size() / (given.batch * batch.steps);
    for (std::size_t i = 0; i < batch.values.size(); ++i) {
      const std::size_t example = i / (batch.steps * width);
      const std::size_t at = i / width % batch.steps;
      if (!batch.lengths.empty() && at >= batch.lengths[example]) {
        error = (std::max)(error, std::abs(input_gradient[i]));  // zero by the rule
      } else {
        compare(batch.values[i], input_gradient[i]);
      }
    }
  }
  return error / largest;
}

/// The worst error over 5 seeds and batches of 1, 3 and 4 examples of 1, 2 and 5 steps, with and without lengths.
template <class Net>
double worst_gradient_error() {
  double worst = 0.0;
  for (std::uint64_t key = 1; key <= 5; ++key) {
    for (const auto& [batch, steps, ragged] : {std::tuple(1, 1, false), std::tuple(1, 5, false), std::tuple(3, 1, true),
                                               std::tuple(3, 2, false), std::tuple(4, 5, true), std::tuple(2, 6, true)}) {
      worst = (std::max)(
          worst, gradient_error<Net>({static_cast<std::size_t>(batch), static_cast<std::size_t>(steps), ragged, key}));
    }
  }
  return worst;
}

}  // namespace test

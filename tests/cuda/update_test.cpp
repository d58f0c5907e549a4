#include <mmrec/nn/cuda/update.cuh>

#include <mmrec/core/random.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/exec/cuda/buffer.hpp>
#include <mmrec/exec/cuda/graph.hpp>
#include <mmrec/nn/optimizer/update.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <shim.hpp>

#include "support/catch.hpp"

namespace mm = mmrec;
namespace nn = mmrec::nn;
namespace mc = mmrec::cuda;

namespace {

template <class T>
std::vector<T> normals(std::size_t count, std::uint64_t stream) {
  mm::random_stream random(mm::seed{5}, stream);
  std::vector<T> values(count);
  for (T& value : values) value = static_cast<T>(random.normal());
  return values;
}

template <class T>
std::vector<T> host(const mc::context& on, const mc::buffer<T>& from) {
  std::vector<T> values(from.size());
  from.download(on, std::span<T>(values));
  return values;
}

template <class T>
double tolerance() {
  return sizeof(T) == 4 ? 2e-6 : 1e-14;
}
/// Largest difference, relative to numbers above 1.
template <class T>
double distance(std::span<const T> a, std::span<const T> b) {
  double worst = a.size() == b.size() ? 0.0 : 1.0;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    const double wanted = static_cast<double>(b[i]);
    const double away = std::abs(static_cast<double>(a[i]) - wanted) / std::max(1.0, std::abs(wanted));
    if (!(away <= worst)) worst = away;
  }
  return worst;
}
template <class T>
double distance(const std::vector<T>& a, std::span<const T> b) {
  return distance(std::span<const T>(a), b);
}

/// A training on a device beside the same on the CPU.
template <class Spec, class T>
struct pair {
  using rule = decltype(std::declval<Spec>().template rule<T>(1.0, 1));
  static constexpr std::size_t steps = 4;

  Spec spec;
  std::vector<T> parameters, gradients;
  nn::optimizer_state<T> state;
  const mc::context& gpu;
  mc::buffer<rule> rules;
  mc::buffer<std::uint32_t> index;
  mc::buffer<T> on_parameters, on_gradients, on_first, on_second;

  static std::vector<rule> all_rules(const Spec& spec) {
    std::vector<rule> all;
    for (std::size_t step = 1; step <= steps; ++step) all.push_back(spec.template rule<T>(factor(step), step));
    return all;
  }
  static double factor(std::size_t step) { return 1.0 / static_cast<double>(step); }

  pair(const mc::context& on, const Spec& given, std::size_t count)
      : spec(given),
        parameters(normals<T>(count, 1)),
        gradients(normals<T>(count, 2)),
        state(given, count),
        gpu(on),
        rules(on, std::span<const rule>(all_rules(given))),
        index(on, 1),
        on_parameters(on, std::span<const T>(parameters)),
        on_gradients(on, std::span<const T>(gradients)),
        on_first(on, Spec::slots.size() > 0 ? count : 0),
        on_second(on, Spec::slots.size() > 1 ? count : 0) {
    index.clear(on);
    on_first.clear(on);
    on_second.clear(on);
  }
  T* first() { return Spec::slots.size() > 0 ? on_first.on(gpu) : nullptr; }
  T* second() { return Spec::slots.size() > 1 ? on_second.on(gpu) : nullptr; }
  void set_step(std::uint32_t step) { index.upload(gpu, std::span<const std::uint32_t>(&step, 1)); }

  void check() const {
    CHECK(distance(host(gpu, on_parameters), std::span<const T>(parameters)) <= tolerance<T>());
    if (state.slots() > 0) CHECK(distance(host(gpu, on_first), state.slot(0)) <= tolerance<T>());
    if (state.slots() > 1) CHECK(distance(host(gpu, on_second), state.slot(1)) <= tolerance<T>());
  }
};

template <class T, class Spec>
void check_dense(const Spec& spec) {
  const mc::context gpu;
  const mm::exec::cpu cpu;
  for (const std::size_t count : {0u, 1u, 3u, 4u, 5u, 255u, 1023u, 1024u, 1025u, 3001u}) {
    for (const std::size_t begin : {0u, 1u, 2u, 5u}) {
      if (begin > count) continue;
      const std::size_t end = count - (count > begin + 2 ? 1 : 0);
      CAPTURE(count, begin);
      pair<Spec, T> both(gpu, spec, count);
      for (std::size_t step = 1; step <= pair<Spec, T>::steps; ++step) {
        both.state.advance();
        nn::update(cpu, spec, both.state, both.parameters.data(), both.gradients.data(), begin, end, both.factor(step));
        both.set_step(static_cast<std::uint32_t>(step - 1));
        mc::update(gpu, both.rules.on(gpu), both.index.on(gpu), both.on_parameters.on(gpu), both.on_gradients.on(gpu),
                   static_cast<const T*>(nullptr), both.first(), both.second(), begin, end);
      }
      both.check();
    }
  }
}

template <class T, class Spec>
void check_rows(const Spec& spec) {
  const mc::context gpu;
  const mm::exec::cpu cpu;
  for (const std::size_t width : {1u, 3u, 4u, 31u, 32u, 33u, 132u}) {
    for (const std::size_t rows : {1u, 4u, 5u, 67u}) {
      for (const std::size_t first : {0u, 4u, 7u}) {
        CAPTURE(width, rows, first);
        pair<Spec, T> both(gpu, spec, first + rows * width + 3);
        std::vector<std::uint32_t> chosen;
        std::vector<std::uint8_t> flags(rows);
        for (std::size_t row = 0; row < rows; ++row) {
          if (row % 3 == 1 && row + 1 < rows) continue;
          chosen.push_back(static_cast<std::uint32_t>(row));
          flags[row] = 1;
        }
        mc::buffer<std::uint8_t> touched(gpu, std::span<const std::uint8_t>(flags));
        const T half = T(0.5);
        const mc::buffer<T> scale(gpu, std::span<const T>(&half, 1));
        both.state.advance();
        std::vector<T> scaled = both.gradients;
        for (T& g : scaled) g *= half;
        nn::update_rows(cpu, spec, both.state, both.parameters.data(), scaled.data(), first, width, chosen);
        mc::update_rows(gpu, both.rules.on(gpu), both.index.on(gpu), both.on_parameters.on(gpu), both.on_gradients.on(gpu),
                        scale.on(gpu), both.first(), both.second(), first, width, rows, touched.on(gpu));
        both.check();
        CHECK(host(gpu, touched) == std::vector<std::uint8_t>(rows));
        std::vector<T> left = both.gradients;
        for (const std::uint32_t row : chosen)
          std::fill_n(left.begin() + static_cast<std::ptrdiff_t>(first + row * width), width, T(0));
        CHECK(host(gpu, both.on_gradients) == left);
      }
    }
  }
}

}  // namespace

TEMPLATE_TEST_CASE("a device's optimisers move dense parameters as the CPU's do", "", float, double) {
  check_dense<TestType>(nn::sgd{.learning_rate = 0.1, .weight_decay = 0.01});
  check_dense<TestType>(nn::momentum{.learning_rate = 0.1, .weight_decay = 0.01});
  check_dense<TestType>(nn::nesterov{.learning_rate = 0.1, .weight_decay = 0.01});
  check_dense<TestType>(nn::adam{.learning_rate = 0.01, .weight_decay = 0.1});
  check_dense<TestType>(nn::adamw{.learning_rate = 0.01});
  check_dense<TestType>(nn::adagrad{.rate_decay = 0.1, .weight_decay = 0.01});
  check_dense<TestType>(nn::rmsprop{.weight_decay = 0.01});
}

TEMPLATE_TEST_CASE("a device's optimisers move the touched rows of a table, and clear their flags and gradients", "", float,
                   double) {
  check_rows<TestType>(nn::sgd{.learning_rate = 0.1, .weight_decay = 0.01});
  check_rows<TestType>(nn::nesterov{.learning_rate = 0.1});
  check_rows<TestType>(nn::adam{.learning_rate = 0.01, .weight_decay = 0.1});
}

TEST_CASE("a table of many rows is looked through a warp at a time") {
  const mc::context gpu;
  constexpr std::size_t rows = (std::size_t{1} << 17) + 5;
  pair<nn::sgd, float> both(gpu, nn::sgd{.learning_rate = 1.0}, rows);
  std::vector<std::uint8_t> flags(rows);
  std::vector<std::uint32_t> chosen;
  for (std::size_t row = 0; row < rows; row += 1009) {
    flags[row] = 1;
    chosen.push_back(static_cast<std::uint32_t>(row));
  }
  flags[rows - 1] = 1;
  chosen.push_back(static_cast<std::uint32_t>(rows - 1));
  mc::buffer<std::uint8_t> touched(gpu, std::span<const std::uint8_t>(flags));
  both.state.advance();
  nn::update_rows(mm::exec::cpu{}, both.spec, both.state, both.parameters.data(), both.gradients.data(), 0, 1, chosen);
  mc::update_rows<float>(gpu, both.rules.on(gpu), both.index.on(gpu), both.on_parameters.on(gpu), both.on_gradients.on(gpu),
                         nullptr, nullptr, nullptr, 0, 1, rows, touched.on(gpu));
  both.check();
  CHECK(host(gpu, touched) == std::vector<std::uint8_t>(rows));
}

TEST_CASE("threads of the device's optimisers may run in any order") {
  const cuda_shim::scope options;
  for (const auto order : {cuda_shim::order::reverse, cuda_shim::order::random}) {
    cuda_shim::options().order = order;
    check_dense<float>(nn::adam{.learning_rate = 0.01});
    check_rows<float>(nn::adam{.learning_rate = 0.01});
  }
}

TEST_CASE("a captured step of an optimiser goes on with the step's number and the clip factor") {
  const mc::context gpu;
  constexpr std::size_t count = 700;
  const nn::adam spec{.learning_rate = 0.01};
  pair<nn::adam, float> direct(gpu, spec, count), replayed(gpu, spec, count);
  mc::buffer<float> scale(gpu, 1);
  const auto queue = [&](pair<nn::adam, float>& of) {
    mc::update<float>(gpu, of.rules.on(gpu), of.index.on(gpu), of.on_parameters.on(gpu), of.on_gradients.on(gpu),
                      scale.on(gpu), of.first(), of.second(), 0, count);
  };
  mc::graph step;
  step.capture(gpu, [&] { queue(replayed); });
  const auto before = host(gpu, replayed.on_parameters);
  CHECK(before == direct.parameters);
  for (std::uint32_t number = 0; number < 4; ++number) {
    const float factor = 1.0f / static_cast<float>(number + 1);
    scale.upload(gpu, std::span<const float>(&factor, 1));
    direct.set_step(number);
    replayed.set_step(number);
    queue(direct);
    step.launch(gpu);
    CHECK(host(gpu, replayed.on_parameters) == host(gpu, direct.on_parameters));
  }
  CHECK(host(gpu, replayed.on_parameters) != before);
}

TEST_CASE("sizes that kernels cannot count are refused before anything is done") {
  const mc::context gpu;
  const nn::detail::sgd_rule<float>* const rules = nullptr;
  float* const nothing = nullptr;
  CHECK_THROWS_AS(
      mc::update<float>(gpu, rules, nullptr, nothing, nothing, nullptr, nothing, nothing, 0, std::size_t{1} << 31),
      mm::limit_error);
  CHECK_THROWS_AS(mc::update_rows<float>(gpu, rules, nullptr, nothing, nothing, nullptr, nothing, nothing, 0, 4,
                                         std::size_t{1} << 31, nullptr),
                  mm::limit_error);
}

#include <mmrec/nn/optimizer/adagrad.hpp>
#include <mmrec/nn/optimizer/adam.hpp>
#include <mmrec/nn/optimizer/clip.hpp>
#include <mmrec/nn/optimizer/rmsprop.hpp>
#include <mmrec/nn/optimizer/sgd.hpp>
#include <mmrec/nn/optimizer/update.hpp>

#include <mmrec/core/error.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/exec/thread_pool.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "nn/golden_numbers.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;
namespace nn = mmrec::nn;

static_assert(nn::optimizer<nn::sgd> && nn::optimizer<nn::momentum> && nn::optimizer<nn::nesterov>);
static_assert(nn::optimizer<nn::adagrad> && nn::optimizer<nn::rmsprop> && nn::optimizer<nn::adam> &&
              nn::optimizer<nn::adamw>);
static_assert(!nn::optimizer<int>);

namespace {

const test::golden_numbers& goldens() {
  static const test::golden_numbers all("optimizers.txt");
  return all;
}

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double worst = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double scale = std::max(1e-2, std::abs(b[i]));  // parameters come from about 1 and may pass close to 0
    const double difference = std::abs(a[i] - b[i]) / scale;
    worst = std::isnan(difference) ? std::numeric_limits<double>::infinity() : std::max(worst, difference);
  }
  return worst;
}

template <class T>
constexpr const char* type_name = std::is_same_v<T, float> ? "float32" : "float64";

template <class T, class O>
void check_trajectory(const std::string& name, const O& spec, double bound, bool scheduled = false) {
  const std::vector<T> gradients = goldens().as<T>("gradients");
  for (const auto level : mm::kernel::usable_simd_levels()) {
    std::vector<T> parameters = goldens().as<T>("begin");
    nn::optimizer_state<T> state(spec, parameters.size());
    for (int step = 1; step <= 20; ++step) {
      const double factor = scheduled ? 1.0 / step : 1.0;
      nn::step(mm::exec::cpu{}, spec, state, parameters.data(),
               gradients.data() + static_cast<std::size_t>(step - 1) * parameters.size(), factor, level);
      if (step != 1 && step != 2 && step != 10 && step != 20) continue;
      CAPTURE(name, type_name<T>, step, mm::kernel::name_of(level));
      CHECK(largest_difference({parameters.begin(), parameters.end()},
                               goldens()[name + "." + type_name<T> + "." + std::to_string(step)]) <= bound);
    }
    CHECK(state.steps() == 20);
  }
}

template <class O>
void check_both(const std::string& name, const O& spec, bool scheduled = false) {
  check_trajectory<double>(name, spec, 1e-12, scheduled);
  check_trajectory<float>(name, spec, 1e-6, scheduled);
}

template <class T>
std::vector<T> normals(std::size_t count, std::uint64_t stream) {
  mm::random_stream random(mm::seed{5}, stream);
  std::vector<T> values(count);
  for (T& value : values) value = static_cast<T>(random.normal());
  return values;
}

template <class Check>
void for_each_optimizer(const Check& check) {
  check(nn::sgd{.weight_decay = 0.1});
  check(nn::momentum{.weight_decay = 0.1});
  check(nn::nesterov{});
  check(nn::adagrad{.rate_decay = 0.1});
  check(nn::rmsprop{});
  check(nn::adam{});
  check(nn::adamw{});
}

}  // namespace

TEST_CASE("twenty steps of each optimiser agree with PyTorch") {
  check_both("sgd", nn::sgd{});
  check_both("sgd_decayed", nn::sgd{.learning_rate = 0.05, .weight_decay = 0.1});
  check_both("momentum", nn::momentum{});
  check_both("momentum_decayed", nn::momentum{.learning_rate = 0.02, .decay = 0.8, .weight_decay = 0.1});
  check_both("nesterov", nn::nesterov{});
  check_both("nesterov_decayed", nn::nesterov{.learning_rate = 0.02, .decay = 0.8, .weight_decay = 0.1});
  check_both("adagrad", nn::adagrad{});
  check_both("adagrad_decayed", nn::adagrad{.learning_rate = 0.1, .rate_decay = 0.05, .epsilon = 1e-6, .weight_decay = 0.1});
  check_both("rmsprop", nn::rmsprop{});
  check_both("rmsprop_decayed", nn::rmsprop{.learning_rate = 0.02, .decay = 0.9, .epsilon = 1e-6, .weight_decay = 0.1});
  check_both("adam", nn::adam{});
  check_both("adam_decayed",
             nn::adam{.learning_rate = 0.02, .beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-6, .weight_decay = 0.1});
  check_both("adam_scheduled", nn::adam{.learning_rate = 0.02}, true);
  check_both("adamw", nn::adamw{});
  check_both("adamw_decayed",
             nn::adamw{.learning_rate = 0.02, .beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-6, .weight_decay = 0.3});
}

namespace {
template <class O>
void check_sparse(const std::string& name, const O& spec) {
  const std::vector<double> gradients = goldens()["gradients"];
  std::vector<double> parameters = goldens()["begin"];
  nn::optimizer_state<double> state(spec, parameters.size());
  for (int step = 1; step <= 20; ++step) {
    const std::vector<std::uint32_t> rows = step <= 5       ? std::vector<std::uint32_t>{0, 2}
                                            : step % 2 == 0 ? std::vector<std::uint32_t>{0}
                                                            : std::vector<std::uint32_t>{1, 0};
    state.advance();
    nn::update_rows(mm::exec::cpu{}, spec, state, parameters.data(), gradients.data() + (step - 1) * 12, 0, 3, rows);
    if (step != 1 && step != 2 && step != 10 && step != 20) continue;
    CAPTURE(name, step);
    CHECK(largest_difference(parameters, goldens()[name + ".float64." + std::to_string(step)]) <= 1e-12);
  }
}
}  // namespace

TEST_CASE("updates of rows agree with PyTorch's sparse optimisers") {
  check_sparse("sparse_sgd", nn::sgd{.learning_rate = 0.05});
  check_sparse("sparse_adagrad", nn::adagrad{.learning_rate = 0.05, .rate_decay = 0.1});
  check_sparse("sparse_adam", nn::adam{.learning_rate = 0.05, .epsilon = 1e-30});
}

TEST_CASE("rows that a batch has not touched keep their parameters and what is remembered of them") {
  for_each_optimizer([](const auto& spec) {
    constexpr std::size_t first = 5, width = 7, table = 6, size = first + table * width + 4;
    const auto begin = normals<float>(size, 1), gradients = normals<float>(size, 2);
    std::vector<float> parameters = begin;
    nn::optimizer_state<float> state(spec, size);
    const std::vector<std::uint32_t> rows{4, 1};
    state.advance();
    nn::update_rows(mm::exec::cpu{}, spec, state, parameters.data(), gradients.data(), first, width, rows);
    for (std::size_t i = 0; i < size; ++i) {
      const std::size_t row = i < first ? 100 : (i - first) / width;
      const bool touched = row == 1 || row == 4;
      CAPTURE(i, touched);
      CHECK((parameters[i] != begin[i]) == touched);
      for (std::size_t s = 0; s < state.slots(); ++s) CHECK((state.slot(s)[i] != 0.0f) == touched);
    }
  });
}

TEST_CASE("updating all rows is the dense update, and a step in pieces the step as a whole") {
  for_each_optimizer([](const auto& spec) {
    for (const auto level : mm::kernel::usable_simd_levels()) {
      constexpr std::size_t width = 67, table = 9, size = width * table;
      std::vector<std::uint32_t> rows(table);
      for (std::size_t r = 0; r < table; ++r) rows[r] = static_cast<std::uint32_t>((r * 4) % table);
      std::vector<double> dense = normals<double>(size, 1), by_rows = dense, pieces = dense;
      nn::optimizer_state<double> a(spec, size), b(spec, size), c(spec, size);
      for (std::uint64_t step = 1; step <= 3; ++step) {
        const auto gradients = normals<double>(size, 10 + step);
        const mm::exec::cpu exec;
        nn::step(exec, spec, a, dense.data(), gradients.data(), 0.5, level);
        b.advance();
        nn::update_rows(exec, spec, b, by_rows.data(), gradients.data(), 0, width, rows, 0.5, level);
        c.advance();
        nn::update(exec, spec, c, pieces.data(), gradients.data(), 100, size, 0.5, level);
        nn::update(exec, spec, c, pieces.data(), gradients.data(), 0, 100, 0.5, level);
      }
      CHECK(largest_difference(by_rows, dense) <= 1e-14);
      CHECK(largest_difference(pieces, dense) <= 1e-14);
    }
  });
}

TEST_CASE("steps have the same bits for any number of threads") {
  for_each_optimizer([](const auto& spec) {
    constexpr std::size_t width = 10, size = 70000;
    std::vector<std::uint32_t> rows;
    for (std::uint32_t r = 0; r < size / width; r += 2) rows.push_back(r);
    std::vector<std::vector<float>> results;
    std::vector<nn::optimizer_state<float>> states;
    for (const std::size_t threads : {std::size_t{1}, std::size_t{2}, std::size_t{8}}) {
      const mm::exec::cpu exec{.threads = threads};
      std::vector<float> parameters = normals<float>(size, 1);
      nn::optimizer_state<float> state(spec, size);
      for (std::uint64_t step = 1; step <= 2; ++step) {
        auto gradients = normals<float>(size, 1 + step);
        const double norm = nn::clip_by_norm(exec, gradients.data(), size, 100.0);
        CHECK(norm > 100.0);
        nn::step(exec, spec, state, parameters.data(), gradients.data());
        nn::update_rows(exec, spec, state, parameters.data(), gradients.data(), 0, width, rows);
      }
      results.push_back(parameters);
      states.push_back(state);
    }
    CHECK(results[0] == results[1]);
    CHECK(results[0] == results[2]);
    CHECK(states[0] == states[1]);
    CHECK(states[0] == states[2]);
  });
}

TEST_CASE("levels of instructions agree within rounding") {
  for_each_optimizer([](const auto& spec) {
    constexpr std::size_t size = 333;
    std::vector<std::vector<double>> results;
    for (const auto level : mm::kernel::usable_simd_levels()) {
      std::vector<double> parameters = normals<double>(size, 1);
      nn::optimizer_state<double> state(spec, size);
      for (std::uint64_t step = 1; step <= 5; ++step) {
        const auto gradients = normals<double>(size, 1 + step);
        nn::step(mm::exec::cpu{}, spec, state, parameters.data(), gradients.data(), 1.0, level);
      }
      results.push_back(parameters);
    }
    for (const auto& result : results) CHECK(largest_difference(result, results[0]) <= 1e-14);
  });
}

TEST_CASE("a zero gradient moves nothing, and extreme gradients leave numbers") {
  for_each_optimizer([](const auto& given) {
    auto spec = given;
    spec.weight_decay = 0.0;
    constexpr std::size_t size = 70;
    const std::vector<float> begin = normals<float>(size, 1);
    std::vector<float> parameters = begin;
    nn::optimizer_state<float> state(spec, size);
    const std::vector<float> zero(size, 0.0f);
    for (int step = 0; step < 3; ++step) nn::step(mm::exec::cpu{}, spec, state, parameters.data(), zero.data());
    CHECK(parameters == begin);
    for (const float extreme : {1e-45f, 1e-38f, 1e4f, -1e18f}) {
      std::vector<float> there = begin;
      nn::optimizer_state<float> fresh(spec, size);
      const std::vector<float> gradients(size, extreme);
      nn::step(mm::exec::cpu{}, spec, fresh, there.data(), gradients.data());
      CAPTURE(extreme);
      CHECK(std::all_of(there.begin(), there.end(), [](float x) { return std::isfinite(x); }));
    }
  });
}

TEST_CASE("what the state enumerates continues a training with the same bits") {
  for_each_optimizer([](const auto& spec) {
    constexpr std::size_t size = 101;
    std::vector<float> parameters = normals<float>(size, 1);
    nn::optimizer_state<float> state(spec, size);
    const auto train = [&](nn::optimizer_state<float>& with, std::vector<float>& what, std::uint64_t from,
                           std::uint64_t to) {
      for (std::uint64_t step = from; step < to; ++step) {
        nn::step(mm::exec::cpu{}, spec, with, what.data(), normals<float>(size, 1 + step).data());
      }
    };
    train(state, parameters, 1, 5);
    std::uint64_t steps = 0;
    std::map<std::string, std::vector<float>> saved;
    const std::vector<float> saved_parameters = parameters;
    const auto save = [&](std::string_view name, auto&& value) {
      if constexpr (std::is_convertible_v<decltype(value), std::uint64_t>) {
        CHECK(name == "steps");
        steps = value;
      } else {
        CHECK(saved.emplace(std::string(name), std::vector<float>(value.begin(), value.end())).second);
      }
    };
    static_cast<const nn::optimizer_state<float>&>(state).visit(save);
    CHECK(saved.size() == std::remove_cvref_t<decltype(spec)>::slots.size());
    CHECK(steps == 4);
    train(state, parameters, 5, 9);

    nn::optimizer_state<float> restored(spec, size);
    std::vector<float> again = saved_parameters;
    restored.visit([&](std::string_view name, auto&& value) {
      if constexpr (std::is_convertible_v<decltype(value), std::uint64_t>) {
        value = steps;
      } else {
        std::copy(saved[std::string(name)].begin(), saved[std::string(name)].end(), value.begin());
      }
    });
    train(restored, again, 5, 9);
    CHECK(again == parameters);
    CHECK(restored == state);
    restored.reset();
    CHECK(restored == nn::optimizer_state<float>(spec, size));
  });
}

TEST_CASE("steps and clipping allocate nothing") {
  const mm::exec::cpu exec;
  for_each_optimizer([&](const auto& spec) {
    constexpr std::size_t size = 40000;
    std::vector<float> parameters(size, 1.0f), gradients(size, 0.5f);
    nn::optimizer_state<float> state(spec, size);
    const std::vector<std::uint32_t> rows{3, 5};
    CHECK(test::allocations_of([&] {
            nn::clip_by_norm(exec, gradients.data(), size, 1.0);
            nn::clip_by_value(exec, gradients.data(), size, 0.1);
            nn::step(exec, spec, state, parameters.data(), gradients.data());
            nn::update_rows(exec, spec, state, parameters.data(), gradients.data(), 0, 8, rows);
          }) == 0);
  });
}

TEST_CASE("slots begin on cache lines, and empty networks have none") {
  const nn::optimizer_state<float> state(nn::adam{}, 5);
  CHECK(state.size() == 5);
  CHECK(state.slots() == 2);
  for (std::size_t s = 0; s < 2; ++s) CHECK(reinterpret_cast<std::uintptr_t>(state.slot(s).data()) % 64 == 0);
  nn::optimizer_state<float> none(nn::adam{}, 0);
  nn::step<mm::exec::cpu, nn::adam, float>(mm::exec::cpu{}, nn::adam{}, none, nullptr, nullptr);
  CHECK(none.steps() == 1);
}

TEST_CASE("gradients are clipped to a norm as PyTorch does, or to a value") {
  const mm::exec::cpu exec;
  std::vector<double> gradients = goldens()["gradients"];
  gradients.resize(12);
  std::vector<double> same = gradients;
  CHECK(nn::clip_by_norm(exec, same.data(), same.size(), 1e9) == Approx(goldens()["clip.norm"][0]).epsilon(1e-14));
  CHECK(same == gradients);
  CHECK(nn::clip_by_norm(exec, gradients.data(), gradients.size(), 0.75) == nn::global_norm(exec, same.data(), same.size()));
  CHECK(largest_difference(gradients, goldens()["clip.gradients"]) <= 1e-12);

  const double nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> bad{1.0, nan};
  CHECK(std::isnan(nn::clip_by_norm(exec, bad.data(), 2, 0.5)));
  CHECK(bad[0] == 1.0);
  std::vector<float> mixed{-3.0f, 0.25f, 7.0f, std::numeric_limits<float>::infinity()};
  nn::clip_by_value(exec, mixed.data(), mixed.size(), 0.5);
  CHECK(mixed == std::vector<float>{-0.5f, 0.25f, 0.5f, 0.5f});
  CHECK(nn::global_norm<mm::exec::cpu, float>(exec, nullptr, 0) == 0.0);
  // A sum in float would lose the small ones.
  std::vector<float> many(1 << 20, 1.0f);
  many[0] = 1e4f;
  CHECK(nn::global_norm(exec, many.data(), many.size()) == Approx(std::sqrt(1e8 + (1 << 20) - 1)).epsilon(1e-12));
}

TEST_CASE("fields of optimisers without sense are refused by name") {
  const auto said = [](auto&& spec) { return test::thrown<mm::invalid_config>([&] { spec.validate("f"); }); };
  CHECK(said(nn::sgd{.learning_rate = -1.0}) == "f: learning_rate must be finite and not negative");
  CHECK(said(nn::sgd{.weight_decay = std::numeric_limits<double>::quiet_NaN()}) ==
        "f: weight_decay must be finite and not negative");
  CHECK(said(nn::momentum{.decay = 1.0}) == "f: decay must be at least 0 and below 1");
  CHECK(said(nn::nesterov{.decay = -0.1}) == "f: decay must be at least 0 and below 1");
  CHECK(said(nn::adagrad{.rate_decay = -1.0}) == "f: rate_decay must be finite and not negative");
  CHECK_THAT(said(nn::rmsprop{.epsilon = 0.0}), test::contains("f: epsilon must be positive"));
  CHECK_THAT(said(nn::adam{.epsilon = 1e-60}), test::contains("f: epsilon must be positive"));
  CHECK(said(nn::adam{.beta1 = 1.0}) == "f: beta1 must be at least 0 and below 1");
  CHECK(said(nn::adamw{.beta2 = 1.5}) == "f: beta2 must be at least 0 and below 1");
  for_each_optimizer([](const auto& spec) { spec.validate("f"); });
}

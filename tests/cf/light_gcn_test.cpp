// LightGCN: gradients and steps against NumPy in float64 (tests/golden/pairwise.py) and against differences, fold-in
// against propagation over a graph that has the new user.
#include <mmrec/cf/light_gcn.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <mmrec/cf/factor_model.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/adam.hpp>

#include "cf/kinds.hpp"
#include "support/catch.hpp"
#include "support/golden_rows.hpp"
#include "support/peak_memory.hpp"
#include "support/thrown.hpp"

using namespace mmrec;
using test::kinds;
using test::log_of;
using test::thrown;

static_assert(recommender_model<cf::light_gcn_model> && cf::factor_model<cf::light_gcn_model>);

namespace {

const auto golden = test::read_golden_rows("pairwise.csv");

data::interactions golden_log() {
  const auto& r = golden.at("gcn_r");
  std::vector<data::interaction> events;
  for (std::size_t user = 0; user < r.size(); ++user) {
    for (std::size_t item = 0; item < r[user].size(); ++item) {
      if (r[user][item] != 0.0) events.push_back({user_id{user}, item_id{item}});
    }
  }
  return log_of(r.size(), r[0].size(), std::move(events));
}

std::vector<cf::detail::node_triple> golden_triples(int step) {
  std::vector<cf::detail::node_triple> triples;
  for (const auto& row : golden.at("gcn_triples" + std::to_string(step))) {
    triples.push_back(
        {static_cast<std::uint32_t>(row[0]), static_cast<std::uint32_t>(row[1]), static_cast<std::uint32_t>(row[2])});
  }
  return triples;
}

template <class T>
void load(cf::detail::node_table<T>& table, const test::golden_table& rows) {
  for (std::size_t at = 0; at < table.size(); ++at)
    table[at] = static_cast<T>(rows[at / rows[0].size()][at % rows[0].size()]);
}

template <class T>
double difference(const cf::detail::node_table<T>& table, const test::golden_table& rows, double scale = 1.0) {
  double largest = 0.0;
  for (std::size_t at = 0; at < table.size(); ++at) {
    largest = (std::max)(largest,
                         std::abs(scale * static_cast<double>(table[at]) - rows[at / rows[0].size()][at % rows[0].size()]));
  }
  return largest;
}

template <class T>
void check_against_golden(double tolerance) {
  const exec::cpu exec{};
  const cf::detail::bipartite_graph<T> graph(golden_log());
  cf::detail::light_gcn_state<T> state(graph, 3, 3);
  load(state.base, golden.at("gcn_e0"));
  for (int step = 1; step <= 3; ++step) {
    CAPTURE(step);
    const double loss = state.loss_and_gradient(exec, golden_triples(step), 0.1);
    CHECK(loss == Approx(golden.at("gcn_loss" + std::to_string(step))[0][0]).epsilon(tolerance));
    CHECK(difference(state.final, golden.at("gcn_gradient" + std::to_string(step)), static_cast<double>(state.share())) <
          tolerance);
    kernel::adam_steps(exec, state.base.size(),
                       kernel::make_adam(state.base.data(), state.final.data(), state.mean.data(), state.square.data(),
                                         static_cast<double>(state.share()), 0.02, static_cast<std::uint64_t>(step)));
  }
  CHECK(difference(state.base, golden.at("gcn_e3")) < tolerance);
  cf::detail::propagate(exec, graph, 3, 3, state.base, state.final, state.spare);
  CHECK(difference(state.final, golden.at("gcn_f3"), static_cast<double>(state.share())) < tolerance);
}

}  // namespace

TEST_CASE("loss, gradient and three steps are those of NumPy") {
  SECTION("float64") { check_against_golden<double>(1e-12); }
  SECTION("float32") { check_against_golden<float>(2e-5); }
}

TEST_CASE("the gradient is that of the loss, by central differences") {
  const exec::cpu exec{};
  const cf::detail::bipartite_graph<double> graph(golden_log());
  const auto triples = golden_triples(2);
  for (const std::size_t layers : {1u, 2u, 4u}) {
    cf::detail::light_gcn_state<double> state(graph, layers, 3);
    load(state.base, golden.at("gcn_e0"));
    state.loss_and_gradient(exec, triples, 0.3);
    const auto analytic = state.final;
    constexpr double step = 1e-5;
    for (std::size_t at = 0; at < state.base.size(); ++at) {
      const double kept = state.base[at];
      state.base[at] = kept + step;
      const double above = state.loss_and_gradient(exec, triples, 0.3);
      state.base[at] = kept - step;
      const double below = state.loss_and_gradient(exec, triples, 0.3);
      state.base[at] = kept;
      CAPTURE(layers, at);
      CHECK(analytic[at] * state.share() == Approx((above - below) / (2.0 * step)).margin(1e-8));
    }
  }
}

TEST_CASE("steps of Adam are the same at all levels, up to rounding") {
  constexpr std::size_t count = 77;
  random_stream random(seed{8});
  std::vector<float> values(count), gradient(count), mean(count), square(count);
  for (std::size_t at = 0; at < count; ++at) {
    values[at] = static_cast<float>(random.normal());
    gradient[at] = static_cast<float>(random.normal());
    mean[at] = static_cast<float>(0.1 * random.normal());
    square[at] = static_cast<float>(0.1 * random.uniform());
  }
  const std::vector<double> start(values.begin(), values.end());
  for (const auto level : kernel::usable_simd_levels()) {
    CAPTURE(kernel::name_of(level));
    auto v = values, m = mean, s = square;
    kernel::adam_steps(exec::cpu{}, count, kernel::make_adam(v.data(), gradient.data(), m.data(), s.data(), 0.5, 0.01, 7),
                       level);
    for (std::size_t at = 0; at < count; ++at) {
      const double g = 0.5 * static_cast<double>(gradient[at]);
      const double first = 0.9 * static_cast<double>(mean[at]) + 0.1 * g;
      const double second = 0.999 * static_cast<double>(square[at]) + 0.001 * g * g;
      const double wanted =
          start[at] - 0.01 * (first / (1.0 - std::pow(0.9, 7))) / (std::sqrt(second / (1.0 - std::pow(0.999, 7))) + 1e-8);
      CHECK(static_cast<double>(v[at]) == Approx(wanted).epsilon(1e-5).margin(1e-6));
      CHECK(static_cast<double>(m[at]) == Approx(first).epsilon(1e-5).margin(1e-7));
      CHECK(static_cast<double>(s[at]) == Approx(second).epsilon(1e-5));
    }
  }
}

TEST_CASE("light_gcn finds the kinds of users and items") {
  const data::interactions log = kinds(200, 200, 12);
  const auto model = cf::light_gcn{.factors = 8, .layers = 2, .epochs = 30, .batch = 256, .learning_rate = 0.02f}.fit(
      exec::cpu{}, log, seed{1});
  cf::light_gcn_model::workspace scratch;
  const double share = test::kind_share(
      log, 200, 1, [&](std::size_t user, std::span<float> out) { model.score(user_id{user}, out, scratch); });
  CHECK(share > 0.95);
  CHECK(model.report().loss.back() < 0.5 * model.report().loss.front());
}

TEST_CASE("a new user gets what propagation gives to a user whose own layer 0 is zero") {
  const data::interactions log = kinds(60, 80, 8);
  const cf::light_gcn spec{.factors = 6, .layers = 3, .epochs = 2, .batch = 128};
  const auto model = spec.fit(exec::cpu{}, log, seed{1});
  // The fit once more, by its parts; then layer after layer in float64, with a user who reads from items that do not know.
  cf::detail::light_gcn_fitter fitter(exec::cpu{}, spec, log, seed{1});
  fitter.run_epoch(0);
  fitter.run_epoch(1);
  const auto& base = fitter.base();
  const std::size_t nodes = 140;
  std::vector<std::vector<double>> layer(nodes, std::vector<double>(6));
  for (std::size_t at = 0; at < base.size(); ++at) layer[at / 6][at % 6] = static_cast<double>(base[at]);
  const std::vector<std::uint32_t> counts = log.item_counts();
  const std::vector<item_id> history{item_id{2u}, item_id{7u}, item_id{33u}};
  std::vector<double> wanted(6, 0.0);
  for (int depth = 0; depth < 3; ++depth) {
    for (const item_id item : history) {
      for (std::size_t k = 0; k < 6; ++k) {
        wanted[k] += layer[60 + item.index()][k] / std::sqrt(3.0 * counts[item.index()]) / 4.0;
      }
    }
    std::vector<std::vector<double>> next(nodes, std::vector<double>(6, 0.0));
    for (std::size_t user = 0; user < 60; ++user) {
      for (const item_id item : log.history(user_id{user}).items) {
        for (std::size_t k = 0; k < 6; ++k) {
          const double scale = 1.0 / std::sqrt(8.0 * counts[item.index()]);
          next[user][k] += scale * layer[60 + item.index()][k];
          next[60 + item.index()][k] += scale * layer[user][k];
        }
      }
    }
    layer = next;
  }
  cf::light_gcn_model::workspace scratch;
  std::vector<float> found(6);
  const std::vector<float> values(3, 1.0f);
  model.history_vector({history, values}, found, scratch);
  for (std::size_t k = 0; k < 6; ++k) CHECK(static_cast<double>(found[k]) == Approx(wanted[k]).epsilon(1e-4).margin(1e-7));
}

TEST_CASE("rivals of a user who has nearly everything are counted out, each as often as the others") {
  constexpr std::uint32_t items = 20'000;
  std::vector<item_id> chosen;
  for (std::uint32_t item = 0; item < items; ++item) {
    if (item != 0 && item != 777 && item != items - 1) chosen.push_back(item_id{item});
  }
  random_stream random(seed{3});
  std::size_t first = 0, middle = 0, last = 0;
  for (int draw = 0; draw < 3000; ++draw) {
    const std::uint32_t item = cf::detail::draw_missing(chosen, items, random);
    (item == 0 ? first : item == 777 ? middle : last) += 1;
    if (item != 0 && item != 777) REQUIRE(item == items - 1);
  }
  for (const std::size_t count : {first, middle, last}) CHECK(count > 900);
}

TEST_CASE("light_gcn folds in the items that somebody had, and no others") {
  const data::interactions inner = kinds(30, 20, 5);
  const data::interactions log = log_of(30, 24, inner.events());
  const auto model = cf::light_gcn{.factors = 8, .epochs = 2}.fit(exec::cpu{}, log, seed{1});
  cf::light_gcn_model::workspace scratch;
  std::vector<float> scores(24), without(24);
  const std::vector<item_id> cold{item_id{21u}, item_id{23u}}, mixed{item_id{2u}, item_id{23u}}, known{item_id{2u}};
  const std::vector<float> ones(2, 1.0f);
  model.score_history({cold, ones}, scores, scratch);
  for (const float score : scores) CHECK(std::isnan(score));
  model.score_history({mixed, ones}, scores, scratch);
  model.score_history({known, std::span(ones).first(1)}, without, scratch);
  CHECK(scores == without);
}

TEST_CASE("light_gcn gives the same bits for any number of threads, and can be watched") {
  const data::interactions log = kinds(150, 120, 10);
  const cf::light_gcn spec{.factors = 20, .layers = 3, .epochs = 3, .batch = 300};
  const auto one = spec.fit(exec::cpu{}, log, seed{1});
  for (const std::size_t threads : {2u, 8u}) {
    const auto more = spec.fit(exec::cpu{.threads = threads}, log, seed{1});
    CHECK(one.item_vectors() == more.item_vectors());
    CHECK(one.user_vectors() == more.user_vectors());
    CHECK(one.report() == more.report());
  }
  std::vector<std::size_t> seen;
  auto longer = spec;
  longer.epochs = 50;
  const auto stopped = longer.fit(exec::cpu{}, log, seed{1}, [&](std::size_t epochs, const auto& model_so_far) {
    seen.push_back(epochs);
    if (epochs == 1) CHECK(model_so_far().items() == 120);
    return epochs < 3;
  });
  CHECK(seen == std::vector<std::size_t>{1, 2, 3});
  CHECK(stopped.item_vectors() == one.item_vectors());
}

TEST_CASE("light_gcn names what it cannot work with") {
  const data::interactions log = kinds(8, 40, 5);
  const auto fit = [&](const cf::light_gcn& spec) { return [&log, spec] { spec.fit(exec::cpu{}, log, seed{1}); }; };
  CHECK(thrown<invalid_config>(fit({.factors = 0})) == "cf::light_gcn::fit: factors must be in 1..4096");
  CHECK(thrown<invalid_config>(fit({.layers = 0})).starts_with("cf::light_gcn::fit: layers"));
  CHECK(thrown<invalid_config>(fit({.epochs = 0})).starts_with("cf::light_gcn::fit: epochs"));
  CHECK(thrown<invalid_config>(fit({.batch = 0})).starts_with("cf::light_gcn::fit: batch"));
  CHECK(thrown<invalid_config>(fit({.learning_rate = -1.0f})).starts_with("cf::light_gcn::fit: learning_rate"));
  CHECK(thrown<invalid_config>(fit({.regularization = -1.0f})).starts_with("cf::light_gcn::fit: regularization"));
  CHECK(thrown<invalid_config>(fit({.initial_scale = 0.0f})).starts_with("cf::light_gcn::fit: initial_scale"));
  CHECK(thrown<numeric_error>(fit({.epochs = 40, .learning_rate = 1e37f})).find("lower learning_rate") != std::string::npos);
  CHECK(thrown<limit_error>([&] {
          cf::light_gcn{}.fit(exec::cpu{.memory_limit = 1000}, log, seed{1});
        }).starts_with("cf::light_gcn::fit: memory in bytes"));
}

TEST_CASE("light_gcn takes the memory that it announces") {
  const data::interactions log = kinds(1500, 1000, 30);
  const auto spec = GENERATE(cf::light_gcn{.factors = 64, .epochs = 1, .batch = 20000},
                             cf::light_gcn{.factors = 10, .epochs = 1, .batch = 45000});
  test::check_peak(spec.fit_bytes(exec::cpu{}, log), [&] { spec.fit(exec::cpu{}, log, seed{1}); });
}

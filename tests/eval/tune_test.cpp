#include <mmrec/eval/tune/search.hpp>
#include <mmrec/eval/tune/space.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/progress.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/id_map.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/data/split.hpp>
#include <mmrec/eval/protocol.hpp>
#include <mmrec/exec/cpu.hpp>

#include "support/catch.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;
namespace eval = mmrec::eval;
namespace tune = mmrec::eval::tune;
using mm::item_id;
using mm::user_id;
using mm::data::interaction;
using mm::data::interactions;

namespace {

const mm::exec::cpu one_thread{};
using masked_train = eval::full_ranking<eval::mask::train>;

/// Popularity under noise: the less of it, the better the lists.
struct noisy_model {
  std::size_t user_count;
  std::vector<float> counts;
  float noise;
  mm::seed key;
  struct workspace {};
  std::size_t users() const { return user_count; }
  std::size_t items() const { return counts.size(); }
  void score(user_id user, std::span<float> out, workspace&) const {
    mm::random_stream random(key, user.index());
    for (std::size_t item = 0; item < out.size(); ++item) out[item] = counts[item] + noise * random.uniform_float();
  }
  void score_history(mm::history_view, std::span<float> out, workspace& scratch) const { score(user_id{}, out, scratch); }
};

struct inner_settings {
  std::size_t depth = 1;
  friend bool operator==(const inner_settings&, const inner_settings&) = default;
};

/// The noise is least at width 8 and rate 0.1, and falls with the number of rounds.
struct noisy {
  std::size_t width = 1;
  float rate = 1.0f;
  bool biased = false;
  std::size_t rounds = 1;
  inner_settings inner = {};

  float noise() const {
    const double off = std::abs(std::log2(static_cast<double>(width) / 8)) + std::abs(std::log10(double{rate} / 0.1)) +
                       (biased ? 0.0 : 0.5) + static_cast<double>(inner.depth);
    return static_cast<float>(20.0 * off / static_cast<double>(rounds));
  }
  template <mm::executor Exec>
  noisy_model fit(const Exec&, const interactions& log, mm::seed key) const {
    std::vector<float> counts(log.items());
    for (const item_id item : log.item_array()) counts[item.index()] += 1.0f;
    return {log.users(), counts, noise(), key};
  }
  friend bool operator==(const noisy&, const noisy&) = default;
};

mm::split::parts<mm::split::user_random> make_parts() {
  mm::random_stream random(mm::seed{1});
  std::vector<interaction> events;
  for (std::size_t user = 0; user < 150; ++user) {
    std::set<std::size_t> chosen;
    while (chosen.size() < 8) chosen.insert(std::min({random.below(40), random.below(40), random.below(40)}));
    for (const std::size_t item : chosen) events.push_back({user_id{user}, item_id{item}});
  }
  return mm::split::user_random{.validation = 0.25, .test = 0.25}(
      {std::make_shared<const mm::data::user_map>(mm::data::user_map::numbered(150)),
       std::make_shared<const mm::data::item_map>(mm::data::item_map::numbered(40)), events});
}

const mm::split::parts<mm::split::user_random>& parts() {
  static const auto made = make_parts();
  return made;
}

auto small_space() {
  return tune::space<noisy>(noisy{.rounds = 3})
      .choose("width", &noisy::width, {2, 8, 64})
      .choose("biased", &noisy::biased, {false, true})
      .choose("depth", [](noisy& spec) -> std::size_t& { return spec.inner.depth; }, {0, 1});
}

}  // namespace

TEST_CASE("a space enumerates its lists, the last setting fastest") {
  const auto space = small_space();
  CHECK(space.finite());
  CHECK(space.size() == 3);
  REQUIRE(space.points() == 12);
  const auto point = space.at(7);  // width 8, biased, depth 1
  CHECK(point.spec == noisy{.width = 8, .biased = true, .rounds = 3, .inner = {1}});
  CHECK(point.settings == std::vector<tune::setting>{{"width", "8"}, {"biased", "true"}, {"depth", "1"}});
  std::set<std::string> seen;
  for (std::size_t index = 0; index < 12; ++index) {
    std::string text;
    for (const auto& one : space.at(index).settings) text += one.value + ' ';
    CHECK(seen.insert(text).second);
  }
}

TEST_CASE("ranges are drawn within their ends, on the scale asked for") {
  auto space = tune::space<noisy>()
                   .range("width", &noisy::width, 3, 6)
                   .range("rate", &noisy::rate, 1e-4f, 1.0f, tune::scale::logarithmic);
  CHECK_FALSE(space.finite());
  std::vector<std::size_t> widths(10);
  std::size_t small = 0;
  mm::random_stream random(mm::seed{4});
  for (int n = 0; n < 4000; ++n) {
    const noisy spec = space.draw(random).spec;
    REQUIRE((spec.width >= 3 && spec.width <= 6));
    REQUIRE((spec.rate >= 1e-4f && spec.rate <= 1.0f));
    ++widths[spec.width];
    small += spec.rate < 1e-2f ? 1 : 0;
  }
  for (std::size_t width = 3; width <= 6; ++width) CHECK(widths[width] == Approx(1000).margin(120));
  CHECK(small == Approx(2000).margin(130));
}

TEST_CASE("spaces that make no sense are errors with a name") {
  tune::space<noisy> space;
  space.choose("width", &noisy::width, {1});
  CHECK_THROWS_WITH(space.choose("width", &noisy::width, {1, 2}), "eval::tune::space::choose: width is a setting already");
  CHECK_THROWS_WITH(space.choose("rate", &noisy::rate, {}), "eval::tune::space::choose: rate needs at least one value");
  CHECK_THROWS_WITH(space.range("rate", &noisy::rate, 1.0f, 1.0f),
                    "eval::tune::space::range: rate needs low < high, both finite");
  CHECK_THROWS_WITH(space.range("rate", &noisy::rate, 0.0f, 1.0f, tune::scale::logarithmic),
                    "eval::tune::space::range: rate needs low > 0 on a logarithmic scale");
}

TEST_CASE("a grid tries every point with every seed and finds the best mean") {
  const masked_train protocol{.metrics = {.cutoffs = {5}, .auc = false}};
  const tune::grid search{{.measured = "recall@5", .seeds = {mm::seed{1}, mm::seed{2}, mm::seed{3}}}};
  const auto found = search(one_thread, small_space(), protocol, parts().train, parts().validation);
  REQUIRE(found.trials.size() == 12);
  for (const auto& one : found.trials) {
    REQUIRE(one.values.size() == 3);
    for (std::size_t run = 0; run < 3; ++run) {
      const auto model = one.spec.fit(one_thread, parts().train, search.goal.seeds[run]);
      CHECK(one.values[run] == evaluate(protocol, one_thread, model, parts().train, parts().validation).mean("recall@5"));
    }
    const double mean = (one.values[0] + one.values[1] + one.values[2]) / 3;
    double squares = 0.0;
    for (const double value : one.values) squares += (value - mean) * (value - mean);
    CHECK(one.mean == Approx(mean));
    CHECK(one.deviation == Approx(std::sqrt(squares / 2)));
    CHECK(one.mean <= found.trials[found.best].mean);
  }
  CHECK(found.best_spec() == noisy{.width = 8, .biased = true, .rounds = 3, .inner = {0}});
  const auto worst = tune::grid{{.measured = "recall@5", .smaller_is_better = true}}(one_thread, small_space(), protocol,
                                                                                     parts().train, parts().validation);
  CHECK(worst.best_spec().noise() > found.best_spec().noise());
  const std::string text = found.text();
  CHECK(text.starts_with("rung\twidth\tbiased\tdepth\trecall@5\tdeviation\n0\t2\tfalse\t0\t"));
  CHECK(std::count(text.begin(), text.end(), '\n') == 13);
}

TEST_CASE("searches give the same for any number of threads, one after the other and at once") {
  struct counter final : mm::progress_sink {
    std::vector<std::size_t> done;
    bool report(const mm::progress_event& event) override {
      CHECK(event.task == "eval::tune::grid");
      done.push_back(event.done);
      return true;
    }
  };
  const masked_train protocol{.metrics = {.cutoffs = {5}, .auc = false}};
  tune::grid search{{.measured = "ndcg@5", .seeds = {mm::seed{1}, mm::seed{2}}}};
  const auto expected = search(one_thread, small_space(), protocol, parts().train, parts().validation);
  counter progress;
  CHECK(search(mm::exec::cpu{.threads = 8, .progress = &progress}, small_space(), protocol, parts().train,
               parts().validation) == expected);
  CHECK(progress.done.size() == 12);
  CHECK(std::is_sorted(progress.done.begin(), progress.done.end()));
  search.goal.parallel = true;
  for (const std::size_t threads : {1u, 2u, 8u}) {
    CHECK(search(mm::exec::cpu{.threads = threads}, small_space(), protocol, parts().train, parts().validation) == expected);
  }
}

TEST_CASE("models that are fitted at once are counted, stopped and share the memory") {
  struct stop_after final : mm::progress_sink {
    std::size_t allowed, reports = 0;
    explicit stop_after(std::size_t count) : allowed(count) {}
    bool report(const mm::progress_event&) override { return ++reports <= allowed; }
  };
  const masked_train protocol{.metrics = {.cutoffs = {5}}};
  const tune::grid search{{.measured = "ndcg@5", .parallel = true}};
  std::atomic<std::size_t> fits = 0;
  std::atomic<std::uint64_t> limit = 0;
  const auto fit = [&](const noisy& spec, const auto& exec, const auto& train, mm::seed key) {
    ++fits;
    limit = exec.memory_limit;
    return spec.fit(exec, train, key);
  };
  stop_after sink(1);
  CHECK_THROWS_AS(search(mm::exec::cpu{.threads = 3, .progress = &sink, .memory_limit = 600}, small_space(), protocol,
                         parts().train, parts().validation, fit),
                  mm::cancelled);
  CHECK(fits == 3);
  CHECK(limit == 200);
  fits = 0;
  stop_after patient(100);
  search(mm::exec::cpu{.threads = 5, .progress = &patient}, small_space(), protocol, parts().train, parts().validation, fit);
  CHECK(patient.reports == 3);  // 12 points
  CHECK(fits == 12);
  CHECK(limit == 0);
}

TEST_CASE("a search measures what it goes by alone, and finds the same") {
  const masked_train full{.metrics = {.cutoffs = {3, 5, 20}, .auc = true, .r_precision = true}};
  for (const char* name : {"ndcg@5", "recall@20", "auc", "gauc", "r_precision", "gini@3"}) {
    const auto found = tune::random{.goal = {.measured = name}, .trials = 2}(one_thread, small_space(), full, parts().train,
                                                                             parts().validation);
    for (const auto& one : found.trials) {
      const auto model = one.spec.fit(one_thread, parts().train, mm::seed{42});
      CHECK(one.mean == evaluate(full, one_thread, model, parts().train, parts().validation).mean(name));
    }
  }
  const eval::metrics asked{.cutoffs = {3, 5}, .auc = true, .r_precision = true};
  const eval::metrics least = tune::detail::measures_of("ndcg@5", asked);
  CHECK(least.cutoffs == std::vector<std::size_t>{5});
  CHECK_FALSE(least.auc);
  CHECK_FALSE(least.r_precision);
}

TEST_CASE("what the protocol does not measure is refused before anything is fitted") {
  std::size_t fits = 0;
  const auto fit = [&](const noisy& spec, const auto& exec, const auto& train, mm::seed key) {
    ++fits;
    return spec.fit(exec, train, key);
  };
  const masked_train protocol{.metrics = {.cutoffs = {5}}};
  for (const char* name : {"auc", "gauc", "r_precision", "diversity@5", "serendipity@5", "recall@6"}) {
    CHECK(test::thrown<mm::invalid_config>([&] {
            tune::grid{{.measured = name}}(one_thread, small_space(), protocol, parts().train, parts().validation, fit);
          }) == "eval::tune::grid: objective.measured " + std::string(name) + " is not measured by the protocol");
  }
  CHECK(fits == 0);
}

TEST_CASE("users that are new to the models are judged by their histories") {
  const auto all = parts().train_and_validation();
  const auto cut = mm::split::strong_generalisation{.validation = 0.3, .test = 0.2}(all);
  const masked_train protocol{.metrics = {.cutoffs = {5}}};
  const tune::objective goal{.measured = "recall@5"};
  const auto found =
      tune::grid{goal}(one_thread, small_space(), protocol, cut.train, cut.validation_history, cut.validation);
  REQUIRE(found.trials.size() == 12);
  for (const auto& one : found.trials) {
    const auto model = one.spec.fit(one_thread, cut.train, mm::seed{42});
    CHECK(one.mean ==
          evaluate(protocol, one_thread, model, cut.train, cut.validation_history, cut.validation).mean("recall@5"));
    CHECK(one.mean > 0.0);
  }
  CHECK(tune::random{.goal = goal, .trials = 50}(one_thread, small_space(), protocol, cut.train, cut.validation_history,
                                                 cut.validation) == found);
  const tune::budget<noisy> rounds("rounds", &noisy::rounds, {3});
  const auto halved = tune::successive_halving{.goal = goal, .trials = 50}(
      one_thread, small_space(), rounds, protocol, cut.train, cut.validation_history, cut.validation);
  CHECK(halved.best_spec() == found.best_spec());
}

TEST_CASE("a random search tries different points, and all of a small space") {
  const masked_train protocol{.metrics = {.cutoffs = {5}, .auc = false}};
  auto space = small_space().range("rate", &noisy::rate, 1e-3f, 10.0f, tune::scale::logarithmic);
  const tune::random search{.goal = {.measured = "ndcg@5"}, .trials = 15};
  const auto found = search(one_thread, space, protocol, parts().train, parts().validation);
  CHECK(found.trials.size() == 15);
  CHECK(search(mm::exec::cpu{.threads = 8}, space, protocol, parts().train, parts().validation) == found);
  CHECK(tune::random{.goal = {.measured = "ndcg@5"}, .trials = 15, .key = mm::seed{2}}(one_thread, space, protocol,
                                                                                       parts().train, parts().validation)
            .trials != found.trials);
  const auto all = tune::random{.goal = {.measured = "ndcg@5"}, .trials = 50}(one_thread, small_space(), protocol,
                                                                              parts().train, parts().validation);
  CHECK(all.trials.size() == 12);
  const auto some = tune::random{.goal = {.measured = "ndcg@5"}, .trials = 9}(one_thread, small_space(), protocol,
                                                                              parts().train, parts().validation);
  for (std::size_t a = 0; a < some.trials.size(); ++a) {
    for (std::size_t b = 0; b < a; ++b) CHECK(some.trials[a].spec != some.trials[b].spec);
  }
  CHECK(some.trials.size() == 9);
}

TEST_CASE("successive halving keeps the best third of each rung and gives it more") {
  const masked_train protocol{.metrics = {.cutoffs = {5}, .auc = false}};
  const tune::budget<noisy> rounds("rounds", &noisy::rounds, {1, 3, 9});
  const tune::successive_halving search{.goal = {.measured = "ndcg@5"}, .trials = 10, .eta = 3};
  const auto found = search(one_thread, small_space(), rounds, protocol, parts().train, parts().validation);
  REQUIRE(found.trials.size() == 10 + 4 + 2);
  for (std::size_t index = 0; index < found.trials.size(); ++index) {
    const auto& one = found.trials[index];
    CHECK(one.rung == (index < 10 ? 0u : index < 14 ? 1u : 2u));
    CHECK(one.spec.rounds == (one.rung == 0 ? 1u : one.rung == 1 ? 3u : 9u));
    CHECK(one.settings.back() == tune::setting{"rounds", std::to_string(one.spec.rounds)});
  }
  // Who was dropped was no better than who stayed.
  double best_dropped = 0.0, worst_kept = 1.0;
  for (std::size_t first = 0; first < 10; ++first) {
    bool kept = false;
    for (std::size_t next = 10; next < 14; ++next) {
      noisy same = found.trials[next].spec;
      same.rounds = 1;
      kept = kept || same == found.trials[first].spec;
    }
    if (kept) worst_kept = std::min(worst_kept, found.trials[first].mean);
    if (!kept) best_dropped = std::max(best_dropped, found.trials[first].mean);
  }
  CHECK(best_dropped <= worst_kept);
  CHECK(found.best >= 14);
  CHECK(found.trials[found.best].mean == std::max(found.trials[14].mean, found.trials[15].mean));
  CHECK(search(mm::exec::cpu{.threads = 8}, small_space(), rounds, protocol, parts().train, parts().validation) == found);
}

TEST_CASE("a fit of one's own, and searches that make no sense") {
  const masked_train protocol{.metrics = {.cutoffs = {5}, .auc = false}};
  std::size_t fits = 0;
  const auto fit = [&](const noisy& spec, const auto& exec, const auto& train, mm::seed key) {
    ++fits;
    return spec.fit(exec, train, key);
  };
  const auto found =
      tune::grid{{.measured = "ndcg@5"}}(one_thread, small_space(), protocol, parts().train, parts().validation, fit);
  CHECK(fits == 12);
  CHECK(found == tune::grid{{.measured = "ndcg@5"}}(one_thread, small_space(), protocol, parts().train, parts().validation));
  const auto grid = [&](tune::objective goal, const tune::space<noisy>& space) {
    return tune::grid{goal}(one_thread, space, protocol, parts().train, parts().validation);
  };
  CHECK_THROWS_WITH(grid({.measured = "ndcg@10"}, small_space()),
                    "eval::tune::grid: objective.measured ndcg@10 is not measured by the protocol");
  CHECK_THROWS_WITH(grid({.measured = "ndcg@5", .seeds = {}}, small_space()),
                    "eval::tune::grid: objective.seeds must not be empty");
  CHECK_THROWS_WITH(grid({.measured = "ndcg@5"}, tune::space<noisy>().range("rate", &noisy::rate, 0.0f, 1.0f)),
                    "eval::tune::grid: space has a range; a grid needs lists");
  CHECK_THROWS_AS((tune::random{.goal = {.measured = "ndcg@5"}, .trials = 0}(one_thread, small_space(), protocol,
                                                                             parts().train, parts().validation)),
                  mm::invalid_config);
  CHECK_THROWS_AS((tune::successive_halving{.goal = {.measured = "ndcg@5"}, .eta = 1}(
                      one_thread, small_space(), tune::budget<noisy>("rounds", &noisy::rounds, {1}), protocol, parts().train,
                      parts().validation)),
                  mm::invalid_config);
  struct stop final : mm::progress_sink {
    bool report(const mm::progress_event&) override { return false; }
  };
  stop sink;
  CHECK_THROWS_AS(tune::grid{{.measured = "ndcg@5"}}(mm::exec::cpu{.progress = &sink}, small_space(), protocol,
                                                     parts().train, parts().validation),
                  mm::cancelled);
}

// mmrec/eval/tune/search.hpp - searches for the best settings of a recommender, on validation data only.
#pragma once
#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/progress.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/core/stage.hpp>
#include <mmrec/data/split/folded.hpp>
#include <mmrec/data/split/parts.hpp>
#include <mmrec/eval/evaluate.hpp>
#include <mmrec/eval/metric.hpp>
#include <mmrec/eval/protocol.hpp>
#include <mmrec/eval/tune/space.hpp>
#include <mmrec/exec/cpu.hpp>

namespace mmrec::inline v0 {
namespace eval::tune {

/// What a search goes by.
struct objective {
  metric measured = "ndcg@10";
  bool smaller_is_better = false;
  std::vector<seed> seeds = {seed{42}};  ///< each trial is fitted once with each and judged by the mean
  /// Fits as many models at once as the executor has threads, each on one; else one after the other, each on all threads.
  /// The results are the same. Takes the memory of as many models: each may take its share of exec::cpu's memory_limit.
  bool parallel = false;
  friend bool operator==(const objective&, const objective&) = default;
};

/// One point that was tried.
template <class Spec>
struct trial {
  Spec spec;
  std::vector<setting> settings;
  std::size_t rung = 0;             ///< of successive halving: how often the point had survived
  std::vector<double> values = {};  ///< of the measured metric, one for each seed
  double mean = 0.0;
  double deviation = 0.0;  ///< standard deviation over the seeds, 0 for one
  friend bool operator==(const trial&, const trial&) = default;
};

/// Everything that a search tried, in the order of trying.
template <class Spec>
struct tuning {
  metric measured;
  std::vector<trial<Spec>> trials;
  std::size_t best = 0;  ///< the best mean (of the last rung), the first of equals

  const Spec& best_spec() const { return trials[best].spec; }

  /// One line a trial, its settings, mean and deviation separated by tabs, after a line of names; for reports.
  std::string text() const {
    std::string all = "rung";
    for (const setting& one : trials.front().settings) all += '\t' + one.name;
    all += '\t' + measured.name() + "\tdeviation\n";
    for (const trial<Spec>& one : trials) {
      all += std::to_string(one.rung);
      for (const setting& chosen : one.settings) all += '\t' + chosen.value;
      all += '\t' + detail::text_of(one.mean) + '\t' + detail::text_of(one.deviation) + '\n';
    }
    return all;
  }
  friend bool operator==(const tuning&, const tuning&) = default;
};

/// Fits a spec with its own fit(exec, interactions) or fit(exec, interactions, seed).
struct fit_interactions {
  template <class Spec, executor Exec, class Split>
  auto operator()(const Spec& spec, const Exec& exec, const split::train_set<Split>& train, seed key) const {
    return fit_stage(spec, exec, train.interactions(), key);
  }
};

namespace detail {

/// What models are judged on: for a split of known users, and for one of new users with their histories.
template <class Split>
auto judged_on(const split::train_set<Split>& train, const split::validation_set<Split>& validation) {
  return [&](const auto& protocol, const auto& exec, const auto& model) {
    return evaluate(protocol, exec, model, train, validation);
  };
}
template <class Split>
auto judged_on(const split::train_set<Split>& train, const split::validation_history<Split>& histories,
               const split::validation_set<Split>& validation) {
  return [&](const auto& protocol, const auto& exec, const auto& model) {
    return evaluate(protocol, exec, model, train, histories, validation);
  };
}

/// Measures nothing but the goal: what else a protocol asks for takes time, and auc several times the rest.
inline metrics measures_of(metric goal, metrics asked) {
  if (has_cutoff(goal.what)) {
    asked.cutoffs = {goal.k};
  } else {
    asked.cutoffs.resize(1);
  }
  asked.auc = goal.what == measure::auc || goal.what == measure::gauc;
  asked.r_precision = goal.what == measure::r_precision;
  if (!needs_item_vectors(goal.what)) asked.item_vectors = nullptr;
  return asked;
}

template <class Protocol, executor Exec, class Split, class Fit, class Judge>
class judge_of_trials {
 public:
  judge_of_trials(std::string_view function, const Protocol& protocol, const objective& goal, const Exec& exec,
                  const split::train_set<Split>& train, const Fit& fit, const Judge& judge)
      : function_(function), protocol_(protocol), goal_(goal), exec_(exec), train_(train), fit_(fit), judge_(judge) {
    require_config(!goal.seeds.empty(), function, "objective.seeds", "must not be empty");
    protocol.metrics.validate(function);
    require_config(protocol.metrics.include(goal.measured), function, "objective.measured " + goal.measured.name(),
                   "is not measured by the protocol");
    protocol_.metrics = measures_of(goal.measured, protocol.metrics);
  }

  /// Fits and judges trials that have their specs; `done` of `total` are reported before.
  template <class Spec>
  void run(std::span<trial<Spec>> trials, std::size_t done, std::size_t total) const {
    const std::size_t runs = goal_.seeds.size();
    for (trial<Spec>& one : trials) one.values.assign(runs, 0.0);
    const auto judge = [&](const Exec& exec, std::size_t run) {
      trial<Spec>& one = trials[run / runs];
      const auto model = fit_(one.spec, exec, train_, goal_.seeds[run % runs]);
      one.values[run % runs] = judge_(protocol_, exec, model).mean(goal_.measured);
    };
    bool together = false;
    if constexpr (std::same_as<Exec, mmrec::exec::cpu>) {
      together = goal_.parallel && exec_.concurrency() > 1;
      const std::size_t all = trials.size() * runs;
      const std::size_t at_once = (std::min)(exec_.concurrency(), all);
      if (together) {
        mmrec::exec::cpu alone;
        // No limit is written 0.
        if (exec_.memory_limit != 0) alone.memory_limit = (std::max)(exec_.memory_limit / at_once, std::uint64_t{1});
        for (std::size_t first = 0; first < all; first += at_once) {
          report_progress(exec_.sink(), function_, done + first / runs, total);
          exec_.run((std::min)(at_once, all - first), [&](std::size_t run) { judge(alone, first + run); });
        }
      }
    }
    if (!together) {
      Exec quiet = exec_;
      if constexpr (std::same_as<Exec, mmrec::exec::cpu>) quiet.progress = nullptr;
      for (std::size_t run = 0; run < trials.size() * runs; ++run) {
        if (run % runs == 0) report_progress(exec_.sink(), function_, done + run / runs, total);
        judge(quiet, run);
      }
    }
    for (trial<Spec>& one : trials) summarize(one);
  }

  bool better(double left, double right) const { return goal_.smaller_is_better ? left < right : left > right; }

 private:
  template <class Spec>
  static void summarize(trial<Spec>& one) {
    const auto count = static_cast<double>(one.values.size());
    double sum = 0.0, squares = 0.0;
    for (const double value : one.values) sum += value;
    one.mean = sum / count;
    for (const double value : one.values) squares += (value - one.mean) * (value - one.mean);
    one.deviation = one.values.size() > 1 ? std::sqrt(squares / (count - 1.0)) : 0.0;
  }

  std::string_view function_;
  Protocol protocol_;
  const objective& goal_;
  const Exec& exec_;
  const split::train_set<Split>& train_;
  const Fit& fit_;
  const Judge& judge_;
};

template <class Spec, class Judge>
std::size_t best_of(std::span<const trial<Spec>> trials, const Judge& judge) {
  std::size_t best = 0;
  for (std::size_t index = 1; index < trials.size(); ++index) {
    if (judge.better(trials[index].mean, trials[best].mean)) best = index;
  }
  return best;
}

/// Up to `count` different points; all of a finite space that has no more.
template <class Spec>
std::vector<trial<Spec>> drawn_trials(const space<Spec>& from, std::size_t count, seed key) {
  std::vector<trial<Spec>> trials;
  if (from.finite() && from.points() <= count) {
    for (std::size_t index = 0; index < from.points(); ++index) {
      auto point = from.at(index);
      trials.push_back({std::move(point.spec), std::move(point.settings)});
    }
    return trials;
  }
  // A draw that was there before is drawn anew; a space of many points rarely needs it.
  for (std::uint64_t draw = 0; trials.size() < count && draw < 100 * std::uint64_t{count}; ++draw) {
    random_stream random(key, draw);
    auto point = from.draw(random);
    const bool known =
        std::any_of(trials.begin(), trials.end(), [&](const auto& one) { return one.settings == point.settings; });
    if (!known) trials.push_back({std::move(point.spec), std::move(point.settings)});
  }
  return trials;
}

}  // namespace detail

/// Tries every point of a space of lists.
///
/// Cost       points x seeds fits and evaluations, of the measure that the objective asks for alone
/// Result     the same for any number of threads, if the models are
/// Throws     invalid_config for a space with a range, and if the protocol does not measure what the objective asks for;
///            cancelled; what fitting and evaluating throw. Test data does not come near it: that does not compile, nor does
///            a split of new users without their histories
/// Example    const auto found = eval::tune::grid{{.measured = "ndcg@10"}}(exec, space, protocol, parts.train, parts.validation);
///            found.best_spec();
///            eval::tune::grid{}(exec, space, protocol, parts.train, parts.validation_history, parts.validation);
struct grid {
  objective goal = {};

  template <class Spec, executor Exec, ranking_protocol Protocol, class Split, class Fit = fit_interactions>
  tuning<Spec> operator()(const Exec& exec, const space<Spec>& from, const Protocol& protocol,
                          const split::train_set<Split>& train, const split::validation_set<Split>& validation,
                          const Fit& fit = {}) const {
    return search(exec, from, protocol, train, fit, detail::judged_on(train, validation));
  }
  /// For a split whose held-out users are new: split::strong_generalisation.
  template <class Spec, executor Exec, ranking_protocol Protocol, class Split, class Fit = fit_interactions>
  tuning<Spec> operator()(const Exec& exec, const space<Spec>& from, const Protocol& protocol,
                          const split::train_set<Split>& train, const split::validation_history<Split>& histories,
                          const split::validation_set<Split>& validation, const Fit& fit = {}) const {
    return search(exec, from, protocol, train, fit, detail::judged_on(train, histories, validation));
  }
  friend bool operator==(const grid&, const grid&) = default;

 private:
  template <class Spec, executor Exec, class Protocol, class Split, class Fit, class Judge>
  tuning<Spec> search(const Exec& exec, const space<Spec>& from, const Protocol& protocol,
                      const split::train_set<Split>& train, const Fit& fit, const Judge& judge) const {
    constexpr std::string_view function = "eval::tune::grid";
    require_config(from.finite(), function, "space", "has a range; a grid needs lists");
    const mmrec::exec::session<Exec> session(exec);
    const detail::judge_of_trials judge_all(function, protocol, goal, session.executor(), train, fit, judge);
    tuning<Spec> found{goal.measured, detail::drawn_trials(from, from.points(), {}), 0};
    judge_all.run(std::span(found.trials), 0, found.trials.size());
    found.best = detail::best_of(std::span<const trial<Spec>>(found.trials), judge_all);
    return found;
  }
};

/// Tries random points, no point twice: better than a grid where few of the settings matter.
///
/// Result     a function of the key and of what the models depend on
/// Throws     invalid_config for 0 trials; otherwise as grid
/// Example    eval::tune::random{.trials = 30}(exec, space, protocol, parts.train, parts.validation)
/// Reference  Bergstra, Bengio, "Random search for hyper-parameter optimization", JMLR 13, 2012
struct random {
  objective goal = {};
  std::size_t trials = 20;
  seed key = seed{42};

  template <class Spec, executor Exec, ranking_protocol Protocol, class Split, class Fit = fit_interactions>
  tuning<Spec> operator()(const Exec& exec, const space<Spec>& from, const Protocol& protocol,
                          const split::train_set<Split>& train, const split::validation_set<Split>& validation,
                          const Fit& fit = {}) const {
    return search(exec, from, protocol, train, fit, detail::judged_on(train, validation));
  }
  /// For a split whose held-out users are new: split::strong_generalisation.
  template <class Spec, executor Exec, ranking_protocol Protocol, class Split, class Fit = fit_interactions>
  tuning<Spec> operator()(const Exec& exec, const space<Spec>& from, const Protocol& protocol,
                          const split::train_set<Split>& train, const split::validation_history<Split>& histories,
                          const split::validation_set<Split>& validation, const Fit& fit = {}) const {
    return search(exec, from, protocol, train, fit, detail::judged_on(train, histories, validation));
  }
  friend bool operator==(const random&, const random&) = default;

 private:
  template <class Spec, executor Exec, class Protocol, class Split, class Fit, class Judge>
  tuning<Spec> search(const Exec& exec, const space<Spec>& from, const Protocol& protocol,
                      const split::train_set<Split>& train, const Fit& fit, const Judge& judge) const {
    constexpr std::string_view function = "eval::tune::random";
    require_config(trials >= 1, function, "trials", "must be at least 1");
    const mmrec::exec::session<Exec> session(exec);
    const detail::judge_of_trials judge_all(function, protocol, goal, session.executor(), train, fit, judge);
    tuning<Spec> found{goal.measured, detail::drawn_trials(from, trials, key), 0};
    judge_all.run(std::span(found.trials), 0, found.trials.size());
    found.best = detail::best_of(std::span<const trial<Spec>>(found.trials), judge_all);
    return found;
  }
};

/// What a rung of successive halving gives each point: the values of one setting of the spec, growing, such as iterations.
template <class Spec>
class budget {
 public:
  /// Throws invalid_config for an empty list.
  template <class Place, class T = std::remove_cvref_t<std::invoke_result_t<Place, Spec&>>>
  budget(std::string name, Place place, std::type_identity_t<std::vector<T>> values)
      : name_(std::move(name)), rungs_(values.size()) {
    require_config(!values.empty(), "eval::tune::budget", name_, "needs at least one value");
    set_ = [place, values](Spec& spec, std::size_t rung) {
      std::invoke(place, spec) = values[rung];
      return detail::text_of<T>(values[rung]);
    };
  }
  const std::string& name() const { return name_; }
  std::size_t rungs() const { return rungs_; }
  setting apply(Spec& spec, std::size_t rung) const { return {name_, set_(spec, rung)}; }

 private:
  std::string name_;
  std::size_t rungs_;
  std::function<std::string(Spec&, std::size_t)> set_;
};

/// Tries many points with a small budget, keeps the best part of them, and gives those more, rung by rung.
///
/// Rule       the first rung has `trials` random points, no point twice; each next one the best 1 / eta of the one before,
///            rounded up, the earlier of equals; the best one is that of the last rung
/// Cost       the sum over rungs of points x seeds fits, each with the budget of its rung
/// Result     a function of the key and of what the models depend on
/// Throws     invalid_config for 0 trials or eta < 2; otherwise as grid
/// Avoid when models with a small budget rank otherwise than with a large one (regularisation that needs many iterations)
/// Example    eval::tune::successive_halving{.trials = 27}(exec, space,
///                eval::tune::budget<cf::ials>("iterations", &cf::ials::iterations, {2, 6, 18}), protocol, parts.train,
///                parts.validation)
/// Reference  Jamieson, Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization", AISTATS 2016
struct successive_halving {
  objective goal = {};
  std::size_t trials = 27;
  std::size_t eta = 3;
  seed key = seed{42};

  template <class Spec, executor Exec, ranking_protocol Protocol, class Split, class Fit = fit_interactions>
  tuning<Spec> operator()(const Exec& exec, const space<Spec>& from, const budget<Spec>& budgets, const Protocol& protocol,
                          const split::train_set<Split>& train, const split::validation_set<Split>& validation,
                          const Fit& fit = {}) const {
    return search(exec, from, budgets, protocol, train, fit, detail::judged_on(train, validation));
  }
  /// For a split whose held-out users are new: split::strong_generalisation.
  template <class Spec, executor Exec, ranking_protocol Protocol, class Split, class Fit = fit_interactions>
  tuning<Spec> operator()(const Exec& exec, const space<Spec>& from, const budget<Spec>& budgets, const Protocol& protocol,
                          const split::train_set<Split>& train, const split::validation_history<Split>& histories,
                          const split::validation_set<Split>& validation, const Fit& fit = {}) const {
    return search(exec, from, budgets, protocol, train, fit, detail::judged_on(train, histories, validation));
  }
  friend bool operator==(const successive_halving&, const successive_halving&) = default;

 private:
  template <class Spec, executor Exec, class Protocol, class Split, class Fit, class Judge>
  tuning<Spec> search(const Exec& exec, const space<Spec>& from, const budget<Spec>& budgets, const Protocol& protocol,
                      const split::train_set<Split>& train, const Fit& fit, const Judge& judge) const {
    constexpr std::string_view function = "eval::tune::successive_halving";
    require_config(trials >= 1, function, "trials", "must be at least 1");
    require_config(eta >= 2, function, "eta", "must be at least 2");
    const mmrec::exec::session<Exec> session(exec);
    const detail::judge_of_trials judge_all(function, protocol, goal, session.executor(), train, fit, judge);
    std::vector<trial<Spec>> points = detail::drawn_trials(from, trials, key);
    for (trial<Spec>& one : points) one.settings.push_back({budgets.name(), {}});
    std::size_t total = 0;
    for (std::size_t rung = 0, left = points.size(); rung < budgets.rungs(); ++rung, left = (left + eta - 1) / eta)
      total += left;
    tuning<Spec> found{goal.measured, {}, 0};
    for (std::size_t rung = 0; rung < budgets.rungs(); ++rung) {
      for (trial<Spec>& one : points) {
        one.rung = rung;
        one.settings.back() = budgets.apply(one.spec, rung);
      }
      judge_all.run(std::span(points), found.trials.size(), total);
      const std::size_t first = found.trials.size();
      found.trials.insert(found.trials.end(), points.begin(), points.end());
      found.best = first + detail::best_of(std::span<const trial<Spec>>(points), judge_all);
      std::stable_sort(points.begin(), points.end(),
                       [&](const auto& a, const auto& b) { return judge_all.better(a.mean, b.mean); });
      points.resize((points.size() + eta - 1) / eta, points.front());
    }
    return found;
  }
};

}  // namespace eval::tune
}  // namespace mmrec::inline v0

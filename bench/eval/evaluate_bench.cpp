// How many users an evaluation judges in a second, beside the cost of scoring alone and a naive twin that sorts everything.
//
// 20,000 items, scores by inner products of 64 factors, which no model beats by much; 10 relevant items for each user, about
// what a tenth of a long history gives. 997 users: a prime, so that the last task is never full.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <benchmark/benchmark.h>

#include <mmrec/core/ids.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/id_map.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/data/split.hpp>
#include <mmrec/eval/bootstrap.hpp>
#include <mmrec/eval/evaluate.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/topk_dot.hpp>

namespace mm = mmrec;
namespace eval = mmrec::eval;

namespace {

constexpr std::size_t user_count = 997;
constexpr std::size_t item_count = 20'000;
constexpr std::size_t factors = 64;
constexpr std::size_t train_items = 50;
constexpr std::size_t test_items = 10;
const mm::exec::cpu one_thread{};

/// Inner products by Eigen.
class factor_model {
 public:
  struct workspace {};
  factor_model() : users_(fill(user_count, 1)), items_(fill(item_count, 2)) {}
  std::size_t users() const { return user_count; }
  std::size_t items() const { return item_count; }
  void score(mm::user_id user, std::span<float> out, workspace&) const {
    Eigen::Map<mm::vector<float>>(out.data(), static_cast<Eigen::Index>(out.size())).noalias() =
        items_ * users_.row(static_cast<Eigen::Index>(user.index())).transpose();
  }
  void score_history(mm::history_view, std::span<float> out, workspace& scratch) const {
    score(mm::user_id{}, out, scratch);
  }

  mm::matrix_view<float> vectors() const { return items_; }
  std::span<const float> row(mm::user_id user) const { return mm::row_of(users_, static_cast<Eigen::Index>(user.index())); }

 private:
  static mm::matrix<float> fill(std::size_t rows, std::uint64_t number) {
    mm::matrix<float> values(static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(factors));
    mm::random_stream random(mm::seed{number});
    for (Eigen::Index i = 0; i < values.size(); ++i) values.data()[i] = random.uniform_float() - 0.5f;
    return values;
  }
  mm::matrix<float> users_;
  mm::matrix<float> items_;
};

mm::split::parts<mm::split::given> make_parts() {
  const auto users = std::make_shared<const mm::data::user_map>(mm::data::user_map::numbered(user_count));
  const auto items = std::make_shared<const mm::data::item_map>(mm::data::item_map::numbered(item_count));
  std::vector<mm::data::interaction> train;
  std::vector<mm::data::interaction> test;
  mm::random_stream random(mm::seed{3});
  for (std::size_t user = 0; user < user_count; ++user) {
    auto chosen = random.sample(item_count, train_items + test_items);
    random.shuffle(std::span(chosen));
    for (std::size_t n = 0; n < chosen.size(); ++n) {
      (n < train_items ? train : test).push_back({mm::user_id{user}, mm::item_id{chosen[n]}});
    }
  }
  return mm::split::given{.name = "random"}({users, items, train}, {users, items, {}}, {users, items, test});
}

const factor_model& model() {
  static const factor_model made;
  return made;
}
const mm::split::parts<mm::split::given>& parts() {
  static const mm::split::parts<mm::split::given> made = make_parts();
  return made;
}

void count_users(benchmark::State& state) {
  state.counters["users/s"] =
      benchmark::Counter(static_cast<double>(user_count), benchmark::Counter::kIsIterationInvariantRate);
}

void scoring_alone(benchmark::State& state) {
  std::vector<float> scores(item_count);
  factor_model::workspace scratch;
  for (auto _ : state) {
    for (std::size_t user = 0; user < user_count; ++user) {
      model().score(mm::user_id{user}, scores, scratch);
      benchmark::DoNotOptimize(scores.data());
    }
  }
  count_users(state);
}
BENCHMARK(scoring_alone)->Unit(benchmark::kMillisecond);

/// Arguments: largest cut-off; whether AUC is measured; threads.
void evaluate(benchmark::State& state) {
  const eval::full_ranking<eval::mask::train> protocol{
      .metrics = {.cutoffs = {10, static_cast<std::size_t>(state.range(0))}, .auc = state.range(1) != 0}};
  const mm::exec::cpu exec{.threads = static_cast<std::size_t>(state.range(2))};
  for (auto _ : state) benchmark::DoNotOptimize(eval::evaluate(protocol, exec, model(), parts()));
  count_users(state);
}
BENCHMARK(evaluate)
    ->ArgNames({"k", "auc", "threads"})
    ->Args({20, 0, 1})
    ->Args({20, 1, 1})
    ->Args({100, 1, 1})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(evaluate)->ArgNames({"k", "auc", "threads"})->Args({20, 1, 2})->UseRealTime()->Unit(benchmark::kMillisecond);

/// The same model with its vectors: the lists of many users come from one search.
struct searched_model {
  const factor_model& of;
  using workspace = factor_model::workspace;
  std::size_t users() const { return of.users(); }
  std::size_t items() const { return of.items(); }
  mm::matrix_view<float> item_vectors() const { return of.vectors(); }
  void user_vector(mm::user_id user, std::span<float> out, workspace&) const {
    std::copy_n(of.row(user).begin(), out.size(), out.begin());
  }
  void score(mm::user_id user, std::span<float> out, workspace& scratch) const { of.score(user, out, scratch); }
  void score_history(mm::history_view history, std::span<float> out, workspace& scratch) const {
    of.score_history(history, out, scratch);
  }
};

void evaluate_by_search(benchmark::State& state) {
  const eval::full_ranking<eval::mask::train> protocol{.metrics = {.cutoffs = {20}, .auc = false}};
  const searched_model searched{model()};
  for (auto _ : state) benchmark::DoNotOptimize(eval::evaluate(protocol, one_thread, searched, parts()));
  count_users(state);
}
BENCHMARK(evaluate_by_search)->Unit(benchmark::kMillisecond);

/// What an evaluation cannot do without: the search for the lists, seen items masked.
void lists_alone(benchmark::State& state) {
  const mm::matrix_view<float> vectors = model().vectors();
  std::vector<mm::scored_item> lists(user_count * 20);
  std::vector<std::size_t> counts(user_count);
  std::vector<std::span<const mm::item_id>> seen;
  std::vector<float> queries;
  for (std::size_t user = 0; user < user_count; ++user) {
    seen.push_back(parts().train.interactions().history(mm::user_id{user}).items);
    queries.insert(queries.end(), model().row(mm::user_id{user}).begin(), model().row(mm::user_id{user}).end());
  }
  for (auto _ : state) {
    const mm::kernel::packed_items packed(std::span(vectors.data(), item_count * factors), item_count, factors);
    packed.search(one_thread, queries, 20, seen, lists, counts);
    benchmark::DoNotOptimize(lists.data());
  }
  count_users(state);
}
BENCHMARK(lists_alone)->Unit(benchmark::kMillisecond);

/// Scores that are there already, so that everything but the model is measured.
struct stored_scores {
  static constexpr std::size_t rows = 16;
  std::vector<float> values;
  struct workspace {};
  stored_scores() : values(rows * item_count) {
    mm::random_stream random(mm::seed{6});
    for (float& value : values) value = random.uniform_float();
  }
  std::size_t users() const { return user_count; }
  std::size_t items() const { return item_count; }
  void score(mm::user_id user, std::span<float> out, workspace&) const {
    std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(user.index() % rows * item_count), item_count, out.begin());
  }
  void score_history(mm::history_view, std::span<float> out, workspace& scratch) const {
    score(mm::user_id{}, out, scratch);
  }
};

void evaluate_stored_scores(benchmark::State& state) {
  const stored_scores stored;
  const eval::full_ranking<eval::mask::train> protocol{
      .metrics = {.cutoffs = {10, static_cast<std::size_t>(state.range(0))}, .auc = state.range(1) != 0}};
  for (auto _ : state) benchmark::DoNotOptimize(eval::evaluate(protocol, one_thread, stored, parts()));
  count_users(state);
}
BENCHMARK(evaluate_stored_scores)
    ->ArgNames({"k", "auc"})
    ->Args({20, 0})
    ->Args({20, 1})
    ->Args({100, 1})
    ->Unit(benchmark::kMillisecond);

/// The twin: sorts all items of each user and reads Recall@20, NDCG@20 and AUC off the ranks.
void naive_full_sort(benchmark::State& state) {
  const auto& train = parts().train.interactions();
  const auto& test = parts().test.interactions();
  factor_model::workspace scratch;
  for (auto _ : state) {
    double recall = 0.0;
    double ndcg = 0.0;
    double auc = 0.0;
    for (std::size_t user = 0; user < user_count; ++user) {
      std::vector<float> scores(item_count);
      model().score(mm::user_id{user}, scores, scratch);
      std::vector<bool> masked(item_count, false);
      for (const mm::item_id item : train.history(mm::user_id{user}).items) masked[item.index()] = true;
      std::vector<std::uint32_t> order;
      for (std::uint32_t item = 0; item < item_count; ++item) {
        if (!masked[item]) order.push_back(item);
      }
      std::sort(order.begin(), order.end(), [&](std::uint32_t left, std::uint32_t right) {
        return scores[left] > scores[right] || (scores[left] == scores[right] && left < right);
      });
      const auto relevant = test.history(mm::user_id{user}).items;
      double found = 0.0;
      double others = 0.0;
      double wins = 0.0;
      for (std::size_t rank = 0; rank < order.size(); ++rank) {
        if (!std::binary_search(relevant.begin(), relevant.end(), mm::item_id{order[rank]})) {
          others += 1.0;
          wins += found;
          continue;
        }
        found += 1.0;
        if (rank >= 20) continue;
        recall += 1.0 / static_cast<double>(relevant.size());
        ndcg += 1.0 / std::log2(static_cast<double>(rank) + 2.0);
      }
      auc += wins / (others * found);
    }
    benchmark::DoNotOptimize(recall);
    benchmark::DoNotOptimize(ndcg);
    benchmark::DoNotOptimize(auc);
  }
  count_users(state);
}
BENCHMARK(naive_full_sort)->Unit(benchmark::kMillisecond);

void paired_bootstrap(benchmark::State& state) {
  const auto users = static_cast<std::size_t>(state.range(0));
  mm::random_stream random(mm::seed{5});
  std::vector<double> first(users);
  std::vector<double> second(users);
  for (double& value : first) value = random.uniform();
  for (double& value : second) value = random.uniform();
  const eval::bootstrap_options options{};
  for (auto _ : state) benchmark::DoNotOptimize(eval::paired_bootstrap(one_thread, first, second, options));
  state.counters["draws/s"] =
      benchmark::Counter(static_cast<double>(users * options.resamples), benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(paired_bootstrap)->ArgName("users")->Arg(1000)->Arg(10'000)->Unit(benchmark::kMillisecond);

}  // namespace

// The ways to ask models: in batches by their factors, by histories of new users, for cold and warm items apart.
#include <mmrec/eval/evaluate.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/progress.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/id_map.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/data/split.hpp>
#include <mmrec/exec/cpu.hpp>

#include "support/catch.hpp"

namespace mm = mmrec;
namespace eval = mmrec::eval;
using eval::measure;
using mm::item_id;
using mm::user_id;
using mm::data::interaction;
using mm::data::interactions;

namespace {

const mm::exec::cpu one_thread{};
using masked_train = eval::full_ranking<eval::mask::train>;

interactions random_interactions(std::uint64_t number, std::uint32_t users, std::uint32_t items) {
  mm::random_stream random(mm::seed{number});
  std::vector<interaction> events;
  for (std::uint32_t user = 0; user < users; ++user) {
    for (const std::uint32_t item : random.sample(items, random.below(items / 3 + 1))) {
      const auto time = item % 5 == 0 ? 80 + random.below(20) : random.below(100);
      events.push_back({user_id{user}, item_id{item}, static_cast<float>(1 + random.below(5)), time});
    }
  }
  return {std::make_shared<const mm::data::user_map>(mm::data::user_map::numbered(users)),
          std::make_shared<const mm::data::item_map>(mm::data::item_map::numbered(items)), std::move(events)};
}

/// Vectors of small whole numbers: inner products are exact in any order of addition, and many are equal.
class factor_model {
 public:
  struct workspace {};
  factor_model(std::uint64_t number, std::size_t users, std::size_t items, bool whole) {
    mm::random_stream random(mm::seed{number});
    for (auto* rows : {&users_, &items_}) {
      rows->resize(static_cast<Eigen::Index>(rows == &users_ ? users : items), 7);
      for (Eigen::Index i = 0; i < rows->size(); ++i) {
        rows->data()[i] = whole ? static_cast<float>(random.below(7)) - 3.0f : random.uniform_float() - 0.5f;
      }
      for (Eigen::Index row = 0; row < rows->rows(); ++row) {
        if (random.below(15) == 0) rows->row(row).setConstant(mm::no_score);
      }
    }
  }
  std::size_t users() const { return static_cast<std::size_t>(users_.rows()); }
  std::size_t items() const { return static_cast<std::size_t>(items_.rows()); }
  mm::matrix_view<float> item_vectors() const { return items_; }
  void user_vector(user_id user, std::span<float> out, workspace&) const {
    std::copy_n(users_.data() + static_cast<Eigen::Index>(user.index()) * users_.cols(), out.size(), out.begin());
  }
  void score(user_id user, std::span<float> out, workspace&) const {
    for (Eigen::Index item = 0; item < items_.rows(); ++item) {
      float sum = 0.0f;
      for (Eigen::Index k = 0; k < items_.cols(); ++k)
        sum += users_(static_cast<Eigen::Index>(user.index()), k) * items_(item, k);
      out[static_cast<std::size_t>(item)] = sum;
    }
  }
  void score_history(mm::history_view, std::span<float> out, workspace&) const { std::fill(out.begin(), out.end(), 0.0f); }

 private:
  mm::matrix<float> users_;
  mm::matrix<float> items_;
};
static_assert(eval::detail::has_factors<factor_model>);

/// The same model without its vectors.
struct scores_only {
  const factor_model& model;
  using workspace = factor_model::workspace;
  std::size_t users() const { return model.users(); }
  std::size_t items() const { return model.items(); }
  void score(user_id user, std::span<float> out, workspace& scratch) const { model.score(user, out, scratch); }
  void score_history(mm::history_view, std::span<float> out, workspace&) const { std::fill(out.begin(), out.end(), 0.0f); }
};
static_assert(!eval::detail::has_factors<scores_only>);

template <template <class> class Ranking>
void check_batches(const factor_model& model, const mm::split::parts<mm::split::user_ratio>& parts) {
  for (const bool auc : {false, true}) {
    for (const bool r_precision : {false, true}) {
      for (const std::size_t k : {std::size_t{3}, std::size_t{200}}) {
        const eval::metrics measured{.cutoffs = {1, k}, .auc = auc, .r_precision = r_precision};
        const Ranking<eval::mask::nothing> nothing{.metrics = measured};
        const Ranking<eval::mask::train> train{.metrics = measured, .relevance = {.at_least = 2}};
        const Ranking<eval::mask::train_and_validation> both{.metrics = measured};
        const scores_only plain{model};
        CHECK(evaluate(nothing, one_thread, model, parts) == evaluate(nothing, one_thread, plain, parts));
        CHECK(evaluate(train, one_thread, model, parts) == evaluate(train, one_thread, plain, parts));
        CHECK(evaluate(both, one_thread, model, parts) == evaluate(both, one_thread, plain, parts));
        CHECK(evaluate(train, one_thread, model, parts.train, parts.validation) ==
              evaluate(train, one_thread, plain, parts.train, parts.validation));
      }
    }
  }
}

/// Recommends what the history's neighbours by id are: only a history tells it anything.
struct history_model {
  std::size_t user_count, item_count;
  struct workspace {};
  std::size_t users() const { return user_count; }
  std::size_t items() const { return item_count; }
  void score(user_id, std::span<float>, workspace&) const { throw mm::data_error("history_model::score", "was called"); }
  void score_history(mm::history_view history, std::span<float> out, workspace&) const {
    for (std::size_t item = 0; item < out.size(); ++item) {
      out[item] = 0.0f;
      for (const item_id past : history.items) {
        const auto away = static_cast<float>(item) - static_cast<float>(past.index());
        out[item] += 1.0f / (1.0f + away * away);
      }
    }
  }
};

}  // namespace

TEST_CASE("models of factors: one search for many users finds the lists of one score after another") {
  for (std::uint64_t number = 0; number < 6; ++number) {
    const std::uint32_t users = 20 + 50 * static_cast<std::uint32_t>(number),
                        items = 60 + 13 * static_cast<std::uint32_t>(number);
    const auto parts = mm::split::user_ratio{.validation = 0.2, .test = 0.3}(random_interactions(number, users, items));
    const factor_model model(100 + number, users, items, true);
    check_batches<eval::full_ranking>(model, parts);
    check_batches<eval::cold_ranking>(model, parts);
    check_batches<eval::warm_ranking>(model, parts);
    check_batches<eval::full_ranking_of_cold>(model, parts);
  }
}

TEST_CASE("models of factors: the same lists with and without AUC, for any number of threads, with progress") {
  struct counter final : mm::progress_sink {
    std::size_t reports = 0;
    bool report(const mm::progress_event&) override { return ++reports > 0; }
  };
  const auto parts = mm::split::user_ratio{.validation = 0.2, .test = 0.3}(random_interactions(9, 700, 90));
  const factor_model model(10, 700, 90, false);
  const masked_train searched{}, scored{.metrics = {.auc = true}};
  const auto lists = evaluate(searched, one_thread, model, parts);
  const auto rows = evaluate(scored, one_thread, model, parts);
  REQUIRE(lists.users().size() > 500);
  for (std::size_t place = 0; place < lists.users().size(); ++place)
    CHECK(std::ranges::equal(lists.list(place), rows.list(place)));
  for (const eval::metric which : lists.metrics()) CHECK(lists.mean(which) == rows.mean(which));
  for (const std::size_t threads : {2u, 8u}) {
    CHECK(evaluate(searched, mm::exec::cpu{.threads = threads}, model, parts) == lists);
    CHECK(evaluate(scored, mm::exec::cpu{.threads = threads}, model, parts) == rows);
  }
  counter progress;
  CHECK(evaluate(searched, mm::exec::cpu{.threads = 2, .progress = &progress}, model, parts) == lists);
  CHECK(progress.reports > 3);
}

TEST_CASE("models of factors: a held-out pair that is masked is found, vectors of another size as well") {
  const auto parts = mm::split::user_ratio{.validation = 0.2, .test = 0.3}(random_interactions(11, 60, 40));
  const factor_model model(12, 60, 40, true);
  const mm::split::validation_set<mm::split::user_ratio> leaked(parts.train.rule(), parts.train.interactions());
  CHECK_THROWS_WITH(evaluate(masked_train{.metrics = {.auc = false}}, one_thread, model, parts.train, leaked),
                    test::contains("is both held out and masked"));
}

TEST_CASE("new users are judged by their history") {
  const interactions all = random_interactions(20, 200, 60);
  const auto parts = mm::split::strong_generalisation{.validation = 0.2, .test = 0.3}(all);
  const history_model model{200, 60};
  const masked_train protocol{.metrics = {.cutoffs = {5, 20}}};
  const auto found = evaluate(protocol, one_thread, model, parts);
  const auto validated = evaluate(protocol, one_thread, model, parts.train, parts.validation_history, parts.validation);
  CHECK(found.users().size() > 40);
  CHECK(validated.users().size() > 25);
  for (std::size_t place = 0; place < found.users().size(); ++place) {
    const user_id user = found.users()[place];
    const auto past = parts.test_history.interactions().history(user);
    std::vector<float> scores(60);
    history_model::workspace scratch;
    model.score_history(past, scores, scratch);
    std::vector<std::pair<float, std::size_t>> order;
    for (std::size_t item = 0; item < 60; ++item) {
      if (!std::binary_search(past.items.begin(), past.items.end(), item_id{item})) order.emplace_back(-scores[item], item);
    }
    std::sort(order.begin(), order.end());
    const auto list = found.list(place);
    REQUIRE(list.size() == std::min<std::size_t>(20, order.size()));
    for (std::size_t rank = 0; rank < list.size(); ++rank) CHECK(list[rank].index() == order[rank].second);
  }
  const auto unmasked =
      evaluate(eval::full_ranking<eval::mask::nothing>{.metrics = {.cutoffs = {5, 20}}}, one_thread, model, parts);
  CHECK(unmasked.mean("recall@5") < found.mean("recall@5"));
  CHECK(evaluate(protocol, mm::exec::cpu{.threads = 8}, model, parts) == found);
  CHECK(found.describe().find("test of strong_generalisation(validation 0.2, test 0.3, seed 42, history random 0.8)") !=
        std::string::npos);
  STATIC_REQUIRE(!std::same_as<decltype(found), decltype(validated)>);
  // The parts of another split of the same kind do not fit.
  const auto elsewhere = mm::split::strong_generalisation{.validation = 0.3, .test = 0.3}(all);
  CHECK_THROWS_WITH(evaluate(protocol, one_thread, model, parts.train, elsewhere.validation_history, parts.validation),
                    test::contains("eval::evaluate: the validation history set is of"));
  // Models that know their users by vectors are asked by history all the same.
  const factor_model factors(1, 200, 60, true);
  const auto lowest_ids = evaluate(protocol, one_thread, factors, parts);
  CHECK(lowest_ids.list(0)[0].index() < 20);
}

TEST_CASE("cold and warm items are reported apart, among all others") {
  const auto parts = mm::split::global_time{.validation = 0.2, .test = 0.25}(random_interactions(30, 300, 60));
  const factor_model model(31, 300, 60, true);
  const eval::metrics measured{.cutoffs = {20}, .auc = false};
  const auto all = evaluate(masked_train{.metrics = measured}, one_thread, model, parts);
  const auto cold = evaluate(eval::full_ranking_of_cold<eval::mask::train>{.metrics = measured}, one_thread, model, parts);
  const auto warm = evaluate(eval::full_ranking_of_warm<eval::mask::train>{.metrics = measured}, one_thread, model, parts);
  // Each relevant item is asked for in exactly one of both; the lists are the same.
  const auto sum = [](const auto& counts) {
    std::size_t total = 0;
    for (const std::uint32_t count : counts) total += count;
    return total;
  };
  CHECK(sum(cold.relevant_counts()) > 0);
  CHECK(sum(cold.relevant_counts()) + sum(warm.relevant_counts()) == sum(all.relevant_counts()));
  const auto hits = [&](const auto& result) {
    return result.pooled("recall@20") * static_cast<double>(sum(result.relevant_counts()));
  };
  CHECK(hits(cold) + hits(warm) == Approx(hits(all)));
  for (std::size_t place = 0; place < cold.users().size(); ++place) {
    const auto same = std::find(all.users().begin(), all.users().end(), cold.users()[place]);
    REQUIRE(same != all.users().end());
    CHECK(std::ranges::equal(cold.list(place), all.list(static_cast<std::size_t>(same - all.users().begin()))));
  }
  STATIC_REQUIRE(!std::same_as<decltype(cold), decltype(warm)>);
  CHECK(cold.describe().starts_with(
      "full catalogue, train masked, equal scores by item id, only cold items relevant; test of"));
}

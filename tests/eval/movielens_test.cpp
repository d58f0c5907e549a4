// Whole evaluations on MovieLens 100K against numbers computed by other programs under the same protocol.
#include <mmrec/eval/evaluate.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <mmrec/cf/ease.hpp>
#include <mmrec/cf/item_knn.hpp>
#include <mmrec/cf/popularity.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/data/id_map.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/data/split.hpp>
#include <mmrec/exec/cpu.hpp>

#include "support/catch.hpp"
#include "support/data.hpp"

namespace mm = mmrec;
namespace eval = mmrec::eval;
namespace split = mmrec::split;

namespace {

const mm::exec::cpu two_threads{.threads = 2};
using train_masked = eval::full_ranking<eval::mask::train>;

/// u.data of ml-100k-mm: user, item, rating, time in seconds. Items are numbered by their number in the file, because the
/// order of equal times and equal scores is part of the protocol.
mm::data::interactions ratings(const std::filesystem::path& folder) {
  mm::data::user_map users;
  mm::data::item_map items;
  for (std::int64_t user = 1; user <= 943; ++user) users.insert(user);
  for (std::int64_t item = 1; item <= 1682; ++item) items.insert(item);
  std::vector<mm::data::interaction> events;
  std::ifstream file(folder / "u.data");
  std::int64_t user = 0;
  std::int64_t item = 0;
  std::int64_t time = 0;
  float rating = 0.0f;
  while (file >> user >> item >> rating >> time) events.push_back({users.at(user), items.at(item), rating, time});
  REQUIRE(events.size() == 100'000);
  return {std::make_shared<const mm::data::user_map>(users), std::make_shared<const mm::data::item_map>(items), events};
}

template <class Spec, class Split>
auto judge(const Spec& spec, const split::parts<Split>& parts) {
  return evaluate(train_masked{}, two_threads, spec.fit(two_threads, parts.train), parts);
}

/// Compares with a number of tests/golden/eval/movielens.py, to 4 decimals: scores are floats here and doubles there, so
/// that a pair of almost equal scores may change places.
template <class Evaluation>
void check(const Evaluation& found, const char* name, double expected) {
  CAPTURE(name, found.mean(name));
  CHECK(found.mean(name) == Approx(expected).epsilon(0).margin(5e-5));
}

}  // namespace

TEST_CASE("leave-last-out on MovieLens 100K gives the reference numbers") {
  const auto folder = test::data_set("ml-100k-mm");
  MMREC_SKIP_WITHOUT(folder, "ml-100k-mm");
  const auto parts = split::leave_last_out{}(ratings(*folder));
  CHECK(parts.test.size() == 943);
  CHECK(parts.validation.size() == 943);

  const auto popular = judge(mm::cf::popularity{}, parts);
  CHECK(popular.users().size() == 943);
  check(popular, "hit_rate@10", 0.0487805);
  check(popular, "hit_rate@20", 0.0795334);
  check(popular, "ndcg@10", 0.0249816);
  check(popular, "ndcg@20", 0.0327221);

  const auto neighbours = judge(mm::cf::item_knn{.neighbours = 10}, parts);
  check(neighbours, "hit_rate@10", 0.0699894);
  check(neighbours, "hit_rate@20", 0.1219512);
  check(neighbours, "ndcg@10", 0.0322947);
  check(neighbours, "ndcg@20", 0.0452785);

  const auto linear = judge(mm::cf::ease{.regularization = 50.0f}, parts);
  check(linear, "hit_rate@10", 0.0774125);
  check(linear, "hit_rate@20", 0.1357370);
  check(linear, "ndcg@10", 0.0366107);
  check(linear, "ndcg@20", 0.0512702);
}

TEST_CASE("the last 10 % of each user on MovieLens 100K give the reference numbers") {
  const auto folder = test::data_set("ml-100k-mm");
  MMREC_SKIP_WITHOUT(folder, "ml-100k-mm");
  const auto parts = split::user_ratio{}(ratings(*folder));

  const auto popular = judge(mm::cf::popularity{}, parts);
  CHECK(popular.users().size() == 943);
  check(popular, "recall@10", 0.0597564);
  check(popular, "recall@20", 0.0933392);
  check(popular, "ndcg@10", 0.0677137);
  check(popular, "ndcg@20", 0.0756546);

  const auto neighbours = judge(mm::cf::item_knn{.neighbours = 400}, parts);
  check(neighbours, "recall@10", 0.0856515);
  check(neighbours, "recall@20", 0.1515170);
  check(neighbours, "ndcg@10", 0.0930183);
  check(neighbours, "ndcg@20", 0.1111448);

  const auto linear = judge(mm::cf::ease{.regularization = 500.0f}, parts);
  check(linear, "recall@10", 0.0887597);
  check(linear, "recall@20", 0.1656582);
  check(linear, "ndcg@10", 0.0966561);
  check(linear, "ndcg@20", 0.1191778);
}

TEST_CASE("what is masked, and a random split, change the numbers on MovieLens 100K") {
  const auto folder = test::data_set("ml-100k-mm");
  MMREC_SKIP_WITHOUT(folder, "ml-100k-mm");
  const auto all = ratings(*folder);
  const auto parts = split::user_ratio{}(all);
  const auto model = mm::cf::ease{.regularization = 500.0f}.fit(two_threads, parts.train);
  const double train = evaluate(train_masked{}, two_threads, model, parts).mean("recall@20");
  const double both =
      evaluate(eval::full_ranking<eval::mask::train_and_validation>{}, two_threads, model, parts).mean("recall@20");
  const double nothing = evaluate(eval::full_ranking<eval::mask::nothing>{}, two_threads, model, parts).mean("recall@20");
  CAPTURE(train, both, nothing);
  CHECK(both > 1.01 * train);
  CHECK(both < 1.20 * train);
  CHECK(nothing < 0.5 * train);

  const auto flattered = split::user_random{}(all);
  const double random = judge(mm::cf::ease{.regularization = 500.0f}, flattered).mean("recall@20");
  CAPTURE(random);
  CHECK(random > 1.8 * train);
}

TEST_CASE("global time on MovieLens 100K leaves no leak, the other splits do") {
  const auto folder = test::data_set("ml-100k-mm");
  MMREC_SKIP_WITHOUT(folder, "ml-100k-mm");
  const auto all = ratings(*folder);
  const auto clean = split::global_time{}(all);
  CHECK(split::time_leaks(clean.train, clean.test) == split::leak_report{0, 0});
  CHECK(split::time_leaks(clean.train, clean.validation) == split::leak_report{0, 0});
  const auto last = split::leave_last_out{}(all);
  CHECK(split::time_leaks(last.train, last.test).within_user == 0);
  CHECK(split::time_leaks(last.train, last.test).global > 900);
  // Cold items: collaborative models know nothing of them, and say so.
  const auto cold = split::cold_items{.test = 0.1}(all);
  const auto found =
      evaluate(eval::cold_ranking<eval::mask::train>{}, two_threads, mm::cf::item_knn{}.fit(two_threads, cold.train), cold);
  CHECK(found.users().size() > 500);
  CHECK(found.mean("recall@20") == 0.0);
  CHECK(found.mean("user_coverage@10") == 0.0);
}

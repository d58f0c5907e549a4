// Every measure against three things that are not ours: values made by Python from the formulas (measures.py, which also
// compares them with five libraries), definitions with sets in long double on 10,000 random users, and laws.
#include <mmrec/eval/evaluate.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <mmrec/core/ids.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/id_map.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/data/split/given.hpp>
#include <mmrec/eval/sampled.hpp>
#include <mmrec/exec/cpu.hpp>

#include "support/catch.hpp"

namespace mm = mmrec;
namespace eval = mmrec::eval;
using eval::measure;
using mm::item_id;
using mm::user_id;
using mm::data::interaction;

namespace {

const mm::exec::cpu one_thread{};
using masked_train = eval::full_ranking<eval::mask::train>;

struct table_model {
  std::vector<std::vector<float>> rows;
  std::size_t columns;
  struct workspace {};
  std::size_t users() const { return rows.size(); }
  std::size_t items() const { return columns; }
  void score(user_id user, std::span<float> out, workspace&) const {
    std::copy(rows[user.index()].begin(), rows[user.index()].end(), out.begin());
  }
  void score_history(mm::history_view, std::span<float> out, workspace&) const {
    std::fill(out.begin(), out.end(), mm::no_score);
  }
};

struct person {
  std::vector<std::size_t> train, held;
  std::vector<float> values, scores;
};

/// A few users and items, and what is known of them.
struct world {
  std::size_t items = 0;
  eval::long_tail tail;
  std::vector<std::vector<float>> vectors;
  std::vector<person> users;
  std::map<std::string, std::vector<double>> of_users;
  std::map<std::string, double> of_all;
};

auto evaluated(const world& given, std::vector<std::size_t> cutoffs) {
  const auto users = std::make_shared<const mm::data::user_map>(mm::data::user_map::numbered(given.users.size()));
  const auto items = std::make_shared<const mm::data::item_map>(mm::data::item_map::numbered(given.items));
  std::vector<interaction> train, held;
  table_model model{{}, given.items};
  for (std::size_t user = 0; user < given.users.size(); ++user) {
    const person& one = given.users[user];
    for (const std::size_t item : one.train) train.push_back({user_id{user}, item_id{item}});
    for (std::size_t n = 0; n < one.held.size(); ++n) held.push_back({user_id{user}, item_id{one.held[n]}, one.values[n]});
    model.rows.push_back(one.scores);
  }
  mm::matrix<float> vectors(static_cast<Eigen::Index>(given.items), static_cast<Eigen::Index>(given.vectors[0].size()));
  for (std::size_t item = 0; item < given.items; ++item) {
    for (std::size_t d = 0; d < given.vectors[item].size(); ++d) {
      vectors(static_cast<Eigen::Index>(item), static_cast<Eigen::Index>(d)) = given.vectors[item][d];
    }
  }
  const masked_train protocol{.metrics = {.cutoffs = std::move(cutoffs),
                                          .auc = true,
                                          .r_precision = true,
                                          .tail = given.tail,
                                          .item_vectors = std::make_shared<const mm::matrix<float>>(std::move(vectors))}};
  return evaluate(protocol, one_thread, model,
                  mm::split::given{}({users, items, train}, {users, items, {}}, {users, items, held}));
}

template <class T>
std::vector<T> rest_of(std::istringstream& line) {
  std::vector<T> values;
  for (std::string word; line >> word;)
    values.push_back(static_cast<T>(word == "nan" ? double{mm::no_score} : std::stod(word)));
  return values;
}

std::vector<world> golden_worlds() {
  std::ifstream file(std::string(MMREC_TEST_GOLDEN_DIR) + "/eval/measures.txt");
  REQUIRE(file.good());
  std::vector<world> worlds;
  for (std::string text; std::getline(file, text);) {
    std::istringstream line(text);
    std::string word, name;
    line >> word;
    if (word == "world") {
      worlds.emplace_back();
      line >> worlds.back().items >> name >> worlds.back().tail.share;
      worlds.back().tail.rule = name == "items" ? eval::tail_rule::items : eval::tail_rule::interactions;
      continue;
    }
    world& at = worlds.back();
    if (word == "vector") at.vectors.push_back(rest_of<float>(line));
    if (word == "train") at.users.push_back({rest_of<std::size_t>(line), {}, {}, {}});
    if (word == "held") at.users.back().held = rest_of<std::size_t>(line);
    if (word == "values") at.users.back().values = rest_of<float>(line);
    if (word == "scores") at.users.back().scores = rest_of<float>(line);
    if (word == "users" && line >> name) at.of_users[name] = rest_of<double>(line);
    if (word == "all" && line >> name) line >> at.of_all[name];
  }
  return worlds;
}

/// Definitions from the documentation of eval::measure, with sets.
namespace plain {

using real = long double;
using item_set = std::set<std::size_t>;

real logarithm(real x) { return std::log(x) / std::log(2.0L); }
real discount(std::size_t rank) { return 1 / logarithm(static_cast<real>(rank) + 1); }

real cosine(const std::vector<float>& a, const std::vector<float>& b) {
  real product = 0, aa = 0, bb = 0;
  for (std::size_t d = 0; d < a.size(); ++d) {
    product += real{a[d]} * real{b[d]};
    aa += real{a[d]} * real{a[d]};
    bb += real{b[d]} * real{b[d]};
  }
  return aa > 0 && bb > 0 ? product / (std::sqrt(aa) * std::sqrt(bb)) : 0;
}

std::vector<std::size_t> ranked(const world& given, const person& user) {
  const item_set seen(user.train.begin(), user.train.end());
  std::vector<std::pair<float, std::size_t>> order;
  for (std::size_t item = 0; item < given.items; ++item) {
    if (seen.count(item) == 0 && !std::isnan(user.scores[item])) order.emplace_back(-user.scores[item], item);
  }
  std::sort(order.begin(), order.end());
  std::vector<std::size_t> list;
  for (const auto& [negated, item] : order) list.push_back(item);
  return list;
}

struct popularity {
  std::vector<real> count;
  real total = 0, rarest = 0, users = 0;
  item_set tail;
};

popularity popularity_of(const world& given) {
  popularity found{std::vector<real>(given.items, 0), 0, 0, 0, {}};
  for (const person& user : given.users) {
    for (const std::size_t item : user.train) found.count[item] += 1;
    found.users += user.train.empty() ? 0 : 1;
  }
  std::vector<std::pair<real, std::size_t>> by_count;
  for (std::size_t item = 0; item < given.items; ++item) {
    found.total += found.count[item];
    by_count.emplace_back(found.count[item], item);
    if (found.count[item] > 0 && (found.rarest == 0 || found.count[item] < found.rarest)) found.rarest = found.count[item];
  }
  if (given.tail.rule == eval::tail_rule::items) {
    std::erase_if(by_count, [](const auto& one) { return one.first == 0; });
    std::sort(by_count.begin(), by_count.end());
    const auto size = std::max(1.0, std::floor(given.tail.share * static_cast<double>(by_count.size())));
    for (std::size_t n = 0; n < by_count.size() && static_cast<double>(n) < size; ++n) found.tail.insert(by_count[n].second);
  } else {
    std::sort(by_count.begin(), by_count.end(),
              [](const auto& a, const auto& b) { return a.first > b.first || (a.first == b.first && a.second < b.second); });
    double missing = static_cast<double>(found.total) * (1.0 - given.tail.share);
    for (const auto& [count, item] : by_count) {
      if (missing <= 0 && item != by_count.front().second) found.tail.insert(item);
      missing -= static_cast<double>(count);
    }
  }
  return found;
}

std::map<measure, real> judge(const world& given, const popularity& items, const person& user, std::size_t k) {
  std::vector<std::size_t> list = ranked(given, user);
  list.resize(std::min(list.size(), k));
  const item_set truth(user.held.begin(), user.held.end());
  const auto hits_until = [&](std::size_t n) {
    return static_cast<real>(std::count_if(list.begin(),
                                           list.begin() + static_cast<std::ptrdiff_t>(std::min(n, list.size())),
                                           [&](std::size_t item) { return truth.count(item) > 0; }));
  };
  const auto relevant = static_cast<real>(truth.size()), length = static_cast<real>(list.size()), hits = hits_until(k);
  const real candidates = static_cast<real>(given.items - user.train.size());
  std::map<measure, real> q;
  q[measure::recall] = hits / relevant;
  q[measure::precision] = hits / static_cast<real>(k);
  q[measure::f1] = 2 * hits / (static_cast<real>(k) + relevant);
  q[measure::accuracy] = (candidates - (length - hits) - (relevant - hits)) / candidates;
  q[measure::hit_rate] = hits > 0 ? 1 : 0;
  q[measure::list_length] = length;
  real ideal = 0, ideal_reciprocal = 0;
  for (std::size_t rank = 1; rank <= std::min(k, truth.size()); ++rank) {
    ideal += discount(rank);
    ideal_reciprocal += 1 / static_cast<real>(rank);
  }
  std::vector<real> linear, exponential;
  for (const float value : user.values) {
    linear.push_back(std::max(real{value}, 0.0L));
    exponential.push_back(std::pow(2.0L, std::max(real{value}, 0.0L)) - 1);
  }
  const auto best = [&](std::vector<real> gains) {
    std::sort(gains.rbegin(), gains.rend());
    real sum = 0;
    for (std::size_t n = 0; n < std::min(k, gains.size()); ++n) sum += gains[n] * discount(n + 1);
    return sum;
  };
  real dcg = 0, linear_dcg = 0, exponential_dcg = 0, reciprocals = 0, precisions = 0, recalls = 0;
  real popular = 0, surprise = 0, efd = 0, epc = 0, discounts = 0, in_tail = 0, unlike = 0, alike = 0;
  for (std::size_t n = 0; n < list.size(); ++n) {
    const std::size_t item = list[n], rank = n + 1;
    const real bits = -logarithm((items.count[item] > 0 ? items.count[item] : items.rarest) / items.total);
    popular += items.count[item] / length;
    surprise += bits / length;
    discounts += discount(rank);
    in_tail += items.tail.count(item) > 0 ? 1 : 0;
    for (std::size_t other = 0; other < n; ++other) alike += cosine(given.vectors[item], given.vectors[list[other]]);
    if (truth.count(item) == 0) continue;
    const auto place = static_cast<std::size_t>(std::find(user.held.begin(), user.held.end(), item) - user.held.begin());
    dcg += discount(rank);
    linear_dcg += linear[place] * discount(rank);
    exponential_dcg += exponential[place] * discount(rank);
    reciprocals += 1 / static_cast<real>(rank);
    precisions += hits_until(rank) / static_cast<real>(rank);
    if (q.count(measure::mrr) == 0) q[measure::mrr] = 1 / static_cast<real>(rank);
    efd += bits * discount(rank);
    epc += (1 - items.count[item] / items.users) * discount(rank);
    real like = 0;
    for (const std::size_t past : user.train) like += cosine(given.vectors[item], given.vectors[past]);
    unlike += (1 - (user.train.empty() ? 0 : like / static_cast<real>(user.train.size()))) / length;
  }
  for (std::size_t n = 1; n <= k; ++n) recalls += hits_until(n) / relevant;
  q[measure::mrr] += 0;
  q[measure::ndcg] = dcg / ideal;
  q[measure::ndcg_linear] = best(linear) > 0 ? linear_dcg / best(linear) : 0;
  q[measure::ndcg_exponential] = best(exponential) > 0 ? exponential_dcg / best(exponential) : 0;
  q[measure::ncrr] = reciprocals / ideal_reciprocal;
  q[measure::map] = precisions / std::min(static_cast<real>(k), relevant);
  q[measure::average_recall] = recalls / static_cast<real>(k);
  q[measure::popularity] = popular;
  q[measure::novelty] = surprise;
  q[measure::efd] = list.empty() ? 0 : efd / discounts;
  q[measure::epc] = list.empty() ? 0 : epc / discounts;
  q[measure::tail_share] = list.empty() ? 0 : in_tail / length;
  q[measure::tail_count] = in_tail;
  q[measure::diversity] = list.size() < 2 ? 0 : 1 - alike / (length * (length - 1) / 2);
  q[measure::serendipity] = unlike;
  return q;
}

real r_precision(const world& given, const person& user) {
  const std::vector<std::size_t> list = ranked(given, user);
  const item_set truth(user.held.begin(), user.held.end());
  real hits = 0;
  for (std::size_t n = 0; n < std::min(list.size(), truth.size()); ++n) hits += truth.count(list[n]) > 0 ? 1 : 0;
  return hits / static_cast<real>(truth.size());
}

}  // namespace plain

world random_world(mm::random_stream& random, std::size_t users) {
  world made;
  made.items = 12 + random.below(30);
  made.tail = {random.below(2) == 0 ? eval::tail_rule::items : eval::tail_rule::interactions, 0.05 + 0.9 * random.uniform()};
  for (std::size_t item = 0; item < made.items; ++item) {
    made.vectors.emplace_back();
    for (int d = 0; d < 4; ++d) made.vectors.back().push_back(random.below(15) == 0 ? 0.0f : random.uniform_float() - 0.4f);
    if (random.below(12) == 0) made.vectors.back().assign(4, 0.0f);
  }
  const bool ties = random.below(2) == 0, graded = random.below(2) == 0;
  const std::uint32_t gaps = random.below(3) == 0 ? 2 : 20;
  for (std::size_t user = 0; user < users; ++user) {
    const auto count = static_cast<std::uint32_t>(made.items);
    std::vector<std::uint32_t> order = random.sample(count, count);
    random.shuffle(std::span(order));
    const std::size_t seen = user == 0 ? 3 : random.below(5), held = 1 + random.below(random.below(4) == 0 ? 9 : 4);
    person one;
    for (std::size_t n = 0; n < seen; ++n) one.train.push_back(order[n]);
    for (std::size_t n = seen; n < std::min<std::size_t>(seen + held, order.size()); ++n) {
      one.held.push_back(order[n]);
      one.values.push_back(graded ? static_cast<float>(random.below(6)) - 0.5f * static_cast<float>(random.below(2)) : 1.0f);
    }
    for (std::size_t item = 0; item < made.items; ++item) {
      const float score = ties ? static_cast<float>(random.below(8)) : random.uniform_float();
      one.scores.push_back(random.below(gaps) == 0 ? mm::no_score : score);
    }
    made.users.push_back(std::move(one));
  }
  return made;
}

bool near(double found, long double expected) {
  return std::abs(static_cast<long double>(found) - expected) <= 1e-12L * std::max(1.0L, std::abs(expected));
}

}  // namespace

TEST_CASE("every measure equals the values made from the formulas in Python") {
  std::set<std::string> met;
  for (const world& given : golden_worlds()) {
    const auto found = evaluated(given, {1, 3, 6});
    REQUIRE(found.users().size() == given.users.size());
    for (const auto& [name, values] : given.of_users) {
      met.insert(name);
      const auto ours = found.per_user(name.c_str());
      for (std::size_t user = 0; user < values.size(); ++user) {
        CAPTURE(name, user, ours[user], values[user]);
        CHECK(near(ours[user], values[user]));
      }
    }
    for (const auto& [name, value] : given.of_all) {
      met.insert(name);
      CAPTURE(name, found.mean(name.c_str()), value);
      CHECK(near(found.mean(name.c_str()), value));
    }
    for (const eval::metric which : found.metrics()) {
      const std::string name = which.name();
      CAPTURE(name);
      CHECK((given.of_users.count(name) + given.of_all.count(name)) == 1);
    }
  }
  CHECK(met.size() == 3 * 27 + 3);
}

TEST_CASE("10,000 random users: every value equals its definition to 1e-12") {
  std::size_t judged = 0;
  for (std::uint64_t number = 0; number < 500; ++number) {
    mm::random_stream random(mm::seed{1000 + number});
    const world given = random_world(random, 20);
    const std::vector<std::size_t> cutoffs{1, 2 + random.below(4), 7 + random.below(60)};
    const auto found = evaluated(given, cutoffs);
    const plain::popularity popular = plain::popularity_of(given);
    REQUIRE(found.users().size() == given.users.size());
    std::size_t wrong = 0;
    for (const std::size_t k : cutoffs) {
      std::map<measure, std::span<const double>> values;
      for (int what = 0; what <= static_cast<int>(measure::serendipity); ++what) {
        values[static_cast<measure>(what)] = found.per_user({static_cast<measure>(what), k});
      }
      for (std::size_t user = 0; user < given.users.size(); ++user) {
        for (const auto& [what, expected] : plain::judge(given, popular, given.users[user], k)) {
          if (near(values.at(what)[user], expected)) continue;
          ++wrong;
          UNSCOPED_INFO(name_of(what) << '@' << k << " of user " << user << ": " << values.at(what)[user]
                                      << ", by definition " << static_cast<double>(expected));
        }
      }
    }
    for (std::size_t user = 0; user < given.users.size(); ++user) {
      wrong += near(found.per_user("r_precision")[user], plain::r_precision(given, given.users[user])) ? 0 : 1;
    }
    judged += given.users.size();
    CAPTURE(number);
    CHECK(wrong == 0);
  }
  CHECK(judged == 10'000);
}

TEST_CASE("laws: ranges, growth with K, and what an ideal list gets") {
  for (std::uint64_t number = 0; number < 100; ++number) {
    mm::random_stream random(mm::seed{5000 + number});
    world given = random_world(random, 20);
    const std::vector<std::size_t> cutoffs{1, 2, 3, 5, 8, 13};
    const auto found = evaluated(given, cutoffs);
    for (const eval::metric which : found.metrics()) {
      const double upper = which.what == measure::diversity || which.what == measure::serendipity ? 2.0 : 1.0;
      const bool open = which.what == measure::popularity || which.what == measure::novelty || which.what == measure::efd ||
                        which.what == measure::tail_count || which.what == measure::list_length ||
                        which.what == measure::entropy;
      const double value = found.mean(which);
      CAPTURE(which.name(), value);
      CHECK(std::isfinite(value));
      CHECK(value >= -1e-15);
      CHECK((open || value <= upper + 1e-12));
      if (!is_per_user(which.what)) continue;
      for (const double one : found.per_user(which)) CHECK((one >= -1e-15 && (open || one <= upper + 1e-12)));
    }
    for (std::size_t index = 1; index < cutoffs.size(); ++index) {
      for (const measure grows : {measure::recall, measure::hit_rate, measure::mrr, measure::tail_count,
                                  measure::list_length, measure::average_recall}) {
        const auto before = found.per_user({grows, cutoffs[index - 1]}), after = found.per_user({grows, cutoffs[index]});
        for (std::size_t user = 0; user < before.size(); ++user) CHECK(before[user] <= after[user] + 1e-15);
      }
      CHECK(found.mean({measure::item_coverage, cutoffs[index - 1]}) <=
            found.mean({measure::item_coverage, cutoffs[index]}));
    }
    // Scores that put the truth in front, by value.
    for (person& user : given.users) {
      std::fill(user.scores.begin(), user.scores.end(), 0.0f);
      for (std::size_t n = 0; n < user.held.size(); ++n) user.scores[user.held[n]] = 10.0f + user.values[n];
    }
    const auto ideal = evaluated(given, cutoffs);
    for (const std::size_t k : cutoffs) {
      for (const measure full : {measure::ndcg, measure::mrr, measure::ncrr, measure::map, measure::hit_rate}) {
        for (const double value : ideal.per_user({full, k})) CHECK(value == Approx(1.0).epsilon(1e-14));
      }
      for (const measure graded : {measure::ndcg_linear, measure::ndcg_exponential}) {
        for (const double value : ideal.per_user({graded, k})) CHECK((value == 0.0 || value == Approx(1.0).epsilon(1e-14)));
      }
    }
    CHECK(ideal.mean("r_precision") == 1.0);
    CHECK(ideal.mean("auc") >= 0.5);
  }
}

TEST_CASE("values that overflow a power are cut, and values that are not positive count nothing") {
  CHECK(eval::exponential_gain(3.0f) == 7.0);
  CHECK(eval::exponential_gain(1e30f) == eval::exponential_gain(60.0f));
  CHECK(std::isfinite(eval::exponential_gain(std::numeric_limits<float>::max())));
  CHECK(eval::exponential_gain(-2.0f) == 0.0);
  CHECK(eval::linear_gain(-2.0f) == 0.0);
  CHECK(eval::linear_gain(2.5f) == 2.5);
}

TEST_CASE("the long tail by both rules") {
  const std::vector<std::uint32_t> counts{5, 0, 1, 1, 3};  // 10 in all
  using flags = std::vector<std::uint8_t>;
  const auto by_interactions = [&](double share) {
    return eval::long_tail_of(counts, {eval::tail_rule::interactions, share});
  };
  CHECK(by_interactions(0.2) == flags{0, 1, 1, 1, 0});   // 5 + 3 are 80 %
  CHECK(by_interactions(0.15) == flags{0, 1, 0, 1, 0});  // of equal items the lower id goes to the head
  CHECK(by_interactions(0.6) == flags{0, 1, 1, 1, 1});
  const auto by_items = [&](double share) { return eval::long_tail_of(counts, {eval::tail_rule::items, share}); };
  CHECK(by_items(0.1) == flags{0, 0, 1, 0, 0});  // at least one
  CHECK(by_items(0.5) == flags{0, 0, 1, 1, 0});
  CHECK(by_items(0.8) == flags{0, 0, 1, 1, 1});
  CHECK(eval::long_tail_of({}, {}).empty());
  CHECK(eval::long_tail_of(std::vector<std::uint32_t>{0, 0}, {eval::tail_rule::items, 0.5}) == flags{0, 0});
}

TEST_CASE("item vectors and tails that do not fit are errors with a name") {
  mm::random_stream random(mm::seed{9});
  world given = random_world(random, 4);
  given.tail.share = 1.0;
  CHECK_THROWS_WITH(evaluated(given, {5}), "eval::evaluate: metrics.tail.share must lie between 0 and 1");
  const auto users = std::make_shared<const mm::data::user_map>(mm::data::user_map::numbered(1));
  const auto items = std::make_shared<const mm::data::item_map>(mm::data::item_map::numbered(3));
  const masked_train protocol{.metrics = {.item_vectors = std::make_shared<const mm::matrix<float>>(2, 5)}};
  const mm::data::interactions none(users, items, {});
  CHECK_THROWS_WITH(evaluate(protocol, one_thread, table_model{{{1, 2, 3}}, 3}, mm::split::given{}(none, none, none)),
                    "eval::evaluate: rows of metrics.item_vectors: expected 3, got 2");
}

TEST_CASE("sampled rankings") {
  mm::random_stream random(mm::seed{77});
  world given = random_world(random, 60);
  const auto users = std::make_shared<const mm::data::user_map>(mm::data::user_map::numbered(given.users.size()));
  const auto items = std::make_shared<const mm::data::item_map>(mm::data::item_map::numbered(given.items));
  std::vector<interaction> train, held;
  table_model model{{}, given.items};
  for (std::size_t user = 0; user < given.users.size(); ++user) {
    for (const std::size_t item : given.users[user].train) train.push_back({user_id{user}, item_id{item}});
    for (const std::size_t item : given.users[user].held) held.push_back({user_id{user}, item_id{item}});
    model.rows.push_back(given.users[user].scores);
  }
  const auto parts = mm::split::given{}({users, items, train}, {users, items, {}}, {users, items, held});
  const eval::metrics measured{.cutoffs = {1, 3, 5}, .auc = true};
  const auto full = evaluate(masked_train{.metrics = measured}, one_thread, model, parts);
  using uniform = eval::sampled_ranking_for_comparison_with_papers<eval::negatives::uniform, eval::mask::train>;
  using popular = eval::sampled_ranking_for_comparison_with_papers<eval::negatives::popular, eval::mask::train>;
  using listed = eval::sampled_ranking_for_comparison_with_papers<eval::negatives::given, eval::mask::train>;
  const uniform few{.metrics = measured, .negatives = {.per_relevant = 2}};

  SECTION("flatter: hits never fall, and all of them are the full ranking") {
    const auto sampled = evaluate(few, one_thread, model, parts);
    for (const std::size_t k : {1u, 3u, 5u}) {
      const auto flattered = sampled.per_user({measure::hit_rate, k}), honest = full.per_user({measure::hit_rate, k});
      for (std::size_t user = 0; user < honest.size(); ++user) CHECK(flattered[user] >= honest[user]);
    }
    CHECK(sampled.mean("recall@3") > full.mean("recall@3"));
    const auto everything =
        evaluate(uniform{.metrics = measured, .negatives = {.per_relevant = 1000}}, one_thread, model, parts);
    for (const eval::metric which : full.metrics()) {
      CAPTURE(which.name());
      CHECK(everything.mean(which) == full.mean(which));
    }
  }
  SECTION("are the same for any number of threads, another for another key") {
    const auto sampled = evaluate(few, one_thread, model, parts);
    CHECK(evaluate(few, mm::exec::cpu{.threads = 8}, model, parts) == sampled);
    uniform other = few;
    other.negatives.key = mm::seed{43};
    CHECK(evaluate(other, one_thread, model, parts).mean("ndcg@5") != sampled.mean("ndcg@5"));
  }
  SECTION("draw each item about equally often, or by its popularity, none twice and none of the user's") {
    std::vector<std::uint8_t> eligible(40, 1);
    eligible[3] = 0;
    std::vector<std::uint32_t> counts(40, 1);
    counts[5] = 0;
    counts[7] = 39;
    std::vector<double> drawn[2] = {std::vector<double>(40), std::vector<double>(40)};
    for (std::size_t user = 0; user < 4000; ++user) {
      std::vector<item_id> list;
      eval::negatives::uniform{.per_relevant = 5}.draw(user_id{user}, 1, eligible, counts, list);
      CHECK(std::set<item_id>(list.begin(), list.end()).size() == 5);
      for (const item_id item : list) drawn[0][item.index()] += 1;
      list.clear();
      eval::negatives::popular{.per_relevant = 1}.draw(user_id{user}, 1, eligible, counts, list);
      for (const item_id item : list) drawn[1][item.index()] += 1;
    }
    CHECK(drawn[0][3] == 0);
    CHECK(drawn[1][3] == 0);
    CHECK(drawn[1][5] == 0);
    for (std::size_t item = 0; item < 40; ++item) {
      if (item != 3) CHECK(drawn[0][item] == Approx(4000.0 * 5 / 39).margin(5 * std::sqrt(4000.0 * 5 / 39)));
    }
    // Weights: 39 of item 7, 1 of each of the other 37.
    CHECK(drawn[1][7] == Approx(4000.0 * 39 / 76).margin(5 * std::sqrt(1000.0)));
    std::vector<item_id> all;
    eval::negatives::uniform{.per_relevant = 100}.draw(user_id{0u}, 1, eligible, counts, all);
    CHECK(all.size() == 39);
  }
  SECTION("take lists that others drew") {
    auto lists = std::make_shared<std::vector<std::vector<item_id>>>(given.users.size());
    for (auto& list : *lists) list = {item_id{4u}, item_id{1u}, item_id{4u}};
    const listed protocol{.metrics = measured, .negatives = {.name = "NCF", .of_user = lists}};
    const auto found = evaluate(protocol, one_thread, model, parts);
    for (std::size_t place = 0; place < found.users().size(); ++place)
      CHECK(found.list(place).size() <= 2 + found.relevant_counts()[place]);
    CHECK(found.describe().starts_with("SAMPLED, not comparable with full rankings: negatives of NCF, train masked"));
    CHECK_THROWS_WITH(evaluate(listed{}, one_thread, model, parts), "eval::evaluate: negatives.of_user must not be null");
    lists->pop_back();
    CHECK_THROWS_AS(evaluate(protocol, one_thread, model, parts), mm::unknown_id);
  }
  SECTION("weigh popularity, and refuse no negatives") {
    CHECK(evaluate(popular{.metrics = measured, .negatives = {.per_relevant = 3}}, one_thread, model, parts)
              .mean("hit_rate@5") > 0);
    CHECK_THROWS_WITH(evaluate(uniform{.negatives = {.per_relevant = 0}}, one_thread, model, parts),
                      "eval::evaluate: negatives.per_relevant must be at least 1");
  }
}

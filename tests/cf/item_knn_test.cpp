// Item neighbours: against all pairs in double, both paths of the search, and published numbers.
#include <mmrec/cf/item_knn.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <mmrec/core/random.hpp>
#include <mmrec/exec/cpu.hpp>

#include "cf/neighbours.hpp"
#include "contract/ml100k.hpp"
#include "support/catch.hpp"
#include "support/data.hpp"
#include "support/peak_memory.hpp"
#include "support/thrown.hpp"

using namespace mmrec;

namespace {

data::interactions random_log(std::size_t users, std::size_t items, std::uint32_t longest, float least_value) {
  random_stream random(seed{31}, items);
  std::vector<data::interaction> events;
  for (std::size_t user = 0; user < users; ++user) {
    for (const std::uint32_t item : random.sample(static_cast<std::uint32_t>(items), random.below(longest + 1))) {
      events.push_back({user_id{user}, item_id{std::size_t{item}}, least_value + static_cast<float>(random.below(5)), 0});
    }
  }
  return {std::make_shared<const data::user_map>(data::user_map::numbered(users)),
          std::make_shared<const data::item_map>(data::item_map::numbered(items)), std::move(events)};
}

/// The neighbours by computing every pair.
std::vector<std::vector<scored_item>> all_pairs(const cf::item_knn& spec, const data::interactions& log) {
  std::vector<std::vector<double>> columns(log.items(), std::vector<double>(log.users(), 0.0));
  for (const data::interaction& event : log.events()) {
    columns[event.item.index()][event.user.index()] = spec.binary ? 1.0 : double{event.value};
  }
  const auto dot = [&](std::size_t a, std::size_t b) {
    double sum = 0.0;
    for (std::size_t user = 0; user < log.users(); ++user) sum += columns[a][user] * columns[b][user];
    return sum;
  };
  std::vector<std::vector<scored_item>> lists(log.items());
  for (std::size_t item = 0; item < log.items(); ++item) {
    std::vector<std::pair<double, std::size_t>> similar;
    for (std::size_t other = 0; other < log.items(); ++other) {
      const double product = dot(item, other);
      if (other == item || product <= 0.0) continue;
      double scale = 1.0;
      if (spec.similarity == cf::item_similarity::cosine) scale = std::sqrt(dot(item, item) * dot(other, other));
      if (spec.similarity == cf::item_similarity::jaccard) scale = dot(item, item) + dot(other, other) - product;
      similar.emplace_back(product / (scale + double{spec.shrinkage}), other);
    }
    std::stable_sort(similar.begin(), similar.end(), [](auto& a, auto& b) { return a.first > b.first; });
    if (similar.size() > spec.neighbours) similar.resize(spec.neighbours);
    for (const auto& [score, other] : similar) lists[item].push_back({item_id{other}, static_cast<float>(score)});
  }
  return lists;
}

}  // namespace

TEST_CASE("item_knn keeps the neighbours that comparing all pairs finds") {
  const auto similarity = GENERATE(cf::item_similarity::cosine, cf::item_similarity::jaccard, cf::item_similarity::dot);
  const auto neighbours = GENERATE(std::size_t{1}, std::size_t{7}, std::size_t{1000});
  const auto shrinkage = GENERATE(0.0f, 2.5f);
  const auto binary = GENERATE(true, false);
  const cf::item_knn spec{neighbours, similarity, shrinkage, binary};
  // Short histories in a large catalogue take the search over the histories, long ones the scan of whole rows; 300 items
  // are enough for the scan to begin with a bound.
  const auto log = GENERATE(random_log(80, 40, 12, 1.0f), random_log(60, 700, 6, 1.0f), random_log(40, 300, 120, 1.0f),
                            random_log(80, 40, 12, -2.0f));
  const auto model = spec.fit(exec::cpu{}, log);
  const auto expected = all_pairs(spec, log);
  for (std::size_t item = 0; item < log.items(); ++item) {
    const auto found = model.neighbours(item_id{item});
    CAPTURE(item, neighbours, shrinkage, binary);
    REQUIRE(std::vector<scored_item>(found.begin(), found.end()) == expected[item]);
  }
}

TEST_CASE("item_knn counts more users than 16 bits hold, and more items") {
  std::vector<data::interaction> events;
  for (std::size_t user = 0; user < 66000; ++user) {
    events.push_back({user_id{user}, item_id{0u}});
    if (user % 2 == 0) events.push_back({user_id{user}, item_id{1u}});
  }
  const cf::item_knn spec{.similarity = cf::item_similarity::dot};
  const auto many_users = spec.fit(exec::cpu{}, neighbours::log_of(66000, 2, events));
  CHECK(many_users.neighbours(item_id{1u}).front().score == 33000.0f);
  events.clear();
  const auto small = random_log(40, 300, 60, 1.0f);
  for (const data::interaction& event : small.events()) {
    events.push_back({event.user, item_id{event.item.index() * 233 + 50}, 1.0f, 0});
  }
  const auto large = neighbours::log_of(40, 70000, events);
  const auto counted = spec.fit(exec::cpu{}, large);
  const auto added = cf::item_knn{.similarity = cf::item_similarity::dot, .binary = false}.fit(exec::cpu{}, large);
  for (std::size_t item = 0; item < 70000; item += 1) {
    const auto left = counted.neighbours(item_id{item}), right = added.neighbours(item_id{item});
    REQUIRE(std::vector<scored_item>(left.begin(), left.end()) == std::vector<scored_item>(right.begin(), right.end()));
  }
  CHECK(counted.weights() > 1000);
}

TEST_CASE("item_knn adds up the neighbours of the history") {
  const auto log = random_log(50, 30, 10, 1.0f);
  const auto binary = GENERATE(true, false);
  const cf::item_knn spec{.neighbours = 5, .binary = binary};
  const auto model = spec.fit(exec::cpu{}, log);
  const auto lists = all_pairs(spec, log);
  const std::vector<item_id> items{item_id{3u}, item_id{4u}, item_id{17u}};
  const std::vector<float> values{1.0f, 2.0f, 0.5f};
  std::vector<double> expected(30, 0.0);
  for (std::size_t entry = 0; entry < 3; ++entry) {
    for (const scored_item& other : lists[items[entry].index()]) {
      expected[other.item.index()] += (binary ? 1.0 : double{values[entry]}) * double{other.score};
    }
  }
  cf::item_knn_model::workspace scratch;
  std::vector<float> scores(30);
  model.score_history({items, values}, scores, scratch);
  for (std::size_t item = 0; item < 30; ++item) CHECK(double{scores[item]} == Approx(expected[item]).margin(1e-6));
}

TEST_CASE("item_knn knows nothing of items without interactions") {
  const data::interactions log(std::make_shared<const data::user_map>(data::user_map::numbered(2)),
                               std::make_shared<const data::item_map>(data::item_map::numbered(4)),
                               {{user_id{0u}, item_id{0u}}, {user_id{0u}, item_id{1u}}, {user_id{1u}, item_id{2u}}});
  const auto model = cf::item_knn{}.fit(exec::cpu{}, log);
  cf::item_knn_model::workspace scratch;
  std::vector<float> scores(4);
  model.score(user_id{0u}, scores, scratch);
  CHECK(scores[0] == 1.0f);
  CHECK(scores[1] == 1.0f);
  CHECK(scores[2] == 0.0f);
  CHECK(std::isnan(scores[3]));
  const std::vector<item_id> cold{item_id{3u}};
  const std::vector<float> one{1.0f};
  model.score_history({cold, one}, scores, scratch);
  for (const float score : scores) CHECK(std::isnan(score));
}

TEST_CASE("item_knn refuses fields that make no sense, by name") {
  const auto log = random_log(5, 5, 3, 1.0f);
  CHECK_THROWS_WITH(cf::item_knn{.neighbours = 0}.fit(exec::cpu{}, log), "cf::item_knn::fit: neighbours must be at least 1");
  for (const float shrinkage : {-1.0f, std::numeric_limits<float>::infinity(), no_score}) {
    CHECK_THROWS_AS(cf::item_knn{.shrinkage = shrinkage}.fit(exec::cpu{}, log), invalid_config);
  }
  CHECK_THROWS_WITH((cf::item_knn{.similarity = cf::item_similarity::adjusted_cosine}.fit(exec::cpu{}, log)),
                    "cf::item_knn::fit: binary must be false for similarity_measure::adjusted_cosine: values that are all 1 "
                    "have nothing left to adjust");
  CHECK_THROWS_AS((cf::item_knn{.weighting = {.b = 2.0f}}.fit(exec::cpu{}, log)), invalid_config);
}

TEST_CASE("item_knn reports its progress and stops when asked") {
  struct stop final : progress_sink {
    bool report(const progress_event& event) override {
      CHECK(event.task == "cf::item_knn::fit");
      return event.done == 0;
    }
  } sink;
  CHECK_THROWS_AS(cf::item_knn{}.fit(exec::cpu{.progress = &sink}, random_log(5, 5, 3, 1.0f)), cancelled);
}

TEST_CASE("item_knn weighs and centres as implicit and NumPy do") {
  const auto matrices = neighbours::golden();
  const auto log = neighbours::log_of(matrices.at("x"));
  const cf::weighting tf_idf{.scheme = cf::weighting_scheme::tf_idf};
  const cf::weighting bm25{.scheme = cf::weighting_scheme::bm25, .k1 = 1.2f, .b = 0.75f};
  const auto [name, spec] = GENERATE_COPY(table<std::string, cf::item_knn>(
      {{"cosine_tfidf", {.binary = false, .weighting = tf_idf}},
       {"dot_bm25", {.similarity = cf::item_similarity::dot, .binary = false, .weighting = bm25}},
       {"adjusted_cosine", {.similarity = cf::item_similarity::adjusted_cosine, .binary = false}},
       {"pearson_values", {.similarity = cf::item_similarity::pearson, .binary = false}},
       {"pearson_binary", {.similarity = cf::item_similarity::pearson}}}));
  CAPTURE(name);
  const auto model = spec.fit(exec::cpu{}, log);
  CHECK(model.weights() > 20);
  neighbours::check_equal(neighbours::weights_of(model), neighbours::positive(matrices.at(name)), 1e-6);
}

TEST_CASE("item_knn finds the same by Pearson's measure in short and long histories") {
  const auto log = GENERATE(random_log(80, 40, 12, 1.0f), random_log(60, 700, 6, 1.0f));
  const auto model = cf::item_knn{.neighbours = 5, .similarity = cf::item_similarity::pearson}.fit(exec::cpu{}, log);
  const auto counts = log.item_counts();
  const auto users = static_cast<double>(log.users());
  const auto shared = cf::item_knn{.neighbours = 1000, .similarity = cf::item_similarity::dot}.fit(exec::cpu{}, log);
  for (std::size_t item = 0; item < log.items(); ++item) {
    std::vector<std::pair<double, std::size_t>> expected;
    for (const scored_item& other : shared.neighbours(item_id{item})) {
      const double n = counts[item], m = counts[other.item.index()];
      const double score = (double{other.score} - n * m / users) / std::sqrt(n * (1 - n / users) * m * (1 - m / users));
      if (score > 0.0) expected.emplace_back(-score, other.item.index());
    }
    std::sort(expected.begin(), expected.end());
    if (expected.size() > 5) expected.resize(5);
    const auto found = model.neighbours(item_id{item});
    REQUIRE(found.size() == expected.size());
    for (std::size_t place = 0; place < found.size(); ++place) {
      CHECK(double{found[place].score} == Approx(-expected[place].first).epsilon(1e-5));
    }
  }
}

TEST_CASE("item_knn can ask the neighbours of the target, normalized and centred") {
  const auto log = random_log(50, 30, 10, 1.0f);
  const cf::item_knn plain{.neighbours = 5};
  const auto lists = neighbours::weights_of(plain.fit(exec::cpu{}, log));  // row: the item, column: its neighbours
  const auto normalize = GENERATE(false, true);
  const auto centred = GENERATE(false, true);
  const cf::item_knn spec{
      .neighbours = 5, .neighbourhood = cf::neighbourhood::of_target, .normalize = normalize, .centred = centred};
  const auto model = spec.fit(exec::cpu{}, log);
  const std::vector<item_id> history{item_id{3u}, item_id{4u}, item_id{17u}};
  const auto scores = neighbours::scores_of(model, history);
  const auto counts = log.item_counts();
  for (std::size_t target = 0; target < 30; ++target) {
    if (counts[target] == 0) continue;
    const auto mean_of = [&](std::size_t item) { return centred ? counts[item] / static_cast<double>(log.users()) : 0.0; };
    double sum = 0.0, expected = mean_of(target);
    for (const double weight : lists[target]) sum += weight;
    for (std::size_t item = 0; item < 30; ++item) {
      const double chosen = item == 3 || item == 4 || item == 17 ? 1.0 : 0.0;
      if (lists[target][item] != 0.0) expected += lists[target][item] / (normalize ? sum : 1.0) * (chosen - mean_of(item));
    }
    CAPTURE(target, normalize, centred);
    CHECK(double{scores[target]} == Approx(expected).margin(1e-6));
    std::vector<float> parts(3);
    model.explain({history, std::vector<float>(3, 1.0f)}, item_id{target}, parts);
    const double total = double{parts[0]} + double{parts[1]} + double{parts[2]} + double{model.base(item_id{target})};
    CHECK(total == Approx(double{scores[target]}).margin(1e-6));
  }
}

TEST_CASE("item_knn says what memory it takes, and keeps to a limit") {
  const auto log = random_log(400, 900, 40, 1.0f);
  const auto spec = GENERATE(cf::item_knn{.neighbours = 50}, cf::item_knn{.neighbours = 5, .binary = false},
                             cf::item_knn{.neighbours = 50,
                                          .similarity = cf::item_similarity::pearson,
                                          .weighting = {.scheme = cf::weighting_scheme::bm25},
                                          .neighbourhood = cf::neighbourhood::of_target});
  const std::uint64_t bytes = spec.fit_bytes(exec::cpu{}, log);
  test::check_peak(bytes, [&] { spec.fit(exec::cpu{}, log); });
  CHECK_NOTHROW(spec.fit(exec::cpu{.memory_limit = bytes}, log));
  CHECK(test::thrown<limit_error>([&] { spec.fit(exec::cpu{.memory_limit = bytes - 1}, log); }) ==
        "cf::item_knn::fit: memory in bytes " + std::to_string(bytes) + " exceeds the limit of " +
            std::to_string(bytes - 1));
}

TEST_CASE("item_knn reaches the published numbers on MovieLens 100K") {
  const auto folder = test::data_set("ml-100k-mm");
  MMREC_SKIP_WITHOUT(folder, "ml-100k-mm");
  const auto [how, neighbours, expected] = GENERATE(table<ml100k::protocol, std::size_t, std::array<double, 4>>(
      {{ml100k::protocol::leave_one_out, 10, {.0700, .1220, .0323, .0453}},
       {ml100k::protocol::last_tenth, 400, {.0857, .1515, .0930, .1112}}}));
  const auto data = ml100k::read(*folder, how);
  const auto found = ml100k::evaluate(cf::item_knn{.neighbours = neighbours}.fit(exec::cpu{}, data.train), data);
  for (std::size_t measure = 0; measure < 4; ++measure)
    CHECK(found[measure] == Approx(expected[measure]).margin(5e-5).epsilon(0));
}

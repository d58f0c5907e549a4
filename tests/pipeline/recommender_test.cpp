#include <mmrec/pipeline.hpp>

#include <cmath>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include <mmrec/fusion/concat.hpp>
#include <mmrec/fusion/reciprocal_rank.hpp>
#include <mmrec/fusion/weighted_sum.hpp>

#include "support/archetypes.hpp"
#include "support/catch.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;
using namespace mm;

namespace {

// Six items: three about a, two about b, one about c; the sound says nothing but for items 0 and 5.
auto catalogue() {
  data::column<"words", kind::text> words;
  for (const char* text : {"aaa", "aab", "aa", "bbb"}) words.push_back(text);
  words.push_missing();
  words.push_back("c");
  data::column<"sound", kind::dense<float, 2>> sound;
  for (int item = 0; item < 6; ++item) {
    if (item == 2) {
      sound.push_missing();
    } else {
      const float row[2]{item == 0 || item == 5 ? 1.0f : 0.0f, 0.25f};
      sound.push_back(row);
    }
  }
  return data::item_table(data::item_map::numbered(6), words, sound);
}

data::interactions likes(
    const data::item_table<data::column<"words", kind::text>, data::column<"sound", kind::dense<float, 2>>>& table) {
  const auto numbered = test::pairs(4, 6, {{0, 0}, {0, 2}, {1, 3}, {2, 0}, {2, 3}, {2, 5}});
  return {numbered.user_keys(), table.keys(), numbered.events()};
}

const exec::cpu one_thread;
const auto words_of = test::characters{} | test::letters{};

}  // namespace

TEST_CASE("features of several modalities meet in a feature-level policy") {
  const auto table = catalogue();
  const auto spec = recommender(modalities(modality<"words">(words_of), modality<"sound">(test::scale{})),
                                fusion::concat{.missing = fusion::missing::zero}, test::dot_recommender{});
  const auto model = fit(spec, one_thread, table, likes(table));
  // User 0 liked 0 ("aaa", sound 1) and 2 ("aa"): item 1 ("aab") shares most letters.
  const auto list = model.recommend(user_id{0}, {.k = 2});
  REQUIRE(list.size() == 2);
  CHECK(list[0].item == item_id{1});
  CHECK(list[1].item == item_id{5});
  SECTION("seen items come back when asked for") {
    CHECK(model.recommend(user_id{0}, {.k = 1, .exclude_seen = false})[0].item == item_id{0});
  }
  SECTION("candidates and exclusions are honoured") {
    const std::vector<item_id> some{item_id{3}, item_id{4}, item_id{5}};
    const std::vector<item_id> not_these{item_id{5}};
    const auto short_list = model.recommend(user_id{0}, {.k = 9, .exclude = not_these, .candidates = some});
    REQUIRE(short_list.size() == 2);
    CHECK(short_list[0].item == item_id{3});  // equal scores: the lower id
    CHECK(short_list[1].item == item_id{4});
  }
  SECTION("no candidates are no list, and not all items") {
    CHECK(model.recommend(user_id{0}, {.k = 9, .candidates = std::span<const item_id>{}}).empty());
    CHECK(model.recommend(user_id{0}, {.k = 9, .candidates = {}}).size() == 4);
  }
  SECTION("a history that a caller gives is checked") {
    typename std::remove_cvref_t<decltype(model)>::workspace scratch;
    std::vector<float> out(6);
    const auto text = [&](std::vector<item_id> items, std::vector<float> values) {
      const history_view history{items, values};
      const std::string one = test::thrown<data_error>([&] { model.score_history(history, out, scratch); });
      const std::string other = test::thrown<data_error>([&] { model.recommend(history, {}, scratch); });
      CHECK(other.substr(other.find(": ")) == one.substr(one.find(": ")));
      return one;
    };
    CHECK(text({item_id{0}, item_id{4}, item_id{2}}, {1.0f, 1.0f, 1.0f}) ==
          "fitted_recommender::score_history: items of the history must strictly increase: entry 2 is item 2 after item 4");
    CHECK(text({item_id{3}, item_id{3}}, {1.0f, 1.0f}) ==
          "fitted_recommender::score_history: items of the history must strictly increase: entry 1 is item 3 after item 3");
    CHECK(text({item_id{0}, item_id{3}}, {1.0f, std::numeric_limits<float>::infinity()}) ==
          "fitted_recommender::score_history: value of the history's entry 1 (item 3) is not finite");
  }
  SECTION("one user and a batch of users get the same lists") {
    const std::vector<user_id> everybody{user_id{0}, user_id{1}, user_id{2}, user_id{3}};
    const auto lists = model.recommend_batch(exec::cpu{.threads = 2}, everybody, {.k = 4});
    for (const user_id user : everybody) CHECK(lists[user.index()] == model.recommend(user, {.k = 4}));
  }
  SECTION("a user without history gets an empty list, an unknown user an error") {
    CHECK(model.recommend(user_id{3}, {}).empty());
    CHECK_THROWS_AS(model.recommend(user_id{4}, {}), unknown_id);
  }
  SECTION("k = 0 and k beyond the catalogue") {
    CHECK(model.recommend(user_id{0}, {.k = 0}).empty());
    CHECK(model.recommend(user_id{0}, {.k = 1000}).size() == 4);
  }
  SECTION("the reasons add up to the score") {
    const auto why = model.explain(user_id{2}, item_id{1});
    REQUIRE(why.history.size() == 3);
    float sum = 0;
    for (const auto& part : why.history) sum += part.contribution;
    CHECK(sum == Approx(why.score));
    CHECK(why.history[0].item == item_id{0});
    REQUIRE(why.modalities.size() == 2);
    CHECK(why.modalities[0].name == "words");
    CHECK(why.modalities[0].contribution + why.modalities[1].contribution == Approx(why.score));
    CHECK(why.modalities[0].contribution == Approx(2 * 3 + 1 * 3));  // "aab" against "aaa" + "bbb"
  }
  SECTION("somebody described by a history alone gets what a user with that history gets") {
    typename std::remove_cvref_t<decltype(model)>::workspace scratch;
    const auto history = model.interactions().history(user_id{2});
    const auto as_stranger = model.recommend(history, {.k = 3}, scratch);
    CHECK(std::vector<scored_item>(as_stranger.begin(), as_stranger.end()) == model.recommend(user_id{2}, {.k = 3}));
  }
  SECTION("a new item is found by its content") {
    data::column<"words", kind::text> words;
    data::column<"sound", kind::dense<float, 2>> sound;
    words.push_back("bb");
    sound.push_missing();
    words.push_missing();
    sound.push_missing();
    const data::item_table news(data::item_map::numbered(2), words, sound);
    const auto new_item = model.describe(news, item_id{0});
    const auto fans = model.recommend_users(one_thread, new_item, 2);
    REQUIRE(fans.size() == 2);
    CHECK(fans[0].user == user_id{1});
    CHECK(model.similar_items(new_item, 1)[0].item == item_id{3});
    CHECK_THROWS_AS(model.describe(news, item_id{1}), data_error);
  }
}

TEST_CASE("scores of several recommenders meet in a decision-level policy") {
  const auto table = catalogue();
  const auto spec = recommender(
      modalities(modality<"words">(words_of | test::dot_recommender{}), modality<"loud", "sound">(test::dot_recommender{}),
                 modality<"behaviour">(test::counting_recommender{})),
      fusion::weighted_sum{.weights = {0.5f, 0.3f, 0.2f}, .missing = fusion::missing::renormalize});
  const auto model = fit(spec, exec::cpu{.threads = 2}, table, likes(table));
  std::vector<float> scores(6);
  typename std::remove_cvref_t<decltype(model)>::workspace scratch;
  model.score(user_id{0}, scores, scratch);
  const auto list = model.recommend(user_id{0}, {.k = 1});
  CHECK(list[0].score == scores[list[0].item.index()]);
  SECTION("each modality's part adds up to the score") {
    const auto why = model.explain(user_id{2}, item_id{1});
    REQUIRE(why.modalities.size() == 3);
    CHECK(why.modalities[1].name == "loud");
    float sum = 0;
    for (const auto& part : why.modalities) sum += part.contribution;
    CHECK(sum == Approx(why.score));
    CHECK(why.modalities[0].strongest == item_id{0});
    CHECK_FALSE(why.modalities[2].strongest.has_value());  // counts know no history
  }
  SECTION("the parts of the history keep their signs within a branch and their sizes sum to its part") {
    for (const float weight : {0.7f, 0.0f}) {
      const auto tilted = model.with_fusion(fusion::weighted_sum{.weights = {weight, 0.0f, 1.0f - weight},
                                                                 .normalization = fusion::normalization::z_score,
                                                                 .missing = fusion::missing::zero});
      const auto why = tilted.explain(user_id{2}, item_id{3});  // "bbb" for somebody who liked "aaa", "bbb" and "c"
      if (weight == 0.0f) {
        CHECK(why.history.empty());
        CHECK(why.modalities[0].contribution == 0.0f);
        CHECK_FALSE(why.modalities[0].strongest.has_value());
        continue;
      }
      float sizes = 0;
      for (const auto& part : why.history) {
        CHECK(part.contribution >= 0.0f);
        sizes += std::abs(part.contribution);
      }
      CHECK(sizes == Approx(std::abs(why.modalities[0].contribution)));
      CHECK(why.history[0].item == item_id{3});
    }
  }
  SECTION("another policy needs no new fit") {
    const auto words_alone = model.with_fusion(fusion::weighted_sum{.weights = {1.0f, 0.0f, 0.0f}});
    const auto expected =
        fit(recommender(modalities(modality<"words">(words_of | test::dot_recommender{})), fusion::weighted_sum{}),
            one_thread, table, likes(table));
    CHECK(words_alone.recommend(user_id{2}, {.k = 6}) == expected.recommend(user_id{2}, {.k = 6}));
    const auto by_rank = model.with_fusion(fusion::reciprocal_rank{});
    CHECK(by_rank.recommend(user_id{2}, {.k = 6}).size() == 3);
    CHECK_THROWS_AS(model.with_fusion(fusion::weighted_sum{.weights = {1.0f}}), invalid_config);
  }
  SECTION("a new item is judged beside the known ones") {
    data::column<"words", kind::text> words;
    data::column<"sound", kind::dense<float, 2>> sound;
    words.push_back("aaa");
    sound.push_missing();
    const data::item_table news(data::item_map::numbered(1), words, sound);
    const auto fans = model.recommend_users(one_thread, model.describe(news, item_id{0}), 4);
    REQUIRE(!fans.empty());
    CHECK(fans[0].user == user_id{0});
    CHECK(model.similar_items(model.describe(news, item_id{0}), 1)[0].item == item_id{0});
  }
}

TEST_CASE("contributions are scaled without a flip of signs or a jump") {
  const auto scaled = [](std::vector<float> contributions, float part) {
    detail::scale_to(contributions, part);
    return contributions;
  };
  CHECK(scaled({3.0f, -1.0f}, 2.0f) == std::vector<float>{1.5f, -0.5f});
  CHECK(scaled({3.0f, -1.0f}, -2.0f) == std::vector<float>{1.5f, -0.5f});
  CHECK(scaled({1.0f, -1.0f}, 2.0f) == std::vector<float>{1.0f, -1.0f});
  CHECK(scaled({1.0f, -1.01f}, 2.0f)[1] == Approx(-1.0f).epsilon(0.01));
  CHECK(scaled({0.0f, 0.0f}, 2.0f) == std::vector<float>{0.0f, 0.0f});
  CHECK(scaled({1.0f, 2.0f}, no_score) == std::vector<float>{0.0f, 0.0f});
  CHECK(scaled({1.0f, no_score}, 1.0f) == std::vector<float>{0.0f, 0.0f});
  CHECK(scaled({}, 1.0f).empty());
}

namespace {

// Not exec::cpu, but an executor.
struct backwards {
  std::size_t* calls;
  std::size_t concurrency() const { return 1; }
  progress_sink* sink() const { return nullptr; }
  void run(std::size_t tasks, function_ref<void(std::size_t)> task) const {
    ++*calls;
    for (std::size_t index = tasks; index-- > 0;) task(index);
  }
};

// Stages that remember their seeds.
struct remembers : test::scale {
  struct model : test::scale::model {
    seed key;
  };
  template <class Exec>
  model fit(const Exec&, const matrix_view<float>&, seed key) const {
    return {{1.0f}, key};
  }
};
struct remembering_recommender : test::dot_recommender {
  struct model : test::dot_recommender::model {
    using test::dot_recommender::model::model;
    seed key;
  };
  template <class Exec>
  model fit(const Exec&, const data::interactions& events, const data::dense_features& features, seed key) const {
    model result(events, features);
    result.key = key;
    return result;
  }
};

}  // namespace

TEST_CASE("any executor will do") {
  const auto table = catalogue();
  std::size_t calls = 0;
  const backwards exec{&calls};
  const auto early = recommender(modalities(modality<"words">(words_of)), fusion::concat{.missing = fusion::missing::zero},
                                 test::dot_recommender{});
  CHECK(fit(early, exec, table, likes(table)).recommend(user_id{2}) ==
        fit(early, one_thread, table, likes(table)).recommend(user_id{2}));
  const auto late = recommender(modalities(modality<"words">(words_of | test::dot_recommender{})), fusion::weighted_sum{});
  CHECK(fit(late, exec, table, likes(table)).recommend(user_id{0}).size() ==
        fit(late, one_thread, table, likes(table)).recommend(user_id{0}).size());
  const auto alone = fit(recommender(test::counting_recommender{}), exec, likes(table));
  calls = 0;
  const std::vector<user_id> everybody{user_id{0}, user_id{1}};
  CHECK(alone.recommend_batch(exec, everybody, {.k = 2}).size() == 2);
  CHECK(calls == 1);
}

TEST_CASE("a modality may have any name without sharing the learner's seed") {
  const auto table = catalogue();
  const auto model = fit(recommender(modalities(modality<"recommender", "sound">(remembers{})),
                                     fusion::concat{.missing = fusion::missing::zero}, remembering_recommender{}),
                         one_thread, table, likes(table), seed{3});
  CHECK(std::get<0>(model.core().branches()).stages.key.value != model.core().model().key.value);
  CHECK(model.core().model().key.value == seed{3}.derive(1).value);
}

TEST_CASE("collaborative recommenders need no table, alone or together") {
  const auto events = test::pairs(3, 4, {{0, 0}, {1, 0}, {1, 2}, {2, 2}, {2, 0}});
  const auto alone = fit(recommender(test::counting_recommender{}), one_thread, events);
  CHECK(alone.recommend(user_id{0}, {.k = 1})[0].item == item_id{2});
  const auto together = fit(
      recommender(modalities(modality<"one">(test::counting_recommender{}), modality<"two">(test::counting_recommender{})),
                  fusion::reciprocal_rank{}),
      one_thread, events);
  CHECK(together.recommend(user_id{0}, {.k = 1})[0].item == item_id{2});
}

TEST_CASE("what does not fit together at run time is named") {
  const auto table = catalogue();
  const auto spec = recommender(modalities(modality<"words">(words_of)), fusion::concat{}, test::dot_recommender{});
  SECTION("missing values without a policy") {
    CHECK_THROWS_WITH(fit(spec, one_thread, table, likes(table)), test::contains("words") && test::contains("1 of 6"));
  }
  SECTION("interactions of another catalogue") {
    CHECK_THROWS_AS(fit(spec, one_thread, table, test::pairs(2, 5, {{0, 0}})), shape_error);
    data::item_map other;
    for (const char* key : {"a", "b", "c", "d", "e", "f"}) other.insert(key);
    const data::interactions events(likes(table).user_keys(), std::make_shared<const data::item_map>(other), {});
    CHECK_THROWS_AS(fit(spec, one_thread, table, events), data_error);
  }
  SECTION("a column without any value") {
    data::column<"words", kind::text> words;
    for (int item = 0; item < 6; ++item) words.push_missing();
    const data::item_table empty(*table.keys(), words);
    const data::interactions events(likes(table).user_keys(), empty.keys(), likes(table).events());
    CHECK_THROWS_WITH(fit(spec, one_thread, empty, events), test::contains("words"));
  }
  SECTION("a column of another length") {
    data::column<"words", kind::text> words;
    words.push_back("a");
    CHECK_THROWS_WITH(data::item_table(*table.keys(), words), test::contains("words") && test::contains("6") && test::contains("1"));
  }
}

TEST_CASE("what does not fit into a column is named with its item") {
  data::column<"sound", kind::dense<float>> sound;
  const std::vector<float> two{1.0f, 2.0f}, three{1.0f, 2.0f, 3.0f};
  sound.push_missing();
  sound.push_back(two);
  CHECK(test::thrown<shape_error>([&] { sound.push_back(three); }) ==
        "data::column::push_back: width of the features of item 2 in column \"sound\": expected 2, got 3");
  CHECK(sound.size() == 2);
  data::column<"poster", kind::image<2, 2>> poster;
  const std::vector<std::uint8_t> bytes(18);
  CHECK(test::thrown<shape_error>([&] {
          poster.push_back({bytes, 2, 3});
        }) == "data::column::push_back: width of the picture of item 0 in column \"poster\": expected 2, got 3");
  CHECK(test::thrown<invalid_config>([] { data::item_table<>(std::shared_ptr<const data::item_map>{}); }) ==
        "data::item_table: keys must not be null");
}

TEST_CASE("any number of threads gives the same bits, and the seed decides") {
  const auto table = catalogue();
  const auto spec =
      recommender(modalities(modality<"words">(words_of | test::scale{.random = true}), modality<"sound">(test::scale{})),
                  fusion::concat{.missing = fusion::missing::mean}, test::dot_recommender{});
  const auto scores_with = [&](std::size_t threads, seed key) {
    const auto model = fit(spec, exec::cpu{.threads = threads}, table, likes(table), key);
    std::vector<float> scores(6);
    typename std::remove_cvref_t<decltype(model)>::workspace scratch;
    model.score(user_id{2}, scores, scratch);
    return scores;
  };
  const auto reference = scores_with(1, seed{5});
  CHECK(scores_with(2, seed{5}) == reference);
  CHECK(scores_with(8, seed{5}) == reference);
  CHECK(scores_with(1, seed{6}) != reference);
}

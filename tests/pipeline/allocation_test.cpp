#include <mmrec/pipeline.hpp>

#include <string>
#include <type_traits>
#include <vector>

#include <mmrec/fusion/weighted_sum.hpp>

#include "support/allocations.hpp"
#include "support/archetypes.hpp"
#include "support/catch.hpp"

using namespace mmrec;

namespace {
const exec::cpu one_thread;
}

TEST_CASE("a list needs no memory once the workspace is warm") {
  data::column<"words", kind::text> words;
  for (const char* text : {"aaa", "aab", "aa", "bbb"}) words.push_back(text);
  words.push_missing();
  words.push_back("c");
  const data::item_table table(data::item_map::numbered(6), words);
  const auto numbered = test::pairs(3, 6, {{0, 0}, {0, 2}, {1, 3}, {2, 0}, {2, 3}, {2, 5}});
  const data::interactions events(numbered.user_keys(), table.keys(), numbered.events());
  const auto model =
      fit(recommender(modalities(modality<"words">(test::characters{} | test::letters{} | test::dot_recommender{}),
                                 modality<"behaviour">(test::counting_recommender{})),
                      fusion::weighted_sum{.missing = fusion::missing::zero}),
          one_thread, table, events);
  typename std::remove_cvref_t<decltype(model)>::workspace scratch;
  const std::vector<item_id> excluded{item_id{1}};
  const std::vector<item_id> candidates{item_id{1}, item_id{3}, item_id{4}};
  const recommend_options options{.k = 3, .exclude = excluded, .candidates = candidates};
  std::size_t listed = 0;
  const auto list = [&] {
    for (std::size_t user = 0; user < model.users(); ++user)
      listed += model.recommend(user_id{user}, options, scratch).size();
    listed += model.recommend(events.history(user_id{1}), options, scratch).size();
  };
  list();
  CHECK(test::allocations_of(list) == 0);
  CHECK(listed > 0);
}

TEST_CASE("one element passes a chain without memory once the workspace is warm") {
  const std::vector<std::string> documents{"abc a", "bbb", "", "ccab"};
  const auto spec = test::characters{} | test::drop{'b'} | test::letters{} | test::scale{} | test::scale{};
  const auto model = spec.fit(one_thread, documents);
  typename std::remove_cvref_t<decltype(model)>::workspace scratch;
  std::vector<float> out;
  const auto transform = [&] {
    for (const std::string& document : documents) model.transform_one(std::string_view(document), out, scratch);
  };
  transform();
  CHECK(test::allocations_of(transform) == 0);
}

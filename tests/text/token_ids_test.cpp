#include <mmrec/exec/cpu.hpp>
#include <mmrec/text/token_ids.hpp>
#include <mmrec/text/token_lists.hpp>

#include "support/catch.hpp"

namespace text = mmrec::text;

namespace {
text::token_lists documents() {
  text::token_lists lists;
  lists.push_back({"b", "a", "b", "c"});
  lists.push_back({});
  lists.push_back({"a", "z", "b"});
  return lists;
}
std::vector<std::int32_t> ids_of(const mmrec::data::sequences<std::int32_t>& all, std::size_t index) {
  const auto values = all[index].values;
  return {values.begin(), values.end()};
}
}  // namespace

TEST_CASE("tokens become ids in the order of the document") {
  const auto lists = documents();
  const auto model = text::token_ids{.min_df = 2}.fit(mmrec::exec::cpu{}, lists);
  CHECK(model.ids() == 4);  // padding, unknown, a, b
  const auto ids = model.transform(mmrec::exec::cpu{}, lists);
  CHECK(ids.size() == 3);
  CHECK(ids_of(ids, 0) == std::vector<std::int32_t>{3, 2, 3, text::unknown_token_id});
  CHECK(ids_of(ids, 1).empty());
  CHECK(ids_of(ids, 2) == std::vector<std::int32_t>{2, text::unknown_token_id, 3});

  mmrec::data::sequence<std::int32_t> one;
  text::token_ids_model::workspace scratch;
  model.transform_one([&](auto& sink) { sink("b"), sink("q"), sink.finish(); }, one, scratch);
  CHECK(one.values == std::vector<std::int32_t>{3, text::unknown_token_id});
}

TEST_CASE("documents are cut off at max_length, whatever their number and the threads") {
  text::token_lists lists;
  for (int i = 0; i < 700; ++i) {
    std::vector<std::string> tokens;
    for (int j = 0; j < i % 5; ++j) tokens.push_back(std::to_string((i + j) % 11));
    lists.push_back(tokens);
  }
  const auto model = text::token_ids{.max_length = 3}.fit(mmrec::exec::cpu{}, lists);
  const auto one = model.transform(mmrec::exec::cpu{}, lists);
  for (std::size_t i = 0; i < 700; ++i) CHECK(one.steps(i) == (std::min)(i % 5, std::size_t{3}));
  CHECK(model.transform(mmrec::exec::cpu{.threads = 8}, lists) == one);
  CHECK_THROWS_AS((text::token_ids{.max_length = 0}.fit(mmrec::exec::cpu{}, lists)), mmrec::invalid_config);
}

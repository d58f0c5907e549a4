#include <mmrec/data/text_column.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"

namespace data = mmrec::data;

TEST_CASE("documents come back as they were") {
  data::text_column texts;
  CHECK(texts.size() == 0);
  texts.reserve(4, 10);
  const std::vector<std::string> documents{"one", "", std::string("a\0b", 3), "h\xc3\xa9"};
  for (const std::string& document : documents) texts.push_back(document);
  REQUIRE(texts.size() == 4);
  for (std::size_t index = 0; index < documents.size(); ++index) CHECK(texts[index] == documents[index]);
  CHECK(texts.bytes() == 9);
  data::text_column copy = texts;
  CHECK(copy == texts);
  copy.push_back("");
  CHECK_FALSE(copy == texts);
}

TEST_CASE("columns and vectors of strings are batches of texts") {
  STATIC_REQUIRE(data::text_batch<data::text_column>);
  STATIC_REQUIRE(data::text_batch<std::vector<std::string>>);
  STATIC_REQUIRE(data::text_batch<std::vector<std::string_view>>);
  STATIC_REQUIRE_FALSE(data::text_batch<std::vector<int>>);
}

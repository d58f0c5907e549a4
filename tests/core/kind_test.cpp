#include <mmrec/core/executor.hpp>
#include <mmrec/core/fixed_string.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/kind.hpp>

#include <cstddef>
#include <string>
#include <type_traits>
#include <unordered_set>
#include <utility>

#include "support/catch.hpp"

namespace mm = mmrec;
namespace kind = mmrec::kind;

TEST_CASE("a kind fits itself, and static extents fit dynamic ones both ways") {
  STATIC_REQUIRE(mm::kind_fits<kind::text, kind::text>);
  STATIC_REQUIRE_FALSE(mm::kind_fits<kind::text, kind::tokens>);
  STATIC_REQUIRE_FALSE(mm::kind_fits<kind::tokens, kind::text>);
  STATIC_REQUIRE(mm::kind_fits<kind::dense<float, 8>, kind::dense<float, 8>>);
  STATIC_REQUIRE(mm::kind_fits<kind::dense<float, 8>, kind::dense<float>>);
  STATIC_REQUIRE(mm::kind_fits<kind::dense<float>, kind::dense<float, 8>>);
  STATIC_REQUIRE_FALSE(mm::kind_fits<kind::dense<float, 8>, kind::dense<float, 9>>);
  STATIC_REQUIRE_FALSE(mm::kind_fits<kind::dense<float>, kind::dense<double>>);
  STATIC_REQUIRE_FALSE(mm::kind_fits<kind::dense<float>, kind::sparse<float>>);
  STATIC_REQUIRE(mm::kind_fits<kind::image<48, 32>, kind::image<>>);
  STATIC_REQUIRE(mm::kind_fits<kind::image<>, kind::image<48, 32>>);
  STATIC_REQUIRE(mm::kind_fits<kind::image<48, mm::dynamic>, kind::image<mm::dynamic, 32>>);
  STATIC_REQUIRE_FALSE(mm::kind_fits<kind::image<48, 32>, kind::image<32, 48>>);
  STATIC_REQUIRE_FALSE(mm::kind_fits<kind::image<>, kind::text>);
}

TEST_CASE("kinds are sorted into streamed ones and features") {
  STATIC_REQUIRE(mm::is_dense_kind<kind::dense<double, 3>>);
  STATIC_REQUIRE_FALSE(mm::is_dense_kind<kind::sparse<>>);
  STATIC_REQUIRE(mm::is_sparse_kind<kind::sparse<double>>);
  STATIC_REQUIRE(mm::is_feature_kind<kind::dense<>>);
  STATIC_REQUIRE(mm::is_feature_kind<kind::sparse<>>);
  STATIC_REQUIRE_FALSE(mm::is_feature_kind<kind::scores>);
  STATIC_REQUIRE_FALSE(mm::is_feature_kind<kind::image<>>);
  STATIC_REQUIRE(mm::is_streamed_kind<kind::text>);
  STATIC_REQUIRE(mm::is_streamed_kind<kind::tokens>);
  STATIC_REQUIRE_FALSE(mm::is_streamed_kind<kind::dense<>>);
}

TEST_CASE("ids of users and items do not mix") {
  STATIC_REQUIRE_FALSE(std::is_convertible_v<mm::user_id, mm::item_id>);
  STATIC_REQUIRE_FALSE(std::is_constructible_v<mm::user_id, mm::item_id>);
  STATIC_REQUIRE_FALSE(std::is_convertible_v<std::size_t, mm::user_id>);
  CHECK(mm::user_id{3} < mm::user_id{4});
  CHECK(mm::item_id{3}.index() == 3);
  CHECK(std::unordered_set<mm::item_id>{mm::item_id{1}, mm::item_id{1}, mm::item_id{2}}.size() == 2);
}

TEST_CASE("fixed strings are equal by content") {
  STATIC_REQUIRE(mm::fixed_string("plot").view() == "plot");
  STATIC_REQUIRE(mm::fixed_string("plot") == mm::fixed_string("plot"));
  STATIC_REQUIRE_FALSE(mm::fixed_string("plot") == mm::fixed_string("plots"));
  STATIC_REQUIRE(mm::fixed_string("").view().empty());
}

TEST_CASE("function references call what they refer to") {
  int calls = 0;
  const auto add = [&](int by) { return calls += by; };
  const mm::function_ref<int(int)> reference = add;
  CHECK(reference(2) == 2);
  CHECK(reference(3) == 5);
  CHECK(calls == 5);
  const mm::function_ref<int(int)> copy = reference;
  CHECK(copy(1) == 6);
  const auto exclaim = [](std::string&& text) { return std::move(text) + "!"; };
  const mm::function_ref<std::string(std::string&&)> taking = exclaim;
  CHECK(taking("a") == "a!");
}

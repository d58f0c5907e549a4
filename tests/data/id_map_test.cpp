#include <mmrec/data/id_map.hpp>

#include <cstdint>
#include <limits>
#include <new>
#include <string>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;
namespace data = mmrec::data;

TEST_CASE("an insertion that runs out of memory leaves the map as it was") {
  for (int allowed = 0; allowed < 6; ++allowed) {
    data::item_map map;
    for (int key = 0; key < 3; ++key) map.insert("a key that is long enough for the heap, number " + std::to_string(key));
    const std::string one_more = "another key that is long enough for the heap";
    test::allocations_left = allowed;
    bool failed = false;
    try {
      map.insert(one_more);
    } catch (const std::bad_alloc&) {
      failed = true;
    }
    test::allocations_left = -1;
    if (allowed == 0) CHECK(failed);
    CHECK(map.size() == (failed ? 3U : 4U));
    CHECK(map.find(one_more).has_value() == !failed);
    CHECK(map.insert(one_more) == mm::item_id{3});
    CHECK(map.key(mm::item_id{3}) == one_more);
  }
}

TEST_CASE("an index that does not fit is an id that nobody knows") {
  CHECK(mm::item_id{0xfffffffeU}.index() == 0xfffffffeU);
  CHECK(mm::item_id{std::size_t{1} << 32}.index() == 0xffffffffU);
  CHECK(mm::user_id{(std::size_t{1} << 32) + 5}.index() == 0xffffffffU);
  data::item_map map;
  map.insert("a");
  CHECK_THROWS_AS(map.key(mm::item_id{std::size_t{1} << 32}), mm::unknown_id);
}

TEST_CASE("keys are numbered in the order of their first appearance, both ways") {
  data::item_map map;
  CHECK(map.insert("b") == mm::item_id{0});
  CHECK(map.insert("a") == mm::item_id{1});
  CHECK(map.insert("b") == mm::item_id{0});
  CHECK(map.size() == 2);
  CHECK(map.key(mm::item_id{1}) == "a");
  CHECK(map.at("a") == mm::item_id{1});
  CHECK(map.find("b") == mm::item_id{0});
  CHECK_FALSE(map.find("c").has_value());
  CHECK_FALSE(map.find("").has_value());
  const std::string long_key(1000, 'k');
  CHECK(map.key(map.insert(long_key)) == long_key);
  CHECK(map.key(map.insert(std::string_view("a\0b", 3))).size() == 3);
}

TEST_CASE("numbers are their decimal text") {
  data::user_map map;
  CHECK(map.insert(std::int64_t{7}) == map.insert("7"));
  map.insert(std::numeric_limits<std::int64_t>::min());
  map.insert(std::numeric_limits<std::int64_t>::max());
  CHECK(map.key(mm::user_id{1}) == "-9223372036854775808");
  CHECK(map.at(std::numeric_limits<std::int64_t>::max()) == mm::user_id{2});
  CHECK_FALSE(map.find("07").has_value());
  const auto numbered = data::user_map::numbered(12);
  CHECK(numbered.size() == 12);
  for (std::size_t index = 0; index < 12; ++index) CHECK(numbered.at(static_cast<std::int64_t>(index)).index() == index);
}

TEST_CASE("unknown keys and ids are errors that name them") {
  data::item_map map;
  map.insert("a");
  CHECK(test::thrown<mm::unknown_id>([&] { map.at("b"); }) == "data::id_map::at: unknown key \"b\" (1 known)");
  CHECK(test::thrown<mm::unknown_id>([&] { map.at(std::int64_t{-5}); }) == "data::id_map::at: unknown key \"-5\" (1 known)");
  CHECK(test::thrown<mm::unknown_id>([&] { map.key(mm::item_id{1}); }) == "data::id_map::key: unknown id 1 (1 known)");
}

TEST_CASE("maps with the same keys in the same order are equal, and copies are independent") {
  data::item_map one, other;
  for (const char* key : {"a", "b", "c"}) one.insert(key);
  for (const char* key : {"a", "c", "b"}) other.insert(key);
  CHECK_FALSE(one == other);
  data::item_map copy = one;
  CHECK(copy == one);
  copy.insert("d");
  CHECK(one.size() == 3);
  CHECK(copy.at("a") == mm::item_id{0});
}

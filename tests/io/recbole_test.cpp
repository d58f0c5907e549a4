#include <mmrec/io/recbole.hpp>

#include <mmrec/core/error.hpp>
#include <mmrec/io/recbole_interactions.hpp>

#include <cmath>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;
namespace io = mmrec::io;

namespace {

const std::string events =
    "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
    "anna\t7\t4.5\t881250949\nbert\t3\t1\t881250950.75\nanna\t3\t2\t-1.5\n";
const std::string items =
    "item_id:token\ttitle:token_seq\tyear:float\tplace:float_seq\n"
    "3\tThe Long  Day\t1995\t0.5 -1\n7\t\t\t2 3\n9\tx\t1\t\n";

const mm::data::item_map& two_items() {
  static const mm::data::item_map map = [] {
    mm::data::item_map result;
    result.insert("7");
    result.insert("3");
    return result;
  }();
  return map;
}

}  // namespace

TEST_CASE("an .inter file becomes interactions") {
  const auto file = io::parse_recbole_interactions(events, "a.inter");
  const mm::data::interactions& log = file.interactions;
  CHECK(file.table.records == 3);
  CHECK(log.user_keys()->at("bert") == mm::user_id{1});
  using event = mm::data::interaction;
  CHECK(log.events() == std::vector<event>{{mm::user_id{0}, mm::item_id{0}, 4.5f, 881250949},
                                           {mm::user_id{0}, mm::item_id{1}, 2.0f, -2},
                                           {mm::user_id{1}, mm::item_id{1}, 1.0f, 881250950}});
  const auto plain = io::parse_recbole_interactions("item_id:token\tx:float\tuser_id:token\n5\t1\tu\n", "b.inter");
  CHECK(plain.interactions.value_array()[0] == 1.0f);
  CHECK(plain.interactions.time_array()[0] == 0);
  CHECK(plain.interactions.item_keys()->key(mm::item_id{0}) == "5");
  io::key_maps keys;
  keys.items = std::make_shared<const mm::data::item_map>(mm::data::item_map::numbered(5));
  const auto some = io::parse_recbole_interactions(events, "a.inter", {.on_unknown_item = io::unknown_keys::skip}, keys);
  CHECK(some.unknown_items == 1);
  CHECK(some.interactions.size() == 2);
  const test::temporary_folder folder;
  CHECK(io::read_recbole_interactions(folder.write("a.inter", events)).interactions.events() == log.events());
}

TEST_CASE("typed columns of items") {
  const io::recbole_table table(items, "a.item");
  CHECK(table.rows() == 3);
  REQUIRE(table.fields().size() == 4);
  CHECK(table.fields()[1] == io::recbole_field{"title", io::recbole_type::token_seq});
  CHECK(table.text(0, 1) == "The Long  Day");
  CHECK(table.tokens(0, 1) == std::vector<std::string_view>{"The", "Long", "Day"});
  CHECK(table.tokens(1, 1).empty());
  CHECK(table.number(0, table.field("year")) == 1995.0f);
  CHECK(std::isnan(table.number(1, 2)));
  CHECK(table.numbers(1, 2).empty());
  REQUIRE(table.numbers(1, 3).size() == 2);
  CHECK(table.numbers(1, 3)[1] == 3.0f);
  CHECK(table.numbers(2, 3).empty());

  const auto titles = table.text_of("item_id", "title", two_items());
  CHECK(titles.present == mm::data::presence{0, 1});
  CHECK(titles.values[0] == "The Long  Day");
  CHECK(titles.unknown_items == 1);
  const auto years = table.numbers_of("item_id", "year", two_items());
  CHECK(years.present == mm::data::presence{0, 1});
  CHECK(years.values(0, 0) == 1995.0f);
  const auto places = table.numbers_of("item_id", "place", two_items());
  CHECK(places.present == mm::data::presence{1, 1});
  CHECK(places.values(0, 0) == 2.0f);
  CHECK(places.values(1, 1) == -1.0f);

  CHECK(test::thrown<mm::unknown_id>([&] { table.field("color"); }) ==
        "io::recbole_table::field: unknown field \"color\" of a.item (4 known)");
  CHECK(test::thrown<mm::data_error>([&] { table.number(0, 1); }) ==
        "io::recbole_table::number: field \"title\" of a.item has another type");
  const io::recbole_table twice("item_id:token\tp:float_seq\n3\t1 2\n7\t1\n3\t4 5\n", "b.item");
  CHECK(test::thrown<mm::data_error>([&] { twice.text_of("item_id", "item_id", two_items()); }) ==
        "io::recbole_table::text_of: \"3\" comes twice in field \"item_id\" of b.item");
  const io::recbole_table ragged("item_id:token\tp:float_seq\n3\t1 2\n7\t1\n", "c.item");
  CHECK(test::thrown<mm::shape_error>([&] { ragged.numbers_of("item_id", "p", two_items()); }) ==
        "io::recbole_table::numbers_of: numbers of \"3\" in c.item: expected 1, got 2");
}

TEST_CASE("edges between users") {
  mm::data::user_map users;
  for (const char* key : {"a", "b", "c"}) users.insert(key);
  const auto found = io::parse_recbole_edges("source_id:token\ttarget_id:token\na\tb\nc\ta\nz\ta\n", "a.net", users);
  CHECK(found.edges == std::vector<std::pair<mm::user_id, mm::user_id>>{{mm::user_id{0}, mm::user_id{1}},
                                                                        {mm::user_id{2}, mm::user_id{0}}});
  CHECK(found.unknown_users == 1);
  CHECK(test::thrown<mm::parse_error>([&] {
          io::parse_recbole_edges("source_id:token\ttarget_id:token\na\t\n", "a.net", users);
        }) == "a.net:2:3: column \"target_id:token\": is empty where a key is wanted");
}

TEST_CASE("malformed files are refused with file, line and column") {
  const auto fault = [](const std::string& bytes) {
    return test::thrown<mm::parse_error>([&] { io::recbole_table(bytes, "x"); });
  };
  CHECK(fault("") == "x:1:1: is empty where a header line is wanted");
  CHECK(fault("id:token\ttitle\n") ==
        "x:1:10: \"title\" is no field of an atomic file: a name, a colon, and token, token_seq, float or float_seq");
  CHECK(fault("id:word\n").starts_with("x:1:1: \"id:word\" is no field"));
  CHECK(fault(":token\n").starts_with("x:1:1: \":token\" is no field"));
  CHECK(fault("id:token\tid:float\n") == "x:1:10: two fields are named \"id\"");
  CHECK(fault("id:token\tp:float\n1\t2\n1\ttwo\n") == "x:3:3: column \"p:float\": \"two\" is not a number");
  CHECK(fault("id:token\tp:float\n1\tnan\n") == "x:2:3: column \"p:float\": \"nan\" is not finite");
  CHECK(fault("id:token\tp:float_seq\n1\t2 x\n") == "x:2:3: column \"p:float_seq\": \"x\" is not a number");
  CHECK(fault("id:token\tp:float\n1\n").starts_with("x:2:1: 1 field where 2 are wanted"));
  const auto inter = [](const std::string& bytes, const io::recbole_interactions& spec = {}) {
    return test::thrown<mm::parse_error>([&] { io::parse_recbole_interactions(bytes, "x", spec); });
  };
  CHECK(inter("user_id:token\tb:token\n") == "x:1:1: there is no field \"item_id:token\"");
  CHECK(inter("user_id:float\titem_id:token\n") == "x:1:1: field \"user_id:float\" is not of type token");
  CHECK(inter("user_id:token\titem_id:token\n1\t2\n1\t3\n1\t2\n") ==
        "x:4:1: the same user and item as on line 2; choose a policy for duplicates");
  CHECK(inter("user_id:token\titem_id:token\ttimestamp:float\n1\t2\t1e300\n") ==
        "x:2:5: column \"timestamp:float\": \"1e300\" is out of range");
  CHECK(inter("user_id:token\titem_id:token\trating:float\n1\t2\t\n").starts_with("x:2:5: column \"rating:float\":"));
  const auto skipped = io::parse_recbole_interactions("user_id:token\titem_id:token\trating:float\n1\t2\tx\n1\t3\t1\n", "x",
                                                      {.on_malformed = io::malformed::skip});
  CHECK(skipped.table.skipped == 1);
  CHECK(skipped.interactions.size() == 1);
  mm::limits bounds;
  bounds.rows = 2;
  CHECK_THROWS_AS(io::recbole_table(items, "x", bounds), mm::limit_error);
}

TEST_CASE("every prefix, and every byte damaged, gives a table or an error") {
  const auto try_bytes = [](const std::string& bytes) {
    try {
      const io::recbole_table table(bytes, "x");
      static_cast<void>(table.text_of("item_id", "title", two_items()));
      static_cast<void>(table.numbers_of("item_id", "place", two_items()));
    } catch (const mm::error&) {
    }
    try {
      static_cast<void>(io::parse_recbole_interactions(bytes, "x"));
    } catch (const mm::error&) {
    }
  };
  for (const std::string& whole : {events, items}) {
    for (std::size_t size = 0; size <= whole.size(); ++size) CHECK_NOTHROW(try_bytes(whole.substr(0, size)));
    for (std::size_t at = 0; at < whole.size(); ++at) {
      for (const char byte : {'\0', '\t', '\n', ':', ' ', '9', '\xff'}) {
        std::string damaged = whole;
        damaged[at] = byte;
        CHECK_NOTHROW(try_bytes(damaged));
      }
    }
  }
}

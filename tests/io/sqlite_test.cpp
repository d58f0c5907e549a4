#include <mmrec/io/sqlite.hpp>

#include <mmrec/core/error.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;
namespace io = mmrec::io;

namespace {

/// A database that the statements made.
std::filesystem::path made(const test::temporary_folder& folder, const std::string& statements) {
  const std::filesystem::path path = folder.path() / "shop.db";
  sqlite3* database = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &database) == SQLITE_OK);
  char* message = nullptr;
  const int code = sqlite3_exec(database, statements.c_str(), nullptr, nullptr, &message);
  if (message != nullptr) FAIL(message);
  CHECK(code == SQLITE_OK);
  sqlite3_close(database);
  return path;
}

constexpr const char* shop = R"(
  CREATE TABLE ratings(user, item, stars REAL, at INTEGER);
  INSERT INTO ratings VALUES ('anna', 7, 4.5, 100), ('bert', 3, 1, 90), ('anna', '3', 2.0, -5), (12, 7, 3, 8);
  CREATE TABLE items(item, title TEXT, price REAL, weight REAL);
  INSERT INTO items VALUES (3, 'Äpfel', 1.25, NULL), (7, NULL, 2, 0.5), (9, 'Birnen', 3, 3), (8, 'x', NULL, NULL);
)";

struct stopping : mm::progress_sink {
  std::size_t reports = 0;
  bool report(const mm::progress_event&) override { return ++reports < 3; }
};

}  // namespace

TEST_CASE("rows of a query become interactions") {
  const test::temporary_folder folder;
  io::sqlite_database database(made(folder, shop));
  const auto found = database.interactions("SELECT user, item, stars, at FROM ratings ORDER BY rowid");
  CHECK(found.rows == 4);
  const mm::data::interactions& log = found.interactions;
  REQUIRE(log.users() == 3);
  REQUIRE(log.items() == 2);
  CHECK(log.user_keys()->at("anna") == mm::user_id{0});
  CHECK(log.user_keys()->at("12") == mm::user_id{2});
  CHECK(log.item_keys()->at(7) == mm::item_id{0});
  using event = mm::data::interaction;
  CHECK(log.events() == std::vector<event>{{mm::user_id{0}, mm::item_id{0}, 4.5f, 100},
                                           {mm::user_id{0}, mm::item_id{1}, 2.0f, -5},
                                           {mm::user_id{1}, mm::item_id{1}, 1.0f, 90},
                                           {mm::user_id{2}, mm::item_id{0}, 3.0f, 8}});
  const auto plain = database.interactions("SELECT user, item FROM ratings;  ");
  CHECK(plain.interactions.value_array()[0] == 1.0f);
  CHECK(plain.interactions.time_array()[0] == 0);
  const auto none = database.interactions("SELECT user, item FROM ratings WHERE 0");
  CHECK(none.rows == 0);
  CHECK(none.interactions.size() == 0);
}

TEST_CASE("given maps are used, and what they do not know is refused or counted") {
  const test::temporary_folder folder;
  io::sqlite_database database(made(folder, shop));
  io::key_maps keys;
  keys.items = std::make_shared<const mm::data::item_map>(mm::data::item_map::numbered(5));
  const std::string query = "SELECT user, item, stars FROM ratings ORDER BY rowid";
  CHECK(test::thrown<mm::unknown_id>([&] { database.interactions(query, {}, keys); }) ==
        "io::sqlite_database::interactions: " + (folder.path() / "shop.db").string() +
            ": query \"SELECT user, item, stars FROM ratings OR\"...: row 1, column \"item\": unknown item \"7\" (5 known)");
  const auto found = database.interactions(query, {.on_unknown_item = io::unknown_keys::skip}, keys);
  CHECK(found.unknown_items == 2);
  CHECK(found.interactions.size() == 2);
  CHECK(found.interactions.items() == 5);
}

TEST_CASE("columns of items: NULL is missing, strangers are counted") {
  const test::temporary_folder folder;
  io::sqlite_database database(made(folder, shop));
  mm::data::item_map items;
  for (const int key : {7, 3, 5, 8}) items.insert(static_cast<std::int64_t>(key));
  const auto titles = database.text("SELECT item, title FROM items", items);
  CHECK(titles.present == mm::data::presence{0, 1, 0, 1});
  REQUIRE(titles.values.size() == 2);
  CHECK(titles.values[0] == "Äpfel");
  CHECK(titles.values[1] == "x");
  CHECK(titles.unknown_items == 1);
  const auto numbers = database.numbers("SELECT item, price, weight FROM items", items);
  CHECK(numbers.present == mm::data::presence{1, 1, 0, 0});
  REQUIRE(numbers.values.rows() == 2);
  REQUIRE(numbers.values.cols() == 2);
  CHECK(numbers.values(0, 0) == 2.0f);
  CHECK(numbers.values(0, 1) == 0.5f);
  CHECK(numbers.values(1, 0) == 1.25f);
  CHECK(std::isnan(numbers.values(1, 1)));
  CHECK(numbers.non_finite == 1);
  CHECK(numbers.unknown_items == 1);
  const auto column = io::to_column<"title", mm::kind::text>(titles);
  CHECK(column[mm::item_id{1}] == "Äpfel");
}

TEST_CASE("what does not fit is told with file, query, row and column") {
  const test::temporary_folder folder;
  const auto path = made(folder, shop);
  io::sqlite_database database(path);
  struct bad {
    std::string query, what;
  };
  const bad cases[] = {
      {"SELECT NULL, 1", "row 1, column \"NULL\" holds NULL where a key (INTEGER or TEXT) is wanted"},
      {"SELECT 1.5 AS u, 1", "row 1, column \"u\" holds a REAL where a key (INTEGER or TEXT) is wanted"},
      {"SELECT 1, x'00' AS i", "row 1, column \"i\" holds a BLOB where a key (INTEGER or TEXT) is wanted"},
      {"SELECT '' AS u, 1", "row 1, column \"u\" holds an empty text where a key is wanted"},
      {"SELECT 1, 2, '3' AS v", "row 1, column \"v\" holds TEXT where a number (INTEGER or REAL) is wanted"},
      {"SELECT 1, 2, NULL AS v", "row 1, column \"v\" holds NULL where a number (INTEGER or REAL) is wanted"},
      {"SELECT 1, 2, 9e999 AS v", "row 1, column \"v\" holds a number that is not finite"},
      {"SELECT 1, 2, 1e300 AS v", "row 1, column \"v\" holds a number that is too large for float"},
      {"SELECT 1, 2, 3, 4.0 AS t", "row 1, column \"t\" holds a REAL where a whole number (INTEGER) is wanted"},
      {"VALUES (1, 2, 3), (1, 3, 'x')", "row 2, column \"column3\" holds TEXT where a number (INTEGER or REAL) is wanted"},
  };
  for (const bad& wanted : cases) {
    CHECK(test::thrown<mm::data_error>([&] { database.interactions(wanted.query); }) ==
          "io::sqlite_database::interactions: " + path.string() + ": query \"" + wanted.query + "\": " + wanted.what);
  }
  CHECK(test::thrown<mm::data_error>([&] { database.interactions("VALUES (1, 2), (1, 2)"); }) ==
        "data::interactions: user \"1\", item \"2\" appears more than once; choose a policy for duplicates");
  const auto skipped = database.interactions("VALUES (1, 2, 3), (1, NULL, 2), (NULL, 2, 1), (1, 4, NULL)",
                                             {.on_null = io::sqlite_interactions::nulls::skip});
  CHECK(skipped.null_rows == 3);
  CHECK(skipped.interactions.size() == 1);
  const auto finite =
      database.interactions("VALUES (1, 2, 3), (1, 3, 9e999)", {.policy = {.on_bad_value = mm::data::bad_values::skip}});
  CHECK(finite.interactions.report().bad_values == 1);
  const mm::data::item_map items = mm::data::item_map::numbered(3);
  CHECK(test::thrown<mm::data_error>([&] { database.text("VALUES (1, 'a'), (1, 'b')", items); }) ==
        "io::sqlite_database::text: " + path.string() +
            ": query \"VALUES (1, 'a'), (1, 'b')\": row 2, column \"column1\" holds an item that has a row already");
  CHECK(test::thrown<mm::data_error>([&] {
          database.text("VALUES (1, 2)", items);
        }).ends_with("row 1, column \"column2\" holds an INTEGER where text (TEXT) is wanted"));
}

TEST_CASE("queries that are none, or that change something, are refused") {
  const test::temporary_folder folder;
  const auto path = made(folder, shop);
  io::sqlite_database database(path);
  struct bad {
    std::string query, what;
  };
  const bad cases[] = {
      {"SELEKT 1", "near \"SELEKT\": syntax error"},
      {"SELECT user, stars2 FROM ratings", "no such column: stars2"},
      {"SELECT 1, 2; SELECT 3, 4", "is more than one statement"},
      {"SELECT 1", "gives 1 column where 2 to 4 are wanted"},
      {"SELECT 1, 2, 3, 4, 5", "gives 5 columns where 2 to 4 are wanted"},
      {"DELETE FROM ratings", "changes the database"},
      {"SELECT ?, 1", "has parameters, which nothing binds"},
  };
  for (const bad& wanted : cases) {
    CHECK(test::thrown<io::sqlite_error>([&] { database.interactions(wanted.query); }) ==
          "io::sqlite_database::interactions: " + path.string() + ": query \"" + wanted.query + "\": " + wanted.what);
  }
  CHECK(test::thrown<io::sqlite_error>([&] { database.interactions("  "); }).ends_with("query \"  \": is empty"));
  CHECK_THROWS_AS(database.interactions("ATTACH 'other.db' AS other"), io::sqlite_error);
  CHECK_THROWS_AS(database.interactions("INSERT INTO ratings VALUES (1, 2, 3, 4) RETURNING user, item"), io::sqlite_error);
  CHECK(database.interactions("SELECT user, item FROM ratings").rows == 4);
}

TEST_CASE("limits hold, and a sink stops a query") {
  const test::temporary_folder folder;
  const auto path = made(folder, shop);
  mm::limits bounds;
  bounds.rows = 3;
  io::sqlite_database few(path, bounds);
  CHECK(test::thrown<mm::limit_error>([&] { few.interactions("SELECT user, item FROM ratings"); }) ==
        "io::sqlite_database::interactions: " + path.string() + ": rows of the query 4 exceeds the limit of 3");
  bounds = {};
  bounds.file_bytes = 8;
  io::sqlite_database small(path, bounds);
  CHECK_THROWS_AS(small.interactions("SELECT user, item FROM ratings"), mm::limit_error);
  bounds = {};
  bounds.line_bytes = 1000;
  io::sqlite_database narrow(path, bounds);
  CHECK(test::thrown<mm::limit_error>([&] { narrow.interactions("SELECT hex(zeroblob(900)) AS u, 1"); }) ==
        "io::sqlite_database::interactions: " + path.string() +
            ": query \"SELECT hex(zeroblob(900)) AS u, 1\": row 1, column \"u\": bytes 1800 exceeds the limit of 1000");
  CHECK(test::thrown<mm::limit_error>([&] {
          narrow.interactions("SELECT hex(zeroblob(900000)), 1");
        }).ends_with("bytes of a value or row 1048577 exceeds the limit of 1048576"));
  bounds.line_bytes = 1;  // rows of the database itself are longer
  io::sqlite_database tight(path, bounds);
  CHECK(tight.interactions("SELECT at, 1 FROM ratings WHERE at = 8").rows == 1);
  bounds = {};
  bounds.columns = 2;
  io::sqlite_database two(path, bounds);
  CHECK(test::thrown<mm::limit_error>([&] { two.numbers("SELECT 1, 2, 3", mm::data::item_map::numbered(2)); }) ==
        "io::sqlite_database::numbers: " + path.string() + ": columns of the query 3 exceeds the limit of 2");
  constexpr const char* endless =
      "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x, 1 FROM n WHERE x < 0";
  stopping sink;
  io::sqlite_database watched(path, {}, &sink);
  CHECK(test::thrown<mm::cancelled>([&] { watched.interactions(endless); }) ==
        "io::sqlite_database::interactions: cancelled by the caller");
  CHECK(sink.reports == 3);
}

TEST_CASE("a view that never ends is stopped without a sink") {
  const test::temporary_folder folder;
  const auto path = made(folder,
                         "CREATE VIEW ratings AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) "
                         "SELECT x AS user, 1 AS item FROM n WHERE x < 0;");
  mm::limits bounds;
  bounds.query_steps = 100'000;
  io::sqlite_database database(path, bounds);
  CHECK(test::thrown<mm::limit_error>([&] { database.interactions("SELECT user, item FROM ratings"); }) ==
        "io::sqlite_database::interactions: " + path.string() + ": steps of the query 120000 exceeds the limit of 100000");
  // The count is of one query.
  const std::string some = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 3000) SELECT x, 1 FROM n";
  for (int query = 0; query < 5; ++query) CHECK(database.interactions(some).rows == 3000);
}

TEST_CASE("a row that is left out adds nobody") {
  const test::temporary_folder folder;
  io::sqlite_database database(made(folder, shop));
  const std::string query = "VALUES ('a', 3), ('b', 9), ('c', 4)";
  io::key_maps keys;
  keys.items = std::make_shared<const mm::data::item_map>(mm::data::item_map::numbered(5));
  const auto users = database.interactions(query, {.on_unknown_item = io::unknown_keys::skip}, keys);
  CHECK(users.interactions.users() == 2);
  CHECK_FALSE(users.interactions.user_keys()->find("b").has_value());
  io::key_maps others;
  mm::data::user_map known;
  known.insert("b");
  others.users = std::make_shared<const mm::data::user_map>(known);
  const auto items = database.interactions(query, {.on_unknown_user = io::unknown_keys::skip}, others);
  CHECK(items.unknown_users == 2);
  CHECK(items.interactions.items() == 1);
}

TEST_CASE("comments may follow a query, statements may not; no rows have columns") {
  const test::temporary_folder folder;
  io::sqlite_database database(made(folder, shop));
  for (const char* tail : {"; -- all of them", ";;  ; /* all */ ;", "; -- all\n;"}) {
    CHECK(database.interactions(std::string("SELECT user, item FROM ratings") + tail).rows == 4);
  }
  for (const char* tail : {"; -- all\nSELECT 1, 2", "; nonsense", ";; SELECT 1, 2"}) {
    CHECK(test::thrown<io::sqlite_error>([&] {
            database.interactions(std::string("SELECT 1, 2") + tail);
          }).ends_with("is more than one statement"));
  }
  CHECK(test::thrown<io::sqlite_error>([&] { database.interactions(std::string_view{}); }).ends_with("the query is empty"));
  CHECK(test::thrown<io::sqlite_error>([&] { database.interactions("-- nothing"); }).ends_with("is empty"));
  const auto none = database.numbers("SELECT item, price, weight FROM items WHERE 0", mm::data::item_map::numbered(3));
  CHECK(none.values.rows() == 0);
  CHECK(none.values.cols() == 2);
}

TEST_CASE("files that are no database, damaged or cut, are refused without harm") {
  const test::temporary_folder folder;
  CHECK_THROWS_AS(io::sqlite_database(folder.path() / "absent.db"), io::sqlite_error);
  CHECK_FALSE(std::filesystem::exists(folder.path() / "absent.db"));
  CHECK_THROWS_AS(io::sqlite_database(folder.path()), io::sqlite_error);
  CHECK_THROWS_AS(io::sqlite_database(":memory:"), io::sqlite_error);
  CHECK_THROWS_AS(io::sqlite_database(""), io::sqlite_error);
  const std::string statements = std::string("PRAGMA page_size = 512;") + shop;
  const auto path = made(folder, statements);
  std::ifstream input(path, std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(input), {}};
  REQUIRE(whole.size() > 1000);
  const auto damaged = folder.path() / "damaged.db";
  const auto try_bytes = [&](const std::string& bytes) {
    std::ofstream(damaged, std::ios::binary | std::ios::trunc) << bytes;
    try {
      io::sqlite_database database(damaged);
      static_cast<void>(database.interactions("SELECT user, item, stars, at FROM ratings"));
      static_cast<void>(database.text("SELECT item, title FROM items", mm::data::item_map::numbered(9)));
    } catch (const mm::error&) {
    }
  };
  for (std::size_t size = 0; size < whole.size(); size += 37) try_bytes(whole.substr(0, size));
  for (std::size_t at = 0; at < whole.size(); at += at < 100 ? 1 : 13) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x55);
    try_bytes(bytes);
  }
  std::ofstream(damaged, std::ios::binary | std::ios::trunc)
      << "user,item\n1,2\nthis is a table of text, no database of any kind\n"
      << std::string(600, 'x');
  CHECK(test::thrown<io::sqlite_error>([&] { io::sqlite_database database(damaged); }).ends_with("file is not a database"));
}

#include <mmrec/io/feature_table.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <mmrec/data/item_table.hpp>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;
namespace io = mmrec::io;

namespace {
mm::data::item_map keys(const std::vector<std::int64_t>& numbers) {
  mm::data::item_map map;
  for (const std::int64_t number : numbers) map.insert(number);
  return map;
}
}  // namespace

TEST_CASE("features from text come in item order, with what is missing, foreign or not finite") {
  const test::temporary_folder folder;
  const auto path = folder.write("f.tsv", "id\ta\tb\n30\t1.5\t-inf\n7\t1\t1\n10\t3\tnan\n");
  const auto found = io::read_feature_table(path, keys({10, 20, 30}));
  CHECK(found.present == mm::data::presence{1, 0, 1});
  REQUIRE(found.values.rows() == 2);
  REQUIRE(found.values.cols() == 2);
  CHECK(found.values(0, 0) == 3);
  CHECK(std::isnan(found.values(0, 1)));
  CHECK(found.values(1, 0) == 1.5f);
  CHECK(found.values(1, 1) == -std::numeric_limits<float>::infinity());
  CHECK(found.unknown_items == 1);
  CHECK(found.non_finite == 2);
  CHECK(found.file == path.native());
  CHECK(found.present_count() == 2);

  const auto column = io::to_column<"f", mm::kind::dense<float>>(found);
  CHECK(column.size() == 3);
  CHECK(column.present_count() == 2);
  CHECK_FALSE(column[mm::item_id{1}].has_value());
  CHECK((*column[mm::item_id{2}])[0] == 1.5f);
}

TEST_CASE("bad feature tables name file, line and column") {
  const test::temporary_folder folder;
  const auto fault = [&](std::string_view bytes) {
    const std::string path = folder.write("f.tsv", bytes).native();
    const std::string text = test::thrown<mm::parse_error>([&] { io::read_feature_table(path, keys({10, 20, 30})); });
    return text.starts_with(path) ? text.substr(path.size()) : text;
  };
  CHECK(fault("") == ":1:1: is empty where a header line is wanted");
  CHECK(fault("id\ta\n10\t1\t2\n") == ":2:6: 3 fields where 2 are wanted");
  CHECK(fault("id\ta\n10\n") == ":2:1: 1 field where 2 are wanted");
  CHECK(fault("id\ta\n10\tx\n") == ":2:4: column \"a\": \"x\" is not a number");
  CHECK(fault("id\ta\n10\t\n") == ":2:4: column \"a\": \"\" is empty where a number is wanted");
  CHECK(fault("id\ta\n10\t1e400\n") == ":2:4: column \"a\": \"1e400\" is out of range");
  CHECK(fault("id\ta\nten\t1\n") == ":2:1: column \"id\": \"ten\" is not a whole number");
  CHECK(fault("id\ta\n99999999999999999999\t1\n") == ":2:1: column \"id\": \"99999999999999999999\" is out of range");
  CHECK(fault("id\ta\n10\t1\n10\t2\n") == ":3:1: column \"id\": \"10\" has a row already");
  CHECK(fault("id\ta\n") == "no exception");
  CHECK(io::read_feature_table(folder.write("f.tsv", "id\ta\tb\n"), keys({10})).values.cols() == 2);
}

TEST_CASE("features from arrays equal features from text") {
  const test::temporary_folder folder;
  mm::matrix<float> values(3, 2);
  values << 1.5f, -std::numeric_limits<float>::infinity(), 1, 1, 3, 4;
  io::write_npy(folder.path() / "f.npy", values);
  const std::vector<std::int32_t> rows{30, 7, 10};
  io::write_npy<std::int32_t>(folder.path() / "f_ids.npy", rows, std::array<std::size_t, 1>{3});
  const auto text =
      io::read_feature_table(folder.write("f.tsv", "id\ta\tb\n30\t1.5\t-inf\n7\t1\t1\n10\t3\t4\n"), keys({10, 20, 30}));
  const auto array = io::read_feature_npy(folder.path() / "f.npy", folder.path() / "f_ids.npy", keys({10, 20, 30}));
  CHECK(array.values == text.values);
  CHECK(array.present == text.present);
  CHECK(array.unknown_items == text.unknown_items);
  CHECK(array.non_finite == text.non_finite);

  const auto with_ids = [&](const std::vector<std::int32_t>& ids) {
    io::write_npy<std::int32_t>(folder.path() / "f_ids.npy", ids, std::array<std::size_t, 1>{ids.size()});
    return [&] { io::read_feature_npy(folder.path() / "f.npy", folder.path() / "f_ids.npy", keys({10, 20, 30})); };
  };
  CHECK_THAT(test::thrown<mm::shape_error>(with_ids({30, 10})), test::contains("f.npy: expected 2, got 3"));
  CHECK_THAT(test::thrown<mm::parse_error>(with_ids({30, 10, 30})), test::contains("f_ids.npy: item 30 comes again in row 2"));
  io::write_npy(folder.path() / "f_ids.npy", values);
  CHECK_THROWS_AS(io::read_feature_npy(folder.path() / "f.npy", folder.path() / "f_ids.npy", keys({})), mm::parse_error);
  CHECK_THROWS_AS(io::read_feature_npy(folder.path() / "f.npy", folder.path() / "none.npy", keys({})), mm::io_error);
}

TEST_CASE("a partial column that does not fit together is refused") {
  io::partial_column<mm::data::text_column> texts{.values = {}, .present = {1, 0}, .file = {}};
  CHECK_THROWS_AS((io::to_column<"t", mm::kind::text>(texts)), mm::shape_error);
  texts.values.push_back("plot");
  CHECK(*io::to_column<"t", mm::kind::text>(texts)[mm::item_id{0}] == "plot");
}

#include <mmrec/io/table.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;
namespace io = mmrec::io;

namespace {
using record = std::vector<std::string>;

std::vector<record> read_all(std::string_view bytes, const io::table_options& options = {}, const mm::limits& bounds = {}) {
  io::table_reader table(bytes, "t.csv", options, bounds);
  std::vector<record> records;
  io::for_each_record(table, [&](io::table_reader& current) {
    records.emplace_back();
    for (std::size_t place = 0; place < current.columns(); ++place) records.back().emplace_back(current[place]);
  });
  return records;
}
std::string fault_of(std::string_view bytes, const io::table_options& options = {}) {
  return test::thrown<mm::parse_error>([&] { read_all(bytes, options); });
}
const io::table_options no_header{.header = false};
const io::table_options tsv{.delimiter = "\t", .quotes = false};
}  // namespace

TEST_CASE("comma-separated records are split") {
  const std::vector<record> wanted{{"1", "Toy Story", "4.5"}, {"2", "", ""}};
  CHECK(read_all("id,title,rating\n1,Toy Story,4.5\n2,,\n") == wanted);
  CHECK(read_all("id,title,rating\n1,Toy Story,4.5\n2,,") == wanted);                // no last line end
  CHECK(read_all("id,title,rating\r\n1,Toy Story,4.5\r\n2,,\r\n") == wanted);        // CRLF
  CHECK(read_all("id,title,rating\r\n1,Toy Story,4.5\n2,,\r\n") == wanted);          // mixed
  CHECK(read_all("\xef\xbb\xbfid,title,rating\n1,Toy Story,4.5\n2,,\n") == wanted);  // byte order mark
  CHECK(read_all("id,title,rating\n1,Toy Story,4.5\n2,,\n\n\r\n\n") == wanted);      // empty lines at the end
  CHECK(read_all("\"id\",title,rating\n\"1\",\"Toy Story\",\"4.5\"\n2,\"\",\n") == wanted);
}

TEST_CASE("quotes hold delimiters, quotes and line ends") {
  CHECK(read_all("a,b\n\"x,y\",\"he said \"\"no\"\"\"\n") == std::vector<record>{{"x,y", "he said \"no\""}});
  CHECK(read_all("a,b\n\"line 1\nline 2\",2\n\"\r\n\",3\n") == std::vector<record>{{"line 1\nline 2", "2"}, {"\r\n", "3"}});
  CHECK(read_all("a,b\n\"\"\"\",\"\"\"\"\"\"\n") == std::vector<record>{{"\"", "\"\""}});
  CHECK(read_all("a,b\n\"\"\"one\"\"\",\"two \"\"2\"\"\"\n") == std::vector<record>{{"\"one\"", "two \"2\""}});
  CHECK(read_all("a\n\"last\"") == std::vector<record>{{"last"}});
}

TEST_CASE("other delimiters") {
  CHECK(read_all("a\tb\nit \"is\"\t2\n", tsv) == std::vector<record>{{"it \"is\"", "2"}});
  CHECK(read_all("1::a:b::3\n2::::x\n", {.delimiter = "::", .quotes = false, .header = false}) ==
        std::vector<record>{{"1", "a:b", "3"}, {"2", "", "x"}});
  CHECK(read_all("1:::2\n", {.delimiter = "::", .quotes = false, .header = false}) == std::vector<record>{{"1", ":2"}});
  CHECK(read_all("a:", {.delimiter = "::", .quotes = false, .header = false}) == std::vector<record>{{"a:"}});
  const io::table_options blanks{.delimiter = " ", .quotes = false, .header = false};
  CHECK(read_all("  1 2\t 3  \n4\t5 6\r\n7 8 9 ", blanks) ==
        std::vector<record>{{"1", "2", "3"}, {"4", "5", "6"}, {"7", "8", "9"}});
  CHECK(read_all("1|2|3\n", {.delimiter = "|", .header = false}) == std::vector<record>{{"1", "2", "3"}});
  for (const std::string bad : {"", "\"", "\n", ",\r"})
    CHECK_THROWS_AS(read_all("a\n", {.delimiter = bad}), mm::invalid_config);
}

TEST_CASE("tables without records are fine, tables without a header are not") {
  CHECK(read_all("a,b\n").empty());
  CHECK(read_all("a,b").empty());
  CHECK(read_all("a,b\r\n\r\n").empty());
  CHECK(read_all("", no_header).empty());
  CHECK(read_all("\n\n", no_header).empty());
  CHECK(fault_of("") == "t.csv:1:1: is empty where a header line is wanted");
  CHECK(fault_of("\n\n") == "t.csv:1:1: is empty where a header line is wanted");
  CHECK(fault_of("\xef\xbb\xbf") == "t.csv:1:1: is empty where a header line is wanted");
}

TEST_CASE("a table of one column may hold empty lines") {
  CHECK(read_all("a\nx\n\ny\n") == std::vector<record>{{"x"}, {""}, {"y"}});
  CHECK(read_all("a\nx\n\n") == std::vector<record>{{"x"}, {""}});
}

TEST_CASE("malformed tables give an error that names file, line and column") {
  CHECK(fault_of("a,b,c\n1,2,3\n1,2\n") == "t.csv:3:3: 2 fields where 3 are wanted");
  CHECK(fault_of("a,b\n1,2\n1,2,3,4\n") == "t.csv:3:5: 4 fields where 2 are wanted");
  CHECK(fault_of("a,b\n1,2\n\n3,4\n") == "t.csv:3:1: 1 field where 2 are wanted");
  CHECK(fault_of("a\n1,2\n") == "t.csv:2:3: 2 fields where 1 is wanted");
  CHECK(fault_of("1,2\n1\n", no_header) == "t.csv:2:1: 1 field where 2 are wanted");
  CHECK(fault_of("a,b\n1,x\"y\n") == "t.csv:2:4: quote inside a field that does not start with one");
  CHECK(fault_of("a,b\n1,\"x\"y\n") == "t.csv:2:6: text after a closing quote");
  CHECK(fault_of("a,b\n1,\"x\" \n") == "t.csv:2:6: text after a closing quote");
  CHECK(fault_of("a,b\n1,2\n3,\"never\nclosed\n") == "t.csv:3:3: the quote that opens here is never closed");
  CHECK(fault_of("a,b\n\"1\n2\n3\",x\"\n") ==
        "t.csv:4:5: quote inside a field that does not start with one (in the record that starts on line 2)");
  CHECK(fault_of("a,b\n\"1\n2\"\n") == "t.csv:2:1: 1 field where 2 are wanted");
  CHECK(fault_of("a,b\n1,2\r3,4\r\n") == "t.csv:2:4: carriage return without a line feed");
  CHECK(fault_of("a\r") == "t.csv:1:2: carriage return without a line feed");
  CHECK(fault_of(std::string_view("a,b\n1,\0\n", 8)) == "t.csv:2:3: NUL byte: this is not a text table");
  CHECK(fault_of("\xff\xfe"
                 "a\0b\0") == "t.csv:1:1: is UTF-16; convert it to UTF-8");
  CHECK(fault_of("a,b\n1 2\n", {.delimiter = "\t"}) == "no exception");
  CHECK(fault_of("a b\n1 2 3\n", {.delimiter = " "}) == "t.csv:2:5: 3 fields where 2 are wanted");
}

TEST_CASE("malformed records are skipped and counted where asked") {
  const std::string bytes = "a,b\n1,2\nonly one\n3,4\n5,6,7\n8,x\"y\n9,10\n\"never closed,1\n11,12\n";
  io::table_reader table(bytes, "t.csv", {.on_malformed = io::malformed::skip});
  std::vector<int> first;
  const auto& report =
      io::for_each_record(table, [&](io::table_reader& current) { first.push_back(current.value<int>(0)); });
  CHECK(first == std::vector<int>{1, 3, 9, 11});
  CHECK(report.records == 4);
  CHECK(report.skipped == 4);
  REQUIRE(report.faults.size() == 4);
  CHECK(report.faults[0] == "t.csv:3:1: 1 field where 2 are wanted");
  CHECK(report.faults[3] == "t.csv:8:1: the quote that opens here is never closed");
}

TEST_CASE("records that the caller refuses are skipped too, and only the first faults are kept") {
  std::string bytes = "a,b\n";
  for (int line = 0; line < 100; ++line) bytes += line % 2 == 0 ? "1,2\n" : "1,two\n";
  io::table_reader table(bytes, "t.csv", {.on_malformed = io::malformed::skip});
  int sum = 0;
  const auto& report = io::for_each_record(table, [&](io::table_reader& current) { sum += current.value<int>(1); });
  CHECK(sum == 100);
  CHECK(report.records == 100);
  CHECK(report.skipped == 50);
  CHECK(report.faults.size() == 8);
  CHECK(report.faults.back() == "t.csv:17:3: column \"b\": \"two\" is not a whole number");
  io::table_reader strict(bytes, "t.csv");
  CHECK_THROWS_AS(io::for_each_record(strict, [&](io::table_reader& current) { sum += current.value<int>(1); }),
                  mm::parse_error);
}

TEST_CASE("fields are read as numbers or refused with their place") {
  const auto value_of = [](std::string_view text) {
    const std::string bytes = "key,\"the value\"\nx," + std::string(text) + "\n";
    io::table_reader table(bytes, "t.csv");
    const std::size_t column = table.column("the value");
    table.next();
    return table.value<float>(column);
  };
  CHECK(value_of("4.5") == 4.5f);
  CHECK(value_of("\"4.5\"") == 4.5f);
  CHECK(value_of("\"4\"") == 4.0f);
  const std::vector<std::pair<std::string, std::string>> bad{
      {"four", "\"four\" is not a number"},   {"", "\"\" is empty where a number is wanted"},
      {" 4", "\" 4\" is not a number"},       {"4;5", "\"4;5\" is not a number"},
      {"\"4,5\"", "\"4,5\" is not a number"}, {"nan", "\"nan\" is not finite"},
      {"-inf", "\"-inf\" is not finite"},     {"1e400", "\"1e400\" is out of range"},
      {"1e39", "\"1e39\" is out of range"}};
  for (const auto& [text, why] : bad) {
    CHECK(test::thrown<mm::parse_error>([&, &text = text] { value_of(text); }) == "t.csv:2:3: column \"the value\": " + why);
  }
  const std::string plain = "1\t99999999999\n";
  io::table_reader table(plain, "u.data", {.delimiter = "\t", .quotes = false, .header = false});
  REQUIRE(table.next());
  CHECK(table.value<std::int64_t>(1) == 99999999999);
  CHECK(test::thrown<mm::parse_error>([&] { table.value<std::int32_t>(1); }) ==
        "u.data:1:3: column 2: \"99999999999\" is out of range");
  try {
    table.value<std::uint8_t>(1);
    FAIL("no exception");
  } catch (const mm::parse_error& error) {
    CHECK(error.source() == "u.data");
    CHECK(error.line() == 1);
    CHECK(error.column() == 3);
  }
}

TEST_CASE("an error after embedded line ends names the line it is on and the line of its record") {
  const std::string bytes = "text,number\n\"one\ntwo\nthree\",x\n";
  io::table_reader table(bytes, "t.csv");
  REQUIRE(table.next());
  CHECK(test::thrown<mm::parse_error>([&] { table.value<int>(1); }) ==
        "t.csv:4:8: column \"number\": \"x\" is not a whole number (in the record that starts on line 2)");
}

TEST_CASE("columns are found by name or place") {
  io::table_reader table("a,b,a,c\n1,2,3,4\n", "t.csv");
  CHECK(table.columns() == 4);
  CHECK(table.column("b") == 1);
  CHECK(table.column(std::string("c")) == 3);
  CHECK(table.column(0) == 0);
  CHECK(table.has_column("c"));
  CHECK_FALSE(table.has_column("d"));
  CHECK(test::thrown<mm::parse_error>([&] { table.column("d"); }) ==
        "t.csv:1:1: there is no column \"d\"; there are \"a\" \"b\" \"a\" \"c\"");
  CHECK(test::thrown<mm::parse_error>([&] { table.column("a"); }) == "t.csv:1:1: two columns are named \"a\"");
  CHECK(test::thrown<mm::parse_error>([&] { table.column(4); }) == "t.csv:1:1: there is no column 5, only 4");
  io::table_reader bare("1,2\n", "t.csv", no_header);
  CHECK(bare.columns() == 2);
  CHECK_THROWS_AS(bare.column(7), mm::parse_error);
  CHECK(test::thrown<mm::parse_error>([&] { bare.column("a"); }) ==
        "t.csv:1:1: there is no column \"a\": this table has no header");
}

TEST_CASE("the width of a table without a header is known from its first good record") {
  io::table_reader skipping("x\"y\n1,2\n3\n4,5\n", "t.csv", {.header = false, .on_malformed = io::malformed::skip});
  CHECK(skipping.columns() == 2);
  CHECK(skipping.report().skipped == 0);  // not read yet
  REQUIRE(skipping.next());
  CHECK(skipping[0] == "1");
  REQUIRE(skipping.next());
  CHECK(skipping[0] == "4");
  CHECK_FALSE(skipping.next());
  CHECK(skipping.report().skipped == 2);
  io::table_reader strict("x\"y\n1,2\n", "t.csv", no_header);
  CHECK(strict.columns() == 0);
  CHECK_THROWS_AS(strict.next(), mm::parse_error);
  CHECK(io::table_reader("", "t.csv", no_header).columns() == 0);
}

TEST_CASE("limits hold") {
  mm::limits bounds;
  bounds.line_bytes = 10;
  CHECK(read_all("a,b\n1234,5678\n", {}, bounds).size() == 1);
  CHECK(test::thrown<mm::limit_error>([&] { read_all("a,b\n1234,56789\n", {}, bounds); }) ==
        "io::table_reader: t.csv:2: bytes in a record 11 exceeds the limit of 10");
  bounds = {};
  bounds.columns = 3;
  CHECK(read_all("a,b,c\n1,2,3\n", {}, bounds).size() == 1);
  CHECK(test::thrown<mm::limit_error>([&] { read_all("a,b,c,d\n", {}, bounds); }) ==
        "io::table_reader: t.csv:1: fields in a record 4 exceeds the limit of 3");
  CHECK_THROWS_AS(read_all("a\n1,1,1,1,1,1,1,1,1,1\n", {}, bounds), mm::limit_error);
  bounds = {};
  bounds.rows = 2;
  CHECK(read_all("a\n1\n2\n", {}, bounds).size() == 2);
  CHECK_THROWS_AS(read_all("a\n1\n2\n3\n", {}, bounds), mm::limit_error);
}

TEST_CASE("a line of 10 MB is a line, and beyond the limit it is an error") {
  const std::string text(10u << 20, 'x');
  const auto records = read_all("a,b\n1," + text + "\n2,\"" + text + "\"\n");
  REQUIRE(records.size() == 2);
  CHECK(records[0][1] == text);
  CHECK(records[1][1] == text);
  const std::string longer(17u << 20, 'x');
  CHECK_THAT(test::thrown<mm::limit_error>([&] { read_all("a,b\n1,2\n1," + longer + "\n"); }), test::contains("t.csv:3"));
}

TEST_CASE("many errors cost one pass, not one each") {
  // Positions are counted on from the last one; 200,000 lines at fault would take minutes otherwise.
  std::string bytes = "a,b\n";
  for (int line = 0; line < 200000; ++line) bytes += "x\n";
  io::table_reader table(bytes, "t.csv", {.on_malformed = io::malformed::skip});
  CHECK_FALSE(table.next());
  CHECK(table.report().skipped == 200000);
}

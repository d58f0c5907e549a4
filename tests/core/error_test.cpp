#include <mmrec/core/error.hpp>
#include <mmrec/core/limits.hpp>
#include <mmrec/core/progress.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "support/catch.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;

TEST_CASE("errors are runtime errors of one family, and their texts name what is at fault") {
  CHECK(std::is_base_of_v<std::runtime_error, mm::error>);
  CHECK(std::is_base_of_v<mm::error, mm::invalid_config>);
  CHECK(std::is_base_of_v<mm::data_error, mm::parse_error>);
  CHECK(std::is_base_of_v<mm::error, mm::cancelled>);

  const mm::invalid_config config("cf::ials::fit", "factors", "must be positive");
  CHECK(std::string(config.what()) == "cf::ials::fit: factors must be positive");
  CHECK(config.field() == "factors");
  const mm::shape_error shape("decomp::pca::fit", "columns", 3, 5);
  CHECK(std::string(shape.what()) == "decomp::pca::fit: columns: expected 3, got 5");
  CHECK(shape.expected() == 3);
  CHECK(shape.actual() == 5);
  CHECK(std::string(mm::data_error("f", "is wrong").what()) == "f: is wrong");
  CHECK(std::string(mm::parse_error("a.csv", 3, 7, "is wrong").what()) == "a.csv:3:7: is wrong");
  CHECK(std::string(mm::parse_error("a.csv", 3, 0, "is wrong").what()) == "a.csv:3: is wrong");
  CHECK(std::string(mm::parse_error("a.npy", 0, 0, "is wrong").what()) == "a.npy: is wrong");
  const mm::io_error file("io::read_file", "a.csv", "is a directory");
  CHECK(std::string(file.what()) == "io::read_file: a.csv: is a directory");
  CHECK(file.file() == "a.csv");
  CHECK(std::string(mm::unknown_id("f", "user", "7", 5).what()) == "f: unknown user 7 (5 known)");
  CHECK(std::string(mm::limit_error("f", "rows", 10, 11).what()) == "f: rows 11 exceeds the limit of 10");
  CHECK(std::string(mm::numeric_error("f", "is not positive definite").what()) == "f: is not positive definite");
  CHECK(std::string(mm::cancelled("f").what()) == "f: cancelled by the caller");
  CHECK(std::string(mm::unavailable("f", "no such backend").what()) == "f: no such backend");
}

TEST_CASE("checks throw only when they should") {
  CHECK_NOTHROW(mm::require_size("f", "rows", 3, 3));
  CHECK(test::thrown<mm::shape_error>([] { mm::require_size("f", "rows", 3, 4); }) == "f: rows: expected 3, got 4");
  CHECK_NOTHROW(mm::require_config(true, "f", "k", "is wrong"));
  CHECK(test::thrown<mm::invalid_config>([] { mm::require_config(false, "f", "k", "is wrong"); }) == "f: k is wrong");
}

TEST_CASE("arithmetic on sizes does not wrap") {
  constexpr auto largest = std::numeric_limits<std::uint64_t>::max();
  CHECK(mm::checked_multiply("f", 0, largest) == 0);
  CHECK(mm::checked_multiply("f", largest, 0) == 0);
  CHECK(mm::checked_multiply("f", largest, 1) == largest);
  CHECK(mm::checked_multiply("f", 0xffffffff, 0x100000001) == largest);
  CHECK_THROWS_AS(mm::checked_multiply("f", 0x100000000, 0x100000000), mm::limit_error);
  CHECK_THROWS_AS(mm::checked_multiply("f", largest, 2), mm::limit_error);
  CHECK(mm::checked_add("f", largest - 1, 1) == largest);
  CHECK_THROWS_AS(mm::checked_add("f", largest, 1), mm::limit_error);
  CHECK_THROWS_AS(mm::checked_add("f", 1, largest), mm::limit_error);
  CHECK(mm::limits{} == mm::limits{});
  CHECK_FALSE(mm::limits{.rows = 5} == mm::limits{});
}

namespace {
struct recording_sink final : mm::progress_sink {
  explicit recording_sink(std::size_t stop) : stop_at(stop) {}
  bool report(const mm::progress_event& event) override {
    seen.push_back(event.done);
    last_task = event.task;
    return event.done < stop_at;
  }
  std::size_t stop_at;
  std::vector<std::size_t> seen;
  std::string last_task;
};
}  // namespace

TEST_CASE("progress is reported, and a sink can stop the work") {
  CHECK_NOTHROW(mm::report_progress(nullptr, "f", 1, 2));
  recording_sink sink(2);
  mm::report_progress(&sink, "cf::ials::fit", 1, 5);
  CHECK(sink.last_task == "cf::ials::fit");
  CHECK(test::thrown<mm::cancelled>([&] { mm::report_progress(&sink, "cf::ials::fit", 2, 5); }) ==
        "cf::ials::fit: cancelled by the caller");
  CHECK(sink.seen == std::vector<std::size_t>{1, 2});
}

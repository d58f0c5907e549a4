#include <mmrec/eval/by_segment.hpp>

#include <mmrec/core/error.hpp>
#include <mmrec/data/segments.hpp>
#include <mmrec/exec/cpu.hpp>

#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "support/catch.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;
namespace eval = mmrec::eval;
using mm::data::segments;

namespace {

const std::vector<mm::user_id> users{mm::user_id{0}, mm::user_id{2}, mm::user_id{3}, mm::user_id{5}, mm::user_id{6}};
const std::vector<double> recall{0.0, 1.0, 0.5, 0.25, 0.75};
const std::vector<double> ndcg{0.1, 0.2, 0.3, 0.4, 0.5};
const segments groups({"old", "empty", "new"}, {0, 1, 2, 0, 1, segments::none, 2});

}  // namespace

TEST_CASE("each segment has the mean and the interval of its own users") {
  const std::vector<std::span<const double>> values{recall, ndcg};
  const eval::bootstrap_options options{.resamples = 300};
  const auto rows = eval::mean_by_segment(mm::exec::cpu{}, users, values, groups, options);
  REQUIRE(rows.size() == 5);
  const mm::exec::cpu exec;
  const auto interval = [&](const std::vector<double>& own) { return eval::bootstrap_mean(exec, std::span(own), options); };
  CHECK(rows[0] == eval::segment_row{"old", 2, {interval({0.0, 0.5}), interval({0.1, 0.3})}});
  CHECK(rows[1] == eval::segment_row{"empty", 0, {eval::interval{}, eval::interval{}}});
  CHECK(rows[2] == eval::segment_row{"new", 2, {interval({1.0, 0.75}), interval({0.2, 0.5})}});
  CHECK(rows[3] == eval::segment_row{"(none)", 1, {interval({0.25}), interval({0.4})}});
  CHECK(rows[4] == eval::segment_row{"(all)", 5, {interval(recall), interval(ndcg)}});
  CHECK(rows[4].values[0].mean == Approx(0.5));
  for (const std::size_t threads : {2u, 8u}) {
    CHECK(eval::mean_by_segment(mm::exec::cpu{.threads = threads}, users, values, groups, options) == rows);
  }
  const segments whole({"one"}, std::vector<std::uint32_t>(7, 0));
  CHECK(eval::mean_by_segment(exec, users, values, whole, options).size() == 2);  // nobody belongs to none
}

TEST_CASE("users that the segments do not know, and values that do not fit, are refused") {
  const mm::exec::cpu exec;
  const std::vector<std::span<const double>> values{recall};
  CHECK(test::thrown<mm::unknown_id>([&] {
          eval::mean_by_segment(exec, users, values, segments({"a"}, {0, 0, 0}));
        }) == "eval::mean_by_segment: unknown user 3 (3 known)");
  const std::vector<std::span<const double>> few{std::span(recall).first(4)};
  CHECK(test::thrown<mm::shape_error>([&] { eval::mean_by_segment(exec, users, few, groups); }) ==
        "eval::mean_by_segment: values: expected 5, got 4");
  std::vector<double> bad = recall;
  bad[1] = std::numeric_limits<double>::quiet_NaN();
  const std::vector<std::span<const double>> broken{bad};
  CHECK_THROWS_AS(eval::mean_by_segment(exec, users, broken, groups), mm::data_error);
}

#include <mmrec/eval/lists.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/ids.hpp>

#include "eval/support.hpp"
#include "support/catch.hpp"

namespace mm = mmrec;
using mm::item_id;
using mm::eval::list_counts;

namespace {

std::vector<item_id> ids(const std::vector<std::size_t>& numbers) { return {numbers.begin(), numbers.end()}; }

}  // namespace

TEST_CASE("coverage by hand") {
  const std::vector<std::uint8_t> competes{1, 1, 1, 1, 0};
  list_counts counts(competes);
  counts.add(ids({0, 1}), 2);
  counts.add(ids({1}), 2);
  CHECK(counts.item_coverage() == 0.5);
  CHECK(counts.user_coverage() == 0.5);
  // Counts 0, 0, 1, 2 of 3 entries: (-3 * 0 - 1 * 0 + 1 * 1 + 3 * 2) / (4 * 3)
  CHECK(counts.gini() == Approx(7.0 / 12));
  CHECK_THROWS_WITH(counts.add(ids({5}), 2), "eval::list_counts::add: unknown item 5 (5 known)");
}

TEST_CASE("coverage of nothing is 0") {
  const list_counts none(std::vector<std::uint8_t>{});
  CHECK(none.item_coverage() == 0.0);
  CHECK(none.user_coverage() == 0.0);
  CHECK(none.gini() == 0.0);
}

TEST_CASE("Gini is 0 for equal counts and largest when one item gets everything") {
  const std::vector<std::uint8_t> competes(10, 1);
  list_counts equal(competes);
  list_counts single(competes);
  for (std::size_t item = 0; item < 10; ++item) {
    equal.add(ids({item}), 1);
    single.add(ids({3}), 1);
  }
  CHECK(equal.gini() == Approx(0.0).margin(1e-15));
  CHECK(single.gini() == Approx(0.9));
}

TEST_CASE("coverage and Gini equal RecBole's numbers") {
  for (const auto& row : test::golden_rows("lists.csv")) {
    const std::vector<std::uint8_t> competes(std::stoul(row[0]), 1);
    list_counts counts(competes);
    for (std::size_t begin = 0; begin < row[1].size();) {
      const std::size_t end = std::min(row[1].find(' ', begin), row[1].size());
      const auto list = ids(test::numbers<std::size_t>(row[1].substr(begin, end - begin)));
      counts.add(list, list.size());
      begin = end + 1;
    }
    CHECK(counts.item_coverage() == Approx(std::stod(row[3])).epsilon(1e-12));
    CHECK(counts.gini() == Approx(std::stod(row[4])).epsilon(1e-12).margin(1e-15));
    CHECK(counts.user_coverage() == 1.0);
  }
}

#include <mmrec/cluster/rfm.hpp>

#include <mmrec/core/error.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "cluster/log.hpp"
#include "support/catch.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;
using mm::cluster::rfm;
using mm::cluster::rfm_score;

namespace {

std::vector<std::vector<double>> golden() {
  std::ifstream file(std::string(MMREC_TEST_GOLDEN_DIR) + "/rfm.csv");
  REQUIRE(file);
  std::vector<std::vector<double>> lines;
  std::string line, field;
  while (std::getline(file, line)) {
    lines.emplace_back();
    std::istringstream fields(line);
    while (std::getline(fields, field, ',')) lines.back().push_back(std::strtod(field.c_str(), nullptr));
  }
  return lines;
}

void check_limits(const std::array<double, 4>& found, const std::vector<double>& expected) {
  REQUIRE(expected.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) CHECK(found[i] == Approx(expected[i]).epsilon(1e-12));
}

}  // namespace

TEST_CASE("scores follow NumPy's quantiles; users without events have none") {
  const auto expected = golden();
  REQUIRE(expected.size() == 3 + test::rfm_users);
  const auto found = rfm{}(test::rfm_log());
  check_limits(found.recency_limits(), expected[0]);
  check_limits(found.frequency_limits(), expected[1]);
  check_limits(found.monetary_limits(), expected[2]);
  for (std::size_t user = 0; user < test::rfm_users; ++user) {
    const rfm_score& score = found.scores()[user];
    CHECK(std::vector<double>{static_cast<double>(score.recency), static_cast<double>(score.frequency),
                              static_cast<double>(score.monetary)} == expected[3 + user]);
    CHECK((found.segments().labels()[user] == mm::data::segments::none) == (score == rfm_score{}));
  }
}

TEST_CASE("every pair of recency and frequency has its usual segment") {
  // 25 users: user 5 r + f acted last at time r + 1, f + 1 times.
  std::vector<mm::data::interaction> events;
  for (std::size_t r = 0; r < 5; ++r) {
    for (std::size_t f = 0; f < 5; ++f) {
      for (std::size_t item = 0; item <= f; ++item) {
        events.push_back({mm::user_id{5 * r + f}, mm::item_id{item}, 1.0f, static_cast<std::int64_t>(r + 1)});
      }
    }
  }
  const auto found = rfm{}(test::log_of(25, 5, events));
  const char* const expected[5][5] = {
      {"hibernating", "hibernating", "at risk", "at risk", "cannot lose them"},
      {"hibernating", "hibernating", "at risk", "at risk", "cannot lose them"},
      {"about to sleep", "about to sleep", "need attention", "loyal customers", "loyal customers"},
      {"promising", "potential loyalists", "potential loyalists", "loyal customers", "loyal customers"},
      {"new customers", "potential loyalists", "potential loyalists", "champions", "champions"}};
  for (std::size_t r = 0; r < 5; ++r) {
    for (std::size_t f = 0; f < 5; ++f) {
      CAPTURE(r, f);
      CHECK(found.scores()[5 * r + f].recency == r + 1);
      CHECK(found.scores()[5 * r + f].frequency == f + 1);
      CHECK(found.segments().names()[found.segments().labels()[5 * r + f]] == expected[r][f]);
    }
  }
  CHECK(found.segments().members(found.segments().label("champions")) ==
        std::vector<mm::user_id>{mm::user_id{23}, mm::user_id{24}});
}

TEST_CASE("events after the day in question do not count") {
  const auto log = test::rfm_log();
  const auto early = log.filtered([](const mm::data::interaction& event) { return event.time <= 1500; });
  CHECK(rfm{.until = 1500}(log) == rfm{}(early));
  CHECK_FALSE(rfm{.until = 1500}(log) == rfm{}(log));
}

TEST_CASE("users who are all alike score alike; no users, no segments; no times, no recency") {
  const auto alike = rfm{}(test::log_of(3, 1,
                                        {{mm::user_id{0}, mm::item_id{0}, 2.0f, 5},
                                         {mm::user_id{1}, mm::item_id{0}, 2.0f, 5},
                                         {mm::user_id{2}, mm::item_id{0}, 2.0f, 5}}));
  for (const rfm_score& score : alike.scores()) CHECK(score == rfm_score{1, 1, 1});
  const auto empty = rfm{}(test::log_of(2, 1, {}));
  CHECK(empty.segments().labels()[1] == mm::data::segments::none);
  CHECK(empty.segments().size() == 10);
  CHECK(test::thrown<mm::data_error>([] {
          rfm{}(test::log_of(1, 1, {{mm::user_id{0}, mm::item_id{0}}}));
        }) == "cluster::rfm: the interactions have no times");
}

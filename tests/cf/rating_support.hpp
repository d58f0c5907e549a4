// tests/cf/rating_support.hpp - the golden ratings and the official folds of MovieLens 100K.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <mmrec/core/ids.hpp>
#include <mmrec/data/interactions.hpp>

#include "support/catch.hpp"
#include "support/golden_rows.hpp"

namespace ratings {

using namespace mmrec;

inline const std::map<std::string, test::golden_table>& golden() {
  static const auto tables = test::read_golden_rows("ratings.csv");
  return tables;
}

inline data::interactions log_of(std::size_t users, std::size_t items, std::vector<data::interaction> events) {
  return {std::make_shared<const data::user_map>(data::user_map::numbered(users)),
          std::make_shared<const data::item_map>(data::item_map::numbered(items)), std::move(events)};
}

/// 16 users, 14 items, ratings 1 to 5; user 11 and item 5 are cold.
inline data::interactions golden_log() {
  const test::golden_table& r = golden().at("r");
  std::vector<data::interaction> events;
  for (std::size_t user = 0; user < r.size(); ++user) {
    for (std::size_t item = 0; item < r[user].size(); ++item) {
      if (r[user][item] != 0.0) events.push_back({user_id{user}, item_id{item}, static_cast<float>(r[user][item]), 0});
    }
  }
  return log_of(r.size(), r[0].size(), std::move(events));
}

/// Every prediction is that of the golden table; or every one of an item that the user has not rated.
template <class Model>
void check_predictions(const Model& model, const std::string& name, double tolerance, bool rated_too = true) {
  const test::golden_table& expected = golden().at(name);
  const test::golden_table& r = golden().at("r");
  REQUIRE(expected.size() == model.users());
  for (std::size_t user = 0; user < expected.size(); ++user) {
    REQUIRE(expected[user].size() == model.items());
    for (std::size_t item = 0; item < expected[user].size(); ++item) {
      if (!rated_too && r[user][item] != 0.0) continue;
      CAPTURE(name, user, item);
      CHECK(std::abs(double{model.predict(user_id{user}, item_id{item})} - expected[user][item]) <= tolerance);
    }
  }
}

/// One of the official folds u1..u5, ids less one: the training part is what of u.data is not in the test part.
struct fold {
  data::interactions train;
  data::interactions test;
};

inline std::vector<data::interaction> read_events(const std::filesystem::path& path) {
  std::vector<data::interaction> events;
  std::ifstream file(path);
  std::size_t user = 0, item = 0;
  float rating = 0.0f;
  for (std::int64_t time = 0; file >> user >> item >> rating >> time;) {
    events.push_back({user_id{user - 1}, item_id{item - 1}, rating, time});
  }
  return events;
}

inline fold read_fold(const std::filesystem::path& folder, int number) {
  const auto test = read_events(folder / ("u" + std::to_string(number) + ".test"));
  std::set<std::pair<user_id, item_id>> held_out;
  for (const data::interaction& event : test) held_out.emplace(event.user, event.item);
  auto train = read_events(folder / "u.data");
  std::erase_if(train, [&](const data::interaction& event) { return held_out.count({event.user, event.item}) != 0; });
  return {log_of(943, 1682, std::move(train)), log_of(943, 1682, test)};
}

struct errors {
  double rmse;
  double mae;
};

/// Written down plainly, to share no code with mmrec/eval.
template <class Model>
errors errors_of(const Model& model, const data::interactions& test) {
  typename Model::workspace scratch;
  double squares = 0.0, absolutes = 0.0;
  for (const data::interaction& event : test.events()) {
    const double error = double{model.predict(event.user, event.item, scratch)} - double{event.value};
    squares += error * error;
    absolutes += std::abs(error);
  }
  const auto count = static_cast<double>(test.size());
  return {std::sqrt(squares / count), absolutes / count};
}

}  // namespace ratings

// tests/cf/neighbours.hpp - the golden matrices of tests/golden/neighbours.py, and logs to fit neighbourhood models on.
#pragma once
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <mmrec/core/ids.hpp>
#include <mmrec/core/progress.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/id_map.hpp>
#include <mmrec/data/interactions.hpp>

#include "support/catch.hpp"

namespace neighbours {

using namespace mmrec;
using table = std::vector<std::vector<double>>;

inline std::map<std::string, table> golden() {
  std::map<std::string, table> matrices;
  std::ifstream file(MMREC_TEST_GOLDEN_DIR "/neighbours.csv");
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string name, field;
    std::getline(fields, name, ',');
    auto& row = matrices[name].emplace_back();
    while (std::getline(fields, field, ',')) row.push_back(std::stod(field));
  }
  REQUIRE(matrices.at("x").size() == 40);
  return matrices;
}

inline data::interactions log_of(std::size_t users, std::size_t items, std::vector<data::interaction> events) {
  return {std::make_shared<const data::user_map>(data::user_map::numbered(users)),
          std::make_shared<const data::item_map>(data::item_map::numbered(items)), std::move(events)};
}

/// Entries that are not 0.
inline data::interactions log_of(const table& x) {
  std::vector<data::interaction> events;
  for (std::size_t user = 0; user < x.size(); ++user) {
    for (std::size_t item = 0; item < x[user].size(); ++item) {
      if (x[user][item] != 0.0) events.push_back({user_id{user}, item_id{item}, static_cast<float>(x[user][item]), 0});
    }
  }
  return log_of(x.size(), x.front().size(), std::move(events));
}

/// Histories of up to `longest` items, popular items among them, values 1..5, times in no order.
inline data::interactions random_log(std::size_t users, std::size_t items, std::uint32_t longest, std::uint64_t key = 31) {
  random_stream random(seed{key}, items);
  std::vector<data::interaction> events;
  for (std::size_t user = 0; user < users; ++user) {
    const auto picks = random.sample(static_cast<std::uint32_t>(items), random.below(longest + 1));
    std::vector<std::uint8_t> taken(items, 0);
    for (const std::uint32_t pick : picks) {
      const std::size_t item = pick * std::size_t{pick} / items;
      if (taken[item]++ != 0) continue;
      events.push_back({user_id{user}, item_id{item}, static_cast<float>(1 + random.below(5)), random.below(100)});
    }
  }
  return log_of(users, items, std::move(events));
}

template <class Model>
std::vector<float> scores_of(const Model& model, user_id user) {
  typename Model::workspace scratch;
  std::vector<float> scores(model.items());
  model.score(user, scores, scratch);
  return scores;
}
template <class Model>
std::vector<float> scores_of(const Model& model, const std::vector<item_id>& items, std::vector<float> values = {}) {
  typename Model::workspace scratch;
  std::vector<float> scores(model.items());
  values.resize(items.size(), 1.0f);
  model.score_history({items, values}, scores, scratch);
  return scores;
}

/// The weights of a model that has neighbours(item), as a matrix: what row adds to column.
template <class Model>
table weights_of(const Model& model) {
  table weights(model.items(), std::vector<double>(model.items(), 0.0));
  for (std::size_t item = 0; item < model.items(); ++item) {
    for (const scored_item& other : model.neighbours(item_id{item})) weights[item][other.item.index()] = double{other.score};
  }
  return weights;
}

inline void check_equal(const table& found, const table& expected, double margin) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t row = 0; row < found.size(); ++row) {
    for (std::size_t column = 0; column < found[row].size(); ++column) {
      CAPTURE(row, column);
      CHECK(found[row][column] == Approx(expected[row][column]).epsilon(1e-5).margin(margin));
    }
  }
}

/// What a neighbour can be: entries above 0, and only where items (columns of x) have a positive product.
inline table positive(table values) {
  for (auto& row : values) {
    for (double& value : row) value = value > 0.0 ? value : 0.0;
  }
  return values;
}

/// Stops at the second report.
struct stopping_sink final : progress_sink {
  std::size_t reports = 0;
  bool report(const progress_event&) override { return ++reports < 2; }
};

}  // namespace neighbours

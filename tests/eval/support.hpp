// tests/eval/support.hpp - golden tables, and plain definitions to compare with.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <fstream>
#include <limits>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"

namespace test {

/// The fields of each line of a golden file, without its header.
inline std::vector<std::vector<std::string>> golden_rows(const std::string& name) {
  std::ifstream file(std::string(MMREC_TEST_GOLDEN_DIR) + "/eval/" + name);
  REQUIRE(file.good());
  std::vector<std::vector<std::string>> rows;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    rows.emplace_back();
    for (std::string field; std::getline(fields, field, ',');) rows.back().push_back(field);
  }
  REQUIRE(!rows.empty());
  return rows;
}

/// The numbers of a field that are separated by spaces or semicolons.
template <class T>
std::vector<T> numbers(std::string field) {
  std::replace(field.begin(), field.end(), ';', ' ');
  std::istringstream stream(field);
  std::vector<T> values;
  for (T value; stream >> value;) values.push_back(value);
  return values;
}

/// Definitions taken word by word from textbooks, with sets and full sorts: slow and obviously right.
namespace plain {

/// Candidates with a score by decreasing score, equal scores by id.
inline std::vector<std::size_t> ranked(const std::vector<float>& scores, const std::set<std::size_t>& candidates) {
  std::vector<std::pair<float, std::size_t>> order;
  for (const std::size_t item : candidates) {
    if (!std::isnan(scores[item])) order.emplace_back(-scores[item], item);
  }
  std::sort(order.begin(), order.end());
  std::vector<std::size_t> items;
  for (const auto& [negated, item] : order) items.push_back(item);
  return items;
}

struct quality {
  double recall, precision, f1, accuracy, hit_rate, ndcg, mrr, map;
};

inline quality judge(std::vector<std::size_t> list, const std::set<std::size_t>& relevant, std::size_t candidates,
                     std::size_t k) {
  list.resize(std::min(list.size(), k));
  const auto hits_until = [&](std::size_t length) {
    double hits = 0;
    for (std::size_t i = 0; i < std::min(length, list.size()); ++i) hits += relevant.count(list[i]) > 0 ? 1 : 0;
    return hits;
  };
  quality q{};
  q.recall = hits_until(k) / static_cast<double>(relevant.size());
  q.precision = hits_until(k) / static_cast<double>(k);
  q.f1 = q.recall + q.precision > 0 ? 2 / (1 / q.recall + 1 / q.precision) : 0;  // the harmonic mean
  q.hit_rate = hits_until(k) > 0 ? 1 : 0;
  const double true_positives = hits_until(k);
  const double false_positives = static_cast<double>(list.size()) - true_positives;
  const double false_negatives = static_cast<double>(relevant.size()) - true_positives;
  const double true_negatives = static_cast<double>(candidates) - true_positives - false_positives - false_negatives;
  q.accuracy = (true_positives + true_negatives) / static_cast<double>(candidates);
  double dcg = 0;
  double ideal = 0;
  double precisions = 0;
  for (std::size_t i = 0; i < k; ++i) {
    const double rank = static_cast<double>(i) + 1;
    const bool hit = i < list.size() && relevant.count(list[i]) > 0;
    if (hit) dcg += std::log(2.0) / std::log(rank + 1);
    if (i < relevant.size()) ideal += std::log(2.0) / std::log(rank + 1);
    if (hit) precisions += hits_until(i + 1) / rank;
    if (hit && q.mrr == 0) q.mrr = 1 / rank;
  }
  q.ndcg = dcg / ideal;
  q.map = precisions / static_cast<double>(std::min(k, relevant.size()));
  return q;
}

/// All pairs, one by one; items without a score as one below all others.
inline double auc(std::vector<float> scores, const std::set<std::size_t>& relevant,
                  const std::set<std::size_t>& candidates) {
  double wins = 0;
  double pairs = 0;
  const auto key = [&](std::size_t item) {
    return std::isnan(scores[item]) ? std::pair(0, 0.0f) : std::pair(1, scores[item]);
  };
  for (const std::size_t good : relevant) {
    for (const std::size_t other : candidates) {
      if (relevant.count(other) > 0) continue;
      pairs += 1;
      wins += key(good) > key(other) ? 1 : key(good) == key(other) ? 0.5 : 0;
    }
  }
  return pairs > 0 ? wins / pairs : 0.5;
}

}  // namespace plain
}  // namespace test

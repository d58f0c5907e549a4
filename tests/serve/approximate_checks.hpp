// What the adaptors of approximate indexes have in common, whichever library is behind them.
#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include <mmrec/core/random.hpp>
#include <mmrec/serve/exact_index.hpp>
#include <mmrec/serve/predicates.hpp>

#include "support/catch.hpp"
#include "support/thrown.hpp"

namespace test {

/// Rows around a few centres, as items of a catalogue are.
inline mmrec::matrix<float> clustered(Eigen::Index rows, Eigen::Index width, std::uint64_t stream) {
  mmrec::random_stream centres(mmrec::seed{41}, 0), random(mmrec::seed{42}, stream);
  mmrec::matrix<float> means(20, width), values(rows, width);
  for (Eigen::Index at = 0; at < means.size(); ++at) means.data()[at] = static_cast<float>(centres.normal());
  for (Eigen::Index row = 0; row < rows; ++row) {
    const auto centre = static_cast<Eigen::Index>(random.below(20));
    for (Eigen::Index d = 0; d < width; ++d) {
      values(row, d) = means(centre, d) + 0.5f * static_cast<float>(random.normal());
    }
  }
  return values;
}

/// Mean share of the true best k that an index lists; checks on the way that scores are those of the exact index.
template <class Index>
double recall(const Index& index, const mmrec::serve::exact_index& exact, const mmrec::matrix<float>& queries,
              std::size_t k) {
  typename Index::workspace own;
  mmrec::serve::exact_index::workspace scratch;
  std::size_t hits = 0;
  for (Eigen::Index query = 0; query < queries.rows(); ++query) {
    const auto all = exact.search(mmrec::row_of(queries, query), exact.items(), scratch);
    const auto list = index.search(mmrec::row_of(queries, query), k, own);
    REQUIRE(list.size() == k);
    for (std::size_t place = 0; place < k; ++place) {
      const auto here =
          std::find_if(all.begin(), all.end(), [&](const auto& other) { return other.item == list[place].item; });
      REQUIRE(here != all.end());
      REQUIRE(here->score == list[place].score);
      if (here - all.begin() < static_cast<std::ptrdiff_t>(k)) ++hits;
      if (place > 0) REQUIRE(mmrec::kernel::listed_before{}(list[place - 1], list[place]));
    }
  }
  return static_cast<double>(hits) / static_cast<double>(k * static_cast<std::size_t>(queries.rows()));
}

/// Filters that leave little: the search has to go wider by itself.
template <class Index>
void check_filters(const Index& index, const mmrec::matrix<float>& queries) {
  using namespace mmrec;
  using namespace mmrec::serve;
  std::vector<float> rare(index.items(), 0.0f);
  std::vector<std::string> brands(index.items(), "giant");
  for (std::size_t item = 5; item < index.items(); item += 97) rare[item] = 1.0f;
  for (std::size_t item = 0; item < index.items(); item += 50) brands[item] = "b" + std::to_string(item);
  const item_attributes about(index.items(), numeric<"rare">(rare), categorical<"brand">(brands));
  const std::vector<item_id> history{item_id{5u}, item_id{102u}};
  typename Index::workspace scratch;
  for (Eigen::Index query = 0; query < 5; ++query) {
    const auto list =
        index.search(row_of(queries, query), 10, filter(unseen{} & where<"rare">(yes{}), about), history, scratch);
    REQUIRE(list.size() == 10);
    for (const scored_item& entry : list) {
      CHECK(entry.item.index() % 97 == 5);
      CHECK(entry.item.index() > 102);
    }
    const auto capped = index.search(row_of(queries, query), 10, filter(cap<"brand">{3}, about), {}, scratch);
    REQUIRE(capped.size() == 10);
    CHECK(std::count_if(capped.begin(), capped.end(),
                        [&](const auto& entry) { return brands[entry.item.index()] == "giant"; }) <= 3);
  }
}

/// Vectors that are not finite, empty queries, sizes that do not fit.
template <class Index, class Make>
void check_edges(const Make& make) {
  using namespace mmrec;
  matrix<float> rows = clustered(50, 4, 9);
  rows(3, 1) = no_score;
  const Index index = make(rows);
  typename Index::workspace scratch;
  const auto list = index.search(row_of(rows, 0), 100, scratch);
  CHECK(list.size() == 49);
  CHECK(std::none_of(list.begin(), list.end(), [](const auto& entry) { return entry.item == item_id{3u}; }));
  CHECK(index.search(row_of(rows, 3), 10, scratch).empty());
  CHECK(index.search(row_of(rows, 0), 0, scratch).empty());
  const std::vector<float> narrow(3);
  CHECK(thrown<shape_error>([&] { index.search(narrow, 1, scratch); }).find("query: expected 4, got 3") !=
        std::string::npos);
  const serve::item_attributes<> other(49);
  CHECK(thrown<shape_error>([&] {
          index.search(row_of(rows, 0), 1, serve::filter(serve::anything{}, other), {}, scratch);
        }).find("items of the filter: expected 50, got 49") != std::string::npos);
}

}  // namespace test

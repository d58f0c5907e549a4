// Searches by hnswlib, against the exact index.
#include <mmrec/serve/hnsw_index.hpp>

#include <algorithm>
#include <utility>

#include "serve/approximate_checks.hpp"

using namespace mmrec;

TEST_CASE("hnsw_index lists most of the true best with their exact scores") {
  const auto rows = test::clustered(5000, 32, 1), queries = test::clustered(100, 32, 2);
  const serve::exact_index exact(rows, serve::metric::cosine);
  CHECK(test::recall(serve::hnsw_index(rows), exact, queries, 10) > 0.97);
  CHECK(test::recall(serve::hnsw_index(rows, {.breadth = 400}), exact, queries, 10) > 0.995);
}

TEST_CASE("hnsw_index searches inner products") {
  const auto rows = test::clustered(5000, 32, 3), queries = test::clustered(100, 32, 4);
  const serve::hnsw_index index(rows, {.compared_by = serve::metric::inner_product, .breadth = 200});
  CHECK(test::recall(index, serve::exact_index(rows), queries, 10) > 0.9);
}

TEST_CASE("hnsw_index goes wider where a filter leaves little") {
  const auto rows = test::clustered(3000, 16, 5);
  test::check_filters(serve::hnsw_index(rows), test::clustered(5, 16, 6));
}

TEST_CASE("hnsw_index is built the same twice, moves, and knows what it cannot do") {
  const auto rows = test::clustered(1000, 16, 7);
  serve::hnsw_index one(rows, {.links = 4, .build_breadth = 20, .breadth = 10});
  const serve::hnsw_index other(rows, {.links = 4, .build_breadth = 20, .breadth = 10});
  const serve::hnsw_index moved = std::move(one);
  serve::hnsw_index::workspace first, second;
  for (Eigen::Index row = 0; row < 50; ++row) {
    const auto left = moved.search(row_of(rows, row), 10, first), right = other.search(row_of(rows, row), 10, second);
    CHECK(std::equal(left.begin(), left.end(), right.begin(), right.end()));
  }
  test::check_edges<serve::hnsw_index>(
      [](const auto& values) { return serve::hnsw_index(values, {.compared_by = serve::metric::inner_product}); });
  serve::hnsw_index::workspace scratch;
  CHECK(serve::hnsw_index(matrix<float>(0, 16)).search(row_of(rows, 0), 3, scratch).empty());
  CHECK(test::thrown<invalid_config>([&] { serve::hnsw_index(rows, {.links = 1}); }) ==
        "serve::hnsw_index: links must be 2 to 100");
}

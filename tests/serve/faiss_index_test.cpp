// Searches by faiss, against the exact index.
#include <mmrec/serve/faiss_index.hpp>

#include "serve/approximate_checks.hpp"

using namespace mmrec;

TEST_CASE("faiss_index with a flat index lists the true best with their exact scores") {
  const auto rows = test::clustered(3000, 32, 1), queries = test::clustered(50, 32, 2);
  CHECK(test::recall(serve::faiss_index(rows), serve::exact_index(rows), queries, 10) == 1.0);
  const serve::exact_index directions(rows, serve::metric::cosine);
  CHECK(test::recall(serve::faiss_index(rows, {.compared_by = serve::metric::cosine}), directions, queries, 10) == 1.0);
}

TEST_CASE("faiss_index passes the factory's words and parameters on") {
  const auto rows = test::clustered(4000, 32, 3), queries = test::clustered(50, 32, 4);
  const serve::exact_index exact(rows);
  const double few =
      test::recall(serve::faiss_index(rows, {.factory = "IVF64,Flat", .parameters = "nprobe=1"}), exact, queries, 10);
  const double many =
      test::recall(serve::faiss_index(rows, {.factory = "IVF64,Flat", .parameters = "nprobe=16"}), exact, queries, 10);
  CHECK(many > 0.95);
  CHECK(few < many);
}

TEST_CASE("faiss_index goes wider where a filter leaves little") {
  const auto rows = test::clustered(3000, 16, 5);
  test::check_filters(serve::faiss_index(rows), test::clustered(5, 16, 6));
}

TEST_CASE("faiss_index knows what it cannot do") {
  test::check_edges<serve::faiss_index>([](const auto& values) { return serve::faiss_index(values); });
  const auto rows = test::clustered(10, 4, 7);
  CHECK(test::thrown<invalid_config>([&] {
          serve::faiss_index(rows, {.factory = "Telepathy"});
        }).find("serve::faiss_index: factory \"Telepathy\", parameters \"\" are refused by faiss: ") == 0);
  serve::faiss_index::workspace scratch;
  CHECK(serve::faiss_index(matrix<float>(0, 4)).search(row_of(rows, 0), 3, scratch).empty());
}

#include <mmrec/eval/metric.hpp>

#include <cstddef>
#include <string>
#include <string_view>

#include <mmrec/core/error.hpp>

#include "support/catch.hpp"

namespace mm = mmrec;
using mm::eval::measure;
using mm::eval::metric;

TEST_CASE("metrics are written and read by name") {
  STATIC_REQUIRE(metric("recall@20") == metric(measure::recall, 20));
  STATIC_REQUIRE(metric("auc") == metric(measure::auc, 0));
  for (int index = 0; index <= static_cast<int>(measure::gini); ++index) {
    const auto what = static_cast<measure>(index);
    for (const std::size_t k : {1u, 10u, 999999999u}) {
      const metric one(what, what == measure::auc ? 0 : k);
      CHECK(metric(std::string_view(one.name())) == one);
    }
  }
  CHECK(metric("ndcg@10").name() == "ndcg@10");
  CHECK(metric("item_coverage@5").name() == "item_coverage@5");
  CHECK(metric("auc").name() == "auc");
}

TEST_CASE("what is no name of a metric is an error that repeats it") {
  for (const char* text :
       {"", "recall", "recall@", "recall@0", "recall@010", "recall@1x", "recall@-1", "recall@ 1", "recall@1 ", "Recall@10",
        "recal@10", "recall10", "auc@10", "auc@", "recall@1@2", "recall@9999999999", "@10"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(metric(text), mm::invalid_config);
  }
  CHECK_THROWS_WITH(metric("recal@10"), test::contains("eval::metric: \"recal@10\" is not the name of a metric"));
}

TEST_CASE("which measures belong to a user") {
  CHECK(mm::eval::is_per_user(measure::recall));
  CHECK(mm::eval::is_per_user(measure::popularity));
  CHECK(mm::eval::is_per_user(measure::auc));
  CHECK_FALSE(mm::eval::is_per_user(measure::item_coverage));
  CHECK_FALSE(mm::eval::is_per_user(measure::gini));
}

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
  for (int index = 0; index <= static_cast<int>(measure::gauc); ++index) {
    const auto what = static_cast<measure>(index);
    for (const std::size_t k : {1u, 10u, 999999999u}) {
      const metric one(what, mm::eval::has_cutoff(what) ? k : 0);
      CHECK(one.name().starts_with(name_of(what)));
      CHECK(metric(std::string_view(one.name())) == one);
    }
  }
  CHECK(metric("ndcg@10").name() == "ndcg@10");
  CHECK(metric("item_coverage@5").name() == "item_coverage@5");
  CHECK(metric("auc").name() == "auc");
  CHECK(metric("gauc") == metric(measure::gauc, 0));
  CHECK(metric("ndcg_linear@5") == metric(measure::ndcg_linear, 5));
  CHECK_THROWS_AS(metric("gauc@5"), mm::invalid_config);
  CHECK_THROWS_AS(metric("r_precision@5"), mm::invalid_config);
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
  CHECK_FALSE(mm::eval::is_per_user(measure::gauc));
  CHECK(mm::eval::is_per_user(measure::serendipity));
  CHECK(mm::eval::has_cutoff(measure::entropy));
  CHECK_FALSE(mm::eval::has_cutoff(measure::gauc));
}

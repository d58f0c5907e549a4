// Weights of the user-item matrix, against implicit (tests/golden/neighbours.py).
#include <mmrec/cf/weighting.hpp>

#include <string>
#include <vector>

#include "cf/neighbours.hpp"
#include "support/catch.hpp"
#include "support/thrown.hpp"

using namespace mmrec;

TEST_CASE("weights of tf-idf and BM25 are implicit's") {
  const auto matrices = neighbours::golden();
  const auto log = neighbours::log_of(matrices.at("x"));
  const auto scheme = GENERATE(cf::weighting_scheme::tf_idf, cf::weighting_scheme::bm25);
  const auto which = GENERATE(cf::documents::items, cf::documents::users);
  const std::string name = std::string(scheme == cf::weighting_scheme::tf_idf ? "tfidf" : "bm25") +
                           (which == cf::documents::items ? "_items" : "_users");
  const cf::weighting spec{.scheme = scheme, .k1 = 1.2f, .b = 0.75f};
  std::vector<float> values = cf::detail::plain_values(log, false);
  const cf::detail::document_weights weights("f", spec, which, log, values);
  weights.apply(log, values);
  std::size_t entry = 0;
  for (const data::interaction& event : log.events()) {
    CAPTURE(name, entry);
    const double expected = matrices.at(name)[event.user.index()][event.item.index()];
    CHECK(double{values[entry++]} == Approx(expected).epsilon(1e-6).margin(1e-7));
  }
}

TEST_CASE("no scheme leaves the values alone") {
  const auto log = neighbours::random_log(20, 30, 8);
  std::vector<float> values = cf::detail::plain_values(log, false);
  cf::detail::document_weights("f", {}, cf::documents::items, log, values).apply(log, values);
  CHECK(values == std::vector<float>(log.value_array().begin(), log.value_array().end()));
  CHECK(cf::detail::plain_values(log, true) == std::vector<float>(log.size(), 1.0f));
}

TEST_CASE("weightings refuse what makes no sense") {
  const auto log = neighbours::log_of({{1.0, -2.0}, {1.0, 1.0}});
  const std::vector<float> values = cf::detail::plain_values(log, false);
  const cf::weighting spec{.scheme = cf::weighting_scheme::tf_idf};
  CHECK(test::thrown<data_error>([&] { cf::detail::document_weights("cf::f", spec, cf::documents::items, log, values); }) ==
        "cf::f: a value is negative, which no weighting takes");
  for (const cf::weighting bad : {cf::weighting{.k1 = -1.0f}, cf::weighting{.k1 = no_score}, cf::weighting{.b = 1.5f}}) {
    CHECK_THROWS_AS(cf::detail::require_weighting("cf::f", bad), invalid_config);
  }
}

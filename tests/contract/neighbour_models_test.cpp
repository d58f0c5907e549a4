// The neighbourhood, linear, sequence and latent semantic recommenders keep the contract.
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <mmrec/cf/association_rules.hpp>
#include <mmrec/cf/co_counts.hpp>
#include <mmrec/cf/feature_knn.hpp>
#include <mmrec/cf/item_knn.hpp>
#include <mmrec/cf/lsa.hpp>
#include <mmrec/cf/markov.hpp>
#include <mmrec/cf/plsa.hpp>
#include <mmrec/cf/slim.hpp>
#include <mmrec/cf/sparse_ease.hpp>
#include <mmrec/cf/trust_knn.hpp>
#include <mmrec/cf/user_knn.hpp>
#include <mmrec/data/features.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/data/social_graph.hpp>

#include "contract/recommender_contract.hpp"

using namespace mmrec;

namespace {

constexpr cf::weighting bm25{.scheme = cf::weighting_scheme::bm25, .k1 = 1.2f, .b = 0.75f};
constexpr cf::weighting tf_idf{.scheme = cf::weighting_scheme::tf_idf};

template <class Spec>
void check(const Spec& spec, const contract::expectations& expected = {}) {
  contract::check_recommender(
      [&](const auto& exec, const data::interactions& log) {
        if constexpr (requires { spec.fit(exec, log, seed{1}); }) {
          return spec.fit(exec, log, seed{1});
        } else {
          return spec.fit(exec, log);
        }
      },
      expected);
}

}  // namespace

TEST_CASE("item_knn with its options keeps the contract of recommenders") {
  check(GENERATE(cf::item_knn{.similarity = cf::item_similarity::pearson},
                 cf::item_knn{.binary = false, .weighting = tf_idf},
                 cf::item_knn{.similarity = cf::item_similarity::dot, .weighting = bm25},
                 cf::item_knn{.neighbours = 40, .neighbourhood = cf::neighbourhood::of_target, .normalize = true}));
}

TEST_CASE("item_co_counts keep the contract of recommenders") {
  contract::check_recommender([](const auto& exec, const data::interactions& log) {
    return cf::item_co_counts(exec, log).fit(exec, cf::item_knn{});
  });
}

TEST_CASE("user_knn keeps the contract of recommenders") {
  check(GENERATE(cf::user_knn{}, cf::user_knn{.neighbours = 10, .similarity = cf::similarity_measure::jaccard},
                 cf::user_knn{.similarity = cf::similarity_measure::pearson, .binary = false},
                 cf::user_knn{.binary = false, .weighting = tf_idf}, cf::user_knn{.weighting = bm25}));
}

TEST_CASE("slim keeps the contract of recommenders") {
  check(GENERATE(cf::slim{}, cf::slim{.l1 = 0.1f, .l2 = 1.0f, .non_negative = false, .binary = false}));
}

TEST_CASE("sparse_ease keeps the contract of recommenders") {
  check(GENERATE(cf::sparse_ease{.regularization = 5.0f},
                 cf::sparse_ease{.regularization = 50.0f, .neighbours = 30, .binary = false}));
}

TEST_CASE("association_rules keep the contract of recommenders") { check(cf::association_rules{.min_users = 1}); }

TEST_CASE("the best association rules keep the contract of recommenders, but for ties on a checkerboard") {
  check(cf::association_rules{.min_users = 1, .combination = cf::rule_combination::best}, {.personal = false});
}

TEST_CASE("markov keeps the contract of recommenders") {
  check(GENERATE(cf::markov{}, cf::markov{.steps = 1, .moments = 1}));
}

TEST_CASE("lsa keeps the contract of recommenders") {
  check(GENERATE(cf::lsa{.factors = 4}, cf::lsa{.factors = 6, .binary = false, .weighting = bm25}), {.explain_error = 1e-4});
}

TEST_CASE("plsa keeps the contract of recommenders") {
  check(GENERATE(cf::plsa{.factors = 2}, cf::plsa{.factors = 2, .beta = 0.9f}));
}

TEST_CASE("trust_knn keeps the contract of recommenders") {
  const auto spec = GENERATE(cf::trust_knn{.trust_share = 0.0f}, cf::trust_knn{}, cf::trust_knn{.trust_share = 1.0f});
  contract::check_recommender(
      [&](const auto& exec, const data::interactions& log) {
        std::vector<data::social_edge> edges;  // to the four next users of the same parity; none from the empty user
        for (std::size_t user = 0; user < log.users(); ++user) {
          if (log.history(user_id{user}).items.empty()) continue;
          for (std::size_t step = 2; step < 10; step += 2) {
            edges.push_back({user_id{user}, user_id{(user + step) % log.users()}, 0.7f});
          }
        }
        return spec.fit(exec, log, data::social_graph(log.user_keys(), std::move(edges)));
      },
      {.folds_in_exactly = spec.trust_share == 0.0f});
}

TEST_CASE("feature_knn keeps the contract of recommenders") {
  const auto spec = GENERATE(cf::feature_knn{}, cf::feature_knn{.content_share = 0.1f, .neighbours = 40, .binary = false});
  contract::check_recommender([&](const auto& exec, const data::interactions& log) {
    random_stream random(seed{23});
    data::dense_features features{matrix<float>::Zero(static_cast<Eigen::Index>(log.items()), 10),
                                  data::presence(log.items(), 1)};
    for (std::size_t item = 0; item < log.items(); ++item) {
      if (log.items() == 90 && item % 7 == 3) {
        features.present[item] = 0;
        continue;
      }
      const auto row = static_cast<Eigen::Index>(item);
      for (Eigen::Index column = 2; column < 10; ++column) features.values(row, column) = 0.05f * random.uniform_float();
      features.values(row, static_cast<Eigen::Index>(item % 2)) = 1.0f;
    }
    return spec.fit(exec, log, features);
  });
}

// lineup.hpp - who takes part, with settings that do well on data of many kinds. Tuning on validation data is worth more
// than any of them: see eval::tune.
#pragma once
#include <mmrec/cf.hpp>

namespace contest {

namespace mm = mmrec;

/// Calls visit(name, specification) for each model that ranks, simple ones first.
template <class Visit>
void for_each_ranking_model(Visit&& visit) {
  visit("popularity", mm::cf::popularity{});
  visit("association_rules", mm::cf::association_rules{.min_users = 3});
  visit("markov", mm::cf::markov{});
  visit("user_knn", mm::cf::user_knn{.neighbours = 100});
  visit("item_knn", mm::cf::item_knn{.neighbours = 100});
  visit("lsa", mm::cf::lsa{});
  visit("plsa", mm::cf::plsa{});
  visit("slim", mm::cf::slim{});
  visit("sparse_ease", mm::cf::sparse_ease{});
  visit("ease", mm::cf::ease{.regularization = 200.0f});
  visit("ials", mm::cf::ials{.factors = 64, .regularization = 0.02f, .alpha = 10.0f, .iterations = 15});
  visit("bpr", mm::cf::bpr{});
  visit("warp", mm::cf::warp{});
  visit("hybrid_mf", mm::cf::hybrid_mf{});
  visit("fm", mm::cf::fm{.loss = mm::cf::fm_loss::bpr});
  visit("light_gcn", mm::cf::light_gcn{});
}

/// The same for models that predict ratings.
template <class Visit>
void for_each_rating_model(Visit&& visit) {
  using mm::cf::rating_side;
  visit("global_mean", mm::cf::global_mean{});
  visit("baseline", mm::cf::baseline{});
  visit("slope_one", mm::cf::slope_one{});
  visit("rating_knn users", mm::cf::rating_knn{.side = rating_side::users});
  visit("rating_knn items", mm::cf::rating_knn{});
  visit("nmf", mm::cf::nmf{});
  visit("svd", mm::cf::svd{});
  visit("svd_pp", mm::cf::svd_pp{});
}

}  // namespace contest

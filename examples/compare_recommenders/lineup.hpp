// lineup.hpp - who takes part, with settings that do well on data of many kinds. Tuning on validation data is worth more
// than any of them: see eval::tune.
#pragma once
#include <mmrec/cf.hpp>

namespace contest {

namespace mm = mmrec;

/// Calls visit(name, specification) for each model, simple ones first. The first is what the others are compared with.
template <class Visit>
void for_each_model(Visit&& visit) {
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
  visit("light_gcn", mm::cf::light_gcn{});
}

}  // namespace contest

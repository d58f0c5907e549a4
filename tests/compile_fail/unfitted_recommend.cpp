// expect: collaborative_level_spec
// expect: no member named .recommend.
#include "shop.hpp"

auto list() {
  const auto spec = mm::recommender(mm::cf::popularity{});
#ifndef MMREC_KO
  return mm::fit(spec, cpu, ratings).recommend(mm::user_id{7}, {.k = 10});
#else
  return spec.recommend(mm::user_id{7}, {.k = 10});
#endif
}

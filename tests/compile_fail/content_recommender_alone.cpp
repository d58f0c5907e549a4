// expect: this is not a recommender that can learn from interactions alone
// expect: profile
#include "shop.hpp"

#ifndef MMREC_KO
const auto spec = mm::recommender(mm::cf::popularity{});
#else
const auto spec = mm::recommender(mm::cf::profile{});
#endif

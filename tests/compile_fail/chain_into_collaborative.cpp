// expect: the right side of '\|' learns from interactions alone and takes no features
// expect: popularity
#include "shop.hpp"

#ifndef MMREC_KO
const auto sound = mm::features::standardize{} | mm::cf::profile{};
#else
const auto sound = mm::features::standardize{} | mm::cf::popularity{};
#endif

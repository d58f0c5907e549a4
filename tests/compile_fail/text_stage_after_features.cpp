// expect: does not take what the left side gives
// expect: standardize
#include "shop.hpp"

#ifndef MMREC_KO
const auto sound = mm::features::standardize{} | mm::features::l2_normalize{};
#else
const auto sound = mm::features::standardize{} | mm::text::words{};
#endif

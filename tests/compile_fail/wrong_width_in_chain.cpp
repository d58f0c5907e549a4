// expect: does not take what the left side gives
// expect: 107
// expect: 100
#include "shop.hpp"

#ifndef MMREC_KO
const auto sound = mm::features::expect<100>{} | mm::features::expect<100>{};
#else
const auto sound = mm::features::expect<100>{} | mm::features::expect<107>{};
#endif

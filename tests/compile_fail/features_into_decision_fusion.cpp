// expect: needs modalities that each end in a recommender
#include "shop.hpp"

#ifndef MMREC_KO
const auto sound = mm::modality<"sound">(mm::features::standardize{} | mm::cf::profile{});
#else
const auto sound = mm::modality<"sound">(mm::features::standardize{});
#endif
const auto spec = mm::recommender(mm::modalities(sound), mm::fusion::weighted_sum{});

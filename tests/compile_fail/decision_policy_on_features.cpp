// expect: the fusion policy must be a feature-level one
// expect: weighted_sum
#include "shop.hpp"

const auto parts = mm::modalities(mm::modality<"sound">(mm::features::standardize{}));
#ifndef MMREC_KO
const auto spec = mm::recommender(parts, mm::fusion::concat{}, mm::cf::profile{});
#else
const auto spec = mm::recommender(parts, mm::fusion::weighted_sum{}, mm::cf::profile{});
#endif

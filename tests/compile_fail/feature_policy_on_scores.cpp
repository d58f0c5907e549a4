// expect: the fusion policy must be a decision-level one
// expect: concat
#include "shop.hpp"

const auto parts = mm::modalities(mm::modality<"sound">(mm::features::standardize{} | mm::cf::profile{}));
#ifndef MMREC_KO
const auto spec = mm::recommender(parts, mm::fusion::weighted_sum{});
#else
const auto spec = mm::recommender(parts, mm::fusion::concat{});
#endif

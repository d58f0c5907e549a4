// expect: this recommender does not learn from features
// expect: ease
#include "shop.hpp"

const auto parts = mm::modalities(mm::modality<"sound">(mm::features::standardize{}));
#ifndef MMREC_KO
const auto spec = mm::recommender(parts, mm::fusion::concat{}, mm::cf::profile{});
#else
const auto spec = mm::recommender(parts, mm::fusion::concat{}, mm::cf::ease{});
#endif

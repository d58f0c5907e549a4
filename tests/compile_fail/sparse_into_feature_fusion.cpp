// expect: feature-level fusion needs dense features
#include "shop.hpp"

#ifndef MMREC_KO
const auto part = mm::modality<"sound">(mm::features::standardize{});
#else
const auto part = mm::modality<"plot">(mm::text::words{} | mm::text::tfidf{});
#endif
const auto spec = mm::recommender(mm::modalities(part), mm::fusion::concat{}, mm::cf::profile{});

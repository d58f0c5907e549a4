// expect: some modalities end in features and some in a recommender
#include "shop.hpp"

const auto sound = mm::modality<"sound">(mm::features::standardize{} | mm::cf::profile{});
#ifndef MMREC_KO
const auto tags = mm::modality<"quiet", "sound">(mm::features::l2_normalize{} | mm::cf::profile{});
#else
const auto tags = mm::modality<"quiet", "sound">(mm::features::l2_normalize{});
#endif
const auto parts = mm::modalities(sound, tags);

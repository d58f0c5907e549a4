// expect: two modalities have the same name
#include "shop.hpp"

const auto loud = mm::modality<"sound">(mm::features::standardize{});
#ifndef MMREC_KO
const auto quiet = mm::modality<"quiet", "sound">(mm::features::l2_normalize{});
#else
const auto quiet = mm::modality<"sound">(mm::features::l2_normalize{});
#endif
const auto both = mm::modalities(loud, quiet);

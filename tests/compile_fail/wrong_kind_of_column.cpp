// expect: this modality's first stage does not take the kind of its column
// expect: standardize
// expect: text
#include "shop.hpp"

#ifndef MMREC_KO
const auto sound = mm::modality<"sound">(mm::features::standardize{});
#else
const auto sound = mm::modality<"sound", "plot">(mm::features::standardize{});
#endif

auto fitted() {
  return mm::fit(mm::recommender(mm::modalities(sound), mm::fusion::concat{}, mm::cf::profile{}), cpu, catalogue, ratings);
}

// expect: this modality's first stage does not take the kind of its column
// expect: 107
// expect: 100
#include "shop.hpp"

#ifndef MMREC_KO
const auto sound = mm::modality<"sound">(mm::features::expect<100>{});
#else
const auto sound = mm::modality<"sound">(mm::features::expect<107>{});
#endif

auto fitted() {
  return mm::fit(mm::recommender(mm::modalities(sound), mm::fusion::concat{}, mm::cf::profile{}), cpu, catalogue, ratings);
}

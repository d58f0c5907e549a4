// expect: the item table has no column of the name that this modality reads
// expect-gcc: "soudn"
// expect-clang: 115, 111, 117, 100, 110
#include "shop.hpp"

#ifndef MMREC_KO
const auto sound = mm::modality<"sound">(mm::features::standardize{});
#else
const auto sound = mm::modality<"soudn">(mm::features::standardize{});
#endif

auto fitted() {
  return mm::fit(mm::recommender(mm::modalities(sound), mm::fusion::concat{}, mm::cf::profile{}), cpu, catalogue, ratings);
}

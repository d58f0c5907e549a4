// expect: a modality of this recommender reads a column: pass the item table to fit
#include "shop.hpp"

const auto spec = mm::recommender(mm::modalities(mm::modality<"sound">(mm::features::standardize{} | mm::cf::profile{}),
                                                 mm::modality<"everybody">(mm::cf::popularity{})),
                                  mm::fusion::weighted_sum{});

#ifndef MMREC_KO
auto fitted() { return mm::fit(spec, cpu, catalogue, ratings); }
#else
auto fitted() { return mm::fit(spec, cpu, ratings); }
#endif

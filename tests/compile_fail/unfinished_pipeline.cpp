// expect: a modality must end in features .dense or sparse. or in a recommender
// expect: words
#include "shop.hpp"

#ifndef MMREC_KO
const auto plot = mm::modality<"plot">(mm::text::words{} | mm::text::tfidf{});
#else
const auto plot = mm::modality<"plot">(mm::text::words{});
#endif

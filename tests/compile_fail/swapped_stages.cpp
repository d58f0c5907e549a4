// expect: does not take what the left side gives
// expect: tfidf
// expect: words
#include "shop.hpp"

#ifndef MMREC_KO
const auto plot = mm::text::words{} | mm::text::tfidf{.min_df = 2};
#else
const auto plot = mm::text::tfidf{.min_df = 2} | mm::text::words{};
#endif

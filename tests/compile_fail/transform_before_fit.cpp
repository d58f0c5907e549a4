// expect: (has no member named|no member named) .transform.
#include "shop.hpp"

const auto words_of = mm::text::words{} | mm::text::tfidf{};

auto features(const mm::data::text_column& documents) {
#ifndef MMREC_KO
  return words_of.fit(cpu, documents).transform(cpu, documents);
#else
  return words_of.transform(cpu, documents);
#endif
}

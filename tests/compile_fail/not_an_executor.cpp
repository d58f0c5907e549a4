// expect: mmrec: the second argument of fit does not run anything
#include "shop.hpp"

auto fitted() {
  const auto spec = mm::recommender(mm::cf::popularity{});
#ifndef MMREC_KO
  return mm::fit(spec, mm::exec::cpu{.threads = 8}, ratings);
#else
  return mm::fit(spec, 8, ratings);
#endif
}

// expect: no matching function for call to .*fit
// expect: role::test
#include "shop.hpp"

auto fitted() {
  const auto parts = mm::split::leave_last_out{}(ratings);
#ifndef MMREC_KO
  return mm::fit(mm::recommender(mm::cf::popularity{}), cpu, parts.train);
#else
  return mm::fit(mm::recommender(mm::cf::popularity{}), cpu, parts.test);
#endif
}

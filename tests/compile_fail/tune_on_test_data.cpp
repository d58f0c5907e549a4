// expect: no matching function for call to .*evaluate
// expect: role::test
#include "shop.hpp"

double judge() {
  const auto parts = mm::split::leave_last_out{}(ratings);
  const mm::eval::full_ranking<mm::eval::mask::train> protocol;
#ifndef MMREC_KO
  const auto found = mm::eval::evaluate(protocol, cpu, model, parts.train, parts.validation);
#else
  const auto found = mm::eval::evaluate(protocol, cpu, model, parts.train, parts.test);
#endif
  return found.mean(found.metrics()[0]);
}

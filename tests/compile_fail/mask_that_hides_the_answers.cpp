// expect: would hide the validation items that are to be found
#include "shop.hpp"

double judge() {
  const auto parts = mm::split::leave_last_out{}(ratings);
#ifndef MMREC_KO
  const mm::eval::full_ranking<mm::eval::mask::train> protocol;
#else
  const mm::eval::full_ranking<mm::eval::mask::train_and_validation> protocol;
#endif
  const auto found = mm::eval::evaluate(protocol, cpu, model, parts.train, parts.validation);
  return found.mean(found.metrics()[0]);
}

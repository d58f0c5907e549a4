// expect: mmrec: this split holds out users that the model does not know; describe them by their histories
#include "shop.hpp"

#include <mmrec/data/split/new_users.hpp>

double judge() {
  const auto parts = mm::split::strong_generalisation{}(ratings);
  const mm::eval::full_ranking<mm::eval::mask::train> protocol;
#ifndef MMREC_KO
  const auto found = mm::eval::evaluate(protocol, cpu, model, parts.train, parts.validation_history, parts.validation);
#else
  const auto found = mm::eval::evaluate(protocol, cpu, model, parts.train, parts.validation);
#endif
  return found.mean(found.metrics()[0]);
}

// expect-gcc: no match for call to .*grid
// expect-clang: no matching function for call to object of type .*grid
// expect: role::test
#include "shop.hpp"

#include <mmrec/eval/tune/search.hpp>
#include <mmrec/eval/tune/space.hpp>

float chosen() {
  const auto parts = mm::split::leave_last_out{}(ratings);
  const mm::eval::full_ranking<mm::eval::mask::train> protocol;
  const auto space =
      mm::eval::tune::space<mm::cf::ease>().choose("regularization", &mm::cf::ease::regularization, {100, 500});
#ifndef MMREC_KO
  return mm::eval::tune::grid{}(cpu, space, protocol, parts.train, parts.validation).best_spec().regularization;
#else
  return mm::eval::tune::grid{}(cpu, space, protocol, parts.train, parts.test).best_spec().regularization;
#endif
}

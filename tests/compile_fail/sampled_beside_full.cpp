// expect: these evaluations do not compare
#include "shop.hpp"

#include <mmrec/eval/permutation.hpp>
#include <mmrec/eval/sampled.hpp>

double gain() {
  const auto parts = mm::split::leave_last_out{}(ratings);
  const mm::eval::full_ranking<mm::eval::mask::train> full;
  const auto honest = mm::eval::evaluate(full, cpu, model, parts);
#ifndef MMREC_KO
  const auto other = mm::eval::evaluate(full, cpu, model, parts);
#else
  using mm::eval::negatives::uniform;
  const auto other = mm::eval::evaluate(
      mm::eval::sampled_ranking_for_comparison_with_papers<uniform, mm::eval::mask::train>{}, cpu, model, parts);
#endif
  return mm::eval::paired_permutation(cpu, honest, other, "ndcg@10").p_value;
}

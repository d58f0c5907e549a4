// Item-based neighbours on Gowalla, as published by BARS: reproduce_item_cf DATA_FOLDER
//
// DATA_FOLDER holds train.txt, valid.txt and test.txt of the split of NGCF and LightGCN, whose training part is the first two
// together. BARS (github.com/reczoo/BARS, candidate matching, ItemCF) compares whole columns by cosine or Pearson's measure,
// lets each candidate look at its own K neighbours, weighs them to a sum of 1, adds up deviations from the items' means, and
// searches K = 5 .. 200. Here the setting is chosen on valid.txt, and the model is then fitted on train.txt and valid.txt.
#include <cstddef>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include <mmrec/cf/item_knn.hpp>
#include <mmrec/eval/protocol.hpp>
#include <mmrec/exec/cpu.hpp>

#include "reproduce/lists.hpp"

namespace {

using namespace mmrec;

cf::item_knn spec_of(cf::item_similarity similarity, std::size_t neighbours) {
  return {.neighbours = neighbours,
          .similarity = similarity,
          .neighbourhood = cf::neighbourhood::of_target,
          .normalize = true,
          .centred = true};
}

void reproduce_item_cf(const std::string& folder) {
  const auto data = reproduce::read_lists(folder);
  const exec::cpu exec{};
  std::printf("%-8s %10s %18s\n", "measure", "neighbours", "NDCG@20 (valid)");
  cf::item_knn best;
  double best_quality = -1.0;
  for (const auto similarity : {cf::item_similarity::cosine, cf::item_similarity::pearson}) {
    for (const std::size_t neighbours : {20, 50, 100, 150, 200}) {
      const cf::item_knn spec = spec_of(similarity, neighbours);
      const double quality =
          reproduce::validation_quality(spec.fit(exec, data.train.interactions()), data, {eval::measure::ndcg, 20});
      std::printf("%-8s %10zu %18.4f\n", similarity == cf::item_similarity::cosine ? "cosine" : "Pearson", neighbours,
                  quality);
      std::fflush(stdout);
      if (quality > best_quality) {
        best_quality = quality;
        best = spec;
      }
    }
  }
  std::printf("\nchosen: %s, %zu neighbours\n",
              best.similarity == cf::item_similarity::cosine ? "cosine" : "Pearson's measure", best.neighbours);
  reproduce::print_beside<eval::mask::train_and_validation>(
      best.fit(exec, data.train_and_validation()), data,
      {{{eval::measure::recall, 20}, 0.1570}, {{eval::measure::ndcg, 20}, 0.1214}});
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: reproduce_item_cf DATA_FOLDER\n");
    return 2;
  }
  try {
    reproduce_item_cf(argv[1]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}

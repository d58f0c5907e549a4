// BPR on published splits: reproduce_bpr DATA_FOLDER [threads]
//
// DATA_FOLDER holds train.txt, valid.txt and test.txt of MovieLens-1M or Gowalla as split by LightGCN++ (Lee et al., RecSys
// 2024), or of Amazon Baby as split by DiffMM (Jiang et al., MM 2024); the data sets are told apart by their sizes. Trained
// on train.txt, settings chosen by NDCG@10 on valid.txt, training items masked on the test set, as both papers do it. Each
// takes seconds to a minute.
//
// The published figures are of BPR by Adam on batches. Ours is by stochastic gradient ascent, one step a triple; it ranks
// better. Two settings are shown: every interaction alike, and every user alike, which is how those papers draw.
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <string>
#include <vector>

#include <mmrec/cf/bpr.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/eval/protocol.hpp>
#include <mmrec/exec/cpu.hpp>

#include "reproduce/lists.hpp"

namespace {

using namespace mmrec;
using eval::measure;

struct setting {
  std::size_t users;
  std::size_t items;
  const char* name;
  std::vector<reproduce::published> figures;
  std::vector<cf::bpr> specs;
};

std::vector<setting> settings() {
  constexpr auto users_alike = cf::positive_sampling::users;
  return {{6039,
           3628,
           "MovieLens-1M, BPRMF of LightGCN++'s tables 7, 9 and 10",
           {{{measure::recall, 10}, 0.1291},
            {{measure::ndcg, 10}, 0.2677},
            {{measure::recall, 40}, 0.3192},
            {{measure::ndcg, 40}, 0.2914}},
           {{.epochs = 40, .learning_rate = 0.1f, .regularization = 0.02f},
            {.epochs = 60, .learning_rate = 0.05f, .regularization = 0.01f, .positives = users_alike}}},
          {29858,
           40981,
           "Gowalla, BPRMF of LightGCN++'s tables",
           {{{measure::recall, 10}, 0.0895},
            {{measure::ndcg, 10}, 0.0899},
            {{measure::recall, 40}, 0.1950},
            {{measure::ndcg, 40}, 0.1238}},
           {{.epochs = 120, .learning_rate = 0.05f, .regularization = 0.03f, .item_bias = false},
            {.epochs = 120, .learning_rate = 0.05f, .regularization = 0.03f, .positives = users_alike, .item_bias = false}}},
          {19445,
           7050,
           "Amazon Baby, MF-BPR of DiffMM's table 1",
           {{{measure::recall, 20}, 0.0440}, {{measure::ndcg, 20}, 0.0200}},
           {{.epochs = 120, .learning_rate = 0.05f, .regularization = 0.06f, .item_bias = false},
            {.epochs = 60, .learning_rate = 0.05f, .regularization = 0.1f, .positives = users_alike, .item_bias = false}}}};
}

void reproduce_bpr(const std::string& folder, std::size_t threads) {
  const auto data = reproduce::read_lists(folder);
  const data::interactions& log = data.train;
  for (const setting& one : settings()) {
    if (one.users != log.users() || one.items != log.items()) continue;
    std::printf("%s: %zu users, %zu items, %zu training interactions\n", one.name, log.users(), log.items(), log.size());
    for (const cf::bpr& spec : one.specs) {
      const std::clock_t begin = std::clock();
      const auto model = spec.fit(exec::cpu{.threads = threads}, log, seed{1});
      std::printf("\nevery %s alike, %zu epochs, rate %g, regularization %g: %.1f s of CPU time, valid NDCG@10 %.4f\n",
                  spec.positives == cf::positive_sampling::users ? "user" : "interaction", spec.epochs,
                  static_cast<double>(spec.learning_rate), static_cast<double>(spec.regularization),
                  static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC,
                  reproduce::validation_quality(model, data, {measure::ndcg, 10}));
      reproduce::print_beside<eval::mask::train>(model, data, one.figures);
    }
    return;
  }
  std::fprintf(stderr, "%s: none of the data sets that figures are known for\n", folder.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    std::fprintf(stderr, "usage: reproduce_bpr DATA_FOLDER [threads]\n");
    return 2;
  }
  try {
    reproduce_bpr(argv[1], argc == 3 ? std::strtoul(argv[2], nullptr, 10) : 1);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}

// EASE on Gowalla, as published by BARS: reproduce_ease DATA_FOLDER [regularization]
//
// DATA_FOLDER holds train.txt, valid.txt and test.txt of the split of NGCF and LightGCN, whose training part is the first two
// together; one of the same kind will do. BARS (github.com/reczoo/BARS, candidate matching, EASE_r) inverts in float32 with a
// regularization of 80, which it searched for. So do we: 40,981 items take 6.7 GB, and about 7e13 operations.
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <string>

#include <mmrec/cf/ease.hpp>
#include <mmrec/eval/protocol.hpp>
#include <mmrec/exec/cpu.hpp>

#include "reproduce/lists.hpp"

namespace {

using namespace mmrec;

void reproduce_ease(const std::string& folder, float regularization) {
  const auto data = reproduce::read_lists(folder);
  const exec::cpu exec{};
  const data::interactions& log = data.train_and_validation();
  const cf::ease spec{.regularization = regularization, .max_items = 100'000, .precision = cf::ease_precision::float32};
  std::printf("EASE, regularization %g, %zu users, %zu items, %zu interactions: %.2f GB while fitting\n",
              static_cast<double>(regularization), log.users(), log.items(), log.size(),
              static_cast<double>(spec.fit_bytes(exec, log)) / 1e9);
  std::fflush(stdout);
  const std::clock_t begin = std::clock();
  const auto model = spec.fit(exec, log);
  std::printf("fitted in %.0f s of CPU time\n", static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
  std::fflush(stdout);
  reproduce::print_beside<eval::mask::train_and_validation>(
      model, data, {{{eval::measure::recall, 20}, 0.1765}, {{eval::measure::ndcg, 20}, 0.1467}});
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    std::fprintf(stderr, "usage: reproduce_ease DATA_FOLDER [regularization]\n");
    return 2;
  }
  try {
    reproduce_ease(argv[1], argc == 3 ? std::strtof(argv[2], nullptr) : 80.0f);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}

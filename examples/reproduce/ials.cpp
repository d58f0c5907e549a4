// Implicit ALS, tuned, on Gowalla: reproduce_ials DATA_FOLDER [tune | FACTORS ALPHA REGULARIZATION]
//
// DATA_FOLDER holds train.txt, valid.txt and test.txt of the split of NGCF and LightGCN, whose training part is the first two
// together. The settings were chosen on valid.txt in the order that Rendle, Krichene, Zhang and Koren advise ("Revisiting the
// performance of iALS on item recommendation benchmarks", RecSys 2022): the weights and the regularization with few factors,
// then more factors, then the regularization again; `tune` does so once more and prints what it meets. The published figures
// are those of LightGCN with 3 layers, and of the EASE of BARS, whose settings were chosen on test.txt: what wins there is
// not what wins on valid.txt, which wants less regularization. Settings of your own show by how much.
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <string>
#include <tuple>

#include <mmrec/cf/ials.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/eval/protocol.hpp>
#include <mmrec/exec/cpu.hpp>

#include "reproduce/lists.hpp"

namespace {

using namespace mmrec;

constexpr cf::ials chosen{.factors = 512,
                          .regularization = 0.002f,
                          .alpha = 50.0f,
                          .iterations = 12,
                          .solver = cf::ials_solver::subspace,
                          .block_size = 64};

/// Fits with the setting and prints how it does on validation data.
double quality_of(const cf::ials& spec, const reproduce::parts& data) {
  const std::clock_t begin = std::clock();
  const auto model = spec.fit(exec::cpu{}, data.train.interactions(), seed{1});
  const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  const double quality = reproduce::validation_quality(model, data, {eval::measure::ndcg, 20});
  std::printf("%7zu %8g %15g %10zu %15.4f %9.1f\n", spec.factors, static_cast<double>(spec.alpha),
              static_cast<double>(spec.regularization), spec.iterations, quality, seconds);
  std::fflush(stdout);
  return quality;
}

cf::ials tuned(const reproduce::parts& data) {
  std::printf("%7s %8s %15s %10s %15s %9s\n", "factors", "alpha", "regularization", "iterations", "NDCG@20 (valid)",
              "seconds");
  cf::ials best;
  double best_quality = -1.0;
  const auto attempt = [&](cf::ials spec) {
    const double quality = quality_of(spec, data);
    if (quality <= best_quality) return;
    best_quality = quality;
    best = spec;
  };
  for (const float alpha : {10.0f, 30.0f, 50.0f, 100.0f, 300.0f}) {
    for (const float regularization : {0.0003f, 0.001f, 0.003f, 0.01f}) {
      attempt({.factors = 64, .regularization = regularization, .alpha = alpha, .iterations = chosen.iterations});
    }
  }
  const cf::ials coarse = best;
  for (const std::size_t factors : {std::size_t{256}, std::size_t{512}}) {
    for (const float scale : {0.5f, 1.0f, 2.0f}) {
      cf::ials spec = coarse;
      spec.factors = factors;
      spec.regularization *= scale;
      spec.solver = chosen.solver;
      spec.block_size = chosen.block_size;
      attempt(spec);
    }
  }
  return best;
}

void reproduce_ials(const reproduce::parts& data, const cf::ials& spec) {
  const data::interactions& log = data.train_and_validation();
  std::printf("iALS, %zu factors, alpha %g, regularization %g, %zu iterations\n", spec.factors,
              static_cast<double>(spec.alpha), static_cast<double>(spec.regularization), spec.iterations);
  const std::clock_t begin = std::clock();
  const auto model = spec.fit(exec::cpu{}, log, seed{1});
  std::printf("fitted in %.1f s of CPU time, %.0f MB\n", static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC,
              static_cast<double>(spec.fit_bytes(exec::cpu{}, log)) / 1e6);
  for (const auto& [name, recall, ndcg] :
       {std::tuple{"LightGCN", 0.1824, 0.1547}, std::tuple{"EASE of BARS", 0.1765, 0.1467}}) {
    std::printf("published: %s\n", name);
    reproduce::print_beside<eval::mask::train_and_validation>(
        model, data, {{{eval::measure::recall, 20}, recall}, {{eval::measure::ndcg, 20}, ndcg}});
  }
}

}  // namespace

int main(int argc, char** argv) {
  const bool tune = argc == 3 && std::string(argv[2]) == "tune";
  if (argc != 2 && argc != 5 && !tune) {
    std::fprintf(stderr, "usage: reproduce_ials DATA_FOLDER [tune | FACTORS ALPHA REGULARIZATION]\n");
    return 2;
  }
  try {
    const auto data = reproduce::read_lists(argv[1]);
    cf::ials spec = tune ? tuned(data) : chosen;
    if (argc == 5) {
      spec.factors = std::strtoul(argv[2], nullptr, 10);
      spec.alpha = std::strtof(argv[3], nullptr);
      spec.regularization = std::strtof(argv[4], nullptr);
    }
    reproduce_ials(data, spec);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}

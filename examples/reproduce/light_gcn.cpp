// LightGCN on published splits: reproduce_light_gcn DATA_FOLDER [--minutes M] [--threads T] [--every N] [--published]
//
// DATA_FOLDER holds train.txt, valid.txt and test.txt of
//   Gowalla as split by NGCF and LightGCN: trained on the first two with LightGCN's published setting - 3 layers, 64 factors,
//     batches of 2048, rate 0.001, decay 0.0001, 1000 epochs - which takes many hours. The curve shows how far the time given
//     has led. Published Recall@20 .1824, NDCG@20 .1547 (its repository's README).
//   MovieLens-1M as split by LightGCN++ (Lee et al., RecSys 2024): trained on train.txt, training items masked, as there.
//   Amazon Baby as split by DiffMM (Jiang et al., MM 2024): the same.
// The latter two take larger batches and a larger rate, chosen on valid.txt: the same quality in a tenth of the time. With
// --published they take LightGCN's setting, too. A line of the curve is printed every N epochs, the clock is CPU time.
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <exception>
#include <string>
#include <vector>

#include <mmrec/cf/light_gcn.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/eval/protocol.hpp>
#include <mmrec/exec/cpu.hpp>

#include "reproduce/lists.hpp"

namespace {

using namespace mmrec;
using eval::measure;

struct options {
  std::string folder;
  double minutes = 60.0;
  std::size_t threads = 1;
  std::size_t every = 5;
  bool published = false;
};

struct setting {
  std::size_t users;
  std::size_t items;
  const char* name;
  bool with_validation;  ///< train on valid.txt as well
  std::vector<reproduce::published> figures;
  cf::light_gcn spec;
};

constexpr cf::light_gcn published_spec{.layers = 3, .epochs = 1000, .batch = 2048, .learning_rate = 1e-3f};

std::vector<setting> settings() {
  return {{29858,
           40981,
           "Gowalla, 3 layers, LightGCN's own figures",
           true,
           {{{measure::recall, 20}, 0.1824}, {{measure::ndcg, 20}, 0.1547}},
           published_spec},
          {6039,
           3628,
           "MovieLens-1M, LightGCN of LightGCN++'s tables 7, 9 and 10",
           false,
           {{{measure::recall, 10}, 0.1495},
            {{measure::ndcg, 10}, 0.2977},
            {{measure::ndcg, 20}, 0.3010},
            {{measure::recall, 40}, 0.3586},
            {{measure::ndcg, 40}, 0.3265}},
           {.layers = 3, .epochs = 50, .batch = 16384, .learning_rate = 0.01f}},
          {19445,
           7050,
           "Amazon Baby, LightGCN of DiffMM's table 1",
           false,
           {{{measure::recall, 20}, 0.0698}, {{measure::ndcg, 20}, 0.0319}},
           {.layers = 3, .epochs = 100, .batch = 4096, .learning_rate = 0.005f, .regularization = 1e-3f}}};
}

template <class Model>
void print_result(const Model& model, const reproduce::parts& data, const setting& asked) {
  if (asked.with_validation) {
    reproduce::print_beside<eval::mask::train_and_validation>(model, data, asked.figures);
  } else {
    reproduce::print_beside<eval::mask::train>(model, data, asked.figures);
  }
}

void reproduce_light_gcn(const options& asked) {
  const auto data = reproduce::read_lists(asked.folder);
  for (const setting& one : settings()) {
    if (one.users != data.train.interactions().users() || one.items != data.train.interactions().items()) continue;
    const data::interactions log = one.with_validation ? data.train_and_validation() : data.train.interactions();
    const cf::light_gcn spec = asked.published ? published_spec : one.spec;
    std::printf("%s: %zu users, %zu items, %zu training interactions\n", one.name, log.users(), log.items(), log.size());
    std::printf("%zu layers, %zu factors, batches of %zu, rate %g, decay %g, at most %zu epochs or %g minutes\n",
                spec.layers, spec.factors, spec.batch, static_cast<double>(spec.learning_rate),
                static_cast<double>(spec.regularization), spec.epochs, asked.minutes);
    std::fflush(stdout);
    const std::clock_t begin = std::clock();
    const auto model =
        spec.fit(exec::cpu{.threads = asked.threads}, log, seed{1}, [&](std::size_t epochs, const auto& model_so_far) {
          const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
          const bool more = seconds < 60.0 * asked.minutes;
          if (more && epochs % asked.every != 0) return true;
          const auto so_far = model_so_far();
          std::printf("\nafter %zu epochs and %.0f s: loss %.4f", epochs, seconds, so_far.report().loss.back());
          if (!one.with_validation) {
            std::printf(", valid NDCG@10 %.4f", reproduce::validation_quality(so_far, data, {measure::ndcg, 10}));
          }
          std::printf("\n");
          print_result(so_far, data, one);
          return more;
        });
    std::printf("\nin the end, after %zu epochs\n", model.report().loss.size());
    print_result(model, data, one);
    return;
  }
  std::fprintf(stderr, "%s: none of the data sets that figures are known for\n", asked.folder.c_str());
}

/// False for arguments that make no sense.
bool read_options(int argc, char** argv, options& asked) {
  for (int at = 1; at < argc; ++at) {
    const bool has_value = at + 1 < argc;
    if (std::strcmp(argv[at], "--published") == 0) {
      asked.published = true;
    } else if (std::strcmp(argv[at], "--minutes") == 0 && has_value) {
      asked.minutes = std::strtod(argv[++at], nullptr);
    } else if (std::strcmp(argv[at], "--threads") == 0 && has_value) {
      asked.threads = std::strtoul(argv[++at], nullptr, 10);
    } else if (std::strcmp(argv[at], "--every") == 0 && has_value) {
      asked.every = std::strtoul(argv[++at], nullptr, 10);
    } else if (argv[at][0] != '-' && asked.folder.empty()) {
      asked.folder = argv[at];
    } else {
      return false;
    }
  }
  return !asked.folder.empty() && asked.minutes > 0.0 && asked.threads > 0 && asked.every > 0;
}

}  // namespace

int main(int argc, char** argv) {
  options asked;
  if (!read_options(argc, argv, asked)) {
    std::fprintf(stderr, "usage: reproduce_light_gcn DATA_FOLDER [--minutes M] [--threads T] [--every N] [--published]\n");
    return 2;
  }
  try {
    reproduce_light_gcn(asked);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}

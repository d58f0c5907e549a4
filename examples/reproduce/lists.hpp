// examples/reproduce/lists.hpp - data sets of the files train.txt, valid.txt and test.txt, and how models are judged on them.
#pragma once
#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <mmrec/data/interactions.hpp>
#include <mmrec/data/split/given.hpp>
#include <mmrec/eval/evaluate.hpp>
#include <mmrec/eval/protocol.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/io/adjacency.hpp>

namespace reproduce {

using parts = mmrec::split::parts<mmrec::split::given>;

/// "user item item ..." on each line of train.txt, valid.txt and test.txt; an empty or missing valid.txt is no validation set.
inline parts read_lists(const std::filesystem::path& folder) {
  using namespace mmrec;
  std::vector<std::filesystem::path> paths{folder / "train.txt", folder / "test.txt"};
  const bool has_validation = std::filesystem::exists(folder / "valid.txt");
  if (has_validation) paths.push_back(folder / "valid.txt");
  std::vector<io::interaction_file> files = io::read_adjacency(paths);
  data::interactions validation =
      has_validation ? std::move(files[2].interactions)
                     : data::interactions(files[0].interactions.user_keys(), files[0].interactions.item_keys(), {});
  return split::given{.name = folder.filename().string()}(std::move(files[0].interactions), std::move(validation),
                                                          std::move(files[1].interactions));
}

/// A figure as it was published.
struct published {
  mmrec::eval::metric metric;
  double value;
};

/// Metrics at the cut-offs of these papers; ranks below them are not needed.
inline mmrec::eval::metrics metrics() { return {.cutoffs = {10, 20, 40}, .auc = false}; }

/// On validation data, training items masked.
template <class Model>
double validation_quality(const Model& model, const parts& data, mmrec::eval::metric metric) {
  using namespace mmrec;
  const eval::full_ranking<eval::mask::train> protocol{.metrics = metrics()};
  return eval::evaluate(protocol, exec::cpu{}, model, data.train, data.validation).mean(metric);
}

/// Prints our figures on the test set beside the published ones.
template <class Mask, class Model>
void print_beside(const Model& model, const parts& data, const std::vector<published>& figures) {
  using namespace mmrec;
  const auto found = eval::evaluate(eval::full_ranking<Mask>{.metrics = metrics()}, exec::cpu{}, model, data);
  std::printf("%-12s %10s %10s %9s\n", "metric", "published", "ours", "ratio");
  for (const published& figure : figures) {
    const double ours = found.mean(figure.metric);
    std::printf("%-12s %10.4f %10.4f %9.3f\n", figure.metric.name().c_str(), figure.value, ours, ours / figure.value);
  }
  std::fflush(stdout);
}

}  // namespace reproduce

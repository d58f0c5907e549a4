// run.hpp - trains a network from scratch or from a checkpoint, and says how well it does.
#pragma once
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>

#include <mmrec/core/error.hpp>
#include <mmrec/io/checkpoint.hpp>
#include <mmrec/nn/describe.hpp>
#include <mmrec/nn/train/train.hpp>

#include "curves.hpp"
#include "options.hpp"
#include "place.hpp"

namespace training {

namespace mm = mmrec;
namespace nn = mmrec::nn;

/// Leaves fresh weights as they are.
struct as_usual {
  template <class Weights>
  void operator()(Weights&) const {}
};

/// Trains `Net` and prints a line an epoch. With --checkpoint, the state is saved after each epoch, and found again.
/// Without validation examples, the weights of the last epoch are kept. `prepare` may change fresh weights.
template <class Net, class Training, class Known, class Validation, class Prepare = as_usual>
nn::training_state<Net> run(const options& asked, const std::string& name, const Training& how, const Known& known,
                            const Validation& validation, const Prepare& prepare = {}) {
  const auto longest = nn::largest_batch<typename Net::bound::input_shape, float>(known.examples, 1).steps;
  std::printf("\n%s, for the longest example\n%s\n", name.c_str(), nn::describe<Net>(longest).c_str());
  auto state = nn::start_training<Net>(how, mm::seed{asked.seed});
  prepare(state.current);
  state.best = state.sound = state.current;
  if (std::filesystem::exists(asked.checkpoint)) {
    state = mm::io::load_checkpoint(asked.checkpoint, std::move(state));
    if (state.key != mm::seed{asked.seed}) {
      throw mm::data_error("training",
                           asked.checkpoint.string() + " was begun with --seed " + std::to_string(state.key.value));
    }
    std::printf("going on after epoch %zu of %s\n", static_cast<std::size_t>(state.epoch), asked.checkpoint.c_str());
  }

  const bool validates = !validation.targets.empty();
  std::printf("epoch  learning rate  training loss%s\n", validates ? "  validation loss  validation acc." : "");
  at_the_place<Net>(asked, [&](const auto& place) {
    auto begun = std::chrono::steady_clock::now();
    const auto at_each_step = [&](const nn::training_state<Net>& now) {
      if (now.batch != 0) return true;
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
      const nn::epoch_report& last = now.history.back();
      std::printf("%5zu  %13.2g  %13.4f", now.history.size(), last.learning_rate, last.training_loss);
      if (validates) {
        // now.sound are the weights of this epoch; after the last one, now.current are the best of all.
        std::printf("  %15.4f  %13.2f %%", last.validation_loss, 100.0 * nn::accuracy(place, now.sound, validation));
      }
      std::printf("  %7.1f s\n", took.count());
      std::fflush(stdout);
      if (!asked.checkpoint.empty()) mm::io::save_checkpoint(asked.checkpoint, now);
      begun = std::chrono::steady_clock::now();
      return true;
    };
    nn::checkpoint_function<Net, float> checkpoint(at_each_step);
    nn::train(place, how, state, known, validates ? &validation : nullptr, &checkpoint);
  });
  return state;
}

/// Prints the share of examples that the network gets right, with Wilson's 95 % interval, and returns it.
template <class Net, class Examples>
double judge(const options& asked, const std::string& name, const nn::weights<Net>& network, const Examples& test) {
  const double share =
      at_the_place<Net>(asked, [&](const auto& place) { return nn::accuracy(place, network, test); });
  const double count = static_cast<double>(test.targets.size()), z = 1.96, spread = 1.0 + z * z / count;
  const double middle = (share + z * z / (2 * count)) / spread;
  const double half = z * std::sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / spread;
  std::printf("%s: %.2f %% of %zu test examples right (95 %% interval %.1f to %.1f)\n", name.c_str(), 100.0 * share,
              test.targets.size(), 100.0 * (middle - half), 100.0 * (middle + half));
  return share;
}

inline void write_curves(const options& asked, const std::string& title, const std::vector<curve>& curves) {
  if (!asked.csv.empty()) write_csv(asked.csv, curves);
  if (!asked.svg.empty()) write_svg(asked.svg, title, curves);
}

}  // namespace training

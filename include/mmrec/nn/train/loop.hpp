// mmrec/nn/train/loop.hpp - epochs, whatever computes them.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/progress.hpp>
#include <mmrec/kernel/finite.hpp>
#include <mmrec/nn/train/labelled.hpp>
#include <mmrec/nn/train/training.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// Called with the state after each mini-batch, for checkpoints: save it when you like. Return false to stop here; training
/// goes on from that state when train() is called again.
template <class Net, class T>
using checkpoint_function = function_ref<bool(const training_state<Net, T>&)>;

namespace detail {

/// What train() asks before anything is computed. Gives the fingerprint of the data.
template <class Training, class State, class Data>
std::uint64_t require_training(std::string_view function, const Training& how, const State& state, const Data& data) {
  how.validate(function);
  require_size(function, "slots of the optimiser in the state", how.optimizer.slots.size(), state.optimizer.slots());
  if (data.examples.size() == 0) throw data_error(function, "there are no examples");
  const std::uint64_t fingerprint = fingerprint_of(data, how.batch_size);
  if (state.fingerprint != 0 && state.fingerprint != fingerprint) {
    throw data_error(function, "the state comes from a training on other examples, targets or batch sizes");
  }
  return fingerprint;
}

/// Epoch after epoch, as nn::train() promises, by an engine that has
///
///   tells_each_batch            whether the state is complete after each mini-batch, or after settle() only
///   batches(), count()          of an epoch: mini-batches, examples
///   step(state)                 one mini-batch; ++state.batch
///   settle(state)               the state holds what the steps have come to
///   learning_rate()             of the last step
///   validates(), validate(state)    the loss of state.current on the validation examples, if there are any
template <class Engine, class Net, class T, class Training>
void run_epochs(std::string_view function, Engine& engine, progress_sink* sink, const Training& how,
                training_state<Net, T>& state, checkpoint_function<Net, T>* checkpoint) {
  state.history.reserve(how.epochs);
  if (state.finished == 1 && state.epoch < how.epochs) {
    state.finished = 0;
    state.current = state.sound;  // the last weights, where the best had taken their place
  }

  const std::uint64_t batches = engine.batches();
  while (state.finished == 0 && state.epoch < how.epochs) {
    while (state.batch < batches) {
      report_progress(sink, function, state.epoch * batches + state.batch, how.epochs * batches);
      engine.step(state);
      if constexpr (Engine::tells_each_batch) {
        if (!std::isfinite(state.epoch_loss)) break;
        if (checkpoint != nullptr && state.batch < batches && !(*checkpoint)(state)) return;
      }
    }
    engine.settle(state);
    epoch_report report;
    report.training_loss = state.epoch_loss / static_cast<double>(engine.count());
    report.learning_rate = engine.learning_rate();
    double lowest = std::numeric_limits<double>::infinity();
    for (const epoch_report& earlier : state.history) lowest = (std::min)(lowest, earlier.training_loss);
    const auto finite = [](const auto& numbers) { return kernel::all_finite(numbers.size(), numbers.data()); };
    if (!std::isfinite(report.training_loss) || report.training_loss > how.divergence * (std::max)(lowest, 0.1) ||
        !finite(state.current.parameters) || !finite(state.current.statistics)) {
      state.current = state.sound;
      state.optimizer.reset();  // what it remembers is no sounder than the weights were
      state.batch = 0;
      state.epoch_loss = 0.0;
      throw diverged(function, state.epoch, report.training_loss);
    }
    // What can fail comes first: a state never stands between two epochs.
    if (engine.validates()) {
      report.validation_loss = engine.validate(state);
    }
    state.sound = state.current;
    state.epoch_loss = 0.0;
    state.batch = 0;
    ++state.epoch;
    if (engine.validates()) {
      if (how.plateau) how.plateau->observe(state.plateau, report.validation_loss);
      if (std::isnan(state.best_loss) || report.validation_loss < state.best_loss) {
        state.best_loss = report.validation_loss;
        state.best = state.current;
        state.waited = 0;
      } else if (++state.waited >= how.patience && how.patience != 0) {
        state.finished = 2;
      }
    }
    state.history.push_back(report);
    if (state.finished == 0 && state.epoch == how.epochs) state.finished = 1;
    if (state.finished != 0 && engine.validates() && how.keep_best) state.current = state.best;
    if (checkpoint != nullptr && !(*checkpoint)(state)) return;
  }
  report_progress(sink, function, how.epochs * batches, how.epochs * batches);
}

}  // namespace detail
}  // namespace nn
}  // namespace mmrec::inline v0

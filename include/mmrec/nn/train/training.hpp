// mmrec/nn/train/training.hpp - how a network is trained, and all that a training remembers.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/format.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/nn/optimizer/state.hpp>
#include <mmrec/nn/optimizer/update.hpp>
#include <mmrec/nn/schedule/constant.hpp>
#include <mmrec/nn/schedule/reduce_on_plateau.hpp>
#include <mmrec/nn/sequential.hpp>
#include <mmrec/nn/weights.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// How to train: a loss, an optimiser, a schedule of its learning rate by mini-batches, and when to stop.
///
///   const nn::training<nn::loss::softmax_cross_entropy, nn::adam> how{.optimizer = {.learning_rate = 2e-3}, .epochs = 20};
///
/// Throws     validate: invalid_config that names the field
template <class Loss, optimizer Optimizer, class Schedule = schedule::constant>
struct training {
  using loss_type = Loss;
  using optimizer_type = Optimizer;
  using schedule_type = Schedule;

  Loss loss{};
  Optimizer optimizer{};
  Schedule schedule{};
  std::optional<nn::schedule::reduce_on_plateau>
      plateau{};  ///< lowers the rate further when the validation loss stands still
  std::size_t epochs = 10;
  std::size_t batch_size = 32;  ///< the last batch of an epoch may be smaller
  double clip_norm = 0.0;       ///< largest norm of the gradient; 0: not clipped
  std::size_t patience = 0;     ///< epochs without a better validation loss after which training stops; 0: never
  double divergence = 10.0;     ///< an epoch's mean loss above this many times the lowest so far (or 0.1) is divergence
  bool keep_best = true;        ///< with validation data: end with the weights of the best epoch

  void validate(std::string_view function) const {
    loss.validate(function);
    optimizer.validate(function);
    schedule.validate(function);
    if (plateau) {
      plateau->validate(function);
      require_config(!plateau->larger_is_better, function, "plateau", "watches a loss, of which less is better");
    }
    require_config(batch_size >= 1, function, "batch_size", "must be at least 1");
    require_config(clip_norm >= 0.0 && std::isfinite(clip_norm), function, "clip_norm", "must be finite and not negative");
    require_config(divergence > 1.0, function, "divergence", "must be above 1");
  }
  friend bool operator==(const training&, const training&) = default;
};

/// What one epoch came to.
struct epoch_report {
  double training_loss = 0.0;  ///< mean over its examples, of the weights as they were at each batch
  double validation_loss = std::numeric_limits<double>::quiet_NaN();  ///< NaN without validation data
  double learning_rate = 0.0;                                         ///< of its last step

  friend bool operator==(const epoch_report&, const epoch_report&) = default;
};

/// Training produced a loss that is not finite or far above what it was. The training_state holds the weights of the last
/// epoch that was sound.
class diverged : public numeric_error {
 public:
  diverged(std::string_view function, std::size_t epoch, double loss)
      : numeric_error(function, "the loss became " + to_text(loss) + " in epoch " + std::to_string(epoch + 1) +
                                    "; the state holds the weights of the last sound epoch; try a lower learning rate, "
                                    "or clip_norm"),
        epoch_(epoch),
        loss_(loss) {}
  std::size_t epoch() const noexcept { return epoch_; }
  double loss() const noexcept { return loss_; }

 private:
  std::size_t epoch_;
  double loss_;
};

/// All that a training remembers between two mini-batches: saved and restored, it goes on with the same bits as if it had
/// never stopped. visit() enumerates it; io::save_checkpoint writes it.
template <network Net, class T = float>
struct training_state {
  weights<Net, T> current;
  weights<Net, T> best;   ///< of the epoch with the lowest validation loss
  weights<Net, T> sound;  ///< at the end of the last epoch, for a training that diverges
  optimizer_state<T> optimizer;
  seed key{};
  std::uint64_t epoch = 0;  ///< epochs finished
  std::uint64_t batch = 0;  ///< mini-batches done of the epoch that is under way
  double epoch_loss = 0.0;  ///< summed over its examples so far
  double best_loss = std::numeric_limits<double>::quiet_NaN();
  std::uint64_t waited = 0;       ///< epochs since the best one
  std::uint64_t finished = 0;     ///< 1 when the epochs were over, 2 when validation had stopped improving
  std::uint64_t fingerprint = 0;  ///< of the training's data and batches: a state does not go on with others
  schedule::plateau_state plateau;
  std::vector<epoch_report> history;

  /// Calls visitor(name, value) for each std::uint64_t, double and std::span<T>; history is given as name, vector.
  template <class Visitor>
  void visit(Visitor&& visitor) {
    visit_fields(*this, visitor);
  }
  template <class Visitor>
  void visit(Visitor&& visitor) const {
    visit_fields(*this, visitor);
  }
  /// Equal bits throughout; a NaN is equal to itself.
  friend bool operator==(const training_state& a, const training_state& b) { return a.bytes() == b.bytes(); }

 private:
  std::vector<std::byte> bytes() const {
    std::vector<std::byte> all;
    visit([&](const std::string&, const auto& value) {
      const auto add = [&](const auto& numbers) {
        const auto part = std::as_bytes(std::span(numbers));
        all.insert(all.end(), part.begin(), part.end());
      };
      if constexpr (std::is_arithmetic_v<std::remove_cvref_t<decltype(value)>>) {
        add(std::span(&value, 1));
      } else {
        add(value);
      }
    });
    return all;
  }
  template <class Self, class Visitor>
  static void visit_fields(Self& self, Visitor& visitor) {
    const auto numbers = [&](std::string_view name, auto& of) {
      visitor(std::string(name) + ".parameters", std::span(of.parameters));
      visitor(std::string(name) + ".statistics", std::span(of.statistics));
    };
    numbers("current", self.current);
    numbers("best", self.best);
    numbers("sound", self.sound);
    self.optimizer.visit([&](std::string_view name, auto&& value) { visitor("optimizer." + std::string(name), value); });
    self.plateau.visit([&](std::string_view name, auto& value) { visitor("plateau." + std::string(name), value); });
    visitor(std::string("seed"), self.key.value);
    visitor(std::string("epoch"), self.epoch);
    visitor(std::string("batch"), self.batch);
    visitor(std::string("epoch_loss"), self.epoch_loss);
    visitor(std::string("best_loss"), self.best_loss);
    visitor(std::string("waited"), self.waited);
    visitor(std::string("finished"), self.finished);
    visitor(std::string("fingerprint"), self.fingerprint);
    visitor(std::string("history"), self.history);
  }
};

/// A training that has not begun: weights filled from the seed, which all randomness of the training derives from.
template <network Net, class T = float, class Training>
training_state<Net, T> start_training(const Training& how, seed key) {
  how.validate("nn::start_training");
  training_state<Net, T> state;
  state.current = initialize<Net, T>(key);
  state.best = state.sound = state.current;
  state.optimizer = optimizer_state<T>(how.optimizer, Net::parameter_count);
  state.key = key;
  state.history.reserve(how.epochs);
  return state;
}

}  // namespace nn
}  // namespace mmrec::inline v0

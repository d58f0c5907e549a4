// mmrec/nn/train/train.hpp - the training loop.
#pragma once
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/progress.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/kernel/finite.hpp>
#include <mmrec/nn/frozen.hpp>
#include <mmrec/nn/optimizer/clip.hpp>
#include <mmrec/nn/train/examples.hpp>
#include <mmrec/nn/train/training.hpp>
#include <mmrec/nn/training_pass.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// Examples and what the network should make of them: targets are what the loss compares with, so many an example.
template <class Source, class Target>
struct labelled {
  Source examples;
  std::span<const Target> targets;

  labelled(Source source, std::span<const Target> wanted) : examples(std::move(source)), targets(wanted) {}
};
template <class Source, class Targets>
labelled(Source, const Targets&) -> labelled<Source, typename Targets::value_type>;

namespace detail {

/// How many targets an example has, after a look at all of them. Losses that compare outputs with each other say that they
/// need none.
template <std::size_t Width, class T, class Loss, class Source, class Target>
std::size_t require_targets(std::string_view function, const Loss& loss, const labelled<Source, Target>& data) {
  require_same_sizes(function, data.examples);
  if constexpr (requires { requires !Loss::needs_targets; }) {
    if (data.targets.empty()) return 0;
  }
  const std::size_t count = data.examples.size();
  const std::size_t each = std::is_same_v<Target, T> ? Width : 1;
  require_size(function, "targets", count * each, data.targets.size());
  loss.check_targets(function, data.targets.data(), count, Width);
  return each;
}

/// Streams of a training's seed.
enum class training_stream : std::uint64_t { shuffle = 1, passes, variation };

template <network Net, class T, class Training, class Source>
class trainer {
 public:
  using input = typename Net::bound::input_shape;
  using target = typename Training::loss_type::template target_type<T>;
  using data_type = labelled<Source, target>;
  static constexpr std::size_t width = shape_size<typename Net::bound::output_shape>::of(1);

  template <executor Exec>
  trainer(std::string_view function, const Exec& exec, const Training& how, const data_type& data)
      : function_(function),
        how_(how),
        data_(data),
        count_(data.examples.size()),
        pass_(largest_batch<input, T>(data.examples, (std::min)(how.batch_size, count_)), exec.concurrency()),
        buffer_(largest_batch<input, T>(data.examples, (std::min)(how.batch_size, count_))),
        order_(count_),
        output_gradient_((std::min)(how.batch_size, count_) * width),
        loss_scratch_(how.loss.scratch((std::min)(how.batch_size, count_), width)) {
    per_example_ = require_targets<width, T>(function, how.loss, data);
    targets_.resize((std::min)(how.batch_size, count_) * per_example_);
  }

  std::size_t batches() const { return (count_ + how_.batch_size - 1) / how_.batch_size; }

  /// One mini-batch; no allocation.
  template <executor Exec>
  void step(const Exec& exec, training_state<Net, T>& state) {
    const seed shuffling = state.key.derive(static_cast<std::uint64_t>(training_stream::shuffle));
    if (shuffled_ != state.epoch + 1) {
      std::iota(order_.begin(), order_.end(), std::uint32_t{0});
      random_stream(shuffling, state.epoch).shuffle(std::span(order_));
      shuffled_ = state.epoch + 1;
    }
    const std::size_t first = state.batch * how_.batch_size;
    const std::span<const std::uint32_t> rows(order_.data() + first, (std::min)(how_.batch_size, count_ - first));
    const seed variation = state.key.derive(static_cast<std::uint64_t>(training_stream::variation)).derive(state.epoch);
    buffer_.fill(exec, data_.examples, rows, &variation);
    for (std::size_t i = 0; i < rows.size() * per_example_; ++i) {
      targets_[i] = data_.targets[rows[i / per_example_] * per_example_ + i % per_example_];
    }
    const std::uint64_t number = state.epoch * batches() + state.batch;
    const seed key = state.key.derive(static_cast<std::uint64_t>(training_stream::passes)).derive(number);

    const auto view = buffer_.view();
    require_valid_batch(function_, view);
    const auto outputs = pass_.forward(exec, state.current, view, key);
    const double loss = how_.loss.value_and_gradient(outputs.data(), targets_.data(), rows.size(), width,
                                                     output_gradient_.data(), loss_scratch_.data());
    state.epoch_loss += loss * static_cast<double>(rows.size());
    if (std::isfinite(loss)) {
      pass_.clear_gradients();
      pass_.backward(exec, state.current, view, {output_gradient_.data(), outputs.size()}, key);
      rate_ = how_.schedule.factor(number, how_.epochs * batches()) * state.plateau.factor;
      double norm = 0.0;
      if (how_.clip_norm > 0.0) norm = clip_by_norm(exec, pass_.gradients().data(), Net::parameter_count, how_.clip_norm);
      if (std::isfinite(norm)) {
        update_weights(exec, how_.optimizer, state.optimizer, state.current, pass_, rate_);
      } else {
        state.epoch_loss = norm;
      }
    }
    ++state.batch;
  }

  double learning_rate() const { return how_.optimizer.learning_rate * rate_; }
  std::size_t count() const { return count_; }

 private:
  std::string_view function_;
  const Training& how_;
  const data_type& data_;
  std::size_t count_;
  training_pass<Net, T> pass_;
  batch_buffer<input, T> buffer_;
  std::vector<std::uint32_t> order_;
  kernel::aligned_vector<T> output_gradient_;
  kernel::aligned_vector<T> loss_scratch_;
  std::size_t per_example_ = 0;
  std::vector<target> targets_;
  std::uint64_t shuffled_ = 0;  // one more than the epoch that order_ is of
  double rate_ = 1.0;
};

/// A number that other examples, targets or batches are unlikely to have; never 0.
template <class Source, class Target>
std::uint64_t fingerprint_of(const labelled<Source, Target>& data, std::size_t batch_size) {
  seed mixed = seed{data.examples.size()}.derive(batch_size);
  for (const Target target : data.targets) {
    std::uint64_t bits = 0;
    if constexpr (std::is_floating_point_v<Target>) {
      bits = std::bit_cast<std::uint64_t>(static_cast<double>(target));
    } else {
      bits = target;
    }
    mixed = mixed.derive(bits);
  }
  return mixed.value | 1;
}

}  // namespace detail

/// Outputs of a frozen network for all examples of a source, in order, passed on batch by batch:
/// use(first example, outputs of the batch).
template <network Net, class T, executor Exec, class Source, class Use>
void for_each_output(const Exec& exec, const frozen<Net, T>& network, const Source& source, std::size_t batch_size,
                     Use&& use) {
  using input = typename Net::bound::input_shape;
  static_assert(example_source<Source, input, T>, "mmrec: these examples are not of the network's input shape");
  const std::size_t count = source.size();
  if (count == 0) return;
  const dims<input> largest = largest_batch<input, T>(source, (std::min)(batch_size, count));
  batch_buffer<input, T> buffer(largest);
  typename frozen<Net, T>::workspace memory(largest, exec.concurrency());
  std::vector<std::uint32_t> rows(largest.count);
  for (std::size_t first = 0; first < count; first += batch_size) {
    rows.resize((std::min)(batch_size, count - first));
    std::iota(rows.begin(), rows.end(), static_cast<std::uint32_t>(first));
    buffer.fill(exec, source, rows, nullptr);
    use(first, network(exec, buffer.view(), memory));
  }
}

/// Mean loss of a network over labelled examples, without training it.
///
/// Cost       one forward pass over all; memory for batches of `batch_size`
/// Result     same bits for any number of threads
template <network Net, class T, executor Exec, class Loss, class Source, class Target>
double evaluate(const Exec& exec, const weights<Net, T>& network, const Loss& loss, const labelled<Source, Target>& data,
                std::size_t batch_size = 64) {
  constexpr std::size_t width = shape_size<typename Net::bound::output_shape>::of(1);
  const std::size_t count = data.examples.size();
  if (count == 0) return 0.0;
  const std::size_t each = detail::require_targets<width, T>("nn::evaluate", loss, data);
  kernel::aligned_vector<T> scratch(loss.scratch(batch_size, width));
  const frozen<Net, T> ready(network);
  double sum = 0.0;
  for_each_output(exec, ready, data.examples, batch_size, [&](std::size_t first, std::span<const T> outputs) {
    const std::size_t rows = outputs.size() / width;
    sum += loss.value_and_gradient(outputs.data(), data.targets.data() + first * each, rows, width, static_cast<T*>(nullptr),
                                   scratch.data()) *
           static_cast<double>(rows);
  });
  return sum / static_cast<double>(count);
}

/// Share of the examples whose largest output is the one of their class.
template <network Net, class T, executor Exec, class Source>
double accuracy(const Exec& exec, const weights<Net, T>& network, const labelled<Source, std::uint32_t>& data,
                std::size_t batch_size = 64) {
  constexpr std::size_t width = shape_size<typename Net::bound::output_shape>::of(1);
  detail::require_same_sizes("nn::accuracy", data.examples);
  require_size("nn::accuracy", "targets", data.examples.size(), data.targets.size());
  std::size_t right = 0;
  for_each_output(
      exec, frozen<Net, T>(network), data.examples, batch_size, [&](std::size_t first, std::span<const T> outputs) {
        for (std::size_t row = 0; row * width < outputs.size(); ++row) {
          const auto scores = outputs.subspan(row * width, width);
          const auto best = static_cast<std::size_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
          right += best == data.targets[first + row] ? 1 : 0;
        }
      });
  return data.examples.size() == 0 ? 0.0 : static_cast<double>(right) / static_cast<double>(data.examples.size());
}

/// Called with the state after each mini-batch, for checkpoints: save it when you like. Return false to stop here; training
/// goes on from that state when train() is called again.
template <class Net, class T>
using checkpoint_function = function_ref<bool(const training_state<Net, T>&)>;

/// Trains until the epochs are over or validation no longer improves, from wherever the state is: fresh from
/// start_training, restored from a checkpoint, or with more epochs than before.
///
/// Examples are shuffled anew each epoch, cut into mini-batches, and each batch is one step of the optimiser. After each
/// epoch the loss on the validation data, if there is any, decides which weights are best.
///
/// Result     state.current are the trained weights: the best by validation, or the last. Same bits for any number of
///            threads, and for any number of interruptions
/// Cost       memory for one batch is planned once; no allocation from the second mini-batch on, validation aside
/// Throws     invalid_config for the training's fields; shape_error for counts that do not agree; data_error for bad targets
///            and inputs; diverged, after which the state holds the last sound weights; cancelled by the executor's sink
/// Reference  Goodfellow, Bengio, Courville, "Deep learning", MIT Press 2016, chapters 7.8 and 8
template <network Net, class T, executor Exec, class Training, class Source, class Target, class Validation = Source>
void train(const Exec& asked, const Training& how, training_state<Net, T>& state, const labelled<Source, Target>& data,
           const labelled<Validation, Target>* validation = nullptr, checkpoint_function<Net, T>* checkpoint = nullptr) {
  constexpr std::string_view function = "nn::train";
  using input = typename Net::bound::input_shape;
  static_assert(example_source<Source, input, T>, "mmrec: these examples are not of the network's input shape");
  static_assert(!detail::has_steps<typename Net::bound::output_shape>,
                "mmrec: a loss compares one output an example; end the network in a layer without steps");
  how.validate(function);
  require_size(function, "slots of the optimiser in the state", how.optimizer.slots.size(), state.optimizer.slots());
  if (data.examples.size() == 0) throw data_error(function, "there are no examples");
  const std::uint64_t fingerprint = detail::fingerprint_of(data, how.batch_size);
  if (state.fingerprint != 0 && state.fingerprint != fingerprint) {
    throw data_error(function, "the state comes from a training on other examples, targets or batch sizes");
  }

  const exec::session<Exec> session(asked);
  const auto& exec = session.executor();
  detail::trainer<Net, T, Training, Source> trainer(function, exec, how, data);
  if (validation != nullptr) {
    static_assert(example_source<Validation, input, T>,
                  "mmrec: the validation examples are not of the network's input shape");
    detail::require_targets<shape_size<typename Net::bound::output_shape>::of(1), T>(function, how.loss, *validation);
  }
  state.fingerprint = fingerprint;
  state.history.reserve(how.epochs);
  if (state.finished == 1 && state.epoch < how.epochs) {
    state.finished = 0;
    state.current = state.sound;  // the last weights, where the best had taken their place
  }

  while (state.finished == 0 && state.epoch < how.epochs) {
    while (state.batch < trainer.batches()) {
      report_progress(exec.sink(), function, state.epoch * trainer.batches() + state.batch, how.epochs * trainer.batches());
      trainer.step(exec, state);
      if (!std::isfinite(state.epoch_loss)) break;
      if (checkpoint != nullptr && state.batch < trainer.batches() && !(*checkpoint)(state)) return;
    }
    epoch_report report;
    report.training_loss = state.epoch_loss / static_cast<double>(trainer.count());
    report.learning_rate = trainer.learning_rate();
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
    if (validation != nullptr) {
      report.validation_loss = evaluate(exec, state.current, how.loss, *validation, how.batch_size);
    }
    state.sound = state.current;
    state.epoch_loss = 0.0;
    state.batch = 0;
    ++state.epoch;
    if (validation != nullptr) {
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
    if (state.finished != 0 && validation != nullptr && how.keep_best) state.current = state.best;
    if (checkpoint != nullptr && !(*checkpoint)(state)) return;
  }
  report_progress(exec.sink(), function, how.epochs * trainer.batches(), how.epochs * trainer.batches());
}

}  // namespace nn
}  // namespace mmrec::inline v0

// mmrec/nn/train/train.hpp - the training loop.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/nn/batch_checks.hpp>
#include <mmrec/nn/optimizer/clip.hpp>
#include <mmrec/nn/train/evaluate.hpp>
#include <mmrec/nn/train/examples.hpp>
#include <mmrec/nn/train/labelled.hpp>
#include <mmrec/nn/train/loop.hpp>
#include <mmrec/nn/train/training.hpp>
#include <mmrec/nn/training_pass.hpp>

namespace mmrec::inline v0 {
namespace nn {
namespace detail {

/// The engine (see run_epochs) of training on the CPU.
template <network Net, class T, executor Exec, class Training, class Source, class Validation>
class trainer {
 public:
  using input = typename Net::bound::input_shape;
  using target = typename Training::loss_type::template target_type<T>;
  using data_type = labelled<Source, target>;
  using validation_type = labelled<Validation, target>;
  static constexpr std::size_t width = shape_size<typename Net::bound::output_shape>::of(1);
  static constexpr bool tells_each_batch = true;

  trainer(std::string_view function, const Exec& exec, const Training& how, const data_type& data,
          const validation_type* validation)
      : function_(function),
        exec_(exec),
        how_(how),
        data_(data),
        validation_(validation),
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
  std::size_t count() const { return count_; }

  /// No allocation.
  void step(training_state<Net, T>& state) {
    if (shuffled_ != state.epoch + 1) {
      shuffle_epoch(state.key, state.epoch, order_);
      shuffled_ = state.epoch + 1;
    }
    const std::size_t first = state.batch * how_.batch_size;
    const std::span<const std::uint32_t> rows(order_.data() + first, (std::min)(how_.batch_size, count_ - first));
    const seed variation = variation_key(state.key, state.epoch);
    buffer_.fill(exec_, data_.examples, rows, &variation);
    for (std::size_t i = 0; i < rows.size() * per_example_; ++i) {
      targets_[i] = data_.targets[rows[i / per_example_] * per_example_ + i % per_example_];
    }
    const std::uint64_t number = state.epoch * batches() + state.batch;
    const seed key = pass_key(state.key, number);

    const auto view = buffer_.view();
    require_valid_batch(function_, view);
    const auto outputs = pass_.forward(exec_, state.current, view, key);
    const double loss = how_.loss.value_and_gradient(outputs.data(), targets_.data(), rows.size(), width,
                                                     output_gradient_.data(), loss_scratch_.data());
    state.epoch_loss += loss * static_cast<double>(rows.size());
    if (std::isfinite(loss)) {
      pass_.clear_gradients();
      pass_.backward(exec_, state.current, view, {output_gradient_.data(), outputs.size()}, key);
      rate_ = how_.schedule.factor(number, how_.epochs * batches()) * state.plateau.factor;
      double norm = 0.0;
      if (how_.clip_norm > 0.0) norm = clip_by_norm(exec_, pass_.gradients().data(), Net::parameter_count, how_.clip_norm);
      if (std::isfinite(norm)) {
        update_weights(exec_, how_.optimizer, state.optimizer, state.current, pass_, rate_);
      } else {
        state.epoch_loss = norm;
      }
    }
    ++state.batch;
  }

  void settle(training_state<Net, T>&) {}
  double learning_rate() const { return how_.optimizer.learning_rate * rate_; }
  bool validates() const { return validation_ != nullptr; }
  double validate(const training_state<Net, T>& state) const {
    return evaluate(exec_, state.current, how_.loss, *validation_, how_.batch_size);
  }

 private:
  std::string_view function_;
  const Exec& exec_;
  const Training& how_;
  const data_type& data_;
  const validation_type* validation_;
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

}  // namespace detail

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
  const std::uint64_t fingerprint = detail::require_training(function, how, state, data);

  const exec::session<Exec> session(asked);
  detail::trainer<Net, T, Exec, Training, Source, Validation> engine(function, session.executor(), how, data, validation);
  if (validation != nullptr) {
    static_assert(example_source<Validation, input, T>,
                  "mmrec: the validation examples are not of the network's input shape");
    detail::require_targets<shape_size<typename Net::bound::output_shape>::of(1), T>(function, how.loss, *validation);
  }
  state.fingerprint = fingerprint;
  detail::run_epochs(function, engine, session.executor().sink(), how, state, checkpoint);
}

}  // namespace nn
}  // namespace mmrec::inline v0

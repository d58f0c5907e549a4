// mmrec/nn/cuda/train.hpp - training on a device.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/progress.hpp>
#include <mmrec/exec/cuda.hpp>
#include <mmrec/exec/cuda/buffer.hpp>
#include <mmrec/exec/cuda/config.hpp>
#include <mmrec/exec/cuda/context.hpp>
#include <mmrec/exec/cuda/graph.hpp>
#include <mmrec/kernel/cuda/gather.hpp>
#include <mmrec/nn/cuda/clip.hpp>
#include <mmrec/nn/cuda/evaluate.hpp>
#include <mmrec/nn/cuda/feed.hpp>
#include <mmrec/nn/cuda/loss.hpp>
#include <mmrec/nn/cuda/pass.hpp>
#include <mmrec/nn/cuda/update.hpp>
#include <mmrec/nn/cuda/weights.hpp>
#include <mmrec/nn/train/labelled.hpp>
#include <mmrec/nn/train/loop.hpp>
#include <mmrec/nn/train/training.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace detail {

/// The engine (see nn::detail::run_epochs) of training on a device. A mini-batch is queued and nothing waits for it: what
/// changes from one to the next - where the batch begins, the optimiser's constants, the seed - is uploaded once an epoch and
/// read on the device, so that a batch of a size seen before is one captured graph.
template <nn::network Net, class T, class Training, class Source, class Validation>
class device_trainer {
 public:
  using bound = typename Net::bound;
  using input = typename bound::input_shape;
  using target = typename Training::loss_type::template target_type<T>;
  using rule = decltype(std::declval<const typename Training::optimizer_type&>().template rule<T>(1.0, std::uint64_t{1}));
  using state_type = nn::training_state<Net, T>;
  static constexpr std::size_t width = nn::shape_size<typename bound::output_shape>::of(1);
  static constexpr bool tells_each_batch = false;

  device_trainer(std::string_view function, const context& on, const Training& how, const nn::labelled<Source, target>& data,
                 const nn::labelled<Validation, target>* validation, const state_type& state)
      : on_(on),
        how_(how),
        count_(data.examples.size()),
        batch_size_((std::min)(how.batch_size, count_)),
        per_example_(nn::detail::require_targets<width, T>(function, how.loss, data)),
        feed_(on, function, data.examples, how.batch_size, true),
        pass_(on, feed_.largest()),
        weights_(on),
        targets_(on, data.targets),
        batch_targets_(on, batch_size_ * per_example_),
        output_gradient_(on, batch_size_ * width),
        loss_scratch_(on, how.loss.scratch(batch_size_, width)),
        order_(count_),
        rules_(on, batches()),
        keys_(on, batches()),
        counters_(on, 2),
        total_(on, 1),
        clip_(on, 1) {
    for (std::size_t slot = 0; slot < state.optimizer.slots(); ++slot) slots_.emplace_back(on, Net::parameter_count);
    if (validation != nullptr) {
      nn::detail::require_targets<width, T>(function, how.loss, *validation);
      validation_ = std::make_unique<judge>(on, function, validation->examples, validation->targets, how.batch_size);
    }
  }

  /// The host's buffers may still be read.
  ~device_trainer() { static_cast<void>(cudaStreamSynchronize(on_.stream())); }
  device_trainer(const device_trainer&) = delete;
  device_trainer& operator=(const device_trainer&) = delete;

  std::size_t batches() const { return (count_ + how_.batch_size - 1) / how_.batch_size; }
  std::size_t count() const { return count_; }

  void step(state_type& state) {
    if (begun_ != state.epoch + 1) begin_epoch(state);
    const std::size_t first = state.batch * how_.batch_size, count = (std::min)(how_.batch_size, count_ - first);
    const std::size_t steps = feed_.steps(first, count);
    feed_.stage(on_, first, count, steps);
    captured& slot = graphs_[{count, steps}];
    // The first time kernels may still ask for workspace, which cannot be had while capturing.
    if (slot.seen++ == 0) {
      work(count, steps);
    } else {
      if (slot.steps.empty()) slot.steps.capture(on_, [&] { work(count, steps); });
      slot.steps.launch(on_);
    }
    rate_ = factors_[state.batch];
    ++state.batch;
    ++unsettled_;
  }

  void settle(state_type& state) {
    if (unsettled_ == 0) return;  // the state may hold more than the device: the best weights, an epoch's end
    weights_.download(on_, state.current);
    for (std::size_t slot = 0; slot < slots_.size(); ++slot) slots_[slot].download(on_, state.optimizer.slot(slot));
    total_.download(on_, {&state.epoch_loss, 1});
    for (; unsettled_ != 0; --unsettled_) state.optimizer.advance();
  }

  /// The same where something went wrong: if the device does not answer any more, the steps since are taken back.
  void settle_or_forget(state_type& state) noexcept {
    try {
      settle(state);
    } catch (...) {
      state.batch -= unsettled_;
      unsettled_ = 0;
    }
  }

  double learning_rate() const { return how_.optimizer.learning_rate * rate_; }
  bool validates() const { return validation_ != nullptr; }
  double validate(const state_type& state) {
    return mean_loss(on_, *validation_, state.current, how_.loss, how_.batch_size);
  }

 private:
  using judge = judged<Net, T, Validation, target>;
  struct captured {
    std::size_t seen = 0;
    graph steps;
  };
  enum counter : std::size_t { batch_begin, batch_number };

  void begin_epoch(const state_type& state) {
    if (begun_ == 0) {
      weights_.upload(on_, state.current);
      for (std::size_t slot = 0; slot < slots_.size(); ++slot) slots_[slot].upload(on_, state.optimizer.slot(slot));
    }
    nn::detail::shuffle_epoch(state.key, state.epoch, order_);
    const seed variation = nn::detail::variation_key(state.key, state.epoch);
    feed_.begin(on_, order_, &variation);
    std::vector<rule> rules;
    std::vector<std::uint64_t> keys;
    factors_.clear();
    for (std::uint64_t batch = 0; batch < batches(); ++batch) {
      const std::uint64_t number = state.epoch * batches() + batch;
      factors_.push_back(how_.schedule.factor(number, how_.epochs * batches()) * state.plateau.factor);
      // Steps before this epoch's first batch on the device are behind, those of an epoch half done, too.
      const std::uint64_t ahead = batch < state.batch ? 0 : batch - state.batch;
      rules.push_back(how_.optimizer.template rule<T>(factors_.back(), state.optimizer.steps() + ahead + 1));
      keys.push_back(nn::detail::pass_key(state.key, number).value);
    }
    rules_.upload(on_, rules);
    keys_.upload(on_, keys);
    const std::uint32_t start[2] = {static_cast<std::uint32_t>(state.batch * how_.batch_size),
                                    static_cast<std::uint32_t>(state.batch)};
    counters_.upload(on_, start);
    total_.upload(on_, {&state.epoch_loss, 1});
    begun_ = state.epoch + 1;
  }

  /// Queues one mini-batch.
  void work(std::size_t count, std::size_t steps) {
    const std::uint32_t* const first = counters_.on(on_) + batch_begin;
    const std::uint32_t* const number = counters_.on(on_) + batch_number;
    feed_.gather(on_, first, count, steps);
    if (per_example_ != 0) {
      gather_rows(on_, static_cast<const target*>(targets_.on(on_)), per_example_, feed_.order(on_), first, count,
                  batch_targets_.on(on_));
    }
    random_key key{};
    key.seeds = keys_.on(on_);
    key.index = number;
    const auto view = feed_.batch(on_, count, steps);
    const T* const outputs = pass_.forward(on_, weights_, view, key, true);
    loss_and_gradient(on_, how_.loss, outputs, static_cast<const target*>(batch_targets_.on(on_)), count, width,
                      output_gradient_.on(on_), total_.on(on_), loss_scratch_.on(on_));
    pass_.clear_gradients(on_);
    pass_.backward(on_, weights_, view, static_cast<const T*>(output_gradient_.on(on_)), key);
    T* const gradients = pass_.gradients().on(on_);
    const T* scale = nullptr;
    if (how_.clip_norm > 0.0) {
      clip_factor(on_, static_cast<const T*>(gradients), Net::parameter_count, how_.clip_norm, clip_.on(on_),
                  total_.on(on_));
      scale = clip_.on(on_);
    }
    move(gradients, scale, number);
    advance(on_, counters_.on(on_) + batch_begin, static_cast<std::uint32_t>(how_.batch_size));
    advance(on_, counters_.on(on_) + batch_number, 1);
  }
  void move(T* gradients, const T* scale, const std::uint32_t* number) {
    T* const parameters = weights_.parameters.on(on_);
    T* const slot0 = slots_.size() > 0 ? slots_[0].on(on_) : nullptr;
    T* const slot1 = slots_.size() > 1 ? slots_[1].on(on_) : nullptr;
    const rule* const rules = rules_.on(on_);
    pass_.for_dense([&](std::size_t begin, std::size_t end) {
      update(on_, rules, number, parameters, static_cast<const T*>(gradients), scale, slot0, slot1, begin, end);
    });
    for (std::size_t table = 0; table < pass_.sparse_tensors().size(); ++table) {
      const nn::tensor_spec& spec = pass_.sparse_tensors()[table].spec;
      update_rows(on_, rules, number, parameters, gradients, scale, slot0, slot1, pass_.sparse_tensors()[table].offset,
                  spec.size() / spec.extents[0], spec.extents[0], pass_.flags(table));
    }
  }

  const context& on_;
  const Training& how_;
  std::size_t count_;
  std::size_t batch_size_;
  std::size_t per_example_;
  feed<bound, T, Source> feed_;
  device_pass<Net, T> pass_;
  device_weights<Net, T> weights_;
  std::vector<buffer<T>> slots_;
  buffer<target> targets_;
  buffer<target> batch_targets_;
  buffer<T> output_gradient_;
  buffer<T> loss_scratch_;
  std::vector<std::uint32_t> order_;
  std::vector<double> factors_;
  buffer<rule> rules_;
  buffer<std::uint64_t> keys_;
  buffer<std::uint32_t> counters_;
  buffer<double> total_;
  buffer<T> clip_;
  std::map<std::pair<std::size_t, std::size_t>, captured> graphs_;
  std::unique_ptr<judge> validation_;
  std::uint64_t begun_ = 0;  // one more than the epoch whose order, rules and keys are on the device
  std::size_t unsettled_ = 0;
  double rate_ = 1.0;
};

template <class Net, class T, class Training, class Source, class Target, class Validation>
void train(const context& on, progress_sink* sink, const Training& how, nn::training_state<Net, T>& state,
           const nn::labelled<Source, Target>& data, const nn::labelled<Validation, Target>* validation,
           nn::checkpoint_function<Net, T>* checkpoint) {
  constexpr std::string_view function = "nn::train";
  using input = typename Net::bound::input_shape;
  static_assert(nn::example_source<Source, input, T> && nn::example_source<Validation, input, T>,
                "mmrec: these examples are not of the network's input shape");
  static_assert(!nn::detail::has_steps<typename Net::bound::output_shape>,
                "mmrec: a loss compares one output an example; end the network in a layer without steps");
  const std::uint64_t fingerprint = nn::detail::require_training(function, how, state, data);
  device_trainer<Net, T, Training, Source, Validation> engine(function, on, how, data, validation, state);
  state.fingerprint = fingerprint;
  try {
    nn::detail::run_epochs(function, engine, sink, how, state, checkpoint);
  } catch (...) {
    engine.settle_or_forget(state);
    throw;
  }
}

}  // namespace detail
}  // namespace MMREC_CUDA_MODE
}  // namespace cuda

namespace nn {

/// nn::train() on a device: the same examples in the same order, the same dropout, the same numbers but for rounding, and
/// the same state, so that a training begun on the CPU goes on here and the other way round.
///
/// Examples that do not vary are uploaded once; varied ones are written by the host while the device computes. No mini-batch
/// waits for the host. The state is brought up to date, and `checkpoint` called, after each epoch; and before `cancelled`
/// or any other exception leaves.
///
/// Result     the same bits from run to run on the same device
/// Throws     as on the CPU; a loss that is not finite is noticed at the end of its epoch. cuda::out_of_memory,
///            cuda::call_error
template <network Net, class T, class Training, class Source, class Target, class Validation = Source>
void train(const cuda::context& on, const Training& how, training_state<Net, T>& state, const labelled<Source, Target>& data,
           const labelled<Validation, Target>* validation = nullptr, checkpoint_function<Net, T>* checkpoint = nullptr) {
  cuda::detail::train(on, nullptr, how, state, data, validation, checkpoint);
}
/// The same on the device that an executor names.
template <network Net, class T, class Training, class Source, class Target, class Validation = Source>
void train(const exec::cuda& asked, const Training& how, training_state<Net, T>& state, const labelled<Source, Target>& data,
           const labelled<Validation, Target>* validation = nullptr, checkpoint_function<Net, T>* checkpoint = nullptr) {
  const cuda::borrowed_context on(asked);
  cuda::detail::train(*on, asked.progress, how, state, data, validation, checkpoint);
}

}  // namespace nn
}  // namespace mmrec::inline v0

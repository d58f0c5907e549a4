// mmrec/nn/cuda/evaluate.hpp - what a trained network makes of examples, computed on a device.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string_view>
#include <vector>

#include <mmrec/exec/cuda.hpp>
#include <mmrec/exec/cuda/buffer.hpp>
#include <mmrec/exec/cuda/config.hpp>
#include <mmrec/exec/cuda/context.hpp>
#include <mmrec/nn/cuda/feed.hpp>
#include <mmrec/nn/cuda/frozen.hpp>
#include <mmrec/nn/cuda/loss.hpp>
#include <mmrec/nn/train/evaluate.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace detail {

/// Labelled examples on a device, to be judged again and again: in order, batch by batch, with one wait at the end.
template <nn::network Net, class T, class Source, class Target>
class judged {
 public:
  using bound = typename Net::bound;
  static constexpr std::size_t width = nn::shape_size<typename bound::output_shape>::of(1);

  judged(const context& on, std::string_view function, const Source& examples, std::span<const Target> targets,
         std::size_t batch_size)
      : batch_size_(batch_size),
        count_(examples.size()),
        each_(count_ == 0 ? 0 : targets.size() / count_),
        order_(count_),
        feed_(on, function, examples, batch_size, false),
        targets_(on, targets),
        first_(on, 1) {
    std::iota(order_.begin(), order_.end(), std::uint32_t{0});
    feed_.begin(on, order_, nullptr);
  }

  /// Calls use(outputs, targets, count) with device addresses for each batch.
  template <class Use>
  void for_each(const context& on, frozen<Net, T>& network, const Use& use) {
    first_.clear(on);
    for (std::size_t first = 0; first < count_; first += batch_size_) {
      const std::size_t count = (std::min)(batch_size_, count_ - first), steps = feed_.steps(first, count);
      feed_.stage(on, first, count, steps);
      feed_.gather(on, first_.on(on), count, steps);
      const Target* const own = targets_.size() == 0 ? nullptr : targets_.on(on) + first * each_;
      use(network(on, feed_.batch(on, count, steps)), own, count);
      advance(on, first_.on(on), static_cast<std::uint32_t>(count));
    }
  }
  std::size_t count() const { return count_; }

 private:
  std::size_t batch_size_;
  std::size_t count_;
  std::size_t each_;
  std::vector<std::uint32_t> order_;
  feed<bound, T, Source> feed_;
  buffer<Target> targets_;
  buffer<std::uint32_t> first_;
};

template <class Net, class T, class Source, class Target, class Loss>
double mean_loss(const context& on, judged<Net, T, Source, Target>& data, const nn::weights<Net, T>& network,
                 const Loss& loss, std::size_t batch_size) {
  using judge = judged<Net, T, Source, Target>;
  frozen<Net, T> ready(on, network);
  buffer<double> total(on, 1);
  total.clear(on);
  buffer<T> scratch(on, loss.scratch(batch_size, judge::width));
  data.for_each(on, ready, [&](const T* outputs, const Target* targets, std::size_t count) {
    loss_and_gradient(on, loss, outputs, targets, count, judge::width, static_cast<T*>(nullptr), total.on(on),
                      scratch.on(on));
  });
  double sum = 0.0;
  total.download(on, {&sum, 1});
  return sum / static_cast<double>(data.count());
}

}  // namespace detail
}  // namespace MMREC_CUDA_MODE
}  // namespace cuda

namespace nn {

/// See nn/train/evaluate.hpp. Cost: the examples are uploaded once, the sum is downloaded once.
template <network Net, class T, class Loss, class Source, class Target>
double evaluate(const cuda::context& on, const weights<Net, T>& network, const Loss& loss,
                const labelled<Source, Target>& data, std::size_t batch_size = 64) {
  constexpr std::size_t width = shape_size<typename Net::bound::output_shape>::of(1);
  require_config(batch_size >= 1, "nn::evaluate", "batch_size", "must be at least 1");
  if (data.examples.size() == 0) return 0.0;
  detail::require_targets<width, T>("nn::evaluate", loss, data);
  cuda::detail::judged<Net, T, Source, Target> all(on, "nn::evaluate", data.examples, data.targets, batch_size);
  return cuda::detail::mean_loss(on, all, network, loss, batch_size);
}

/// See nn/train/evaluate.hpp.
template <network Net, class T, class Source>
double accuracy(const cuda::context& on, const weights<Net, T>& network, const labelled<Source, std::uint32_t>& data,
                std::size_t batch_size = 64) {
  constexpr std::size_t width = shape_size<typename Net::bound::output_shape>::of(1);
  require_config(batch_size >= 1, "nn::accuracy", "batch_size", "must be at least 1");
  detail::require_same_sizes("nn::accuracy", data.examples);
  require_size("nn::accuracy", "targets", data.examples.size(), data.targets.size());
  if (data.examples.size() == 0) return 0.0;
  cuda::detail::judged<Net, T, Source, std::uint32_t> all(on, "nn::accuracy", data.examples, data.targets, batch_size);
  cuda::frozen<Net, T> ready(on, network);
  cuda::buffer<std::uint32_t> right(on, 1);
  right.clear(on);
  all.for_each(on, ready, [&](const T* outputs, const std::uint32_t* targets, std::size_t count) {
    cuda::count_right(on, outputs, targets, count, width, right.on(on));
  });
  std::uint32_t sum = 0;
  right.download(on, {&sum, 1});
  return static_cast<double>(sum) / static_cast<double>(all.count());
}

/// The same on the device that an executor names.
template <network Net, class T, class Loss, class Source, class Target>
double evaluate(const exec::cuda& asked, const weights<Net, T>& network, const Loss& loss,
                const labelled<Source, Target>& data, std::size_t batch_size = 64) {
  const cuda::borrowed_context on(asked);
  return evaluate(*on, network, loss, data, batch_size);
}
template <network Net, class T, class Source>
double accuracy(const exec::cuda& asked, const weights<Net, T>& network, const labelled<Source, std::uint32_t>& data,
                std::size_t batch_size = 64) {
  const cuda::borrowed_context on(asked);
  return accuracy(*on, network, data, batch_size);
}

}  // namespace nn
}  // namespace mmrec::inline v0

// mmrec/nn/cuda/feed.hpp - how the examples of a source come to a device, batch by batch.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <mmrec/core/random.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/exec/cuda/buffer.hpp>
#include <mmrec/exec/cuda/config.hpp>
#include <mmrec/exec/cuda/context.hpp>
#include <mmrec/exec/cuda/event.hpp>
#include <mmrec/kernel/cuda/gather.hpp>
#include <mmrec/nn/batch_checks.hpp>
#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/train/examples.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace detail {

/// The batches of a source for a network whose bound layers are Bound. Where the examples are the same in each epoch and
/// fit, they are uploaded once and batches are gathered on the device, in an order that is uploaded once an epoch;
/// otherwise the host writes each batch into one of two pinned buffers while the device works on the batch before.
///
/// A batch of sequences has the steps of its longest, as on the CPU, so that what is drawn by place is the same.
template <class Bound, class T, class Source>
class feed {
 public:
  using shape = typename Bound::input_shape;
  using view = nn::batch_view<shape, T>;
  using element = typename view::element;
  static constexpr bool varies = requires(const Source& source, element* out, random_stream& random) {
    source.write(std::size_t{0}, out, random);
  };

  feed(const context& on, std::string_view function, const Source& source, std::size_t batch_size, bool varied)
      : function_(function),
        source_(source),
        largest_(nn::largest_batch<shape, T>(source, (std::min)(batch_size, source.size()))),
        batch_(on, largest_.size()),
        lengths_(on, nn::detail::has_steps<shape> ? largest_.count : 0) {
    if (!(varied && varies) && fits(on)) {
      upload_all(on);
    } else {
      host_.emplace(largest_);
      for (auto& slot : staged_) slot.emplace(on, largest_);
    }
  }

  const nn::dims<shape>& largest() const { return largest_; }
  /// Whether gather() does all there is to do for a batch, so that captured work needs nothing from the host.
  bool resident() const { return all_.has_value(); }

  /// From here on, batches follow this order, which outlives the epoch; examples vary by the key, if there is one.
  void begin(const context& on, std::span<const std::uint32_t> order, const seed* variation) {
    order_ = order;
    variation_ = variation == nullptr ? std::nullopt : std::optional<seed>(*variation);
    if (order_on_device_.size() != order.size()) order_on_device_ = buffer<std::uint32_t>(on, order.size());
    order_on_device_.upload(on, order);
  }
  /// The device address of the order.
  const std::uint32_t* order(const context& on) const { return order_on_device_.on(on); }
  /// Steps that the batch order[first .. first + count) is given.
  std::size_t steps(std::size_t first, std::size_t count) const {
    if constexpr (nn::detail::has_steps<shape>) {
      std::size_t longest = 0;
      for (const std::uint32_t row : order_.subspan(first, count)) {
        longest = (std::max)(longest, static_cast<std::size_t>(source_.length(row)));
      }
      return longest;
    } else {
      return 1;
    }
  }
  /// Writes and uploads the batch, where it does not lie on the device.
  void stage(const context& on, std::size_t first, std::size_t count, std::size_t steps) {
    if (resident()) return;
    host_->fill(exec::cpu{}, source_, order_.subspan(first, count), variation_ ? &*variation_ : nullptr);
    const view written = host_->view();
    nn::detail::require_valid_batch(function_, written);
    nn::check_input<Bound>(function_, written);
    staging& slot = *staged_[turn_];
    turn_ = 1 - turn_;
    slot.free.wait();  // what it held before has been uploaded
    const std::size_t from = nn::shape_size<shape>::of(written.steps), to = nn::shape_size<shape>::of(steps);
    for (std::size_t example = 0; example < count; ++example) {
      element* const row = slot.values.data() + example * to;
      std::fill(std::copy_n(written.data + example * from, from, row), row + to, element(0));
    }
    check(cudaMemcpyAsync(batch_.on(on), slot.values.data(), count * to * sizeof(element), cudaMemcpyHostToDevice,
                          on.stream()),
          "cudaMemcpyAsync");
    if constexpr (nn::detail::has_steps<shape>) {
      std::copy_n(written.lengths, count, slot.lengths.data());
      check(cudaMemcpyAsync(lengths_.on(on), slot.lengths.data(), count * sizeof(std::uint32_t), cudaMemcpyHostToDevice,
                            on.stream()),
            "cudaMemcpyAsync");
    }
    slot.free.record(on);
  }
  /// Queues the gathering of the batch that begins at order[*first], where the examples lie on the device.
  void gather(const context& on, const std::uint32_t* first, std::size_t count, std::size_t steps) {
    if (!resident()) return;
    if constexpr (nn::detail::has_steps<shape>) {
      gather_ragged(on, all_->on(on), starts_.on(on), nn::shape_size<shape>::of(1), steps, order_on_device_.on(on), first,
                    count, batch_.on(on), lengths_.on(on));
    } else {
      gather_rows(on, all_->on(on), nn::shape_size<shape>::of(1), order_on_device_.on(on), first, count, batch_.on(on));
    }
  }
  view batch(const context& on, std::size_t count, std::size_t steps) const {
    return {batch_.on(on), count, steps, nn::detail::has_steps<shape> ? lengths_.on(on) : nullptr};
  }

 private:
  struct staging {
    staging(const context& on, const nn::dims<shape>& largest)
        : values(largest.size()), lengths(nn::detail::has_steps<shape> ? largest.count : 0), free(on) {}
    /// The device may still be reading.
    ~staging() { free.wait_quietly(); }
    staging(const staging&) = delete;
    staging& operator=(const staging&) = delete;
    pinned_buffer<element> values;
    pinned_buffer<std::uint32_t> lengths;
    event free;
  };

  std::size_t length(std::size_t example) const {
    if constexpr (nn::detail::has_steps<shape>) {
      return static_cast<std::size_t>(source_.length(example));
    } else {
      return 1;
    }
  }
  std::size_t elements() const {
    std::size_t steps = source_.size();
    if constexpr (nn::detail::has_steps<shape>) {
      steps = 0;
      for (std::size_t example = 0; example < source_.size(); ++example) steps += length(example);
    }
    return steps * nn::shape_size<shape>::of(1);
  }
  /// All examples may take half of what is left: networks and other processes want some, too.
  bool fits(const context& on) const {
    const device_guard guard(on.device().index);
    std::size_t left = 0, all = 0;
    check(cudaMemGetInfo(&left, &all), "cudaMemGetInfo");
    return elements() * sizeof(element) <= left / 2;
  }
  void upload_all(const context& on) {
    std::vector<element> values(elements());
    std::vector<std::uint64_t> starts(nn::detail::has_steps<shape> ? source_.size() + 1 : 0);
    element* to = values.data();
    std::uint64_t step = 0;
    for (std::size_t example = 0; example < source_.size(); ++example) {
      const std::size_t own = length(example);
      source_.write(example, to);
      const view one{to, 1, own, nullptr};
      nn::detail::require_valid_batch(function_, one);
      nn::check_input<Bound>(function_, one);
      to += nn::shape_size<shape>::of(own);
      if constexpr (nn::detail::has_steps<shape>) starts[example + 1] = step += own;
    }
    all_.emplace(on, values);
    if constexpr (nn::detail::has_steps<shape>) starts_ = buffer<std::uint64_t>(on, starts);
  }

  std::string_view function_;
  const Source& source_;
  nn::dims<shape> largest_;
  buffer<element> batch_;
  buffer<std::uint32_t> lengths_;
  std::span<const std::uint32_t> order_;
  std::optional<seed> variation_;
  // resident
  std::optional<buffer<element>> all_;
  buffer<std::uint64_t> starts_;
  buffer<std::uint32_t> order_on_device_;
  // staged
  std::optional<nn::batch_buffer<shape, T>> host_;
  std::array<std::optional<staging>, 2> staged_;
  std::size_t turn_ = 0;
};

}  // namespace detail
}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

// mmrec/nn/optimizer/state.hpp - what an optimiser remembers between steps.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <mmrec/core/config.hpp>
#include <mmrec/kernel/aligned.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// The number of steps made, and a few numbers for each parameter ("slots": the moments of Adam, the velocity of momentum), all
/// in one block of memory whose parts begin on cache lines. Starts at zero.
///
/// Result     visit() enumerates all there is: what it gives, saved and restored, continues a training with the same bits
/// Example    nn::optimizer_state<float> state(nn::adam{}, network_parameters);
template <class T>
class optimizer_state {
 public:
  optimizer_state() = default;
  /// State of `spec` (see the concept optimizer) for this many parameters.
  template <class Spec>
  optimizer_state(const Spec&, std::size_t parameters)
      : names_(Spec::slots), size_(parameters), memory_(Spec::slots.size() * stride(), T(0)) {}

  std::size_t size() const { return size_; }  ///< parameters
  std::size_t slots() const { return names_.size(); }
  std::uint64_t steps() const { return steps_; }
  /// Begins a step: what is updated from here on counts as part of it.
  void advance() { ++steps_; }

  std::span<T> slot(std::size_t index) {
    MMREC_ASSERT(index < slots());
    return {memory_.data() + index * stride(), size_};
  }
  std::span<const T> slot(std::size_t index) const {
    MMREC_ASSERT(index < slots());
    return {memory_.data() + index * stride(), size_};
  }

  /// Calls visitor(name, std::uint64_t&) for the counter and visitor(name, std::span<T>) for each slot, names being unique.
  template <class Visitor>
  void visit(Visitor&& visitor) {
    visitor(std::string_view("steps"), steps_);
    for (std::size_t index = 0; index < slots(); ++index) visitor(names_[index], slot(index));
  }
  template <class Visitor>
  void visit(Visitor&& visitor) const {
    visitor(std::string_view("steps"), steps_);
    for (std::size_t index = 0; index < slots(); ++index) visitor(names_[index], slot(index));
  }
  /// As if new.
  void reset() {
    steps_ = 0;
    std::fill(memory_.begin(), memory_.end(), T(0));
  }

  friend bool operator==(const optimizer_state& a, const optimizer_state& b) {
    return a.size_ == b.size_ && a.steps_ == b.steps_ && a.memory_ == b.memory_ &&
           std::equal(a.names_.begin(), a.names_.end(), b.names_.begin(), b.names_.end());
  }

 private:
  std::size_t stride() const {
    constexpr std::size_t line = 64 / sizeof(T);
    return (size_ + line - 1) / line * line;
  }

  std::span<const std::string_view> names_;  // of a static array
  std::size_t size_ = 0;
  std::uint64_t steps_ = 0;
  kernel::aligned_vector<T> memory_;
};

}  // namespace nn
}  // namespace mmrec::inline v0

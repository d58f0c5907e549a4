// mmrec/nn/memory.hpp - laying out the memory of a pass before it is there.
#pragma once
#include <cstddef>

namespace mmrec::inline v0 {
namespace nn {

/// Bytes, rounded up so that what follows begins on a cache line.
constexpr std::size_t padded(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

/// Hands out consecutive pieces of a block, each beginning on a cache line. The same sequence of calls with a null base
/// only counts: a layer describes its memory once, for the planner and for itself.
class arena {
 public:
  constexpr explicit arena(std::byte* base) : base_(base) {}

  template <class T>
  constexpr T* take(std::size_t count) {
    std::byte* const here = bytes(count * sizeof(T));
    // A planner asks for sizes alone and never looks at the pointer.
    if (here == nullptr) return nullptr;
    return reinterpret_cast<T*>(here);
  }
  constexpr std::byte* bytes(std::size_t count) {
    std::byte* const here = base_ == nullptr ? nullptr : base_ + used_;
    used_ += padded(count);
    return here;
  }
  constexpr std::size_t used() const { return used_; }

 private:
  std::byte* base_;
  std::size_t used_ = 0;
};

}  // namespace nn
}  // namespace mmrec::inline v0

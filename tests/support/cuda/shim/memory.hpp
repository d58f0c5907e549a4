// tests/support/cuda/shim/memory.hpp - "device" memory: the host's, with a register of what was allocated, a pattern in it
// that shows reads of what nobody wrote, and a margin that shows writes past the end.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string>

#include "../shim.hpp"
#include "grid.hpp"

namespace cuda_shim::detail {

struct allocation {
  std::size_t bytes = 0;
  int device = 0;
  bool pinned = false;  ///< of the host; otherwise of the device
};

class memory_register {
 public:
  static memory_register& own() {
    static memory_register& only = *new memory_register;
    return only;
  }

  cudaError_t allocate(void** pointer, std::size_t bytes, int device, bool pinned) {
    if (pointer == nullptr) return cudaErrorInvalidValue;
    *pointer = nullptr;
    if (bytes == 0) return cudaSuccess;
    const std::lock_guard hold(shared_settings().lock);
    counter_set& counters = shared_settings().counters;
    const std::size_t limit = options().memory_limit;
    if (!pinned && (bytes > limit || counters.live_bytes > limit - bytes)) return cudaErrorMemoryAllocation;
    void* memory = nullptr;
    if (::posix_memalign(&memory, alignment, front_margin + bytes + back_margin) != 0) return cudaErrorMemoryAllocation;
    std::memset(memory, poison, front_margin + bytes + back_margin);
    unsigned char* const start = static_cast<unsigned char*>(memory) + front_margin;
    blocks_[reinterpret_cast<std::uintptr_t>(start)] = {bytes, device, pinned};
    if (pinned) {
      ++counters.live_pinned_allocations;
      counters.live_pinned_bytes += bytes;
    } else {
      ++counters.allocations;
      ++counters.live_allocations;
      counters.live_bytes += bytes;
      counters.peak_bytes = std::max(counters.peak_bytes, counters.live_bytes);
    }
    *pointer = start;
    return cudaSuccess;
  }

  cudaError_t release(void* pointer, bool pinned) {
    if (pointer == nullptr) return cudaSuccess;
    const std::lock_guard hold(shared_settings().lock);
    const auto found = blocks_.find(reinterpret_cast<std::uintptr_t>(pointer));
    if (found == blocks_.end() || found->second.pinned != pinned) return cudaErrorInvalidValue;
    const std::size_t bytes = found->second.bytes;
    blocks_.erase(found);
    counter_set& counters = shared_settings().counters;
    if (pinned) {
      --counters.live_pinned_allocations;
      counters.live_pinned_bytes -= bytes;
    } else {
      --counters.live_allocations;
      counters.live_bytes -= bytes;
    }
    std::memset(pointer, poison, bytes);
    std::free(static_cast<unsigned char*>(pointer) - front_margin);
    return cudaSuccess;
  }

  /// The allocation that holds this address, or whose end it is; nullptr for other memory.
  const allocation* find(const void* pointer, std::size_t* bytes_left = nullptr) const {
    const std::lock_guard hold(shared_settings().lock);
    const auto address = reinterpret_cast<std::uintptr_t>(pointer);
    auto found = blocks_.upper_bound(address);
    if (found == blocks_.begin()) return nullptr;
    --found;
    if (address - found->first > found->second.bytes) return nullptr;
    if (bytes_left != nullptr) *bytes_left = found->second.bytes - (address - found->first);
    return &found->second;
  }

  bool on_device(const void* pointer) const {
    const allocation* const block = find(pointer);
    return block != nullptr && !block->pinned;
  }

  bool pinned(const void* pointer) const {
    const allocation* const block = find(pointer);
    return block != nullptr && block->pinned;
  }

  /// Throws if a margin was written to. With the address sanitizer, memory has no margins of ours.
  void check_margins() const {
    const std::lock_guard hold(shared_settings().lock);
    for (const auto& [address, block] : blocks_) {
      const auto* const start = reinterpret_cast<const unsigned char*>(address);
      check_margin(start - front_margin, front_margin, block, "before");
      check_margin(start + block.bytes, back_margin, block, "past the end of");
    }
  }

 private:
#if defined(CUDA_SHIM_ADDRESS_SANITIZER)
  static constexpr std::size_t front_margin = 0, back_margin = 0;
#else
  static constexpr std::size_t front_margin = 256, back_margin = 64;
#endif
  static constexpr std::size_t alignment = 256;

  static void check_margin(const unsigned char* margin, std::size_t bytes, const allocation& block, const char* where) {
    for (std::size_t i = 0; i < bytes; ++i) {
      if (margin[i] == poison) continue;
      throw error(std::string("a kernel wrote ") + where + " an allocation of " + std::to_string(block.bytes) + " bytes");
    }
  }

  std::map<std::uintptr_t, allocation> blocks_;
};

}  // namespace cuda_shim::detail

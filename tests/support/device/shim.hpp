// tests/support/device/shim.hpp - in the place of tests/support/cuda/shim.hpp where there is a real device: it has no options,
// and nothing is counted.
#pragma once
#include <cstddef>

namespace cuda_shim {

enum class order { forward, reverse, random };

struct option_set {
  cuda_shim::order order = order::forward;
};
inline option_set& options() {
  static option_set only;
  return only;
}

struct counter_set {
  std::size_t launches = 0, library_calls = 0, allocations = 0, synchronisations = 0, copies = 0;
};
inline counter_set counters() { return {}; }
inline void reset_counters() {}

template <class Code>
void fail(const char*, Code, std::size_t = 0, std::size_t = 1) {}

struct scope {
  ~scope() { options() = {}; }
};

}  // namespace cuda_shim

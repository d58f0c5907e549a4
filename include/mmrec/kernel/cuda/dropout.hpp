// mmrec/kernel/cuda/dropout.hpp - leaving out numbers at random, on a device.
#pragma once
#include <cstddef>
#include <cstdint>

#include <mmrec/core/error.hpp>
#include <mmrec/exec/cuda/config.hpp>
#include <mmrec/exec/cuda/context.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

/// A seed that the device works out when it needs it: seed{value}, or seed{seeds[*index]} where `seeds` is not null, then
/// derived once for each number of the path. With `seeds` and `index` in device memory, work that was captured once draws
/// other numbers each time it is replayed, as *index moves on.
struct random_key {
  static constexpr int most = 12;  ///< numbers of a path

  const std::uint64_t* seeds = nullptr;
  const std::uint32_t* index = nullptr;
  std::uint64_t value = 0;
  std::uint64_t path[most] = {};
  int depth = 0;

  /// The key of part `number`; see seed::derive. Throws limit_error beyond the longest path.
  random_key derive(std::uint64_t number) const {
    if (depth == most) throw limit_error("cuda::random_key::derive", "parts of parts", most, std::uint64_t{most} + 1);
    random_key part = *this;
    part.path[part.depth++] = number;
    return part;
  }
};

/// See kernel/dropout.hpp: which numbers are left out is the same, bit for bit. Queued; T is float or double.
/// Throws     limit_error for more than 2^31 - 2^24 numbers; call_error
template <class T>
void dropout(const context& on, std::size_t count, std::uint32_t dropped, T factor, const random_key& key, const T* from,
             T* to);

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

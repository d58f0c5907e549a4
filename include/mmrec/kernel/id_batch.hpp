// mmrec/kernel/id_batch.hpp - the ids that an embedding looks up.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace mmrec::inline v0 {
namespace kernel {

/// Numbers of rows, examples x steps, of which the first lengths[example] of each example count, or all where lengths is
/// null. The others are not looked at.
struct id_batch {
  const std::int32_t* ids = nullptr;
  std::size_t examples = 0;
  std::size_t steps = 1;
  const std::uint32_t* lengths = nullptr;

  std::size_t length(std::size_t example) const {
    return lengths == nullptr ? steps : (std::min)(steps, std::size_t{lengths[example]});
  }
  std::size_t row(std::size_t example, std::size_t step) const {
    return static_cast<std::size_t>(ids[example * steps + step]);
  }
};

/// The rows of a bag are added up, or averaged.
enum class bag_mode { sum, mean };

}  // namespace kernel
}  // namespace mmrec::inline v0

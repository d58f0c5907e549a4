// mmrec/kernel/norm_shape.hpp - the rows that a normalisation is over.
#pragma once
#include <cstddef>
#include <cstdint>

namespace mmrec::inline v0 {
namespace kernel {

/// Rows of `width` numbers: `examples` groups of `steps` rows, of which the first lengths[group] count, or all where
/// lengths is null. Results in the other rows are zero, and what stands there is not read.
struct norm_shape {
  std::size_t examples = 0;
  std::size_t steps = 1;
  std::size_t width = 0;
  const std::uint32_t* lengths = nullptr;

  constexpr std::size_t rows() const { return examples * steps; }
};

}  // namespace kernel
}  // namespace mmrec::inline v0

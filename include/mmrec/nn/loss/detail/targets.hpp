// mmrec/nn/loss/detail/targets.hpp - the errors for targets that a loss has no use for.
#pragma once
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>

#include <mmrec/core/error.hpp>

namespace mmrec::inline v0 {
namespace nn::loss::detail {

[[noreturn]] inline void refuse_target(std::string_view function, std::size_t row, std::size_t column,
                                       const std::string& what) {
  throw data_error(function, "target of row " + std::to_string(row) + ", column " + std::to_string(column) + ' ' + what);
}

/// Throws data_error unless all of batch x width targets are finite.
template <class T>
void require_finite_targets(std::string_view function, const T* targets, std::size_t batch, std::size_t width) {
  for (std::size_t i = 0; i < batch * width; ++i) {
    if (!std::isfinite(targets[i])) refuse_target(function, i / width, i % width, "is not finite");
  }
}

}  // namespace nn::loss::detail
}  // namespace mmrec::inline v0

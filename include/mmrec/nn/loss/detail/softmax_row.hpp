// mmrec/nn/loss/detail/softmax_row.hpp - the cross-entropy of one row of logits, and what its gradient is made of.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>

#include <mmrec/core/config.hpp>
#include <mmrec/kernel/math.hpp>
#include <mmrec/kernel/ordered_sum.hpp>

namespace mmrec::inline v0 {
namespace nn::loss::detail {

/// What is left of a row after its exponentials were taken. The target is kept apart, so that neither a loss close to 0 nor
/// the target's own gradient is a difference of two numbers close to 1.
struct row_exponentials {
  double others = 0.0;  ///< sum of exp(logit - largest) of all but the target
  double target = 0.0;  ///< the target's
  double gap = 0.0;     ///< largest logit - the target's logit

  double sum() const { return others + target; }
  /// -log of the target's share.
  double loss() const { return gap == 0.0 ? std::log1p(others) : gap + std::log(sum()); }
};

/// Writes exp(logit - largest logit) of a row to `result`, unless that is null; the target's element becomes 0. Logits of
/// -infinity, the target's excepted, count for nothing. A NaN in the row makes the sums NaN. `result` may be `row`.
template <class T>
row_exponentials exponentiate_row(const T* row, std::size_t width, std::size_t target, T* result) {
  MMREC_ASSERT(target < width);
  constexpr std::size_t lanes = 16;  // sums and maxima of a fixed number of lanes, which compilers turn into vectors
  constexpr std::size_t block = 256;
  std::array<T, lanes> tops;
  tops.fill(-std::numeric_limits<T>::infinity());
  const std::size_t whole = width - width % lanes;
  for (std::size_t j = 0; j < whole; j += lanes) {
    for (std::size_t lane = 0; lane < lanes; ++lane) tops[lane] = row[j + lane] > tops[lane] ? row[j + lane] : tops[lane];
  }
  for (std::size_t j = whole; j < width; ++j) tops[0] = row[j] > tops[0] ? row[j] : tops[0];
  T largest = *std::max_element(tops.begin(), tops.end());
  if (!std::isfinite(largest)) largest = T(0);

  row_exponentials made;
  made.gap = static_cast<double>(largest) - static_cast<double>(row[target]);
  std::array<double, lanes> sums{};
  std::array<T, block> buffer;
  for (std::size_t begin = 0; begin < width; begin += block) {
    const std::size_t count = (std::min)(block, width - begin);
    T* const here = result == nullptr ? buffer.data() : result + begin;
    for (std::size_t j = 0; j < count; ++j) here[j] = row[begin + j] - largest;
    kernel::array_exp(kernel::serial_executor{}, count, here, here);
    if (target - begin < count) {
      made.target = static_cast<double>(here[target - begin]);
      here[target - begin] = T(0);
    }
    const std::size_t full = count - count % lanes;
    for (std::size_t j = 0; j < full; j += lanes) {
      for (std::size_t lane = 0; lane < lanes; ++lane) sums[lane] += static_cast<double>(here[j + lane]);
    }
    for (std::size_t j = full; j < count; ++j) sums[0] += static_cast<double>(here[j]);
  }
  for (const double sum : sums) made.others += sum;
  return made;
}

/// x = scale * x - shift
template <class T>
void scale_row(T* x, std::size_t width, T scale, T shift) {
  constexpr std::size_t lanes = 16;
  const std::size_t whole = width - width % lanes;
  for (std::size_t j = 0; j < whole; j += lanes) {
    for (std::size_t lane = 0; lane < lanes; ++lane) x[j + lane] = scale * x[j + lane] - shift;
  }
  for (std::size_t j = whole; j < width; ++j) x[j] = scale * x[j] - shift;
}

}  // namespace nn::loss::detail
}  // namespace mmrec::inline v0

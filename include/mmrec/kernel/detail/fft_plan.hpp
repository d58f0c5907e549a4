// mmrec/kernel/detail/fft_plan.hpp - the tables of a Fourier transform of one size.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <vector>

#include <mmrec/kernel/aligned.hpp>

namespace mmrec::inline v0 {
namespace kernel::detail {

/// What the loops see of a plan. A block of frames lies in memory as vectors with one lane a frame; complex number j is
/// vector 2 j (real part) and vector 2 j + 1 (imaginary part).
template <class T>
struct fft_view {
  std::size_t size;             ///< real numbers of a frame
  std::size_t length;           ///< complex numbers of the transform: half the size, or the size if it is odd
  const std::uint8_t* radices;  ///< of the stages, in order
  std::size_t stages;
  const T* twiddles;                  ///< stage after stage: (cos, sin) of j p / L for j < L / r, p = 1 .. r - 1
  const T* roots;                     ///< (cos, sin) of p / r for r = 3, 5, 7, at 16 r + 2 p
  const T* split;                     ///< (cos, sin) of k / size
  const std::uint32_t* position;      ///< where the stages leave complex number k
  const std::uint32_t* from_power;    ///< vector of power k
  const std::uint32_t* from_complex;  ///< vector of part c of bin k, at 2 k + c
  const std::uint32_t* from_time;     ///< vector of sample i after the inverse
};

/// cos and sin of a whole angle times `numerator` / `denominator`. The angle is brought to the first eighth of the circle
/// beforehand, where both are exact to the last bit or nearly so.
struct unit_point {
  long double cosine;
  long double sine;
};
inline unit_point on_circle(std::uint64_t numerator, std::uint64_t denominator) {
  std::uint64_t eighths = 8 * (numerator % denominator);
  const std::uint64_t octant = eighths / denominator;
  eighths -= octant * denominator;
  const bool backwards = octant % 2 == 1;
  const std::uint64_t rest = backwards ? denominator - eighths : eighths;
  const long double angle =
      std::numbers::pi_v<long double> / 4 * static_cast<long double>(rest) / static_cast<long double>(denominator);
  long double c = std::cos(angle), s = std::sin(angle);
  switch ((octant + 1) / 2 % 4) {  // the quarter axis next to the angle
    case 0:
      return {c, backwards ? -s : s};
    case 1:
      return {backwards ? s : -s, c};
    case 2:
      return {-c, backwards ? s : -s};
    default:
      return {backwards ? -s : s, -c};
  }
}

/// The radices of a complex transform of `length` numbers; empty for 1, and for a length with another prime factor, which
/// `complete` then tells. Eights first, because each stage goes through the whole block once.
struct fft_factors {
  std::vector<std::uint8_t> radices;
  bool complete = true;
};
inline fft_factors factors_of(std::size_t length) {
  fft_factors result;
  const auto take = [&](std::size_t radix) {
    result.radices.push_back(static_cast<std::uint8_t>(radix));
    length /= radix;
  };
  while (length % 8 == 0 && length % 32 != 16) take(8);
  while (length % 4 == 0) take(4);
  for (const std::size_t radix : {std::size_t{2}, std::size_t{3}, std::size_t{5}, std::size_t{7}}) {
    while (length % radix == 0) take(radix);
  }
  result.complete = length == 1;
  return result;
}

template <class T>
struct fft_tables {
  explicit fft_tables(std::size_t size_of_frame) : size(size_of_frame), length(size % 2 == 0 ? size / 2 : size) {
    radices = factors_of(length).radices;
    const auto put = [](aligned_vector<T>& to, std::uint64_t numerator, std::uint64_t denominator) {
      const unit_point point = on_circle(numerator, denominator);
      to.push_back(static_cast<T>(point.cosine));
      to.push_back(static_cast<T>(point.sine));
    };
    std::size_t block = length;
    for (const std::size_t radix : radices) {
      const std::size_t part = block / radix;
      for (std::size_t j = 0; j < part; ++j) {
        for (std::size_t p = 1; p < radix; ++p) put(twiddles, j * p, block);
      }
      block = part;
    }
    for (const std::size_t radix : {std::size_t{3}, std::size_t{5}, std::size_t{7}}) {
      roots.resize(16 * radix);
      for (std::size_t p = 0; p < radix; ++p) put(roots, p, radix);
    }
    for (std::size_t k = 0; k <= length / 2; ++k) put(split, k, size);
    find_positions();
    find_sources();
  }

  fft_view<T> view() const {
    return {size,         length,          radices.data(),    radices.size(),      twiddles.data(), roots.data(),
            split.data(), position.data(), from_power.data(), from_complex.data(), from_time.data()};
  }

  std::size_t size;
  std::size_t length;
  std::vector<std::uint8_t> radices;
  aligned_vector<T> twiddles;
  aligned_vector<T> roots;
  aligned_vector<T> split;
  std::vector<std::uint32_t> position;
  std::vector<std::uint32_t> from_power;
  std::vector<std::uint32_t> from_complex;
  std::vector<std::uint32_t> from_time;

 private:
  /// Each stage leaves output p of its blocks in the p-th part of them: the digits of k, the first one outermost.
  void find_positions() {
    position.resize(length);
    for (std::size_t k = 0; k < length; ++k) {
      std::size_t rest = k, block = length, place = 0;
      for (const std::size_t radix : radices) {
        block /= radix;
        place += rest % radix * block;
        rest /= radix;
      }
      position[k] = static_cast<std::uint32_t>(place);
    }
  }
  void find_sources() {
    const std::size_t bins = size / 2 + 1;
    const auto zero = static_cast<std::uint32_t>(2 * length);  // a vector of zeros behind the others
    for (std::size_t k = 0; k < bins; ++k) {
      const bool middle = size % 2 == 0 && k == length;  // kept where bin 0 has its imaginary part
      const std::uint32_t real = middle ? 2 * position[0] + 1 : 2 * position[k];
      from_power.push_back(real);
      from_complex.push_back(real);
      from_complex.push_back(k == 0 || middle ? zero : real + 1);
    }
    // The inverse runs the same stages on numbers with their parts swapped.
    for (std::size_t i = 0; i < size; ++i) {
      from_time.push_back(size % 2 == 0 ? 2 * position[i / 2] + (i % 2 == 0 ? 1 : 0) : 2 * position[i] + 1);
    }
  }
};

}  // namespace kernel::detail
}  // namespace mmrec::inline v0

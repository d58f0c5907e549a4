// tests/cuda/device_array.hpp - arrays in device memory that notice writes beside them, and comparisons with the CPU.
#pragma once
#include <mmrec/core/random.hpp>
#include <mmrec/exec/cuda/buffer.hpp>
#include <mmrec/exec/cuda/context.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#if defined(MMREC_CUDA_ON_HOST)
#include <shim.hpp>
#endif

#include "support/catch.hpp"

namespace test {

/// An array that begins `offset` elements after a multiple of 16 bytes, in poisoned memory.
template <class T>
class device_array {
 public:
  device_array(const mmrec::cuda::context& gpu, const std::vector<T>& values, std::size_t offset = 0)
      : gpu_(gpu), size_(values.size()), before_(4 + offset), memory_(gpu, size_ + before_ + 4) {
    std::vector<T> all(memory_.size(), poison());
    std::copy(values.begin(), values.end(), all.begin() + static_cast<std::ptrdiff_t>(before_));
    memory_.upload(gpu, all);
  }
  device_array(const mmrec::cuda::context& gpu, std::size_t size, std::size_t offset = 0)
      : device_array(gpu, std::vector<T>(size, poison()), offset) {}

  T* get() { return memory_.on(gpu_) + before_; }

  /// What it holds now. Fails where the memory beside it has changed.
  std::vector<T> values() const {
    std::vector<T> all(memory_.size());
    memory_.download(gpu_, all);
    bool untouched = true;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (i < before_ || i >= before_ + size_) untouched = untouched && all[i] == poison();
    }
    CHECK(untouched);
    const auto first = all.begin() + static_cast<std::ptrdiff_t>(before_);
    return {first, first + static_cast<std::ptrdiff_t>(size_)};
  }

 private:
  static T poison() { return static_cast<T>(1234567); }

  const mmrec::cuda::context& gpu_;
  std::size_t size_, before_;
  mmrec::cuda::buffer<T> memory_;
};

template <class T>
std::vector<T> random_values(std::size_t count, std::uint64_t stream, double offset = 0.0) {
  mmrec::random_stream random(mmrec::seed{42}, stream);
  std::vector<T> values(count);
  for (T& value : values) value = static_cast<T>(offset + random.normal());
  return values;
}

/// `examples` lengths up to `steps`, among the first ones 0, all and 1.
inline std::vector<std::uint32_t> random_lengths(std::size_t examples, std::size_t steps, std::uint64_t stream) {
  mmrec::random_stream random(mmrec::seed{43}, stream);
  std::vector<std::uint32_t> lengths(examples);
  for (std::uint32_t& length : lengths) length = random.below(static_cast<std::uint32_t>(steps) + 1);
  const std::uint32_t fixed[] = {0, static_cast<std::uint32_t>(steps), (std::min)(1u, static_cast<std::uint32_t>(steps))};
  for (std::size_t i = 0; i < (std::min)(examples, std::size_t{3}); ++i) lengths[i] = fixed[i];
  return lengths;
}

/// The largest difference, beside `scale` and the expected size; infinite where only one side is a number.
template <class T>
double difference(const std::vector<T>& got, const std::vector<T>& expected, double scale = 1.0) {
  if (got.size() != expected.size()) return std::numeric_limits<double>::infinity();
  double largest = 0.0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double a = static_cast<double>(got[i]), b = static_cast<double>(expected[i]);
    if (a == b || (std::isnan(a) && std::isnan(b))) continue;
    const double off = std::abs(a - b) / (scale + std::abs(b));
    largest = std::isnan(off) ? std::numeric_limits<double>::infinity() : (std::max)(largest, off);
  }
  return largest;
}
/// How far results in T may be from the CPU's.
template <class T>
inline constexpr double tolerance = sizeof(T) == 4 ? 1e-6 : 1e-14;

/// Calls body() with the blocks and threads of kernels in every order that the stand-in for a device has; once on a device.
template <class Body>
void in_all_orders(const Body& body) {
#if defined(MMREC_CUDA_ON_HOST)
  const cuda_shim::scope whole;
  for (const auto order : {cuda_shim::order::forward, cuda_shim::order::reverse, cuda_shim::order::random}) {
    cuda_shim::options().order = order;
    body();
  }
#else
  body();
#endif
}

}  // namespace test

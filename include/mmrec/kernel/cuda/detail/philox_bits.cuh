// mmrec/kernel/cuda/detail/philox_bits.cuh - the random bits of core/random.hpp, on a device.
#pragma once
#include <cstdint>

#include <mmrec/exec/cuda/launch.cuh>
#include <mmrec/kernel/cuda/detail/vector_access.cuh>
#include <mmrec/kernel/cuda/dropout.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace detail {

/// seed::derive of a number.
__device__ __forceinline__ std::uint64_t derive_seed(std::uint64_t value, std::uint64_t index) {
  std::uint64_t z = value + 0x9e3779b97f4a7c15ULL * (index + 1);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

/// The key that a random_key stands for now.
__device__ __forceinline__ std::uint64_t value_of(const random_key& key) {
  std::uint64_t value = key.seeds == nullptr ? key.value : key.seeds[*key.index];
  // Over all places, so that the path need not be copied to memory that can be indexed.
  MMREC_CUDA_UNROLL
  for (int i = 0; i < random_key::most; ++i) {
    if (i < key.depth) value = derive_seed(value, key.path[i]);
  }
  return value;
}

/// philox::block of the counter {number, 0, 0, 0}: words[0..4).
__device__ __forceinline__ void philox_block(std::uint32_t number, std::uint64_t key, std::uint32_t (&words)[4]) {
  std::uint32_t a = number, b = 0, c = 0, d = 0;
  std::uint32_t first = static_cast<std::uint32_t>(key), second = static_cast<std::uint32_t>(key >> 32);
  MMREC_CUDA_UNROLL
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = std::uint64_t{0xD2511F53u} * a;
    const std::uint64_t product1 = std::uint64_t{0xCD9E8D57u} * c;
    a = static_cast<std::uint32_t>(product1 >> 32) ^ b ^ first;
    b = static_cast<std::uint32_t>(product1);
    c = static_cast<std::uint32_t>(product0 >> 32) ^ d ^ second;
    d = static_cast<std::uint32_t>(product0);
    first += 0x9E3779B9u;
    second += 0xBB67AE85u;
  }
  words[0] = a;
  words[1] = b;
  words[2] = c;
  words[3] = d;
}

}  // namespace detail
}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

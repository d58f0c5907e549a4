// tests/support/cuda/cub/device/device_radix_sort.cuh - CUB's stable sort by some bits of a key, on the host.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <string>
#include <type_traits>
#include <vector>

#include "../../cuda_runtime.h"

namespace cuda_shim::detail {

/// The key's bits such that they are in order as unsigned numbers.
template <class Key>
std::uint64_t ordered_bits(Key key) {
  static_assert(std::is_arithmetic_v<Key>, "a key is a number");
  constexpr int width = static_cast<int>(sizeof(Key)) * 8;
  std::uint64_t bits = 0;
  if (key == Key(0)) key = Key(0);  // both zeros are equal
  std::memcpy(&bits, &key, sizeof key);
  const std::uint64_t sign = std::uint64_t{1} << (width - 1), all = sign | (sign - 1);
  if constexpr (std::is_floating_point_v<Key>) return (bits & sign) != 0 ? ~bits & all : bits | sign;
  if constexpr (std::is_signed_v<Key>) return bits ^ sign;
  return bits;
}

template <class T>
void check_sorted_array(const char* which, const T* data, std::size_t count) {
  if (count == 0 || belongs(data, count * sizeof(T), true)) return;
  throw error(std::string("DeviceRadixSort: ") + which + " is not in device memory, or leaves its allocation");
}

template <class Key, class Value>
void sort_by_bits(const Key* keys_in, Key* keys_out, const Value* values_in, Value* values_out, std::size_t count,
                  int begin_bit, int end_bit, bool descending) {
  const int width = end_bit - begin_bit;
  const std::uint64_t mask = width >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << width) - 1;
  std::vector<std::uint64_t> bits(count);
  std::vector<std::size_t> places(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t some = ordered_bits(keys_in[i]) >> begin_bit & mask;
    bits[i] = descending ? mask - some : some;
  }
  std::iota(places.begin(), places.end(), std::size_t{0});
  std::stable_sort(places.begin(), places.end(),
                   [&](std::size_t left, std::size_t right) { return bits[left] < bits[right]; });
  for (std::size_t i = 0; i < count; ++i) {
    keys_out[i] = keys_in[places[i]];
    if (values_out != nullptr) values_out[i] = values_in[places[i]];
  }
}

template <class Key, class Value>
cudaError_t sort_pairs(const char* name, void* scratch, std::size_t& scratch_bytes, const Key* keys_in, Key* keys_out,
                       const Value* values_in, Value* values_out, std::size_t count, int begin_bit, int end_bit,
                       cudaStream_t stream, bool descending) {
  return device_call(name, [&] {
    const std::size_t needed = 256 + count * (sizeof(Key) + (values_in == nullptr ? 0 : sizeof(Value)));
    if (scratch == nullptr) {
      scratch_bytes = needed;
      return cudaSuccess;
    }
    if (scratch_bytes < needed || !belongs(scratch, needed, true)) return cudaErrorInvalidValue;
    if (begin_bit < 0 || end_bit > static_cast<int>(sizeof(Key)) * 8 || begin_bit > end_bit) return cudaErrorInvalidValue;
    check_sorted_array("keys_in", keys_in, count);
    check_sorted_array("keys_out", keys_out, count);
    if (values_in != nullptr) {
      check_sorted_array("values_in", values_in, count);
      check_sorted_array("values_out", values_out, count);
    }
    count_library_call();
    return stream_register::own().submit(stream, [=] {
      std::memset(scratch, poison, needed);  // what a caller kept there is lost, as it is on a device
      sort_by_bits(keys_in, keys_out, values_in, values_out, count, begin_bit, end_bit, descending);
    });
  });
}

}  // namespace cuda_shim::detail

namespace cub {

struct DeviceRadixSort {
  template <class Key, class Value, class Count>
  static cudaError_t SortPairs(void* scratch, std::size_t& scratch_bytes, const Key* keys_in, Key* keys_out,
                               const Value* values_in, Value* values_out, Count count, int begin_bit = 0,
                               int end_bit = sizeof(Key) * 8, cudaStream_t stream = nullptr) {
    return cuda_shim::detail::sort_pairs("DeviceRadixSort::SortPairs", scratch, scratch_bytes, keys_in, keys_out, values_in,
                                         values_out, static_cast<std::size_t>(count), begin_bit, end_bit, stream, false);
  }

  template <class Key, class Value, class Count>
  static cudaError_t SortPairsDescending(void* scratch, std::size_t& scratch_bytes, const Key* keys_in, Key* keys_out,
                                         const Value* values_in, Value* values_out, Count count, int begin_bit = 0,
                                         int end_bit = sizeof(Key) * 8, cudaStream_t stream = nullptr) {
    return cuda_shim::detail::sort_pairs("DeviceRadixSort::SortPairsDescending", scratch, scratch_bytes, keys_in, keys_out,
                                         values_in, values_out, static_cast<std::size_t>(count), begin_bit, end_bit, stream,
                                         true);
  }

  template <class Key, class Count>
  static cudaError_t SortKeys(void* scratch, std::size_t& scratch_bytes, const Key* keys_in, Key* keys_out, Count count,
                              int begin_bit = 0, int end_bit = sizeof(Key) * 8, cudaStream_t stream = nullptr) {
    return cuda_shim::detail::sort_pairs<Key, char>("DeviceRadixSort::SortKeys", scratch, scratch_bytes, keys_in, keys_out,
                                                    nullptr, nullptr, static_cast<std::size_t>(count), begin_bit, end_bit,
                                                    stream, false);
  }
};

}  // namespace cub

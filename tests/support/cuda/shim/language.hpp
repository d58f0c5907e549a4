// tests/support/cuda/shim/language.hpp - the words that CUDA adds to C++, for a compiler of C++.
#pragma once
#include <math.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "grid.hpp"

#define __global__
#define __device__
#define __host__
#define __constant__
#define __forceinline__ inline
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)
#define __restrict__ __restrict
#define __align__(bytes) alignas(bytes)
// All threads of a block run on one thread of the host, one block after another.
#define __shared__ static thread_local

// Barriers and what the lanes of a warp do together. The line is the caller's.

#define CUDA_SHIM_PLACE const char *file = __builtin_FILE(), int line = __builtin_LINE()

inline void __syncthreads(CUDA_SHIM_PLACE) { cuda_shim::detail::grid_runner::of_kernel().wait_for_block({file, line}); }

inline void __syncwarp(unsigned mask = 0xffffffffU, CUDA_SHIM_PLACE) {
  using namespace cuda_shim::detail;
  grid_runner::of_kernel().meet_in_warp(collective::meet, mask, 0, 0, {file, line});
}

namespace cuda_shim::detail {

inline unsigned vote(unsigned mask, bool value, meeting_place place) {
  return static_cast<unsigned>(grid_runner::of_kernel().meet_in_warp(collective::ballot, mask, value ? 1 : 0, 0, place));
}

template <class T>
T exchange(unsigned mask, T value, unsigned source, meeting_place place) {
  static_assert(std::is_arithmetic_v<T>, "a shuffle moves a number");
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  bits = grid_runner::of_kernel().meet_in_warp(collective::exchange, mask, bits, source, place);
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

inline unsigned lane() { return grid_runner::of_kernel().lane(); }

/// One past the lanes of the group of `width` lanes that this one is of.
inline unsigned group_end(unsigned width) { return (lane() / width + 1) * width; }

}  // namespace cuda_shim::detail

template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = warpSize, CUDA_SHIM_PLACE) {
  using namespace cuda_shim::detail;
  const auto lanes = static_cast<unsigned>(width);
  return exchange(mask, value, lane() / lanes * lanes + static_cast<unsigned>(source) % lanes, {file, line});
}

template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = warpSize, CUDA_SHIM_PLACE) {
  using namespace cuda_shim::detail;
  const unsigned first = group_end(static_cast<unsigned>(width)) - static_cast<unsigned>(width);
  return exchange(mask, value, lane() >= first + delta ? lane() - delta : lane(), {file, line});
}

template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = warpSize, CUDA_SHIM_PLACE) {
  using namespace cuda_shim::detail;
  const unsigned source = lane() + delta;
  return exchange(mask, value, source < group_end(static_cast<unsigned>(width)) ? source : lane(), {file, line});
}

template <class T>
T __shfl_xor_sync(unsigned mask, T value, int bits, int width = warpSize, CUDA_SHIM_PLACE) {
  using namespace cuda_shim::detail;
  const unsigned source = lane() ^ static_cast<unsigned>(bits);
  return exchange(mask, value, source < group_end(static_cast<unsigned>(width)) ? source : lane(), {file, line});
}

inline unsigned __ballot_sync(unsigned mask, int value, CUDA_SHIM_PLACE) {
  return cuda_shim::detail::vote(mask, value != 0, {file, line});
}
inline int __any_sync(unsigned mask, int value, CUDA_SHIM_PLACE) {
  return cuda_shim::detail::vote(mask, value != 0, {file, line}) != 0 ? 1 : 0;
}
inline int __all_sync(unsigned mask, int value, CUDA_SHIM_PLACE) {
  return cuda_shim::detail::vote(mask, value != 0, {file, line}) == mask ? 1 : 0;
}

/// Lanes run one at a time here, which a kernel has to reckon with on a device, too.
inline unsigned __activemask() { return 1U << cuda_shim::detail::lane(); }

#undef CUDA_SHIM_PLACE

inline void __threadfence() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
inline void __threadfence_block() {}

// Atomics on integers. There are none on floating-point numbers, whose sums would depend on the order.

namespace cuda_shim::detail {

template <class T>
concept atomic_number = std::is_same_v<T, int> || std::is_same_v<T, unsigned> || std::is_same_v<T, unsigned long long>;

template <class T, class Change>
T change_atomically(T* place, Change&& change) {
  T old = __atomic_load_n(place, __ATOMIC_RELAXED);
  while (!__atomic_compare_exchange_n(place, &old, change(old), false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
  }
  return old;
}

}  // namespace cuda_shim::detail

template <cuda_shim::detail::atomic_number T>
T atomicAdd(T* place, std::type_identity_t<T> value) {
  return __atomic_fetch_add(place, value, __ATOMIC_RELAXED);
}
template <cuda_shim::detail::atomic_number T>
T atomicSub(T* place, std::type_identity_t<T> value) {
  return __atomic_fetch_sub(place, value, __ATOMIC_RELAXED);
}
template <cuda_shim::detail::atomic_number T>
T atomicAnd(T* place, std::type_identity_t<T> value) {
  return __atomic_fetch_and(place, value, __ATOMIC_RELAXED);
}
template <cuda_shim::detail::atomic_number T>
T atomicOr(T* place, std::type_identity_t<T> value) {
  return __atomic_fetch_or(place, value, __ATOMIC_RELAXED);
}
template <cuda_shim::detail::atomic_number T>
T atomicXor(T* place, std::type_identity_t<T> value) {
  return __atomic_fetch_xor(place, value, __ATOMIC_RELAXED);
}
template <cuda_shim::detail::atomic_number T>
T atomicMax(T* place, std::type_identity_t<T> value) {
  return cuda_shim::detail::change_atomically(place, [value](T old) { return old < value ? value : old; });
}
template <cuda_shim::detail::atomic_number T>
T atomicMin(T* place, std::type_identity_t<T> value) {
  return cuda_shim::detail::change_atomically(place, [value](T old) { return value < old ? value : old; });
}
template <cuda_shim::detail::atomic_number T>
T atomicExch(T* place, std::type_identity_t<T> value) {
  return __atomic_exchange_n(place, value, __ATOMIC_RELAXED);
}
inline float atomicExch(float* place, float value) {
  __atomic_exchange(place, &value, &value, __ATOMIC_RELAXED);
  return value;
}
template <cuda_shim::detail::atomic_number T>
T atomicCAS(T* place, std::type_identity_t<T> expected, std::type_identity_t<T> value) {
  __atomic_compare_exchange_n(place, &expected, value, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
  return expected;
}

// Numbers

template <class T>
T __ldg(const T* place) {
  return *place;
}

inline int __popc(unsigned value) { return std::popcount(value); }
inline int __popcll(unsigned long long value) { return std::popcount(value); }
inline int __ffs(int value) { return __builtin_ffs(value); }
inline int __ffsll(long long value) { return __builtin_ffsll(value); }
inline int __clz(int value) { return std::countl_zero(static_cast<unsigned>(value)); }
inline int __clzll(long long value) { return std::countl_zero(static_cast<unsigned long long>(value)); }
inline unsigned __umulhi(unsigned left, unsigned right) {
  return static_cast<unsigned>(std::uint64_t{left} * std::uint64_t{right} >> 32);
}

inline unsigned __float_as_uint(float value) { return std::bit_cast<unsigned>(value); }
inline float __uint_as_float(unsigned value) { return std::bit_cast<float>(value); }
inline int __float_as_int(float value) { return std::bit_cast<int>(value); }
inline float __int_as_float(int value) { return std::bit_cast<float>(value); }
inline long long __double_as_longlong(double value) { return std::bit_cast<long long>(value); }
inline double __longlong_as_double(long long value) { return std::bit_cast<double>(value); }

inline float __fadd_rn(float left, float right) { return left + right; }
inline float __fsub_rn(float left, float right) { return left - right; }
inline float __fmul_rn(float left, float right) { return left * right; }
inline float __fdiv_rn(float left, float right) { return left / right; }
inline float __fsqrt_rn(float value) { return ::sqrtf(value); }
inline float __frcp_rn(float value) { return 1.0F / value; }
inline float __fmaf_rn(float left, float right, float addend) { return ::fmaf(left, right, addend); }
inline double __dadd_rn(double left, double right) { return left + right; }
inline double __dmul_rn(double left, double right) { return left * right; }
inline double __fma_rn(double left, double right, double addend) { return ::fma(left, right, addend); }
inline float __fdividef(float left, float right) { return left / right; }
inline float rsqrtf(float value) { return 1.0F / ::sqrtf(value); }
inline double rsqrt(double value) { return 1.0 / ::sqrt(value); }
// The library of C has these two names as well, for itself.
#define __expf(value) ::expf(value)
#define __logf(value) ::logf(value)

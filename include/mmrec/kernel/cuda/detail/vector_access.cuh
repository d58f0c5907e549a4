// mmrec/kernel/cuda/detail/vector_access.cuh - reading and writing several numbers at once.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include <mmrec/core/error.hpp>
#include <mmrec/exec/cuda/config.hpp>
#include <mmrec/exec/cuda/launch.cuh>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace detail {

/// Width numbers that one instruction moves; where they lie is a multiple of their size.
template <class T, int Width>
struct alignas(sizeof(T) * Width) vector_pack {
  T at[Width];
};

/// Numbers in 16 bytes, the widest access of a thread.
template <class T>
inline constexpr int vector_width = sizeof(T) < 16 ? static_cast<int>(16 / sizeof(T)) : 1;

/// Smaller than or equal to all numbers.
template <class T>
inline constexpr T least_number = -std::numeric_limits<T>::infinity();

template <int Width, class T>
__device__ __forceinline__ vector_pack<T, Width> load_pack(const T* from) {
  return *reinterpret_cast<const vector_pack<T, Width>*>(from);
}
template <int Width, class T>
__device__ __forceinline__ void store_pack(T* to, const vector_pack<T, Width>& values) {
  *reinterpret_cast<vector_pack<T, Width>*>(to) = values;
}

/// Bytes from the last multiple of 16 to an address.
template <class T>
std::size_t beyond_pack(const T* address) {
  return static_cast<std::size_t>(reinterpret_cast<std::uintptr_t>(address) % 16);
}
/// Whether arrays, null ones excepted, begin at multiples of 16 bytes.
template <class... T>
bool begin_packs(const T*... addresses) {
  return (... && (beyond_pack(addresses) == 0));
}

/// A size as an index to which kernels add the numbers of their threads without leaving 32 bits.
/// Throws     limit_error
inline int index_below(std::string_view function, std::string_view what, std::size_t size) {
  constexpr std::size_t most = static_cast<std::size_t>((std::numeric_limits<std::int32_t>::max)()) - (std::size_t{1} << 24);
  if (size > most) throw limit_error(function, what, most, size);
  return static_cast<int>(size);
}
/// The same for rows x width, both of which fit then, too.
inline int index_below(std::string_view function, std::string_view what, std::size_t rows, std::size_t width) {
  index_below(function, what, rows);
  index_below(function, what, width);
  return index_below(function, what, rows * width);
}

// The functions of C by one name for both types.
__device__ __forceinline__ float exp_of(float x) { return expf(x); }
__device__ __forceinline__ double exp_of(double x) { return exp(x); }
__device__ __forceinline__ float log_of(float x) { return logf(x); }
__device__ __forceinline__ double log_of(double x) { return log(x); }
__device__ __forceinline__ float tanh_of(float x) { return tanhf(x); }
__device__ __forceinline__ double tanh_of(double x) { return tanh(x); }
__device__ __forceinline__ float erf_of(float x) { return erff(x); }
__device__ __forceinline__ double erf_of(double x) { return erf(x); }
__device__ __forceinline__ float sqrt_of(float x) { return sqrtf(x); }
__device__ __forceinline__ double sqrt_of(double x) { return sqrt(x); }

}  // namespace detail
}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

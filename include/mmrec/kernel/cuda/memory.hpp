// mmrec/kernel/cuda/memory.hpp - copying, filling and adding arrays, on a device.
#pragma once
#include <cstddef>
#include <cstdint>

#include <mmrec/exec/cuda/config.hpp>
#include <mmrec/exec/cuda/context.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

// What kernel/memory.hpp has, for arrays in device memory; queued. T is float, double or, but for add, an integer.
//
// Result     the CPU's, bit for bit
// Throws     limit_error for more than 2^31 - 2^24 numbers, copy excepted; call_error

template <class T>
void copy(const context& on, std::size_t count, const T* from, T* to);
template <class T>
void fill(const context& on, std::size_t count, T value, T* to);
template <class T>
void add(const context& on, std::size_t count, const T* from, T* to);

template <class T>
void zero_beyond(const context& on, std::size_t examples, std::size_t steps, const std::uint32_t* lengths, std::size_t width,
                 T* values);
template <class T>
void transpose(const context& on, std::size_t examples, std::size_t rows, std::size_t columns, const T* from, T* to);

/// Length is std::uint32_t; a template, as all these are.
template <class Length>
void window_lengths(const context& on, std::size_t count, const Length* lengths, std::size_t window, std::size_t stride,
                    std::size_t padding, std::size_t dilation, Length* to);

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

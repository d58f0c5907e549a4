// mmrec/kernel/cuda/elementwise.hpp - activations and softmax with their gradients, on a device.
#pragma once
#include <cstddef>
#include <cstdint>

#include <mmrec/exec/cuda/config.hpp>
#include <mmrec/exec/cuda/context.hpp>
#include <mmrec/kernel/cpu_features.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

// What kernel/elementwise.hpp has, for arrays in device memory; queued, T is float or double.
//
// Shapes     as there; arrays of any alignment, those that begin at multiples of 16 bytes are fastest
// Cost       each input read once, each output written once; rows of more than 4096 numbers are read up to three times
// Result     within a few units in the last place of the CPU's; the same bits from run to run, wherever the arrays begin
// Throws     limit_error for more than 2^31 - 2^24 numbers; call_error

template <class T>
void relu_forward(const context& on, std::size_t count, const T* x, T* y, kernel::simd_level = {});
template <class T>
void relu_backward(const context& on, std::size_t count, const T* y, const T* dy, T* dx, kernel::simd_level = {});

template <class T>
void leaky_relu_forward(const context& on, std::size_t count, T slope, const T* x, T* y, kernel::simd_level = {});
template <class T>
void leaky_relu_backward(const context& on, std::size_t count, T slope, const T* x, const T* dy, T* dx,
                         kernel::simd_level = {});

template <class T>
void sigmoid_forward(const context& on, std::size_t count, const T* x, T* y, kernel::simd_level = {});
template <class T>
void sigmoid_backward(const context& on, std::size_t count, const T* y, const T* dy, T* dx, kernel::simd_level = {});

template <class T>
void tanh_forward(const context& on, std::size_t count, const T* x, T* y, kernel::simd_level = {});
template <class T>
void tanh_backward(const context& on, std::size_t count, const T* y, const T* dy, T* dx, kernel::simd_level = {});

template <class T>
void gelu_forward(const context& on, std::size_t count, const T* x, T* y, kernel::simd_level = {});
template <class T>
void gelu_backward(const context& on, std::size_t count, const T* x, const T* dy, T* dx, kernel::simd_level = {});

template <class T>
void gelu_tanh_forward(const context& on, std::size_t count, const T* x, T* y, kernel::simd_level = {});
template <class T>
void gelu_tanh_backward(const context& on, std::size_t count, const T* x, const T* dy, T* dx, kernel::simd_level = {});

template <class T>
void softmax_forward(const context& on, std::size_t rows, std::size_t width, const std::uint32_t* lengths, const T* x, T* y,
                     kernel::simd_level = {});
template <class T>
void softmax_backward(const context& on, std::size_t rows, std::size_t width, const T* y, const T* dy, T* dx,
                      kernel::simd_level = {});

template <class T>
void log_softmax_forward(const context& on, std::size_t rows, std::size_t width, const T* x, T* y, kernel::simd_level = {});
template <class T>
void log_softmax_backward(const context& on, std::size_t rows, std::size_t width, const T* y, const T* dy, T* dx,
                          kernel::simd_level = {});

template <class T>
void log_sum_exp(const context& on, std::size_t rows, std::size_t width, const T* x, T* result, kernel::simd_level = {});

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

// The kernels of mmrec/kernel/cuda/elementwise.hpp for float, compiled.
#include <mmrec/kernel/cuda/elementwise.hpp>

#include <mmrec/kernel/cuda/elementwise.cuh>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

template void relu_forward(const context& on, std::size_t count, const float* x, float* y, kernel::simd_level);
template void relu_backward(const context& on, std::size_t count, const float* y, const float* dy, float* dx,
                            kernel::simd_level);
template void leaky_relu_forward(const context& on, std::size_t count, float slope, const float* x, float* y,
                                 kernel::simd_level);
template void leaky_relu_backward(const context& on, std::size_t count, float slope, const float* x, const float* dy,
                                  float* dx, kernel::simd_level);
template void sigmoid_forward(const context& on, std::size_t count, const float* x, float* y, kernel::simd_level);
template void sigmoid_backward(const context& on, std::size_t count, const float* y, const float* dy, float* dx,
                               kernel::simd_level);
template void tanh_forward(const context& on, std::size_t count, const float* x, float* y, kernel::simd_level);
template void tanh_backward(const context& on, std::size_t count, const float* y, const float* dy, float* dx,
                            kernel::simd_level);
template void gelu_forward(const context& on, std::size_t count, const float* x, float* y, kernel::simd_level);
template void gelu_backward(const context& on, std::size_t count, const float* x, const float* dy, float* dx,
                            kernel::simd_level);
template void gelu_tanh_forward(const context& on, std::size_t count, const float* x, float* y, kernel::simd_level);
template void gelu_tanh_backward(const context& on, std::size_t count, const float* x, const float* dy, float* dx,
                                 kernel::simd_level);
template void softmax_forward(const context& on, std::size_t rows, std::size_t width, const std::uint32_t* lengths,
                              const float* x, float* y, kernel::simd_level);
template void softmax_backward(const context& on, std::size_t rows, std::size_t width, const float* y, const float* dy,
                               float* dx, kernel::simd_level);
template void log_softmax_forward(const context& on, std::size_t rows, std::size_t width, const float* x, float* y,
                                  kernel::simd_level);
template void log_softmax_backward(const context& on, std::size_t rows, std::size_t width, const float* y, const float* dy,
                                   float* dx, kernel::simd_level);
template void log_sum_exp(const context& on, std::size_t rows, std::size_t width, const float* x, float* result,
                          kernel::simd_level);

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

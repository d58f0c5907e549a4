// The kernels of mmrec/kernel/cuda/pool.hpp for float, compiled.
#include <mmrec/kernel/cuda/pool.hpp>

#include <mmrec/kernel/cuda/pool.cuh>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

template void max_pool2d_forward(const context& on, const kernel::pool2d_shape& shape, std::size_t images,
                                 const float* input, float* output, kernel::simd_level);
template void max_pool2d_forward(const context& on, const kernel::pool2d_shape& shape, std::size_t images,
                                 const float* input, float* output, const std::uint32_t* lengths);
template void max_pool2d_backward(const context& on, const kernel::pool2d_shape& shape, std::size_t images,
                                  const float* input, const float* output_gradient, float* input_gradient,
                                  kernel::simd_level);
template void max_pool2d_backward(const context& on, const kernel::pool2d_shape& shape, std::size_t images,
                                  const float* input, const float* output_gradient, float* input_gradient,
                                  const std::uint32_t* lengths);
template void average_pool2d_forward(const context& on, const kernel::pool2d_shape& shape, std::size_t images,
                                     const float* input, float* output, kernel::pool_divisor divisor, kernel::simd_level);
template void average_pool2d_forward(const context& on, const kernel::pool2d_shape& shape, std::size_t images,
                                     const float* input, float* output, kernel::pool_divisor divisor,
                                     const std::uint32_t* lengths);
template void average_pool2d_backward(const context& on, const kernel::pool2d_shape& shape, std::size_t images,
                                      const float* output_gradient, float* input_gradient, kernel::pool_divisor divisor,
                                      kernel::simd_level);
template void average_pool2d_backward(const context& on, const kernel::pool2d_shape& shape, std::size_t images,
                                      const float* output_gradient, float* input_gradient, kernel::pool_divisor divisor,
                                      const std::uint32_t* lengths);
template void global_max_pool_forward(const context& on, std::size_t images, std::size_t positions, std::size_t channels,
                                      const std::uint32_t* lengths, const float* input, float* output, kernel::simd_level);
template void global_max_pool_backward(const context& on, std::size_t images, std::size_t positions, std::size_t channels,
                                       const std::uint32_t* lengths, const float* input, const float* output_gradient,
                                       float* input_gradient, kernel::simd_level);
template void global_average_pool_forward(const context& on, std::size_t images, std::size_t positions, std::size_t channels,
                                          const std::uint32_t* lengths, const float* input, float* output,
                                          kernel::simd_level);
template void global_average_pool_backward(const context& on, std::size_t images, std::size_t positions,
                                           std::size_t channels, const std::uint32_t* lengths, const float* output_gradient,
                                           float* input_gradient, kernel::simd_level);

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

// The kernels of mmrec/kernel/cuda/conv2d.hpp for float, compiled.
#include <mmrec/kernel/cuda/conv2d.hpp>

#include <mmrec/kernel/cuda/conv2d.cuh>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

template void conv2d_forward(const context& on, const kernel::conv2d_shape& shape, std::size_t images, const float* input,
                             const float* weights, const kernel::conv2d_epilogue<float>& epilogue, float* output,
                             float* scratch, kernel::simd_level level);
template void conv2d_backward_input(const context& on, const kernel::conv2d_shape& shape, std::size_t images,
                                    const float* weights, const float* output_gradient, float* input_gradient,
                                    float* scratch, kernel::simd_level level);
template void conv2d_backward_weights(const context& on, const kernel::conv2d_shape& shape, std::size_t images,
                                      const float* input, const float* output_gradient, float* weight_gradient,
                                      float* bias_gradient, float* scratch, kernel::simd_level level);

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

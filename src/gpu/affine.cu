// The kernels of mmrec/kernel/cuda/affine.hpp for float, compiled.
#include <mmrec/kernel/cuda/affine.hpp>

#include <mmrec/kernel/cuda/affine.cuh>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

template void affine(const context& on, std::size_t rows, std::size_t inner, std::size_t columns, const float* x,
                     const float* weights, const float* bias, bool relu, float* y, float* scratch, kernel::simd_level level);
template void affine_backward_input(const context& on, std::size_t rows, std::size_t inner, std::size_t columns,
                                    const float* y_gradient, const float* weights, float* x_gradient, float* scratch,
                                    kernel::simd_level level);
template void affine_backward_weights(const context& on, std::size_t rows, std::size_t inner, std::size_t columns,
                                      const float* x, const float* y_gradient, float* weight_gradient, float* bias_gradient,
                                      float* scratch, kernel::simd_level level);

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

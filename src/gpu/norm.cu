// The kernels of mmrec/kernel/cuda/norm.hpp for float, compiled.
#include <mmrec/kernel/cuda/norm.hpp>

#include <mmrec/kernel/cuda/norm.cuh>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

template void scale_and_shift(const context& on, const kernel::norm_shape& shape, const float* x, const float* scale,
                              const float* shift, float* y, kernel::simd_level);
template void statistics_scale(const context& on, std::size_t channels, double epsilon, const float* gamma,
                               const float* beta, const float* running_mean, const float* running_variance, float* scale,
                               float* shift);
template void batch_norm_forward(const context& on, const kernel::norm_shape& shape, float epsilon, float momentum,
                                 const float* x, const float* gamma, const float* beta, float* running_mean,
                                 float* running_variance, float* y, float* mean, float* inverse, double* scratch,
                                 kernel::simd_level);
template void batch_norm_backward(const context& on, const kernel::norm_shape& shape, const float* x, const float* dy,
                                  const float* gamma, const float* mean, const float* inverse, float* gamma_gradient,
                                  float* beta_gradient, float* dx, double* scratch, kernel::simd_level);
template void layer_norm_forward(const context& on, const kernel::norm_shape& shape, float epsilon, const float* x,
                                 const float* gamma, const float* beta, float* y, float* mean, float* inverse,
                                 kernel::simd_level);
template void layer_norm_backward(const context& on, const kernel::norm_shape& shape, const float* x, const float* dy,
                                  const float* gamma, const float* mean, const float* inverse, float* gamma_gradient,
                                  float* beta_gradient, float* dx, double* scratch, kernel::simd_level);

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

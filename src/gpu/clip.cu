// The kernels of mmrec/nn/cuda/clip.hpp for float, compiled.
#include <mmrec/nn/cuda/clip.hpp>

#include <mmrec/nn/cuda/clip.cuh>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

template void global_norm(const context& on, const float* gradients, std::size_t count, double* norm);
template void clip_factor(const context& on, const float* gradients, std::size_t count, double most, float* scale,
                          double* total_loss);
template void clip_by_value(const context& on, float* gradients, std::size_t count, double most);

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

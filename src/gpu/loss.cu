// The kernels of mmrec/nn/cuda/loss.hpp for float, compiled.
#include <mmrec/nn/cuda/loss.hpp>

#include <mmrec/nn/cuda/loss.cuh>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

template void loss_and_gradient(const context& on, const nn::loss::mse& loss, const float* outputs, const float* targets,
                                std::size_t batch, std::size_t width, float* gradient, double* total, float* scratch);
template void loss_and_gradient(const context& on, const nn::loss::bce_with_logits& loss, const float* outputs,
                                const float* targets, std::size_t batch, std::size_t width, float* gradient, double* total,
                                float* scratch);
template void loss_and_gradient(const context& on, const nn::loss::softmax_cross_entropy& loss, const float* outputs,
                                const std::uint32_t* targets, std::size_t batch, std::size_t width, float* gradient,
                                double* total, float* scratch);
template void loss_and_gradient(const context& on, const nn::loss::bpr& loss, const float* outputs, const float* targets,
                                std::size_t batch, std::size_t width, float* gradient, double* total, float* scratch);
template void loss_and_gradient(const context& on, const nn::loss::sampled_softmax& loss, const float* outputs,
                                const float* log_expected_counts, std::size_t batch, std::size_t width, float* gradient,
                                double* total, float* scratch);
template void loss_and_gradients(const context& on, const nn::loss::infonce& loss, const float* left, const float* right,
                                 std::size_t batch, std::size_t width, float* left_gradient, float* right_gradient,
                                 double* total, float* scratch);
template void count_right(const context& on, const float* outputs, const std::uint32_t* targets, std::size_t batch,
                          std::size_t width, std::uint32_t* right);

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

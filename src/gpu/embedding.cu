// The kernels of mmrec/kernel/cuda/embedding.hpp for float, compiled.
#include <mmrec/kernel/cuda/embedding.hpp>

#include <mmrec/kernel/cuda/embedding.cuh>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

template void embedding_forward(const context& on, const kernel::id_batch& batch, std::size_t width, const float* table,
                                float* y);
template void embedding_backward(const context& on, const kernel::id_batch& batch, std::size_t width, const float* dy,
                                 std::size_t skipped, float* table_gradient);
template void embedding_bag_forward(const context& on, const kernel::id_batch& batch, kernel::bag_mode mode,
                                    std::size_t width, const float* table, float* y);
template void embedding_bag_backward(const context& on, const kernel::id_batch& batch, kernel::bag_mode mode,
                                     std::size_t width, const float* dy, float* table_gradient);
template void mark_rows(const context& on, const kernel::id_batch& batch, std::size_t skipped, std::uint8_t* touched);

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

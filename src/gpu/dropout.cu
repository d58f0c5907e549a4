// The kernels of mmrec/kernel/cuda/dropout.hpp for float, compiled.
#include <mmrec/kernel/cuda/dropout.hpp>

#include <mmrec/kernel/cuda/dropout.cuh>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

template void dropout(const context& on, std::size_t count, std::uint32_t dropped, float factor, const random_key& key,
                      const float* from, float* to);

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

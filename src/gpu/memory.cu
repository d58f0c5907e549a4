// The kernels of mmrec/kernel/cuda/memory.hpp for float, compiled.
#include <mmrec/kernel/cuda/memory.hpp>

#include <mmrec/kernel/cuda/memory.cuh>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

template void copy(const context& on, std::size_t count, const float* from, float* to);
template void fill(const context& on, std::size_t count, float value, float* to);
template void add(const context& on, std::size_t count, const float* from, float* to);
template void zero_beyond(const context& on, std::size_t examples, std::size_t steps, const std::uint32_t* lengths,
                          std::size_t width, float* values);
template void transpose(const context& on, std::size_t examples, std::size_t rows, std::size_t columns, const float* from,
                        float* to);
template void window_lengths(const context& on, std::size_t count, const std::uint32_t* lengths, std::size_t window,
                             std::size_t stride, std::size_t padding, std::size_t dilation, std::uint32_t* to);

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

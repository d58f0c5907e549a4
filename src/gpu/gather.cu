// The kernels of mmrec/kernel/cuda/gather.hpp for float, compiled.
#include <mmrec/kernel/cuda/gather.hpp>

#include <mmrec/kernel/cuda/gather.cuh>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

template void gather_rows(const context& on, const float* all, std::size_t width, const std::uint32_t* order,
                          const std::uint32_t* first, std::size_t count, float* to);
template void gather_rows(const context& on, const std::int32_t* all, std::size_t width, const std::uint32_t* order,
                          const std::uint32_t* first, std::size_t count, std::int32_t* to);
template void gather_rows(const context& on, const std::uint32_t* all, std::size_t width, const std::uint32_t* order,
                          const std::uint32_t* first, std::size_t count, std::uint32_t* to);
template void gather_ragged(const context& on, const float* values, const std::uint64_t* starts, std::size_t width,
                            std::size_t steps, const std::uint32_t* order, const std::uint32_t* first, std::size_t count,
                            float* to, std::uint32_t* lengths);
template void gather_ragged(const context& on, const std::int32_t* values, const std::uint64_t* starts, std::size_t width,
                            std::size_t steps, const std::uint32_t* order, const std::uint32_t* first, std::size_t count,
                            std::int32_t* to, std::uint32_t* lengths);
template void gather_ragged(const context& on, const std::uint32_t* values, const std::uint64_t* starts, std::size_t width,
                            std::size_t steps, const std::uint32_t* order, const std::uint32_t* first, std::size_t count,
                            std::uint32_t* to, std::uint32_t* lengths);
template void advance(const context& on, std::uint32_t* counter, std::uint32_t by);
template void interleave_planes(const context& on, std::size_t count, std::size_t channels, std::size_t pixels,
                                const float* planes, float* to);
template void interleave_planes(const context& on, std::size_t count, std::size_t channels, std::size_t pixels,
                                const std::int32_t* planes, std::int32_t* to);
template void interleave_planes(const context& on, std::size_t count, std::size_t channels, std::size_t pixels,
                                const std::uint32_t* planes, std::uint32_t* to);

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

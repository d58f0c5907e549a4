// The kernels of mmrec/kernel/cuda/image.hpp for float, compiled.
#include <mmrec/kernel/cuda/image.hpp>

#include <mmrec/kernel/cuda/image.cuh>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

template void standardize(const context& on, std::size_t count, std::size_t pixels, const std::uint8_t* pictures,
                          const channel_moments& moments, float* planes);
template void standardize(const context& on, std::size_t count, std::size_t pixels, const float* from,
                          const channel_moments& moments, float* to);
template void resize_bilinear(const context& on, std::size_t count, std::size_t height, std::size_t width,
                              const std::uint8_t* from, std::size_t new_height, std::size_t new_width, std::uint8_t* to);

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

// mmrec/kernel/cuda/image_tuning.hpp - how the kernels of pictures are cut into threads.
#pragma once
#include <cstddef>

#include <mmrec/exec/cuda/config.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace image_tuning {

/// Of a block: as many as there are grey levels, whose table a block makes first, each thread one entry of each channel.
inline constexpr int threads = 256;
/// Most pixels of a block that standardises bytes: enough for the table of 768 numbers to be the smaller part of the work.
inline constexpr std::size_t pixels = 4096;

}  // namespace image_tuning
}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

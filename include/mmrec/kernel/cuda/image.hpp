// mmrec/kernel/cuda/image.hpp - pictures as numbers, and pictures of another size, on a device.
#pragma once
#include <cstddef>
#include <cstdint>

#include <mmrec/exec/cuda/config.hpp>
#include <mmrec/exec/cuda/context.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

/// Of the channels red, green and blue, as image::standardize_model has them.
struct channel_moments {
  double mean[3];
  double deviation[3];  ///< 0: the channel becomes 0
};

/// (level - mean) / deviation of each channel: what image::standardize_model::transform does.
///
/// Shapes     pictures: count x pixels x 3 bytes; planes: count x 3 x pixels
/// Cost       3 bytes of each pixel read, 3 numbers written
/// Result     the CPU's bits
/// Throws     limit_error beyond 2^31 - 1 pictures or numbers of one; call_error
template <class T>
void standardize(const context& on, std::size_t count, std::size_t pixels, const std::uint8_t* pictures,
                 const channel_moments& moments, T* planes);

/// The same of planes of numbers.
/// Shapes     from, to: count x 3 x pixels; `to` may be `from`
template <class T>
void standardize(const context& on, std::size_t count, std::size_t pixels, const T* from, const channel_moments& moments,
                 T* to);

/// Pictures of one size become pictures of another, as image::resize does with filter::bilinear: a triangle of the width of
/// two new (or old, if larger) pixels.
///
/// Shapes     from: count x height x width x 3 bytes; to: count x new_height x new_width x 3 bytes
/// Cost       O(pixels in + pixels out) a picture; the weights of both axes in the context's workspace
/// Result     within a grey level of the CPU's, products and sums being fused; pictures of the wanted size are passed on
///            unchanged
/// Throws     limit_error beyond 2^31 - 1 pictures or bytes of one, and for rows that do not fit shared memory (above 4000
///            pixels on any device, 19000 on Hopper); call_error
template <class Byte>
void resize_bilinear(const context& on, std::size_t count, std::size_t height, std::size_t width, const Byte* from,
                     std::size_t new_height, std::size_t new_width, Byte* to);

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

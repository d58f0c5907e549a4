// mmrec/image/filter.hpp - how pixels are mixed when a picture changes its size.
#pragma once

namespace mmrec::inline v0 {
namespace image {

/// All but `nearest` widen with the factor of reduction, so that every input pixel counts (no aliasing).
///
///   nearest   the pixel under the centre of the new one                            Pillow: NEAREST
///   bilinear  a triangle of the width of two new (or old, if larger) pixels        Pillow: BILINEAR
///   area      the mean over the area of the new pixel                              Pillow: BOX, where sizes divide
///   lanczos   a windowed sinc of six new pixels: sharpest, may ring at edges       Pillow: LANCZOS
enum class filter { nearest, bilinear, area, lanczos };

}  // namespace image
}  // namespace mmrec::inline v0

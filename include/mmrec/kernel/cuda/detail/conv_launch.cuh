// mmrec/kernel/cuda/detail/conv_launch.cuh - which kernel computes a convolution, and in how many blocks.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string_view>
#include <type_traits>

#include <cuda_runtime.h>

#include <mmrec/core/error.hpp>
#include <mmrec/exec/cuda/config.hpp>
#include <mmrec/exec/cuda/context.hpp>
#include <mmrec/exec/cuda/error.hpp>
#include <mmrec/exec/cuda/launch.cuh>
#include <mmrec/kernel/conv2d_shape.hpp>
#include <mmrec/kernel/cuda/conv2d_tuning.hpp>
#include <mmrec/kernel/cuda/detail/affine_column_sums.cuh>
#include <mmrec/kernel/cuda/detail/conv_direct.cuh>
#include <mmrec/kernel/cuda/detail/conv_form.cuh>
#include <mmrec/kernel/cuda/detail/conv_geometry.cuh>
#include <mmrec/kernel/cuda/detail/conv_product.cuh>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace detail {

/// The product of sizes, if it fits in 32 bits. Throws limit_error.
inline std::size_t conv_checked(std::string_view function, std::string_view what, std::initializer_list<std::size_t> sizes) {
  constexpr auto most = static_cast<std::size_t>((std::numeric_limits<std::int32_t>::max)());
  constexpr auto all_bits = (std::numeric_limits<std::uint64_t>::max)();
  for (const std::size_t size : sizes) {
    if (size == 0) return 0;
  }
  std::uint64_t product = 1;
  for (const std::size_t size : sizes) product = product > all_bits / size ? all_bits : product * size;
  if (product > most) throw limit_error(function, what, most, product);
  return static_cast<std::size_t>(product);
}

/// Checks that kernels can count everything in 32 bits, also the places beside pictures that they ask about.
inline void conv_require_indices(std::string_view function, const kernel::conv2d_shape& s, std::size_t images) {
  constexpr std::size_t spare = 128;  // rows and steps that the last tile may have too many
  const auto narrowed = [&](std::string_view what, std::size_t size) { static_cast<void>(narrow(function, what, size)); };
  narrowed("stride", s.stride_height);
  narrowed("stride", s.stride_width);
  const std::size_t reach_height =
      conv_checked(function, "reach of the kernel", {s.kernel_height + spare, s.dilation_height});
  const std::size_t reach_width = conv_checked(function, "reach of the kernel", {s.kernel_width + spare, s.dilation_width});
  narrowed("padding", s.padding_height);
  narrowed("padding", s.padding_width);
  narrowed("input height", s.in_height);
  narrowed("input width", s.in_width);
  narrowed("input height with its padding", s.in_height + 2 * s.padding_height + reach_height);
  narrowed("input width with its padding", s.in_width + 2 * s.padding_width + reach_width);
  conv_checked(function, "weights", {s.kernel_height, s.kernel_width, s.in_channels / s.groups, s.out_channels});
  conv_checked(function, "input elements", {images, s.in_height, s.in_width, s.in_channels});
  conv_checked(function, "output elements", {images, s.out_height(), s.out_width(), s.out_channels});
  narrowed("output pixels", conv_checked(function, "output pixels", {images, s.out_height(), s.out_width()}) + spare);
}

constexpr bool conv_depthwise(const kernel::conv2d_shape& s) {
  return s.groups > 1 && s.groups == s.in_channels && s.groups == s.out_channels;
}

/// The precision that the device can give.
inline math conv_math(const context& on) { return on.device().major >= 8 ? on.precision() : math::float32; }

template <class... T>
bool conv_aligned(const T*... pointers) {
  return ((reinterpret_cast<std::uintptr_t>(pointers) % 16 == 0) && ...);
}

/// Calls run.operator()<Form>() for the form of a tiling and a precision.
template <conv_tiling Tiling, int Vector, class Run>
bool conv_with_mode(math mode, Run&& run) {
  using thread_tile = typename conv_thread_tiles<Tiling>::type;
  using warp_tile = typename conv_warp_tiles<conv_warp_tiling(Tiling)>::type;
  switch (mode) {
    case math::tf32:
      return run.template operator()<conv_form<warp_tile, math::tf32, Vector>>();
    case math::bf16:
      return run.template operator()<conv_form<warp_tile, math::bf16, Vector>>();
    default:
      return run.template operator()<conv_form<thread_tile, math::float32, Vector>>();
  }
}
template <class Run>
bool conv_with_tiling(conv_tiling tiling, bool by_fours, math mode, Run&& run) {
  if (!by_fours) {
    if (tiling == conv_tiling::narrow) return conv_with_mode<conv_tiling::narrow, 1>(mode, run);
    return conv_with_mode<conv_tiling::small, 1>(mode, run);
  }
  switch (tiling) {
    case conv_tiling::large:
      return conv_with_mode<conv_tiling::large, 4>(mode, run);
    case conv_tiling::tall:
      return conv_with_mode<conv_tiling::tall, 4>(mode, run);
    case conv_tiling::narrow:
      return conv_with_mode<conv_tiling::narrow, 4>(mode, run);
    default:
      return conv_with_mode<conv_tiling::small, 4>(mode, run);
  }
}

/// What a kernel is compiled for, and the tiling of its product: for a shape known at run time.
struct conv_any_shape {
  const kernel::conv2d_shape& shape;
  std::size_t images;

  using sizes = conv_sizes;
  sizes make() const { return conv_sizes_of(shape); }
  template <class Run>
  bool forward(bool aligned, math mode, Run&& run) const {
    const bool by_fours = aligned && conv_by_fours(shape);
    return conv_with_tiling(conv_forward_tiling(shape, images, by_fours), by_fours, mode, run);
  }
  template <class Run>
  bool backward(bool aligned, math mode, Run&& run) const {
    const bool by_fours = aligned && conv_by_fours(shape);
    return conv_with_tiling(conv_input_tiling(shape, images, by_fours), by_fours, mode, run);
  }
  template <class Run>
  bool weights(bool aligned, math mode, Run&& run) const {
    const bool by_fours = aligned && conv_by_fours(shape);
    return conv_with_tiling(conv_weight_tiling(shape, by_fours), by_fours, mode, run);
  }
};

/// The same for a shape that the compiler knows, in float32, for a batch of usual size: one kernel a problem. On tensor
/// cores the inner loop gains nothing from known sizes, and three times the kernels would be compiled.
template <kernel::conv2d_shape Shape>
struct conv_known_shape {
  static constexpr kernel::conv2d_shape shape = Shape;
  static constexpr bool by_fours = conv_by_fours(Shape);
  static constexpr int vector = by_fours ? 4 : 1;

  using sizes = fixed_conv<Shape>;
  sizes make() const { return {}; }
  template <class Run>
  bool forward(bool, math, Run&& run) const {
    return with_tile<conv_forward_tiling(Shape, conv_usual_images, by_fours)>(run);
  }
  template <class Run>
  bool backward(bool, math, Run&& run) const {
    return with_tile<conv_input_tiling(Shape, conv_usual_images, by_fours)>(run);
  }
  template <class Run>
  bool weights(bool, math, Run&& run) const {
    return with_tile<conv_weight_tiling(Shape, by_fours)>(run);
  }

 private:
  template <conv_tiling Tiling, class Run>
  static bool with_tile(Run&& run) {
    return run.template operator()<conv_form<typename conv_thread_tiles<Tiling>::type, math::float32, vector>>();
  }
};

/// conv2d_forward after its checks, for a shape of either kind.
template <class Kind, class T>
void conv_forward(const context& on, std::string_view function, const Kind& kind, std::size_t images, const T* input,
                  const T* weights, const kernel::conv2d_epilogue<T>& epilogue, T* output) {
  using sizes = typename Kind::sizes;
  const kernel::conv2d_shape& shape = kind.shape;
  const std::size_t pixels = images * shape.out_height() * shape.out_width(), count = pixels * shape.out_channels;
  if (count == 0) return;
  if constexpr (std::is_same_v<T, float>) {
    const auto run = [&]<class Form>() {
      using tile = typename Form::tile;
      const std::size_t column_tiles = blocks_for(shape.out_channels / shape.groups, tile::columns);
      const launch_shape blocks{
          .x = blocks_for(pixels, tile::rows) * column_tiles, .z = shape.groups, .threads = Form::threads};
      const auto kernel = conv_forward_kernel<sizes, Form>;
      if (!can_run(on, blocks, kernel)) return false;
      launch(on, function, blocks, kernel,
             conv_operands<sizes>{kind.make(), static_cast<int>(images), static_cast<int>(column_tiles), input, weights,
                                  output, epilogue});
      return true;
    };
    if (!conv_depthwise(shape) && shape.in_channels != 0 &&
        kind.forward(conv_aligned(input, weights, output), conv_math(on), run)) {
      return;
    }
  }
  launch(on, function, {.x = blocks_for(count, conv_direct_threads), .threads = conv_direct_threads},
         conv_forward_direct<sizes, T>, kind.make(), static_cast<int>(count), input, weights, epilogue, output);
}

/// conv2d_backward_input after its checks.
template <class Kind, class T>
void conv_backward_input(const context& on, std::string_view function, const Kind& kind, std::size_t images,
                         const T* weights, const T* output_gradient, T* input_gradient) {
  using sizes = typename Kind::sizes;
  const kernel::conv2d_shape& shape = kind.shape;
  const std::size_t count = images * shape.in_size();
  if (count == 0) return;
  if constexpr (std::is_same_v<T, float>) {
    const auto run = [&]<class Form>() {
      using tile = typename Form::tile;
      const sizes s = kind.make();
      const std::size_t column_tiles = blocks_for(shape.in_channels / shape.groups, tile::columns);
      const std::size_t pixels = images * static_cast<std::size_t>(s.phase_height) * static_cast<std::size_t>(s.phase_width);
      const std::size_t phases = static_cast<std::size_t>(s.phases_height) * static_cast<std::size_t>(s.phases_width);
      const launch_shape blocks{
          .x = blocks_for(pixels, tile::rows) * column_tiles, .z = shape.groups * phases, .threads = Form::threads};
      const auto kernel = conv_backward_kernel<sizes, Form>;
      if (!can_run(on, blocks, kernel)) return false;
      launch(on, function, blocks, kernel,
             conv_operands<sizes>{
                 s, static_cast<int>(images), static_cast<int>(column_tiles), output_gradient, weights, input_gradient, {}});
      return true;
    };
    if (!conv_depthwise(shape) && shape.out_channels != 0 &&
        kind.backward(conv_aligned(output_gradient, weights, input_gradient), conv_math(on), run)) {
      return;
    }
  }
  launch(on, function, {.x = blocks_for(count, conv_direct_threads), .threads = conv_direct_threads},
         conv_backward_direct<sizes, T>, kind.make(), static_cast<int>(count), weights, output_gradient, input_gradient);
}

/// conv2d_backward_weights after its checks.
template <class Kind, class T>
void conv_backward_weights(const context& on, std::string_view function, const Kind& kind, std::size_t images,
                           const T* input, const T* output_gradient, T* weight_gradient, T* bias_gradient) {
  using sizes = typename Kind::sizes;
  const kernel::conv2d_shape& shape = kind.shape;
  const std::size_t pixels = images * shape.out_height() * shape.out_width(), count = shape.weights();
  if (pixels * shape.out_channels == 0) return;
  const auto add = [&](std::size_t parts, const T* sums) {
    launch(on, function, {.x = blocks_for(count, conv_direct_threads), .threads = conv_direct_threads}, conv_add_parts<T>,
           static_cast<int>(count), static_cast<int>(parts), sums, weight_gradient);
  };
  bool done = count == 0;
  if constexpr (std::is_same_v<T, float>) {
    const conv_parts parts = conv_weight_parts(shape, pixels);
    const auto run = [&]<class Form>() {
      using tile = typename Form::tile;
      const std::size_t rows = count / shape.out_channels;
      const std::size_t column_tiles = blocks_for(shape.out_channels / shape.groups, tile::columns);
      const launch_shape blocks{
          .x = blocks_for(rows, tile::rows) * column_tiles, .z = shape.groups * parts.count, .threads = Form::threads};
      const auto kernel = conv_weight_kernel<sizes, Form>;
      if (!can_run(on, blocks, kernel)) return false;
      const bool adds = parts.count == 1;
      float* const target = adds ? weight_gradient : on.workspace_of<float>(parts.count * count);
      launch(on, function, blocks, kernel,
             conv_weight_operands<sizes>{kind.make(), static_cast<int>(images), static_cast<int>(column_tiles),
                                         static_cast<int>(parts.pixels), input, output_gradient, target, adds});
      if (!adds) add(parts.count, target);
      return true;
    };
    done = done || (!conv_depthwise(shape) &&
                    kind.weights(conv_aligned(input, output_gradient, weight_gradient), conv_math(on), run));
  }
  if (!done) {
    const conv_parts parts = conv_parts_of(pixels, blocks_for(count, conv_direct_threads), conv_direct_blocks);
    T* const target = on.workspace_of<T>(parts.count * count);
    launch(on, function, {.x = blocks_for(count, conv_direct_threads), .y = parts.count, .threads = conv_direct_threads},
           conv_weight_direct<sizes, T>, kind.make(), static_cast<int>(count), static_cast<int>(pixels),
           static_cast<int>(parts.pixels), input, output_gradient, target);
    add(parts.count, target);
  }
  if (bias_gradient != nullptr) {
    add_column_sums(on, function, static_cast<int>(pixels), static_cast<int>(shape.out_channels), output_gradient,
                    bias_gradient);
  }
}

}  // namespace detail
}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

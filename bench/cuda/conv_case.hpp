// bench/cuda/conv_case.hpp - one convolution of ours: where its numbers lie, and the call.
#pragma once
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <mmrec/exec/cuda/context.hpp>
#include <mmrec/kernel/conv2d_shape.hpp>
#include <mmrec/kernel/cuda/conv2d.hpp>

#include "cudnn_convolution.hpp"
#include "harness.hpp"

namespace bench {

inline constexpr std::array<direction, 3> directions{direction::forward, direction::backward_input,
                                                     direction::backward_weights};

inline std::string name_of(direction what) {
  return what == direction::forward          ? "conv2d_forward"
         : what == direction::backward_input ? "conv2d_backward_input"
                                             : "conv2d_backward_weights";
}

inline description describe(direction what, const mmrec::kernel::conv2d_shape& shape, std::size_t images,
                            cuda::math precision) {
  const std::string stride = shape.stride_height == 1 ? "" : "/" + std::to_string(shape.stride_height);
  return {name_of(what),
          std::to_string(shape.kernel_height) + "x" + std::to_string(shape.kernel_width) + stride + " " +
              std::to_string(shape.in_channels) + ">" + std::to_string(shape.out_channels) + " @" +
              std::to_string(shape.in_height) + " n" + std::to_string(images),
          name_of(precision),
          {{"images", images},
           {"in_channels", shape.in_channels},
           {"out_channels", shape.out_channels},
           {"size", shape.in_height},
           {"kernel", shape.kernel_height},
           {"stride", shape.stride_height},
           {"padding", shape.padding_height}}};
}

/// Where the numbers of one direction of a convolution lie, among runner::numbers() and runner::results(): sets of pictures
/// or their gradients, and one set of weights or their gradients.
struct conv_places {
  conv_places(const runner& run, direction what, const mmrec::kernel::conv2d_shape& shape, std::size_t images)
      : input(images * shape.in_size()), output(images * shape.out_size()), weights(shape.weights()) {
    const std::size_t read = what == direction::forward          ? input
                             : what == direction::backward_input ? output
                                                                 : input + output;
    result = what == direction::forward ? output : what == direction::backward_input ? input : weights;
    const bool sums = what == direction::backward_weights;
    stretches in(run.capacity()), out(run.capacity());
    one_weights = in.take(weights);
    sets = run.sets((read + (sums ? 0 : result)) * sizeof(float));
    for (std::size_t set = 0; set < sets; ++set) {
      inputs.push_back(what == direction::backward_input ? 0 : in.take(input));
      outputs.push_back(what == direction::forward ? 0 : in.take(output));
      results.push_back(sums && set > 0 ? results[0] : out.take(result));
    }
    // What comparisons need besides.
    spare_results = {out.take(result), out.take(result)};
    spare_weights = {out.take(weights), out.take(weights)};
  }

  std::size_t input, output, weights, result = 0;  // how many
  std::size_t sets = 1;
  std::size_t one_weights = 0;
  std::vector<std::size_t> inputs, outputs, results;
  std::array<std::size_t, 2> spare_results{}, spare_weights{};
};

/// Queues the convolution of one set; the shape is one known at run time, or a kernel::constant_conv2d.
template <class Shape>
void queue_convolution(const cuda::context& on, runner& run, direction what, const Shape& shape, std::size_t images,
                       const conv_places& at, std::size_t set) {
  const float* const numbers = run.numbers();
  float* const result = run.results() + at.results[set];
  float* const scratch = nullptr;
  if (what == direction::forward) {
    cuda::conv2d_forward(on, shape, images, numbers + at.inputs[set], numbers + at.one_weights, {}, result, scratch);
  } else if (what == direction::backward_input) {
    cuda::conv2d_backward_input(on, shape, images, numbers + at.one_weights, numbers + at.outputs[set], result, scratch);
  } else {
    cuda::conv2d_backward_weights(on, shape, images, numbers + at.inputs[set], numbers + at.outputs[set], result, nullptr,
                                  scratch);
  }
}

/// Fills in rate and share of a measured convolution.
inline void rate(measurement& measured, const runner& run, const mmrec::kernel::conv2d_shape& shape, std::size_t images,
                 const conv_places& at, cuda::math precision) {
  const double operations = 2.0 * static_cast<double>(images) * static_cast<double>(shape.multiply_adds());
  const double bytes = static_cast<double>((at.input + at.output + at.weights) * sizeof(float));
  measured.rate = operations / measured.microseconds * 1e-6;
  measured.unit = "TFLOP/s";
  measured.share = run.share(operations, bytes, precision, measured.microseconds);
}

}  // namespace bench

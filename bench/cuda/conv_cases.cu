// The convolutions of ResNet-50, in the form for any shape, beside cuDNN's.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <utility>

#include <cuda_runtime_api.h>

#include <mmrec/exec/cuda/buffer.hpp>
#include <mmrec/exec/cuda/error.hpp>
#include <mmrec/kernel/cuda/conv2d.cuh>
#include <mmrec/kernel/cuda/memory.cuh>

#include "conv_case.hpp"
#include "harness.hpp"

namespace bench {
namespace {

using mmrec::kernel::conv2d_shape;

constexpr conv2d_shape square(std::size_t kernel, std::size_t stride, std::size_t in, std::size_t out, std::size_t size) {
  return {.in_channels = in,
          .in_height = size,
          .in_width = size,
          .out_channels = out,
          .kernel_height = kernel,
          .kernel_width = kernel,
          .stride_height = stride,
          .stride_width = stride,
          .padding_height = kernel / 2,
          .padding_width = kernel / 2};
}

/// All that differ, of pictures of 224 x 224; a block halves its picture in its 3 x 3 convolution.
constexpr conv2d_shape resnet50[] = {
    square(7, 2, 3, 64, 224),                                                                                            //
    square(1, 1, 64, 64, 56),    square(3, 1, 64, 64, 56),   square(1, 1, 64, 256, 56),   square(1, 1, 256, 64, 56),     //
    square(1, 1, 256, 128, 56),  square(3, 2, 128, 128, 56), square(1, 1, 128, 512, 28),  square(1, 2, 256, 512, 56),    //
    square(1, 1, 512, 128, 28),  square(3, 1, 128, 128, 28),                                                             //
    square(1, 1, 512, 256, 28),  square(3, 2, 256, 256, 28), square(1, 1, 256, 1024, 14), square(1, 2, 512, 1024, 28),   //
    square(1, 1, 1024, 256, 14), square(3, 1, 256, 256, 14),                                                             //
    square(1, 1, 1024, 512, 14), square(3, 2, 512, 512, 14), square(1, 1, 512, 2048, 7),  square(1, 2, 1024, 2048, 14),  //
    square(1, 1, 2048, 512, 7),  square(3, 1, 512, 512, 7)};

#if defined(MMREC_BENCH_CUDNN)

/// Rounding apart, both sides multiply the same numbers: those of tf32 round them each their own way, bf16 results are
/// rounded once more.
double most_difference(cuda::math precision) {
  return precision == cuda::math::float32 ? 1e-4 : precision == cuda::math::tf32 ? 5e-3 : 2e-2;
}

/// cuDNN on the same numbers as ours; of bfloat16, on tensors of bfloat16.
class cudnn_side {
 public:
  explicit cudnn_side(runner& run) : run_(run), workspace_(run.on(), run.how().smoke ? 1 << 20 : std::size_t{1} << 30) {}

  void time(direction what, const conv2d_shape& shape, std::size_t images, const conv_places& at, cuda::math precision,
            measurement& measured) {
    const cuda::context& on = run_.on(precision);
    const bool brief = precision == cuda::math::bf16;
    // Their weights are ours transposed. Results of ours lie by rows of output channels as theirs do, those of weights not.
    float* const turned = run_.results() + at.spare_weights[0];
    std::uint16_t* const turned_brief = reinterpret_cast<std::uint16_t*>(run_.results() + at.spare_weights[1]);
    cuda::transpose(on, 1, at.weights / shape.out_channels, shape.out_channels, run_.numbers() + at.one_weights, turned);
    if (brief) round_to_bf16(on, at.weights, turned, turned_brief);
    const auto number = [&](std::size_t place) {
      return brief ? static_cast<const void*>(run_.bf16_numbers() + place) : run_.numbers() + place;
    };
    const void* const weights = brief ? static_cast<const void*>(turned_brief) : turned;
    const auto first = [&](std::size_t set) { return what == direction::backward_input ? weights : number(at.inputs[set]); };
    const auto second = [&](std::size_t set) { return what == direction::forward ? weights : number(at.outputs[set]); };

    const cudnn_convolution::place where{on.stream(), workspace_.on(on), workspace_.bytes()};
    const cudnn_numbers numbers = brief                              ? cudnn_numbers::bf16
                                  : precision == cuda::math::float32 ? cudnn_numbers::float32
                                                                     : cudnn_numbers::tf32;
    float* const theirs = run_.results() + at.spare_results[0];
    const cudnn_convolution convolution(where, what, numbers, shape, images, run_.how().search, first(0), second(0), theirs);
    measured.difference = compare(on, what, shape, images, at, brief, convolution, first(0), second(0), theirs);
    measured.peer = brief ? "cuDNN bf16" : "cuDNN";
    measured.peer_microseconds = run_.time(
        on, at.sets, [&](std::size_t set) { convolution(first(set), second(set), run_.results() + at.results[set]); });
  }

 private:
  double compare(const cuda::context& on, direction what, const conv2d_shape& shape, std::size_t images,
                 const conv_places& at, bool brief, const cudnn_convolution& convolution, const void* first,
                 const void* second, float* theirs) {
    float* const ours = run_.results() + at.results[0];
    float* const wide = run_.results() + at.spare_results[1];
    // Poison: what is not written is not a number.
    cuda::check(cudaMemsetAsync(theirs, 0xff, at.result * sizeof(float), on.stream()), "cudaMemsetAsync");
    convolution(first, second, theirs);
    if (brief) widen_bf16(on, at.result, reinterpret_cast<const std::uint16_t*>(theirs), wide);
    const float* const expected = brief ? wide : theirs;
    const bool sums = what == direction::backward_weights;
    cuda::check(cudaMemsetAsync(ours, sums ? 0 : 0xff, at.result * sizeof(float), on.stream()), "cudaMemsetAsync");
    queue_convolution(on, run_, what, shape, images, at, 0);
    if (!sums) return relative_difference(on, at.result, ours, expected);
    float* const turned = run_.results() + at.spare_weights[0];
    cuda::transpose(on, 1, at.weights / shape.out_channels, shape.out_channels, static_cast<const float*>(ours), turned);
    return relative_difference(on, at.result, turned, expected);
  }

  runner& run_;
  cuda::buffer<std::byte> workspace_;
};

#endif

}  // namespace

void time_convolutions(runner& run) {
  const std::size_t images = run.how().smoke ? 1 : 32;
#if defined(MMREC_BENCH_CUDNN)
  cudnn_side peer(run);
#endif
  for (const direction what : directions) {
    for (const cuda::math precision : {cuda::math::float32, cuda::math::tf32, cuda::math::bf16}) {
      for (conv2d_shape shape : resnet50) {
        if (run.how().smoke) {
          shape.in_height = shape.in_width = 8;
          shape.in_channels = (std::min)(shape.in_channels, std::size_t{16});
          shape.out_channels = (std::min)(shape.out_channels, std::size_t{16});
        }
        measurement measured;
        measured.of = describe(what, shape, images, precision);
        if (!run.wanted(measured.of)) continue;
        const conv_places at(run, what, shape, images);
        const cuda::context& on = run.on(precision);
        measured.microseconds =
            run.time(on, at.sets, [&](std::size_t set) { queue_convolution(on, run, what, shape, images, at, set); });
        rate(measured, run, shape, images, at, precision);
#if defined(MMREC_BENCH_CUDNN)
        try {
          peer.time(what, shape, images, at, precision, measured);
          if (!(measured.difference <= most_difference(precision))) {
            run.fail(measured.of.name + " " + measured.of.shape + " " + measured.of.precision + " is not cuDNN's");
          }
        } catch (const cudnn_refusal& refused) {
          std::printf("# %s\n", refused.what());
        }
#endif
        run.report(std::move(measured));
      }
    }
  }
}

}  // namespace bench

// A convolution of cuDNN through its C interface: see cudnn_convolution.hpp.
#include "cudnn_convolution.hpp"

#include <string>
#include <vector>

#include <cudnn.h>

namespace bench {
namespace {

void check(cudnnStatus_t status, const char* call) {
  if (status != CUDNN_STATUS_SUCCESS) throw cudnn_refusal(std::string(call) + ": " + cudnnGetErrorString(status));
}

cudnnHandle_t handle_on(void* stream) {
  static cudnnHandle_t only = nullptr;
  if (only == nullptr) check(cudnnCreate(&only), "cudnnCreate");
  check(cudnnSetStream(only, static_cast<cudaStream_t>(stream)), "cudnnSetStream");
  return only;
}

constexpr int most_algorithms = 16;

}  // namespace

struct cudnn_convolution::parts {
  place where;
  direction what;
  cudnn_numbers numbers;
  cudnnTensorDescriptor_t input = nullptr, output = nullptr;
  cudnnFilterDescriptor_t weights = nullptr;
  cudnnConvolutionDescriptor_t convolution = nullptr;
  cudnnConvolutionFwdAlgo_t forward{};
  cudnnConvolutionBwdDataAlgo_t backward_input{};
  cudnnConvolutionBwdFilterAlgo_t backward_weights{};

  parts(const place& given, direction asked, cudnn_numbers kind) : where(given), what(asked), numbers(kind) {}
  ~parts() {
    if (convolution != nullptr) static_cast<void>(cudnnDestroyConvolutionDescriptor(convolution));
    if (weights != nullptr) static_cast<void>(cudnnDestroyFilterDescriptor(weights));
    if (output != nullptr) static_cast<void>(cudnnDestroyTensorDescriptor(output));
    if (input != nullptr) static_cast<void>(cudnnDestroyTensorDescriptor(input));
  }

  void describe(const mmrec::kernel::conv2d_shape& shape, std::size_t images) {
    const auto number = [](std::size_t value) { return static_cast<int>(value); };
    const cudnnDataType_t type = numbers == cudnn_numbers::bf16 ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT;
    check(cudnnCreateTensorDescriptor(&input), "cudnnCreateTensorDescriptor");
    check(cudnnCreateTensorDescriptor(&output), "cudnnCreateTensorDescriptor");
    check(cudnnCreateFilterDescriptor(&weights), "cudnnCreateFilterDescriptor");
    check(cudnnCreateConvolutionDescriptor(&convolution), "cudnnCreateConvolutionDescriptor");
    check(cudnnSetTensor4dDescriptor(input, CUDNN_TENSOR_NHWC, type, number(images), number(shape.in_channels),
                                     number(shape.in_height), number(shape.in_width)),
          "cudnnSetTensor4dDescriptor");
    check(cudnnSetTensor4dDescriptor(output, CUDNN_TENSOR_NHWC, type, number(images), number(shape.out_channels),
                                     number(shape.out_height()), number(shape.out_width())),
          "cudnnSetTensor4dDescriptor");
    check(cudnnSetFilter4dDescriptor(weights, type, CUDNN_TENSOR_NHWC, number(shape.out_channels),
                                     number(shape.in_channels / shape.groups), number(shape.kernel_height),
                                     number(shape.kernel_width)),
          "cudnnSetFilter4dDescriptor");
    check(cudnnSetConvolution2dDescriptor(convolution, number(shape.padding_height), number(shape.padding_width),
                                          number(shape.stride_height), number(shape.stride_width),
                                          number(shape.dilation_height), number(shape.dilation_width),
                                          CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT),
          "cudnnSetConvolution2dDescriptor");
    check(cudnnSetConvolutionGroupCount(convolution, number(shape.groups)), "cudnnSetConvolutionGroupCount");
    check(cudnnSetConvolutionMathType(convolution, math()), "cudnnSetConvolutionMathType");
  }

  /// The default lets float32 numbers be multiplied as tf32. Other modes would let them become float16.
  cudnnMathType_t math() const {
    return numbers == cudnn_numbers::float32 ? CUDNN_FMA_MATH
           : numbers == cudnn_numbers::tf32  ? CUDNN_DEFAULT_MATH
                                             : CUDNN_TENSOR_OP_MATH;
  }

  template <class Performance, class Algorithm>
  void choose(const std::vector<Performance>& found, int count, Algorithm& algorithm) const {
    for (int i = 0; i < count; ++i) {  // the fastest first
      const Performance& each = found[static_cast<std::size_t>(i)];
      if (each.status != CUDNN_STATUS_SUCCESS || each.memory > where.workspace_bytes) continue;
      if (each.mathType == CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION) continue;
      if (numbers == cudnn_numbers::float32 && each.mathType == CUDNN_TENSOR_OP_MATH) continue;
      algorithm = each.algo;
      if (numbers != cudnn_numbers::float32) {
        check(cudnnSetConvolutionMathType(convolution, each.mathType), "cudnnSetConvolutionMathType");
      }
      return;
    }
    throw cudnn_refusal("cuDNN has no algorithm for this convolution");
  }

  void search(bool all, const void* first, const void* second, void* result) {
    const cudnnHandle_t handle = handle_on(where.stream);
    int count = 0;
    if (what == direction::forward) {
      std::vector<cudnnConvolutionFwdAlgoPerf_t> found(most_algorithms);
      check(all ? cudnnFindConvolutionForwardAlgorithmEx(handle, input, first, weights, second, convolution, output, result,
                                                         most_algorithms, &count, found.data(), where.workspace,
                                                         where.workspace_bytes)
                : cudnnGetConvolutionForwardAlgorithm_v7(handle, input, weights, convolution, output, most_algorithms,
                                                         &count, found.data()),
            "choosing a cudnnConvolutionForward");
      choose(found, count, forward);
    } else if (what == direction::backward_input) {
      std::vector<cudnnConvolutionBwdDataAlgoPerf_t> found(most_algorithms);
      check(all ? cudnnFindConvolutionBackwardDataAlgorithmEx(handle, weights, first, output, second, convolution, input,
                                                              result, most_algorithms, &count, found.data(), where.workspace,
                                                              where.workspace_bytes)
                : cudnnGetConvolutionBackwardDataAlgorithm_v7(handle, weights, output, convolution, input, most_algorithms,
                                                              &count, found.data()),
            "choosing a cudnnConvolutionBackwardData");
      choose(found, count, backward_input);
    } else {
      std::vector<cudnnConvolutionBwdFilterAlgoPerf_t> found(most_algorithms);
      check(all ? cudnnFindConvolutionBackwardFilterAlgorithmEx(handle, input, first, output, second, convolution, weights,
                                                                result, most_algorithms, &count, found.data(),
                                                                where.workspace, where.workspace_bytes)
                : cudnnGetConvolutionBackwardFilterAlgorithm_v7(handle, input, output, convolution, weights, most_algorithms,
                                                                &count, found.data()),
            "choosing a cudnnConvolutionBackwardFilter");
      choose(found, count, backward_weights);
    }
  }
};

cudnn_convolution::cudnn_convolution(const place& where, direction what, cudnn_numbers numbers,
                                     const mmrec::kernel::conv2d_shape& shape, std::size_t images, bool search,
                                     const void* first, const void* second, void* result)
    : parts_(std::make_unique<parts>(where, what, numbers)) {
  parts_->describe(shape, images);
  parts_->search(search, first, second, result);
}

cudnn_convolution::~cudnn_convolution() = default;

void cudnn_convolution::operator()(const void* first, const void* second, void* result) const {
  const parts& all = *parts_;
  const cudnnHandle_t handle = handle_on(all.where.stream);
  const float one = 1.0f, zero = 0.0f;
  if (all.what == direction::forward) {
    check(cudnnConvolutionForward(handle, &one, all.input, first, all.weights, second, all.convolution, all.forward,
                                  all.where.workspace, all.where.workspace_bytes, &zero, all.output, result),
          "cudnnConvolutionForward");
  } else if (all.what == direction::backward_input) {
    check(cudnnConvolutionBackwardData(handle, &one, all.weights, first, all.output, second, all.convolution,
                                       all.backward_input, all.where.workspace, all.where.workspace_bytes, &zero, all.input,
                                       result),
          "cudnnConvolutionBackwardData");
  } else {
    check(cudnnConvolutionBackwardFilter(handle, &one, all.input, first, all.output, second, all.convolution,
                                         all.backward_weights, all.where.workspace, all.where.workspace_bytes, &zero,
                                         all.weights, result),
          "cudnnConvolutionBackwardFilter");
  }
}

}  // namespace bench

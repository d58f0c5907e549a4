// bench/cuda/cudnn_convolution.hpp - one convolution of cuDNN, by its fastest algorithm.
#pragma once
#include <cstddef>
#include <memory>
#include <stdexcept>

#include <mmrec/kernel/conv2d_shape.hpp>

namespace bench {

/// What of a convolution is computed: forward from input and weights, the input's gradient from weights and the output's
/// gradient, the weights' gradient from input and the output's gradient.
enum class direction { forward, backward_input, backward_weights };

/// float32: fused multiplications and additions; tf32: float32 numbers, tensor cores; bf16: bfloat16 numbers, tensor cores.
enum class cudnn_numbers { float32, tf32, bf16 };

/// What cuDNN answers to a call that fails.
struct cudnn_refusal : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// All tensors channels last: N x H x W x C, weights Out x kernel height x kernel width x C.
class cudnn_convolution {
 public:
  struct place {
    void* stream = nullptr;  ///< a cudaStream_t
    void* workspace = nullptr;
    std::size_t workspace_bytes = 0;
  };

  /// Tries all algorithms on the arguments where `search` says so; else takes the one that cuDNN believes to be fastest.
  /// Only one that multiplies in the precision asked for. The place outlives this.
  /// Throws cudnn_refusal, naming the call that failed, or where there is no such algorithm
  cudnn_convolution(const place& where, direction what, cudnn_numbers numbers, const mmrec::kernel::conv2d_shape& shape,
                    std::size_t images, bool search, const void* first, const void* second, void* result);
  ~cudnn_convolution();
  cudnn_convolution(const cudnn_convolution&) = delete;
  cudnn_convolution& operator=(const cudnn_convolution&) = delete;

  /// Queues it. Throws cudnn_refusal.
  void operator()(const void* first, const void* second, void* result) const;

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace bench

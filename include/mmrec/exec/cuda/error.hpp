// mmrec/exec/cuda/error.hpp - what CUDA and its libraries refuse, as exceptions.
#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include <cublas_v2.h>
#include <cuda_runtime_api.h>

#include <mmrec/core/error.hpp>
#include <mmrec/exec/cuda/config.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

/// A call of CUDA or cuBLAS failed. The text names the call, what it answered, and where it stands.
class call_error : public error {
 public:
  call_error(std::string_view call, std::string_view answer, std::string_view advice, const char* file, int line)
      : error(std::string(call) + ": " + std::string(answer) + (advice.empty() ? "" : "; ") + std::string(advice) + " (" +
              file + ':' + std::to_string(line) + ')'),
        call_(call) {}
  const std::string& call() const noexcept { return call_; }

 private:
  std::string call_;
};

/// The device has not as much memory left as was asked for.
class out_of_memory : public limit_error {
 public:
  out_of_memory(std::string_view function, std::uint64_t left, std::uint64_t asked)
      : limit_error(function, "bytes of device memory", left, asked), left_(left), asked_(asked) {}
  std::uint64_t left() const noexcept { return left_; }
  std::uint64_t asked() const noexcept { return asked_; }

 private:
  std::uint64_t left_;
  std::uint64_t asked_;
};

namespace detail {
/// What to do about an answer; empty where the name says it all.
inline std::string_view advice_for(cudaError_t status) {
  switch (status) {
    case cudaErrorNoKernelImageForDevice:
      return "the kernels were not compiled for this device: add its architecture to MMREC_CUDA_ARCHITECTURES";
    case cudaErrorInsufficientDriver:
      return "the CUDA driver is missing or older than the CUDA runtime: install or update the NVIDIA driver";
    case cudaErrorNoDevice:
      return "the machine has no CUDA device, or CUDA_VISIBLE_DEVICES hides it";
    default:
      return {};
  }
}
}  // namespace detail

/// Throws call_error unless the call succeeded.
inline void check(cudaError_t status, std::string_view call, const char* file = __builtin_FILE(),
                  int line = __builtin_LINE()) {
  if (status == cudaSuccess) return;
  static_cast<void>(cudaGetLastError());  // else the next check would report it again
  throw call_error(call, std::string(cudaGetErrorName(status)) + ", " + cudaGetErrorString(status),
                   detail::advice_for(status), file, line);
}
inline void check(cublasStatus_t status, std::string_view call, const char* file = __builtin_FILE(),
                  int line = __builtin_LINE()) {
  if (status != CUBLAS_STATUS_SUCCESS) throw call_error(call, cublasGetStatusName(status), {}, file, line);
}

/// A size as a 32-bit index, which is what kernels and cuBLAS compute with. Throws limit_error beyond.
inline int narrow(std::string_view function, std::string_view what, std::size_t size) {
  constexpr auto most = static_cast<std::size_t>((std::numeric_limits<std::int32_t>::max)());
  if (size > most) throw limit_error(function, what, most, size);
  return static_cast<int>(size);
}

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

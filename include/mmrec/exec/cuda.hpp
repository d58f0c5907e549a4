// mmrec/exec/cuda.hpp - the CUDA executor.
#pragma once
#include <memory>
#include <string_view>

#include <mmrec/core/progress.hpp>
#include <mmrec/exec/cuda/config.hpp>
#include <mmrec/exec/cuda/context.hpp>

namespace mmrec::inline v0 {
namespace exec {
inline namespace MMREC_CUDA_MODE {

/// Runs on a CUDA device: one by number, or one whose context the caller keeps between calls.
///
///   exec::cuda{}                                        device 0, exact float32
///   exec::cuda{.precision = mm::cuda::math::tf32}       products on tensor cores
///   exec::cuda{.context = &gpu}                         the caller's queue, memory kept between calls
///
/// Throws     when it is used: unavailable, naming what is missing (driver, device) and what to do. It never falls back on
///            the CPU
struct cuda {
  int device = 0;                                            ///< ignored when a context is given
  mmrec::cuda::math precision = mmrec::cuda::math::float32;  ///< likewise
  const mmrec::cuda::context* context = nullptr;             ///< not owned
  progress_sink* progress = nullptr;                         ///< not owned; see core/progress.hpp

  friend bool operator==(const cuda&, const cuda&) = default;
};

}  // namespace MMREC_CUDA_MODE
}  // namespace exec

namespace cuda {
inline namespace MMREC_CUDA_MODE {

/// The context that an executor asks for: the caller's, or one made for as long as this lives.
class borrowed_context {
 public:
  explicit borrowed_context(const exec::cuda& asked)
      : owned_(asked.context != nullptr ? nullptr : std::make_unique<context>(asked.device, asked.precision)),
        used_(asked.context != nullptr ? asked.context : owned_.get()) {}
  const context& operator*() const { return *used_; }

 private:
  std::unique_ptr<context> owned_;
  const context* used_;
};

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

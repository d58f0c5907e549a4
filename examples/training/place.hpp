// place.hpp - what a network is trained and judged on.
#pragma once
#include <mmrec/core/error.hpp>
#include <mmrec/exec/cpu.hpp>

#if defined(MMREC_CUDA_COMPILED)
#include <mmrec/cuda.hpp>
#endif

#include "options.hpp"

namespace training {

/// Calls work(executor or device) with what --device and --threads ask for. There is no falling back: a device that is not
/// there is an error that says what is missing.
template <class Net, class Work>
auto at_the_place(const options& asked, const Work& work) {
  if (asked.device == "cuda") {
#if defined(MMREC_CUDA_COMPILED)
    if constexpr (mmrec::cuda::runs_on_cuda<typename Net::bound>) {
      return work(mmrec::cuda::context());
    } else {
      throw mmrec::unavailable("--device cuda", "this network has a layer without CUDA kernels");
    }
#else
    throw mmrec::unavailable("--device cuda",
                             "this program was built without CUDA: install the CUDA Toolkit (nvcc and cuBLAS) and configure "
                             "again");
#endif
  }
  return work(mmrec::exec::cpu{.threads = asked.threads});
}

}  // namespace training

// mmrec/exec/cuda/config.hpp - in which of its forms the CUDA part of the library is compiled.
#pragma once

// direct     a CUDA source, compiled by nvcc: kernels are templates, specialised for the shapes of each network
// compiled   any source of a program that links the target mmrec::gpu: kernels were compiled with it, for shapes known at
//            run time. Both forms may live in one program: what they define lies in different namespaces
// on_host    the tests' stand-in for a device, in which kernels run on the CPU
#if defined(MMREC_CUDA_ON_HOST)
#define MMREC_CUDA_MODE on_host
#elif defined(MMREC_CUDA_COMPILED)
#define MMREC_CUDA_MODE compiled
#elif defined(__CUDACC__)
#define MMREC_CUDA_MODE direct
#else
#error \
    "mmrec: <mmrec/cuda.hpp> needs the CUDA compiler or the compiled kernels. With CMake: find_package(mmrec COMPONENTS cuda), then mmrec_cuda_sources(TARGET FILES...) to compile these sources as CUDA, or target_link_libraries(TARGET mmrec::gpu) to stay in C++"
#endif

/// 1 where this translation unit holds the bodies of kernels.
#if defined(MMREC_CUDA_ON_HOST) || defined(__CUDACC__)
#define MMREC_CUDA_KERNELS 1
#else
#define MMREC_CUDA_KERNELS 0
#endif

/// Asks for a loop without a loop's branches; a compiler of plain C++ decides for itself.
#if defined(__CUDACC__)
#define MMREC_CUDA_UNROLL _Pragma("unroll")
#define MMREC_CUDA_UNROLL_8 _Pragma("unroll 8")
#else
#define MMREC_CUDA_UNROLL
#define MMREC_CUDA_UNROLL_8
#endif

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

/// Whether kernels are specialised for shapes that the compiler knows.
#if defined(MMREC_CUDA_COMPILED)
inline constexpr bool specialises_shapes = false;
#else
inline constexpr bool specialises_shapes = true;
#endif

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

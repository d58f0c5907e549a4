# The optional component `cuda`: the target mmrec::cuda (the library, the CUDA runtime, cuBLAS) and mmrec_cuda_sources();
# mmrec_cuda_FOUND, and mmrec_cuda_missing, which says what is not there. Shared by the build tree and the installed package.

set(MMREC_CUDA_ARCHITECTURES "80-real;90-real;90-virtual" CACHE STRING
    "Devices that CUDA sources are compiled for: machine code of Ampere and Hopper, and PTX for what comes after")

set(mmrec_cuda_missing "")
include(CheckLanguage)
if(NOT CMAKE_CUDA_COMPILER)
  check_language(CUDA)
endif()
if(CMAKE_CUDA_COMPILER)
  enable_language(CUDA)
  find_package(CUDAToolkit QUIET)
  if(NOT CUDAToolkit_FOUND)
    set(mmrec_cuda_missing "the CUDA Toolkit's libraries (cudart, cuBLAS) of ${CMAKE_CUDA_COMPILER}")
  elseif(CUDAToolkit_VERSION VERSION_LESS 12)
    set(mmrec_cuda_missing "CUDA Toolkit 12 or newer; this is ${CUDAToolkit_VERSION}")
  elseif(NOT TARGET CUDA::cublas)
    set(mmrec_cuda_missing "cuBLAS (libcublas) of CUDA Toolkit ${CUDAToolkit_VERSION}")
  endif()
else()
  set(mmrec_cuda_missing "a CUDA compiler: put nvcc on the path, or set CUDACXX or CMAKE_CUDA_COMPILER to it")
endif()

if(mmrec_cuda_missing STREQUAL "")
  set(mmrec_cuda_FOUND TRUE)
  if(NOT TARGET mmrec::cuda)
    add_library(mmrec::cuda INTERFACE IMPORTED GLOBAL)
    target_link_libraries(mmrec::cuda INTERFACE mmrec::mmrec CUDA::cudart_static CUDA::cublas)
    # CMake before 3.25.2 knows no C++20 of nvcc, and leaves the flag out without a word. 1675: the kernels of the CPU ask g++
    # to unroll loops in g++'s words.
    target_compile_options(mmrec::cuda INTERFACE "$<$<COMPILE_LANG_AND_ID:CUDA,NVIDIA>:SHELL:-std=c++20 -diag-suppress 1675>")
  endif()
else()
  set(mmrec_cuda_FOUND FALSE)
endif()

# mmrec_cuda_sources(TARGET FILE...): compiles these sources of the target as CUDA, whatever they are called, for the devices of
# MMREC_CUDA_ARCHITECTURES. The default of the project, CMAKE_CUDA_ARCHITECTURES, is for its other targets: CMake may have put
# there what tensor cores are not in.
function(mmrec_cuda_sources target)
  set_source_files_properties(${ARGN} PROPERTIES LANGUAGE CUDA)
  target_link_libraries(${target} PRIVATE mmrec::cuda)
  set_target_properties(${target} PROPERTIES CUDA_ARCHITECTURES "${MMREC_CUDA_ARCHITECTURES}")
endfunction()

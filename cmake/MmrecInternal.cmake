# How this project's own programs are built. Nothing here is exported: consumers get no warning flags and no -march.

add_library(mmrec_internal INTERFACE)
target_link_libraries(mmrec_internal INTERFACE mmrec::mmrec)
target_compile_options(mmrec_internal INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
if(MMREC_WERROR)
  target_compile_options(mmrec_internal INTERFACE -Werror)
endif()

# For CUDA sources, whose generated code is not pedantic.
add_library(mmrec_cuda_internal INTERFACE)
target_compile_options(mmrec_cuda_internal INTERFACE $<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wall,-Wextra>)
if(MMREC_WERROR)
  target_compile_options(mmrec_cuda_internal INTERFACE "$<$<COMPILE_LANGUAGE:CUDA>:SHELL:-Werror all-warnings>")
endif()

if(MMREC_NATIVE)
  target_compile_options(mmrec_internal INTERFACE -march=native)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC's own AVX-512 headers trip these.
    target_compile_options(mmrec_internal INTERFACE -Wno-maybe-uninitialized -Wno-uninitialized)
  endif()
endif()

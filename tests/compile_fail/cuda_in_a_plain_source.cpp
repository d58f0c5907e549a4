// expect: needs the CUDA compiler or the compiled kernels
// expect: mmrec_cuda_sources
// expect: mmrec::gpu
#include "shop.hpp"

#ifdef MMREC_KO
#include <mmrec/cuda.hpp>
#endif

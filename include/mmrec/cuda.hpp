// mmrec/cuda.hpp - networks on CUDA devices: the executor, the kernels, training and inference.
#pragma once
// In a CUDA source (mmrec_cuda_sources() makes one) kernels are part of what is compiled, specialised for the shapes of each
// network. In a C++ source of a target that links mmrec::gpu they are linked, in forms for any shape. See docs/cuda.md.
#include <mmrec/exec/cuda/config.hpp>

// Where that was an error, one is enough.
#if defined(MMREC_CUDA_MODE)
#include <mmrec/exec/cuda.hpp>
#include <mmrec/exec/cuda/buffer.hpp>
#include <mmrec/exec/cuda/context.hpp>
#include <mmrec/exec/cuda/device.hpp>
#include <mmrec/exec/cuda/error.hpp>
#include <mmrec/exec/cuda/event.hpp>
#include <mmrec/exec/cuda/graph.hpp>
#include <mmrec/kernel/cuda/affine.hpp>
#include <mmrec/kernel/cuda/conv2d.hpp>
#include <mmrec/kernel/cuda/dropout.hpp>
#include <mmrec/kernel/cuda/elementwise.hpp>
#include <mmrec/kernel/cuda/embedding.hpp>
#include <mmrec/kernel/cuda/gather.hpp>
#include <mmrec/kernel/cuda/image.hpp>
#include <mmrec/kernel/cuda/memory.hpp>
#include <mmrec/kernel/cuda/norm.hpp>
#include <mmrec/kernel/cuda/pool.hpp>
#include <mmrec/kernel/cuda/rows.hpp>
#include <mmrec/nn/cuda/clip.hpp>
#include <mmrec/nn/cuda/evaluate.hpp>
#include <mmrec/nn/cuda/frozen.hpp>
#include <mmrec/nn/cuda/loss.hpp>
#include <mmrec/nn/cuda/pass.hpp>
#include <mmrec/nn/cuda/train.hpp>
#include <mmrec/nn/cuda/update.hpp>
#include <mmrec/nn/cuda/weights.hpp>

#if MMREC_CUDA_KERNELS
#include <mmrec/kernel/cuda/affine.cuh>
#include <mmrec/kernel/cuda/conv2d.cuh>
#include <mmrec/kernel/cuda/dropout.cuh>
#include <mmrec/kernel/cuda/elementwise.cuh>
#include <mmrec/kernel/cuda/embedding.cuh>
#include <mmrec/kernel/cuda/gather.cuh>
#include <mmrec/kernel/cuda/image.cuh>
#include <mmrec/kernel/cuda/memory.cuh>
#include <mmrec/kernel/cuda/norm.cuh>
#include <mmrec/kernel/cuda/pool.cuh>
#include <mmrec/nn/cuda/clip.cuh>
#include <mmrec/nn/cuda/loss.cuh>
#include <mmrec/nn/cuda/update.cuh>
#endif
#endif

// mmrec/nn/cuda/clip.cuh - the kernels of nn/cuda/clip.hpp.
#pragma once
#include <algorithm>
#include <cstddef>
#include <limits>
#include <string_view>

#include <mmrec/exec/cuda/launch.cuh>
#include <mmrec/kernel/cuda/packs.cuh>
#include <mmrec/nn/cuda/clip.hpp>
#include <mmrec/nn/cuda/clip_tuning.hpp>
#include <mmrec/nn/cuda/detail/loss_reduce.cuh>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace detail {

inline constexpr double clip_infinity = std::numeric_limits<double>::infinity();

/// The sum of squares of each block's share. `head` numbers and those that fill no pack at the end go one by one.
template <int Lanes, class T>
__global__ void __launch_bounds__(clip_tuning::threads)
    clip_squares_kernel(const T* gradients, unsigned head, unsigned count, double* partials) {
  const unsigned thread = blockIdx.x * blockDim.x + threadIdx.x;
  const unsigned threads = gridDim.x * blockDim.x;
  const unsigned packs = (count - head) / Lanes;
  double sums[Lanes] = {};
  for (unsigned pack = thread; pack < packs; pack += threads) {
    const gather_pack<T, Lanes> values = gather_load<Lanes>(gradients + head + pack * Lanes);
    MMREC_CUDA_UNROLL
    for (int lane = 0; lane < Lanes; ++lane) {
      const double g = static_cast<double>(values.at[lane]);
      sums[lane] += g * g;
    }
  }
  const unsigned edges = count - packs * Lanes;
  if (thread < edges) {
    const double g = static_cast<double>(gradients[thread < head ? thread : thread + packs * Lanes]);
    sums[0] += g * g;
  }
  double sum = 0.0;
  MMREC_CUDA_UNROLL
  for (int lane = 0; lane < Lanes; ++lane) sum += sums[lane];
  sum = loss_block_sum<clip_tuning::threads>(sum);
  if (threadIdx.x == 0) partials[blockIdx.x] = sum;
}

/// One block: the norm, and what follows from it where it is asked for.
template <class T>
__global__ void __launch_bounds__(clip_tuning::threads)
    clip_norm_kernel(const double* partials, unsigned parts, double* norm, double most, T* scale, double* total_loss) {
  double sum = 0.0;
  for (unsigned part = threadIdx.x; part < parts; part += clip_tuning::threads) sum += partials[part];
  sum = loss_block_sum<clip_tuning::threads>(sum);
  if (threadIdx.x != 0) return;
  const double found = sqrt(sum);
  if (norm != nullptr) *norm = found;
  if (scale == nullptr) return;
  const bool finite = found - found == 0.0;
  const double factor = most / (found + 1e-6);
  *scale = finite && factor < 1.0 ? static_cast<T>(factor) : T(1);
  if (!finite) *total_loss = clip_infinity;
}

template <int Lanes, class T>
__global__ void __launch_bounds__(clip_tuning::threads)
    clip_value_kernel(T* gradients, unsigned head, unsigned count, T bound) {
  const auto clip = [bound](T g) { return g > bound ? bound : g < -bound ? -bound : g; };
  const unsigned thread = blockIdx.x * blockDim.x + threadIdx.x;
  const unsigned threads = gridDim.x * blockDim.x;
  const unsigned packs = (count - head) / Lanes;
  for (unsigned pack = thread; pack < packs; pack += threads) {
    T* const here = gradients + head + pack * Lanes;
    gather_pack<T, Lanes> values = gather_load<Lanes>(static_cast<const T*>(here));
    MMREC_CUDA_UNROLL
    for (int lane = 0; lane < Lanes; ++lane) values.at[lane] = clip(values.at[lane]);
    gather_store<Lanes>(here, values);
  }
  const unsigned edges = count - packs * Lanes;
  if (thread < edges) {
    const unsigned at = thread < head ? thread : thread + packs * Lanes;
    gradients[at] = clip(gradients[at]);
  }
}

template <class T>
void clip_launch(const context& on, std::string_view function, const T* gradients, std::size_t count, double* norm,
                 double most, T* scale, double* total_loss) {
  constexpr int lanes = gather_lanes<T>;
  const auto numbers = static_cast<unsigned>(narrow(function, "gradients", count));
  const unsigned head = (std::min)(numbers, gather_head(gradients));
  const std::size_t blocks = (std::min)(clip_tuning::blocks, blocks_for(count, clip_tuning::threads, clip_tuning::each));
  auto* const partials = on.workspace_of<double>(clip_tuning::blocks);
  launch(on, function, {.x = blocks, .threads = clip_tuning::threads}, clip_squares_kernel<lanes, T>, gradients, head,
         numbers, partials);
  launch(on, function, {.threads = clip_tuning::threads}, clip_norm_kernel<T>, partials, static_cast<unsigned>(blocks), norm,
         most, scale, total_loss);
}

}  // namespace detail

template <class T>
void global_norm(const context& on, const T* gradients, std::size_t count, double* norm) {
  detail::clip_launch<T>(on, "cuda::global_norm", gradients, count, norm, 0.0, nullptr, nullptr);
}

template <class T>
void clip_factor(const context& on, const T* gradients, std::size_t count, double most, T* scale, double* total_loss) {
  detail::clip_launch<T>(on, "cuda::clip_factor", gradients, count, nullptr, most, scale, total_loss);
}

template <class T>
void clip_by_value(const context& on, T* gradients, std::size_t count, double most) {
  constexpr std::string_view function = "cuda::clip_by_value";
  constexpr int lanes = detail::gather_lanes<T>;
  const auto numbers = static_cast<unsigned>(narrow(function, "gradients", count));
  const unsigned head = (std::min)(numbers, detail::gather_head(gradients));
  const std::size_t packs = (count + lanes - 1) / lanes;
  launch(on, function, {.x = detail::gather_blocks(on, packs, 0, clip_tuning::threads), .threads = clip_tuning::threads},
         detail::clip_value_kernel<lanes, T>, gradients, head, numbers, static_cast<T>(most));
}

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

// mmrec/nn/cuda/detail/loss_math.cuh - the functions that losses are made of, and where their values are added up.
#pragma once
#include <cstddef>
#include <limits>
#include <string_view>

#include <mmrec/exec/cuda/launch.cuh>
#include <mmrec/nn/cuda/detail/loss_reduce.cuh>
#include <mmrec/nn/cuda/loss_tuning.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace detail {

template <class T>
inline constexpr T loss_infinity = std::numeric_limits<T>::infinity();

__device__ __forceinline__ float loss_exp(float x) { return expf(x); }
__device__ __forceinline__ double loss_exp(double x) { return exp(x); }
__device__ __forceinline__ float loss_log1p(float x) { return log1pf(x); }
__device__ __forceinline__ double loss_log1p(double x) { return log1p(x); }

/// See nn/loss/detail/logistic.hpp.
template <class T>
struct loss_logistic {
  T sigmoid, other_sigmoid, softplus, other_softplus;
};
template <class T>
__device__ __forceinline__ loss_logistic<T> loss_logistic_of(T x) {
  const bool negative = x < T(0);
  const T decay = loss_exp(negative ? x : -x);
  const T low = decay / (T(1) + decay);
  const T high = T(1) / (T(1) + decay);
  const T rest = loss_log1p(decay);
  return {negative ? low : high, negative ? high : low, negative ? rest : x + rest, negative ? rest - x : rest};
}

/// Where a loss goes, and what its sum is divided by to be a mean. Several blocks leave their parts for loss_total_kernel.
struct loss_account {
  double* total;
  double* partials;
  double divisor;
  double batch;
};

/// Called by all threads of a block with what each has added up.
__device__ __forceinline__ void loss_book(const loss_account& account, double sum) {
  sum = loss_block_sum<loss_tuning::threads>(sum);
  if (threadIdx.x != 0) return;
  if (gridDim.x == 1) {
    *account.total += sum / account.divisor * account.batch;
  } else {
    account.partials[blockIdx.x] = sum;
  }
}

/// One block.
template <int Threads>
__global__ void __launch_bounds__(Threads) loss_total_kernel(loss_account account, unsigned parts) {
  double sum = 0.0;
  for (unsigned part = threadIdx.x; part < parts; part += Threads) sum += account.partials[part];
  loss_book(account, sum);
}

/// Runs a kernel whose last parameter is a loss_account in this many blocks, and adds up what they found.
template <class... Parameters, class... Arguments>
void loss_launch(const context& on, std::string_view function, std::size_t blocks, double* total, double divisor,
                 double batch, void (*kernel)(Parameters...), Arguments... arguments) {
  const loss_account account{total, on.workspace_of<double>(loss_tuning::blocks), divisor, batch};
  launch(on, function, {.x = blocks, .threads = loss_tuning::threads}, kernel, arguments..., account);
  if (blocks > 1) {
    launch(on, function, {.threads = loss_tuning::threads}, loss_total_kernel<loss_tuning::threads>, account,
           static_cast<unsigned>(blocks));
  }
}

}  // namespace detail
}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

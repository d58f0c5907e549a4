// mmrec/nn/cuda/detail/loss_contrast.cuh - what the contrast of two embeddings is made of: unit rows, products, transposes.
#pragma once
#include <algorithm>
#include <cstddef>
#include <string_view>
#include <type_traits>

#include <cublas_v2.h>

#include <mmrec/exec/cuda/launch.cuh>
#include <mmrec/nn/cuda/detail/loss_reduce.cuh>
#include <mmrec/nn/cuda/loss_tuning.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace detail {

/// A warp a row: rows of length 1, or as they are; a zero row stays zero.
template <class T>
__global__ void __launch_bounds__(loss_tuning::threads)
    loss_unit_kernel(const T* rows, unsigned batch, unsigned width, bool normalize, T* result, T* inverse_length) {
  const unsigned lane = threadIdx.x % 32;
  const unsigned row = (blockIdx.x * loss_tuning::threads + threadIdx.x) / 32;
  if (row >= batch) return;
  const std::size_t start = static_cast<std::size_t>(row) * width;
  double squares = 0.0;
  for (unsigned column = lane; column < width; column += 32) {
    const double value = static_cast<double>(rows[start + column]);
    squares += value * value;
  }
  squares = loss_warp_sum(squares);
  const double inverse = !normalize ? 1.0 : squares > 0.0 ? 1.0 / sqrt(squares) : 0.0;
  if (lane == 0) inverse_length[row] = static_cast<T>(inverse);
  for (unsigned column = lane; column < width; column += 32) {
    result[start + column] = static_cast<T>(static_cast<double>(rows[start + column]) * inverse);
  }
}

/// A warp a row: the gradient of unit rows becomes that of the rows; the part along the row is lost.
template <class T>
__global__ void __launch_bounds__(loss_tuning::threads)
    loss_through_length_kernel(const T* unit, const T* inverse_length, unsigned batch, unsigned width, T* gradient) {
  const unsigned lane = threadIdx.x % 32;
  const unsigned row = (blockIdx.x * loss_tuning::threads + threadIdx.x) / 32;
  if (row >= batch) return;
  const std::size_t start = static_cast<std::size_t>(row) * width;
  double along = 0.0;
  for (unsigned column = lane; column < width; column += 32) {
    along += static_cast<double>(unit[start + column]) * static_cast<double>(gradient[start + column]);
  }
  const T lost = static_cast<T>(loss_warp_sum(along));
  for (unsigned column = lane; column < width; column += 32) {
    const std::size_t at = start + column;
    gradient[at] = (gradient[at] - lost * unit[at]) * inverse_length[row];
  }
}

/// to = the transpose of a square matrix, or to += it, square by square.
template <bool Adds, class T>
__global__ void __launch_bounds__(loss_tuning::threads) loss_transpose_kernel(const T* from, unsigned side, T* to) {
  constexpr unsigned square = loss_tuning::square;
  constexpr unsigned rows_at_once = loss_tuning::threads / square;
  __shared__ T tile[square][square + 1];  // one more, so that columns lie in different banks
  const unsigned squares = (side + square - 1) / square;
  const unsigned top = blockIdx.x / squares * square;
  const unsigned left = blockIdx.x % squares * square;
  const unsigned x = threadIdx.x % square;
  for (unsigned y = threadIdx.x / square; y < square; y += rows_at_once) {
    if (top + y < side && left + x < side) tile[y][x] = from[static_cast<std::size_t>(top + y) * side + left + x];
  }
  __syncthreads();
  for (unsigned y = threadIdx.x / square; y < square; y += rows_at_once) {
    if (left + y >= side || top + x >= side) continue;
    T& out = to[static_cast<std::size_t>(left + y) * side + top + x];
    if constexpr (Adds) {
      out += tile[x][y];
    } else {
      out = tile[x][y];
    }
  }
}

template <bool Adds, class T>
void loss_transpose(const context& on, std::string_view function, const T* from, std::size_t side, T* to) {
  const std::size_t squares = blocks_for(side, loss_tuning::square);
  launch(on, function, {.x = squares * squares, .threads = loss_tuning::threads}, loss_transpose_kernel<Adds, T>, from,
         static_cast<unsigned>(side), to);
}

/// result = alpha * a * b in the column-major sense of cuBLAS, exact whatever the handle allows.
template <class T>
void loss_product(const context& on, cublasOperation_t turn_a, cublasOperation_t turn_b, std::size_t rows,
                  std::size_t columns, std::size_t inner, double alpha, const T* a, std::size_t stride_a, const T* b,
                  std::size_t stride_b, T* result) {
  const device_guard guard(on.device().index);
  const T factor = static_cast<T>(alpha), none = T(0);
  const auto m = static_cast<int>(rows), n = static_cast<int>(columns), k = static_cast<int>(inner);
  const auto lda = static_cast<int>(stride_a), ldb = static_cast<int>(stride_b);
  if constexpr (std::is_same_v<T, float>) {
    check(cublasGemmEx(on.blas(), turn_a, turn_b, m, n, k, &factor, a, CUDA_R_32F, lda, b, CUDA_R_32F, ldb, &none, result,
                       CUDA_R_32F, m, CUBLAS_COMPUTE_32F_PEDANTIC, CUBLAS_GEMM_DEFAULT),
          "cublasGemmEx");
  } else {
    check(cublasDgemm(on.blas(), turn_a, turn_b, m, n, k, &factor, a, lda, b, ldb, &none, result, m), "cublasDgemm");
  }
}

}  // namespace detail
}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

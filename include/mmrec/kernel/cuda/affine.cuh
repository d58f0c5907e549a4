// mmrec/kernel/cuda/affine.cuh - the products of a fully connected layer and of its gradients, on a device: the
// definitions.
#pragma once
#include <cstddef>
#include <limits>
#include <string_view>
#include <type_traits>

#include <cublas_v2.h>
#include <cuda_runtime.h>

#include <mmrec/core/error.hpp>
#include <mmrec/exec/cuda/config.hpp>
#include <mmrec/exec/cuda/context.hpp>
#include <mmrec/exec/cuda/error.hpp>
#include <mmrec/exec/cuda/launch.cuh>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/cuda/affine.hpp>
#include <mmrec/kernel/cuda/detail/affine_column_sums.cuh>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace detail {

/// A matrix in rows of `width` numbers, or its transpose.
template <class T>
struct affine_factor {
  const T* data;
  int width;
  bool transposed;
};

/// c = a b + beta c, for c of rows x columns in rows. cuBLAS keeps matrices in columns: what lies in rows is the transpose
/// to it, so it is asked for c^T = b^T a^T.
template <class T>
void affine_product(const context& on, int rows, int columns, int inner, const affine_factor<T>& a,
                    const affine_factor<T>& b, T beta, T* c) {
  const device_guard guard(on.device().index);
  const T one = T(1);
  const auto operation = [](const affine_factor<T>& of) { return of.transposed ? CUBLAS_OP_T : CUBLAS_OP_N; };
  if constexpr (std::is_same_v<T, float>) {
    const cublasComputeType_t type = on.precision() == math::tf32   ? CUBLAS_COMPUTE_32F_FAST_TF32
                                     : on.precision() == math::bf16 ? CUBLAS_COMPUTE_32F_FAST_16BF
                                                                    : CUBLAS_COMPUTE_32F;
    check(cublasGemmEx(on.blas(), operation(b), operation(a), columns, rows, inner, &one, b.data, CUDA_R_32F, b.width,
                       a.data, CUDA_R_32F, a.width, &beta, c, CUDA_R_32F, columns, type, CUBLAS_GEMM_DEFAULT),
          "cublasGemmEx");
  } else {
    check(cublasDgemm(on.blas(), operation(b), operation(a), columns, rows, inner, &one, b.data, b.width, a.data, a.width,
                      &beta, c, columns),
          "cublasDgemm");
  }
}

/// The sizes of a layer, with all of its arrays within 32-bit indices.
struct affine_sizes {
  int rows, inner, columns;
};
inline affine_sizes affine_checked(std::string_view function, std::size_t rows, std::size_t inner, std::size_t columns) {
  const affine_sizes sizes{narrow(function, "rows", rows), narrow(function, "inner size", inner),
                           narrow(function, "columns", columns)};
  // Factors below 2^31 have products below 2^62.
  static_cast<void>(narrow(function, "elements of the input", rows * inner));
  static_cast<void>(narrow(function, "elements of the output", rows * columns));
  static_cast<void>(narrow(function, "weights", inner * columns));
  return sizes;
}

/// Tuning. Enough threads for any device; the work of each is a few instructions.
inline constexpr int affine_threads = 256;

/// y = y + bias, negative numbers cut off if `relu`; not-a-number stays.
template <class T>
__global__ void affine_finish(int count, int columns, const T* __restrict__ bias, bool relu, T* __restrict__ y) {
  const unsigned number = blockIdx.x * blockDim.x + threadIdx.x;
  if (number >= static_cast<unsigned>(count)) return;
  T value = y[number];
  if (bias != nullptr) value += bias[number % static_cast<unsigned>(columns)];
  y[number] = relu && value < T(0) ? T(0) : value;
}

}  // namespace detail

template <class T>
void affine(const context& on, std::size_t rows, std::size_t inner, std::size_t columns, const T* x, const T* weights,
            const T* bias, bool relu, T* y, T*, kernel::simd_level) {
  constexpr std::string_view function = "cuda::affine";
  const detail::affine_sizes s = detail::affine_checked(function, rows, inner, columns);
  const std::size_t count = rows * columns;
  if (count == 0) return;
  if (inner == 0) {
    check(cudaMemsetAsync(y, 0, count * sizeof(T), on.stream()), "cudaMemsetAsync");
  } else {
    detail::affine_product<T>(on, s.rows, s.columns, s.inner, {x, s.inner, false}, {weights, s.columns, false}, T(0), y);
  }
  if (bias == nullptr && !relu) return;
  launch(on, function, {.x = blocks_for(count, detail::affine_threads), .threads = detail::affine_threads},
         detail::affine_finish<T>, static_cast<int>(count), s.columns, bias, relu, y);
}

template <class T>
void affine_backward_input(const context& on, std::size_t rows, std::size_t inner, std::size_t columns, const T* y_gradient,
                           const T* weights, T* x_gradient, T*, kernel::simd_level) {
  constexpr std::string_view function = "cuda::affine_backward_input";
  const detail::affine_sizes s = detail::affine_checked(function, rows, inner, columns);
  if (rows * inner == 0) return;
  if (columns == 0) {
    check(cudaMemsetAsync(x_gradient, 0, rows * inner * sizeof(T), on.stream()), "cudaMemsetAsync");
    return;
  }
  detail::affine_product<T>(on, s.rows, s.inner, s.columns, {y_gradient, s.columns, false}, {weights, s.columns, true}, T(0),
                            x_gradient);
}

template <class T>
void affine_backward_weights(const context& on, std::size_t rows, std::size_t inner, std::size_t columns, const T* x,
                             const T* y_gradient, T* weight_gradient, T* bias_gradient, T*, kernel::simd_level) {
  constexpr std::string_view function = "cuda::affine_backward_weights";
  const detail::affine_sizes s = detail::affine_checked(function, rows, inner, columns);
  if (rows == 0 || columns == 0) return;
  if (inner != 0) {
    detail::affine_product<T>(on, s.inner, s.columns, s.rows, {x, s.inner, true}, {y_gradient, s.columns, false}, T(1),
                              weight_gradient);
  }
  if (bias_gradient != nullptr) detail::add_column_sums(on, function, s.rows, s.columns, y_gradient, bias_gradient);
}

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

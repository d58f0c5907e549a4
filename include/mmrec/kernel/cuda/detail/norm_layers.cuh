// mmrec/kernel/cuda/detail/norm_layers.cuh - normalisation of rows by themselves.
#pragma once
#include <cstddef>
#include <cstdint>

#include <mmrec/exec/cuda/launch.cuh>
#include <mmrec/kernel/cuda/detail/norm_columns.cuh>
#include <mmrec/kernel/cuda/detail/reduce_rows.cuh>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace detail {

/// One read and one write of each row: Lanes threads keep it.
template <class T, int Lanes, int Items>
__global__ void __launch_bounds__((row_group<T, Lanes>::threads))
    normalize_rows(norm_rows shape, T epsilon, const T* x, const T* gamma, const T* beta, T* y, T* mean, T* inverse,
                   bool vectors) {
  using group = row_group<T, Lanes>;
  using slice = row_slice<T, Lanes, Items>;
  const int thread = static_cast<int>(threadIdx.x), lane = thread % Lanes;
  const int row = static_cast<int>(blockIdx.x) * group::rows + thread / Lanes;
  const bool inside = row < shape.rows, used = inside && shape.counts(row);
  const int at = inside ? row * shape.width : 0, width = used ? shape.width : 0;
  group together;
  slice value;
  value.load(x + at, lane, width, vectors, T(0));
  const T middle =
      together.template reduce<reduce_sum>(value.template reduce_own<reduce_sum>(T(0))) / static_cast<T>(shape.width);
  T square = 0;
  MMREC_CUDA_UNROLL
  for (int i = 0; i < Items; ++i) {
    value.at[i] = slice::column(lane, i) < width ? value.at[i] - middle : T(0);
    square += value.at[i] * value.at[i];
  }
  square = together.template reduce<reduce_sum>(square);
  const T factor = T(1) / sqrt_of(square / static_cast<T>(shape.width) + epsilon);
  slice weight, offset;
  weight.load(gamma, lane, width, vectors, T(0));
  offset.load(beta, lane, width, vectors, T(0));
  MMREC_CUDA_UNROLL
  for (int i = 0; i < Items; ++i) value.at[i] = used ? value.at[i] * factor * weight.at[i] + offset.at[i] : T(0);
  value.store(y + at, lane, inside ? shape.width : 0, vectors);
  if (!used || lane != 0 || mean == nullptr) return;
  mean[row] = middle;
  inverse[row] = factor;
}

/// Rows that no block can keep.
template <class T>
__global__ void __launch_bounds__(wide_row_threads)
    normalize_wide_rows(norm_rows shape, T epsilon, const T* x, const T* gamma, const T* beta, T* y, T* mean, T* inverse,
                        bool) {
  const int lane = static_cast<int>(threadIdx.x), row = static_cast<int>(blockIdx.x), at = row * shape.width;
  const bool used = shape.counts(row);
  const int width = used ? shape.width : 0;
  row_group<T, wide_row_threads> together;
  T sum = 0, square = 0;
  for (int c = lane; c < width; c += wide_row_threads) sum += x[at + c];
  const T middle = together.template reduce<reduce_sum>(sum) / static_cast<T>(shape.width);
  for (int c = lane; c < width; c += wide_row_threads) square += (x[at + c] - middle) * (x[at + c] - middle);
  const T variance = together.template reduce<reduce_sum>(square) / static_cast<T>(shape.width);
  const T factor = T(1) / sqrt_of(variance + epsilon);
  for (int c = lane; c < shape.width; c += wide_row_threads) {
    y[at + c] = used ? (x[at + c] - middle) * factor * gamma[c] + beta[c] : T(0);
  }
  if (!used || lane != 0 || mean == nullptr) return;
  mean[row] = middle;
  inverse[row] = factor;
}

/// dx = inverse (g - mean of g - n * mean of g n), where g = dy gamma and n = (x - mean) inverse.
template <class T, int Lanes, int Items>
__global__ void __launch_bounds__((row_group<T, Lanes>::threads))
    row_gradients(norm_rows shape, const T* x, const T* dy, const T* gamma, const T* mean, const T* inverse, T* dx,
                  bool vectors) {
  using group = row_group<T, Lanes>;
  using slice = row_slice<T, Lanes, Items>;
  const int thread = static_cast<int>(threadIdx.x), lane = thread % Lanes;
  const int row = static_cast<int>(blockIdx.x) * group::rows + thread / Lanes;
  const bool inside = row < shape.rows, used = inside && shape.counts(row);
  const int at = inside ? row * shape.width : 0, width = used ? shape.width : 0;
  group together;
  slice normal, slope;
  normal.load(x + at, lane, width, vectors, T(0));
  slope.load(dy + at, lane, width, vectors, T(0));
  const T middle = used ? mean[row] : T(0), factor = used ? inverse[row] : T(0);
  T sum = 0, product = 0;
  {
    slice weight;
    weight.load(gamma, lane, width, vectors, T(0));
    MMREC_CUDA_UNROLL
    for (int i = 0; i < Items; ++i) {
      slope.at[i] *= weight.at[i];
      normal.at[i] = (normal.at[i] - middle) * factor;
      sum += slope.at[i];
      product += slope.at[i] * normal.at[i];
    }
  }
  sum = together.template reduce<reduce_sum>(sum) / static_cast<T>(shape.width);
  product = together.template reduce<reduce_sum>(product) / static_cast<T>(shape.width);
  MMREC_CUDA_UNROLL
  for (int i = 0; i < Items; ++i) {
    slope.at[i] = used ? factor * (slope.at[i] - sum - normal.at[i] * product) : T(0);
  }
  slope.store(dx + at, lane, inside ? shape.width : 0, vectors);
}

template <class T>
__global__ void __launch_bounds__(wide_row_threads)
    wide_row_gradients(norm_rows shape, const T* x, const T* dy, const T* gamma, const T* mean, const T* inverse, T* dx,
                       bool) {
  const int lane = static_cast<int>(threadIdx.x), row = static_cast<int>(blockIdx.x), at = row * shape.width;
  const bool used = shape.counts(row);
  const int width = used ? shape.width : 0;
  const T middle = used ? mean[row] : T(0), factor = used ? inverse[row] : T(0);
  row_group<T, wide_row_threads> together;
  T sum = 0, product = 0;
  for (int c = lane; c < width; c += wide_row_threads) {
    const T g = dy[at + c] * gamma[c];
    sum += g;
    product += g * ((x[at + c] - middle) * factor);
  }
  sum = together.template reduce<reduce_sum>(sum) / static_cast<T>(shape.width);
  product = together.template reduce<reduce_sum>(product) / static_cast<T>(shape.width);
  for (int c = lane; c < shape.width; c += wide_row_threads) {
    dx[at + c] = used ? factor * (dy[at + c] * gamma[c] - sum - (x[at + c] - middle) * factor * product) : T(0);
  }
}

template <class T>
struct layer_norm_family {
  template <int Lanes, int Items>
  static auto in_registers() {
    return &normalize_rows<T, Lanes, Items>;
  }
  static auto wide() { return &normalize_wide_rows<T>; }
};
template <class T>
struct layer_norm_gradient_family {
  template <int Lanes, int Items>
  static auto in_registers() {
    return &row_gradients<T, Lanes, Items>;
  }
  static auto wide() { return &wide_row_gradients<T>; }
};

}  // namespace detail
}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

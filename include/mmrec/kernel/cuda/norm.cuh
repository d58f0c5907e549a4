// mmrec/kernel/cuda/norm.cuh - batch and layer normalisation with their gradients: the kernels.
#pragma once
#include <cstddef>
#include <cstdint>

#include <mmrec/exec/cuda/launch.cuh>
#include <mmrec/kernel/cuda/detail/norm_columns.cuh>
#include <mmrec/kernel/cuda/detail/norm_layers.cuh>
#include <mmrec/kernel/cuda/elementwise_tuning.hpp>
#include <mmrec/kernel/cuda/norm.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

namespace detail {

/// What batch_norm_forward knows of a column once its sums are complete.
template <class T>
__global__ void __launch_bounds__(column_total_columns* column_total_shares)
    finish_statistics(int width, norm_count count, int slabs, const double* partial, T epsilon, T momentum, const T* x,
                      const T* gamma, T* running_mean, T* running_variance, T* mean, T* inverse, T* scale) {
  const column_total total(partial, slabs, width);
  const int c = total.column, used = count.used_rows();
  if (c < 0) return;
  if (used == 0) {
    mean[c] = inverse[c] = scale[c] = T(0);
    return;
  }
  const double n = static_cast<double>(used), offset = total.sum / n, square = total.other / n - offset * offset;
  const double variance = square > 0.0 ? square : 0.0;
  const double middle = static_cast<double>(x[count.first_row() * width + c]) + offset;
  const T factor = static_cast<T>(1.0 / sqrt(variance + static_cast<double>(epsilon)));
  mean[c] = static_cast<T>(middle);
  inverse[c] = factor;
  scale[c] = factor * gamma[c];
  running_mean[c] += momentum * (static_cast<T>(middle) - running_mean[c]);
  if (used > 1) running_variance[c] += momentum * (static_cast<T>(variance * (n / (n - 1.0))) - running_variance[c]);
}

template <class T>
__global__ void __launch_bounds__(column_total_columns* column_total_shares)
    finish_batch_gradients(int width, norm_count count, int slabs, const double* partial, const T* gamma, const T* inverse,
                           T* gamma_gradient, T* beta_gradient, T* scale, T* slope, T* offset) {
  const column_total total(partial, slabs, width);
  const int c = total.column, used = count.used_rows();
  if (c < 0) return;
  const double share = used == 0 ? 0.0 : 1.0 / static_cast<double>(used);
  const double factor = static_cast<double>(inverse[c]), product = total.other * factor;
  const double scaled = static_cast<double>(gamma[c]) * factor;
  gamma_gradient[c] += static_cast<T>(product);
  beta_gradient[c] += static_cast<T>(total.sum);
  scale[c] = static_cast<T>(scaled);
  slope[c] = static_cast<T>(scaled * factor * product * share);
  offset[c] = static_cast<T>(scaled * total.sum * share);
}

template <class T>
__global__ void __launch_bounds__(column_total_columns* column_total_shares)
    finish_layer_gradients(int width, int slabs, const double* partial, T* gamma_gradient, T* beta_gradient) {
  const column_total total(partial, slabs, width);
  if (total.column < 0) return;
  beta_gradient[total.column] += static_cast<T>(total.sum);
  gamma_gradient[total.column] += static_cast<T>(total.other);
}

template <class T>
__global__ void __launch_bounds__(map_threads)
    freeze_statistics(int channels, double epsilon, const T* gamma, const T* beta, const T* running_mean,
                      const T* running_variance, T* scale, T* shift) {
  const int c = static_cast<int>(blockIdx.x) * map_threads + static_cast<int>(threadIdx.x);
  if (c >= channels) return;
  const double factor = static_cast<double>(gamma[c]) / sqrt(static_cast<double>(running_variance[c]) + epsilon);
  scale[c] = static_cast<T>(factor);
  shift[c] = static_cast<T>(static_cast<double>(beta[c]) - static_cast<double>(running_mean[c]) * factor);
}

}  // namespace detail

template <class T>
void scale_and_shift(const context& on, const kernel::norm_shape& shape, const T* x, const T* scale, const T* shift, T* y,
                     kernel::simd_level) {
  if (shape.rows() * shape.width == 0) return;
  detail::launch_columns<detail::column_map::scale, T>(on, "cuda::scale_and_shift", shape, x, nullptr, scale, shift, nullptr,
                                                       nullptr, y);
}

template <class T>
void statistics_scale(const context& on, std::size_t channels, double epsilon, const T* gamma, const T* beta,
                      const T* running_mean, const T* running_variance, T* scale, T* shift) {
  if (channels == 0) return;
  const int count = detail::index_below("cuda::statistics_scale", "channels", channels);
  launch_shape blocks;
  blocks.x = blocks_for(channels, detail::map_threads);
  blocks.threads = detail::map_threads;
  launch(on, "cuda::statistics_scale", blocks, detail::freeze_statistics<T>, count, epsilon, gamma, beta, running_mean,
         running_variance, scale, shift);
}

template <class T>
void batch_norm_forward(const context& on, const kernel::norm_shape& shape, T epsilon, T momentum, const T* x,
                        const T* gamma, const T* beta, T* running_mean, T* running_variance, T* y, T* mean, T* inverse,
                        double*, kernel::simd_level) {
  if (shape.width == 0) return;
  detail::norm_count count;
  int slabs = 0;
  const auto work = detail::launch_column_sums<detail::column_sum::squares, T>(on, "cuda::batch_norm_forward", shape, x,
                                                                               nullptr, nullptr, nullptr, count, slabs);
  T* const scale = work.columns;
  launch(on, "cuda::batch_norm_forward", detail::total_shape(shape.width), detail::finish_statistics<T>, shape.width, count,
         slabs, work.partial, epsilon, momentum, x, gamma, running_mean, running_variance, mean, inverse, scale);
  if (shape.rows() == 0) return;
  detail::launch_columns<detail::column_map::normalize, T>(on, "cuda::batch_norm_forward", shape, x, nullptr, mean, scale,
                                                           beta, nullptr, y);
}

template <class T>
void batch_norm_backward(const context& on, const kernel::norm_shape& shape, const T* x, const T* dy, const T* gamma,
                         const T* mean, const T* inverse, T* gamma_gradient, T* beta_gradient, T* dx, double*,
                         kernel::simd_level) {
  if (shape.width == 0) return;
  detail::norm_count count;
  int slabs = 0;
  const auto work = detail::launch_column_sums<detail::column_sum::products, T>(on, "cuda::batch_norm_backward", shape, x,
                                                                                dy, mean, nullptr, count, slabs);
  T *const scale = work.columns, *const slope = scale + shape.width, *const offset = slope + shape.width;
  launch(on, "cuda::batch_norm_backward", detail::total_shape(shape.width), detail::finish_batch_gradients<T>, shape.width,
         count, slabs, work.partial, gamma, inverse, gamma_gradient, beta_gradient, scale, slope, offset);
  if (dx == nullptr || shape.rows() == 0) return;
  detail::launch_columns<detail::column_map::gradient, T>(on, "cuda::batch_norm_backward", shape, x, dy, mean, scale, slope,
                                                          offset, dx);
}

template <class T>
void layer_norm_forward(const context& on, const kernel::norm_shape& shape, T epsilon, const T* x, const T* gamma,
                        const T* beta, T* y, T* mean, T* inverse, kernel::simd_level) {
  if (shape.rows() * shape.width == 0) return;
  const detail::norm_rows rows = detail::rows_for_kernels("cuda::layer_norm_forward", shape);
  detail::launch_rows<detail::layer_norm_family<T>, T>(on, "cuda::layer_norm_forward", shape.rows(), shape.width, rows,
                                                       epsilon, x, gamma, beta, y, mean, inverse,
                                                       detail::columns_of_packs<T>(shape, x, gamma, beta, y));
}

template <class T>
void layer_norm_backward(const context& on, const kernel::norm_shape& shape, const T* x, const T* dy, const T* gamma,
                         const T* mean, const T* inverse, T* gamma_gradient, T* beta_gradient, T* dx, double*,
                         kernel::simd_level) {
  if (shape.rows() * shape.width == 0) return;
  detail::norm_count count;
  int slabs = 0;
  const auto work = detail::launch_column_sums<detail::column_sum::row_products, T>(on, "cuda::layer_norm_backward", shape,
                                                                                    x, dy, mean, inverse, count, slabs);
  launch(on, "cuda::layer_norm_backward", detail::total_shape(shape.width), detail::finish_layer_gradients<T>, shape.width,
         slabs, work.partial, gamma_gradient, beta_gradient);
  if (dx == nullptr) return;
  const detail::norm_rows rows = detail::rows_for_kernels("cuda::layer_norm_backward", shape);
  detail::launch_rows<detail::layer_norm_gradient_family<T>, T>(on, "cuda::layer_norm_backward", shape.rows(), shape.width,
                                                                rows, x, dy, gamma, mean, inverse, dx,
                                                                detail::columns_of_packs<T>(shape, x, dy, gamma, dx));
}

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

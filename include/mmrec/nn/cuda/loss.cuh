// mmrec/nn/cuda/loss.cuh - the kernels of nn/cuda/loss.hpp.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <mmrec/exec/cuda/launch.cuh>
#include <mmrec/nn/cuda/detail/loss_contrast.cuh>
#include <mmrec/nn/cuda/detail/loss_rows.cuh>
#include <mmrec/nn/cuda/loss.hpp>
#include <mmrec/nn/cuda/loss_tuning.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

template <class T>
void loss_and_gradient(const context& on, const nn::loss::mse&, const T* outputs, const T* targets, std::size_t batch,
                       std::size_t width, T* gradient, double* total, T*) {
  detail::loss_over_numbers<detail::loss_number::squared_error>(on, outputs, targets, batch, width, T(1), T(2), gradient,
                                                                total);
}

template <class T>
void loss_and_gradient(const context& on, const nn::loss::bce_with_logits& loss, const T* outputs, const T* targets,
                       std::size_t batch, std::size_t width, T* gradient, double* total, T*) {
  detail::loss_over_numbers<detail::loss_number::cross_entropy>(on, outputs, targets, batch, width,
                                                                static_cast<T>(loss.positive_weight), T(1), gradient, total);
}

template <class T>
void loss_and_gradient(const context& on, const nn::loss::softmax_cross_entropy& loss, const T* outputs,
                       const std::uint32_t* targets, std::size_t batch, std::size_t width, T* gradient, double* total, T*) {
  detail::loss_over_rows<detail::loss_target::of_class>(on, "cuda::loss_and_gradient", outputs, targets,
                                                        static_cast<const T*>(nullptr), batch, width, loss.label_smoothing,
                                                        static_cast<double>(batch), gradient, total);
}

template <class T>
void loss_and_gradient(const context& on, const nn::loss::bpr&, const T* outputs, const T*, std::size_t batch,
                       std::size_t width, T* gradient, double* total, T*) {
  constexpr std::string_view function = "cuda::loss_and_gradient";
  if (batch == 0 || width == 0) return;
  const auto rows = static_cast<unsigned>(narrow(function, "rows", batch));
  const auto columns = static_cast<unsigned>(narrow(function, "columns", width));
  if (columns < 2) {
    if (gradient != nullptr) check(cudaMemsetAsync(gradient, 0, batch * sizeof(T), on.stream()), "cudaMemsetAsync");
    return;
  }
  const double pairs = static_cast<double>(batch) * static_cast<double>(width - 1);
  const std::size_t blocks = (std::min)(loss_tuning::blocks, blocks_for(batch, loss_tuning::threads / 32));
  detail::loss_launch(on, function, blocks, total, pairs, static_cast<double>(batch), detail::loss_pairs_kernel<T>, outputs,
                      rows, columns, pairs, gradient);
}

template <class T>
void loss_and_gradient(const context& on, const nn::loss::sampled_softmax&, const T* outputs, const T* log_expected_counts,
                       std::size_t batch, std::size_t width, T* gradient, double* total, T*) {
  detail::loss_over_rows<detail::loss_target::first>(on, "cuda::loss_and_gradient", outputs,
                                                     static_cast<const std::uint32_t*>(nullptr), log_expected_counts, batch,
                                                     width, 0.0, static_cast<double>(batch), gradient, total);
}

template <class T>
void loss_and_gradients(const context& on, const nn::loss::infonce& loss, const T* left, const T* right, std::size_t batch,
                        std::size_t width, T* left_gradient, T* right_gradient, double* total, T* scratch) {
  constexpr std::string_view function = "cuda::loss_and_gradients";
  if (batch == 0 || width == 0) return;
  const auto rows = static_cast<unsigned>(narrow(function, "rows", batch));
  const auto columns = static_cast<unsigned>(narrow(function, "columns", width));
  T* const unit_left = scratch;
  T* const unit_right = unit_left + batch * width;
  T* const similarity = unit_right + batch * width;  // B x B
  T* const pull = similarity + batch * batch;        // B x B: the gradient with respect to similarity / temperature
  T* const other = pull + batch * batch;             // B x B
  T* const left_length = other + batch * batch;      // inverse lengths
  T* const right_length = left_length + batch;
  const launch_shape by_rows{.x = blocks_for(batch, loss_tuning::threads / 32), .threads = loss_tuning::threads};
  launch(on, function, by_rows, detail::loss_unit_kernel<T>, left, rows, columns, loss.normalize, unit_left, left_length);
  launch(on, function, by_rows, detail::loss_unit_kernel<T>, right, rows, columns, loss.normalize, unit_right, right_length);

  // Row-major matrices are the transposes of column-major ones: similarity' = unit_right unit_left'.
  const double inverse = 1.0 / loss.temperature;
  detail::loss_product(on, CUBLAS_OP_T, CUBLAS_OP_N, batch, batch, width, inverse, unit_right, width, unit_left, width,
                       similarity);
  const bool gradients = left_gradient != nullptr && right_gradient != nullptr;
  T* const slopes = gradients ? pull : nullptr;
  const double divisor = static_cast<double>(batch) * (loss.symmetric ? 2.0 : 1.0);
  const auto one_direction = [&](const T* logits, T* gradient) {
    detail::loss_over_rows<detail::loss_target::own>(on, function, logits, static_cast<const std::uint32_t*>(nullptr),
                                                     static_cast<const T*>(nullptr), batch, batch, 0.0, divisor, gradient,
                                                     total);
  };
  one_direction(similarity, slopes);
  if (loss.symmetric) {
    detail::loss_transpose<false>(on, function, similarity, batch, other);
    one_direction(other, gradients ? similarity : nullptr);
    if (gradients) detail::loss_transpose<true>(on, function, similarity, batch, pull);
  }
  if (!gradients) return;

  detail::loss_product(on, CUBLAS_OP_N, CUBLAS_OP_N, width, batch, batch, inverse, unit_right, width, pull, batch,
                       left_gradient);
  detail::loss_product(on, CUBLAS_OP_N, CUBLAS_OP_T, width, batch, batch, inverse, unit_left, width, pull, batch,
                       right_gradient);
  if (!loss.normalize) return;
  launch(on, function, by_rows, detail::loss_through_length_kernel<T>, unit_left, left_length, rows, columns, left_gradient);
  launch(on, function, by_rows, detail::loss_through_length_kernel<T>, unit_right, right_length, rows, columns,
         right_gradient);
}

template <class T>
void count_right(const context& on, const T* outputs, const std::uint32_t* targets, std::size_t batch, std::size_t width,
                 std::uint32_t* right) {
  constexpr std::string_view function = "cuda::count_right";
  if (batch == 0 || width == 0) return;
  const auto rows = static_cast<unsigned>(narrow(function, "rows", batch));
  const auto columns = static_cast<unsigned>(narrow(function, "columns", width));
  const std::size_t blocks = (std::min)(loss_tuning::blocks, blocks_for(batch, loss_tuning::threads / 32));
  launch(on, function, {.x = blocks, .threads = loss_tuning::threads}, detail::loss_right_kernel<T>, outputs, targets, rows,
         columns, right);
}

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

// mmrec/nn/cuda/loss.hpp - losses and their gradients on a device.
#pragma once
#include <cstddef>
#include <cstdint>

#include <mmrec/exec/cuda/config.hpp>
#include <mmrec/exec/cuda/context.hpp>
#include <mmrec/nn/loss/bce_with_logits.hpp>
#include <mmrec/nn/loss/bpr.hpp>
#include <mmrec/nn/loss/infonce.hpp>
#include <mmrec/nn/loss/mse.hpp>
#include <mmrec/nn/loss/sampled_softmax.hpp>
#include <mmrec/nn/loss/softmax_cross_entropy.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

/// Adds the mean loss of a batch, times `batch`, to *total, and writes its gradient: value_and_gradient of each loss in
/// nn/loss. Targets are trusted: check_targets looks at them before they are uploaded.
///
/// Shapes     all pointers are the device's; outputs, gradient: batch x width; targets: as the loss says; gradient may be
///            null: the value alone is wanted; scratch is not used
/// Cost       outputs and targets read, the gradient written; rows of a softmax are read again, from the caches; 8 KB of the
///            context's workspace; one launch, for larger batches two
/// Result     sums are formed in double, in an order that depends on the shape of the batch, and for mse and bce_with_logits
///            on where in 16 bytes the outputs begin: same bits from run to run; finite for every finite logit
/// Throws     limit_error beyond 2^31 - 1 rows, columns, or numbers that mse and bce_with_logits are over; call_error
template <class T>
void loss_and_gradient(const context& on, const nn::loss::mse& loss, const T* outputs, const T* targets, std::size_t batch,
                       std::size_t width, T* gradient, double* total, T* scratch = nullptr);
template <class T>
void loss_and_gradient(const context& on, const nn::loss::bce_with_logits& loss, const T* outputs, const T* targets,
                       std::size_t batch, std::size_t width, T* gradient, double* total, T* scratch = nullptr);
template <class T>
void loss_and_gradient(const context& on, const nn::loss::softmax_cross_entropy& loss, const T* outputs,
                       const std::uint32_t* targets, std::size_t batch, std::size_t width, T* gradient, double* total,
                       T* scratch = nullptr);
template <class T>
void loss_and_gradient(const context& on, const nn::loss::bpr& loss, const T* outputs, const T* targets, std::size_t batch,
                       std::size_t width, T* gradient, double* total, T* scratch = nullptr);
template <class T>
void loss_and_gradient(const context& on, const nn::loss::sampled_softmax& loss, const T* outputs,
                       const T* log_expected_counts, std::size_t batch, std::size_t width, T* gradient, double* total,
                       T* scratch = nullptr);

/// The same for two embeddings: value_and_gradients of nn/loss/infonce.hpp.
///
/// Shapes     left, right and their gradients: batch x width; the gradients may both be null; scratch: loss.scratch(batch,
///            width)
/// Cost       three products of batch x batch x width by cuBLAS, in exact float32 whatever the context's precision:
///            similarities are divided by a temperature and exponentiated, which magnifies their errors
/// Throws     limit_error beyond 2^31 - 1 rows or columns; call_error
template <class T>
void loss_and_gradients(const context& on, const nn::loss::infonce& loss, const T* left, const T* right, std::size_t batch,
                        std::size_t width, T* left_gradient, T* right_gradient, double* total, T* scratch);

/// Adds the number of rows whose largest output, the first if there are several, is the one of their class to *right.
///
/// Shapes     outputs: batch x width; targets: batch
/// Throws     limit_error beyond 2^31 - 1 rows or columns; call_error
template <class T>
void count_right(const context& on, const T* outputs, const std::uint32_t* targets, std::size_t batch, std::size_t width,
                 std::uint32_t* right);

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

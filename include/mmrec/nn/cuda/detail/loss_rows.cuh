// mmrec/nn/cuda/detail/loss_rows.cuh - losses that go number by number, and losses that go row by row.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <mmrec/exec/cuda/launch.cuh>
#include <mmrec/kernel/cuda/packs.cuh>
#include <mmrec/nn/cuda/detail/loss_math.cuh>
#include <mmrec/nn/cuda/loss_tuning.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace detail {

enum class loss_number { squared_error, cross_entropy };

/// What one number adds to the loss; leaves its gradient.
template <loss_number Kind, class T>
__device__ __forceinline__ double loss_of_number(T output, T target, T weight, T scale, T& gradient) {
  if constexpr (Kind == loss_number::squared_error) {
    const T difference = output - target;
    gradient = scale * difference;
    return static_cast<double>(difference) * static_cast<double>(difference);
  } else {
    const loss_logistic<T> at = loss_logistic_of(output);
    const T positive = weight * target;
    const T negative = T(1) - target;
    gradient = scale * (negative * at.sigmoid - positive * at.other_sigmoid);
    return static_cast<double>(positive * at.other_softplus + negative * at.softplus);
  }
}

/// `head` numbers and those that fill no pack at the end go one by one.
template <loss_number Kind, int Lanes, class T>
__global__ void __launch_bounds__(loss_tuning::threads)
    loss_numbers_kernel(const T* outputs, const T* targets, unsigned head, unsigned count, T weight, T scale, T* gradient,
                        loss_account account) {
  const unsigned thread = blockIdx.x * blockDim.x + threadIdx.x;
  const unsigned threads = gridDim.x * blockDim.x;
  const unsigned packs = (count - head) / Lanes;
  double sum = 0.0;
  for (unsigned pack = thread; pack < packs; pack += threads) {
    const unsigned at = head + pack * Lanes;
    const gather_pack<T, Lanes> x = gather_load<Lanes>(outputs + at);
    const gather_pack<T, Lanes> y = gather_load<Lanes>(targets + at);
    gather_pack<T, Lanes> slope;
    MMREC_CUDA_UNROLL
    for (int lane = 0; lane < Lanes; ++lane) {
      sum += loss_of_number<Kind>(x.at[lane], y.at[lane], weight, scale, slope.at[lane]);
    }
    if (gradient != nullptr) gather_store<Lanes>(gradient + at, slope);
  }
  const unsigned edges = count - packs * Lanes;
  if (thread < edges) {
    const unsigned at = thread < head ? thread : thread + packs * Lanes;
    T slope = T(0);
    sum += loss_of_number<Kind>(outputs[at], targets[at], weight, scale, slope);
    if (gradient != nullptr) gradient[at] = slope;
  }
  loss_book(account, sum);
}

template <loss_number Kind, class T>
void loss_over_numbers(const context& on, const T* outputs, const T* targets, std::size_t batch, std::size_t width, T weight,
                       T share, T* gradient, double* total) {
  constexpr std::string_view function = "cuda::loss_and_gradient";
  constexpr int lanes = gather_lanes<T>;
  if (batch == 0 || width == 0) return;
  narrow(function, "rows", batch);
  narrow(function, "columns", width);
  const std::size_t count = batch * width;
  const auto numbers = static_cast<unsigned>(narrow(function, "outputs of a batch", count));
  const unsigned head = (std::min)(numbers, gather_head(outputs));
  const bool wide = gather_aligned(outputs + head, targets + head, gradient == nullptr ? gradient : gradient + head);
  const T scale = share / static_cast<T>(count);
  const std::size_t blocks = (std::min)(loss_tuning::blocks, blocks_for(count, loss_tuning::threads, loss_tuning::each));
  const double divisor = static_cast<double>(count), rows = static_cast<double>(batch);
  if (wide) {
    loss_launch(on, function, blocks, total, divisor, rows, loss_numbers_kernel<Kind, lanes, T>, outputs, targets, head,
                numbers, weight, scale, gradient);
  } else {
    loss_launch(on, function, blocks, total, divisor, rows, loss_numbers_kernel<Kind, 1, T>, outputs, targets, 0u, numbers,
                weight, scale, gradient);
  }
}

/// Which column of a row is the target: that of its class, the first (whose row is lowered by logarithms of counts), or the
/// one of the row's own number.
enum class loss_target { of_class, first, own };

template <class T>
struct loss_softmax {
  const T* outputs;
  const std::uint32_t* targets;  // of_class
  const T* counts;               // first; may be null
  unsigned rows, width;
  double label_smoothing;
  double divisor;  // of the gradient
  T* gradient;     // may be null
};

template <bool Wide>
__device__ __forceinline__ double loss_row_sum(double value) {
  if constexpr (Wide) {
    return loss_block_sum<loss_tuning::threads>(value);
  } else {
    return loss_warp_sum(value);
  }
}
template <bool Wide, class T>
__device__ __forceinline__ T loss_row_max(T value) {
  if constexpr (Wide) {
    return loss_block_max<loss_tuning::threads>(value);
  } else {
    return loss_warp_max(value);
  }
}

/// A row is the work of a warp, or of a block where it is Wide. The target is kept apart, as in
/// nn/loss/detail/softmax_row.hpp: neither a loss close to 0 nor the target's own gradient is a difference of two numbers
/// close to 1.
template <loss_target Kind, bool Wide, class T>
__global__ void __launch_bounds__(loss_tuning::threads) loss_softmax_kernel(loss_softmax<T> job, loss_account account) {
  constexpr unsigned lanes = Wide ? loss_tuning::threads : 32;
  const unsigned lane = threadIdx.x % lanes;
  const unsigned stride = gridDim.x * (loss_tuning::threads / lanes);
  const double smooth = job.label_smoothing / static_cast<double>(job.width);
  double total = 0.0;
  for (unsigned row = (blockIdx.x * loss_tuning::threads + threadIdx.x) / lanes; row < job.rows; row += stride) {
    const std::size_t start = static_cast<std::size_t>(row) * job.width;
    const auto logit = [&](unsigned column) {
      const T given = job.outputs[start + column];
      if constexpr (Kind == loss_target::first) {
        return job.counts == nullptr ? given : given - job.counts[start + column];
      } else {
        return given;
      }
    };
    const unsigned target = Kind == loss_target::of_class ? job.targets[row] : Kind == loss_target::own ? row : 0u;

    T largest = -loss_infinity<T>;
    for (unsigned column = lane; column < job.width; column += lanes) {
      const T here = logit(column);
      largest = here > largest ? here : largest;
    }
    largest = loss_row_max<Wide>(largest);
    if (!(largest - largest == T(0))) largest = T(0);

    const T target_logit = logit(target);
    double others = 0.0, smoothed = 0.0;
    for (unsigned column = lane; column < job.width; column += lanes) {
      const T here = logit(column);
      if (column != target) others += static_cast<double>(loss_exp(here - largest));
      // Differences to the target's logit: the logits themselves may be large and cancel.
      if (smooth > 0.0) smoothed += static_cast<double>(target_logit) - static_cast<double>(here);
    }
    others = loss_row_sum<Wide>(others);
    if (smooth > 0.0) smoothed = loss_row_sum<Wide>(smoothed);
    const double sum = others + static_cast<double>(loss_exp(target_logit - largest));
    const double gap = static_cast<double>(largest) - static_cast<double>(target_logit);
    if (lane == 0) total += (gap == 0.0 ? log1p(others) : gap + log(sum)) + smooth * smoothed;

    if (job.gradient == nullptr) continue;
    const T scale = static_cast<T>(1.0 / (sum * job.divisor));
    const T shift = static_cast<T>(smooth / job.divisor);
    const T pull = static_cast<T>((job.label_smoothing - smooth - others / sum) / job.divisor);
    for (unsigned column = lane; column < job.width; column += lanes) {
      job.gradient[start + column] = column == target ? pull : scale * loss_exp(logit(column) - largest) - shift;
    }
  }
  loss_book(account, total);
}

/// `divisor` makes a mean of the sum over rows.
template <loss_target Kind, class T>
void loss_over_rows(const context& on, std::string_view function, const T* outputs, const std::uint32_t* targets,
                    const T* counts, std::size_t batch, std::size_t width, double label_smoothing, double divisor,
                    T* gradient, double* total) {
  if (batch == 0 || width == 0) return;
  const loss_softmax<T> job{outputs,
                            targets,
                            counts,
                            static_cast<unsigned>(narrow(function, "rows", batch)),
                            static_cast<unsigned>(narrow(function, "columns", width)),
                            label_smoothing,
                            divisor,
                            gradient};
  const double rows = static_cast<double>(batch);
  if (width >= loss_tuning::wide_row) {
    const std::size_t blocks = (std::min)(loss_tuning::blocks, batch);
    loss_launch(on, function, blocks, total, divisor, rows, loss_softmax_kernel<Kind, true, T>, job);
  } else {
    const std::size_t blocks = (std::min)(loss_tuning::blocks, blocks_for(batch, loss_tuning::threads / 32));
    loss_launch(on, function, blocks, total, divisor, rows, loss_softmax_kernel<Kind, false, T>, job);
  }
}

/// A warp a row: column 0 against each of the others.
template <class T>
__global__ void __launch_bounds__(loss_tuning::threads)
    loss_pairs_kernel(const T* outputs, unsigned rows, unsigned width, double pairs, T* gradient, loss_account account) {
  const unsigned lane = threadIdx.x % 32;
  const unsigned stride = gridDim.x * (loss_tuning::threads / 32);
  const T scale = static_cast<T>(1.0 / pairs);
  double total = 0.0;
  for (unsigned row = (blockIdx.x * loss_tuning::threads + threadIdx.x) / 32; row < rows; row += stride) {
    const std::size_t start = static_cast<std::size_t>(row) * width;
    const T positive = outputs[start];
    double pull = 0.0;
    for (unsigned column = 1 + lane; column < width; column += 32) {
      const loss_logistic<T> at = loss_logistic_of(positive - outputs[start + column]);
      total += static_cast<double>(at.other_softplus);
      if (gradient == nullptr) continue;
      gradient[start + column] = scale * at.other_sigmoid;
      pull += static_cast<double>(at.other_sigmoid);
    }
    if (gradient == nullptr) continue;
    pull = loss_warp_sum(pull);
    if (lane == 0) gradient[start] = static_cast<T>(-pull / pairs);
  }
  loss_book(account, total);
}

/// A warp a row. Integers may be added in any order.
template <class T>
__global__ void __launch_bounds__(loss_tuning::threads)
    loss_right_kernel(const T* outputs, const std::uint32_t* targets, unsigned rows, unsigned width, std::uint32_t* right) {
  const unsigned lane = threadIdx.x % 32;
  const unsigned stride = gridDim.x * (loss_tuning::threads / 32);
  unsigned found = 0;
  for (unsigned row = (blockIdx.x * loss_tuning::threads + threadIdx.x) / 32; row < rows; row += stride) {
    const T* const own = outputs + static_cast<std::size_t>(row) * width;
    T largest = own[0];
    unsigned column_of_largest = 0;
    MMREC_CUDA_UNROLL
    for (unsigned column = lane; column < width; column += 32) {
      if (own[column] > largest) {
        largest = own[column];
        column_of_largest = column;
      }
    }
    MMREC_CUDA_UNROLL
    for (int away = 16; away > 0; away /= 2) {
      const T other = __shfl_xor_sync(loss_all_lanes, largest, away);
      const unsigned column = __shfl_xor_sync(loss_all_lanes, column_of_largest, away);
      if (other > largest || (other == largest && column < column_of_largest)) {
        largest = other;
        column_of_largest = column;
      }
    }
    found += lane == 0 && column_of_largest == targets[row] ? 1u : 0u;
  }
  if (found != 0) atomicAdd(right, found);
}

}  // namespace detail
}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

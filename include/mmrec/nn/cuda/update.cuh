// mmrec/nn/cuda/update.cuh - the kernels of nn/cuda/update.hpp.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <mmrec/exec/cuda/launch.cuh>
#include <mmrec/kernel/cuda/packs.cuh>
#include <mmrec/nn/cuda/detail/update_rules.cuh>
#include <mmrec/nn/cuda/update.hpp>
#include <mmrec/nn/cuda/update_tuning.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace detail {

/// Loads a pack of all there is to know of its parameters, and makes one step.
template <int Lanes, class T, class Rule>
__device__ __forceinline__ void update_pack(const Rule& rule, T factor, T* p, const T* g, T* first, T* second) {
  gather_pack<T, Lanes> parameters = gather_load<Lanes>(p);
  const gather_pack<T, Lanes> gradients = gather_load<Lanes>(g);
  gather_pack<T, Lanes> ones{}, twos{};
  if constexpr (Rule::slot_count >= 1) ones = gather_load<Lanes>(static_cast<const T*>(first));
  if constexpr (Rule::slot_count >= 2) twos = gather_load<Lanes>(static_cast<const T*>(second));
  MMREC_CUDA_UNROLL
  for (int lane = 0; lane < Lanes; ++lane) {
    update_one(rule, parameters.at[lane], factor * gradients.at[lane], ones.at[lane], twos.at[lane]);
  }
  gather_store<Lanes>(p, parameters);
  if constexpr (Rule::slot_count >= 1) gather_store<Lanes>(first, ones);
  if constexpr (Rule::slot_count >= 2) gather_store<Lanes>(second, twos);
}

/// `head` parameters and those that fill no pack at the end go one by one.
template <int Lanes, class T, class Rule>
__global__ void __launch_bounds__(update_tuning::threads)
    update_kernel(const Rule* rules, const std::uint32_t* step_index, T* parameters, const T* gradients, const T* scale,
                  T* first, T* second, unsigned head, unsigned count) {
  const Rule rule = rules[*step_index];
  const T factor = scale == nullptr ? T(1) : *scale;
  const unsigned thread = blockIdx.x * blockDim.x + threadIdx.x;
  const unsigned threads = gridDim.x * blockDim.x;
  const unsigned packs = (count - head) / Lanes;
  for (unsigned pack = thread; pack < packs; pack += threads) {
    const unsigned at = head + pack * Lanes;
    update_pack<Lanes>(rule, factor, parameters + at, gradients + at, Rule::slot_count >= 1 ? first + at : nullptr,
                       Rule::slot_count >= 2 ? second + at : nullptr);
  }
  if constexpr (Lanes > 1) {
    const unsigned edges = count - packs * Lanes;
    if (thread < edges) {
      const unsigned at = thread < head ? thread : thread + packs * Lanes;
      update_pack<1>(rule, factor, parameters + at, gradients + at, Rule::slot_count >= 1 ? first + at : nullptr,
                     Rule::slot_count >= 2 ? second + at : nullptr);
    }
  }
}

/// Each warp looks at the flags of `rows_of_warp` rows, and moves those that are set with all its threads.
template <int Lanes, class T, class Rule>
__global__ void __launch_bounds__(update_tuning::threads)
    update_rows_kernel(const Rule* rules, const std::uint32_t* step_index, T* parameters, T* gradients, const T* scale,
                       T* first, T* second, unsigned width, unsigned rows, unsigned rows_of_warp, std::uint8_t* touched) {
  const Rule rule = rules[*step_index];
  const T factor = scale == nullptr ? T(1) : *scale;
  const unsigned lane = threadIdx.x % 32;
  const unsigned warp = (blockIdx.x * blockDim.x + threadIdx.x) / 32;
  const unsigned stride = gridDim.x * blockDim.x / 32 * rows_of_warp;
  for (unsigned begin = warp * rows_of_warp; begin < rows; begin += stride) {
    const unsigned own = begin + lane;
    const bool marked = lane < rows_of_warp && own < rows && touched[own] != 0;
    unsigned left = __ballot_sync(0xffffffffu, marked);
    if (marked) touched[own] = 0;
    while (left != 0) {
      const std::size_t row = begin + static_cast<unsigned>(__ffs(static_cast<int>(left)) - 1);
      left &= left - 1;
      for (unsigned column = lane * Lanes; column < width; column += 32 * Lanes) {
        const std::size_t at = row * width + column;
        update_pack<Lanes>(rule, factor, parameters + at, static_cast<const T*>(gradients + at),
                           Rule::slot_count >= 1 ? first + at : nullptr, Rule::slot_count >= 2 ? second + at : nullptr);
        gather_store<Lanes>(gradients + at, gather_pack<T, Lanes>{});
      }
    }
  }
}

template <class T>
T* update_offset(T* pointer, std::size_t offset) {
  return pointer == nullptr ? nullptr : pointer + offset;
}

}  // namespace detail

template <class T, class Rule>
void update(const context& on, const Rule* rules, const std::uint32_t* step_index, T* parameters, const T* gradients,
            const T* scale, T* first, T* second, std::size_t begin, std::size_t end) {
  constexpr std::string_view function = "cuda::update";
  constexpr int lanes = detail::gather_lanes<T>;
  const auto count = static_cast<unsigned>(narrow(function, "parameters", end - begin));
  if (count == 0) return;
  T* const p = parameters + begin;
  const T* const g = gradients + begin;
  T* const one = detail::update_offset(first, begin);
  T* const two = detail::update_offset(second, begin);
  const unsigned head = (std::min)(count, detail::gather_head(p));
  const bool wide =
      detail::gather_aligned(p + head, g + head, detail::update_offset(one, head), detail::update_offset(two, head));
  const std::size_t filled = static_cast<std::size_t>(on.device().multiprocessors) * update_tuning::blocks;
  const std::size_t blocks = (std::min)(filled, blocks_for(count, update_tuning::threads, wide ? lanes : 1));
  const launch_shape shape{.x = blocks, .threads = update_tuning::threads};
  if (wide) {
    launch(on, function, shape, detail::update_kernel<lanes, T, Rule>, rules, step_index, p, g, scale, one, two, head,
           count);
  } else {
    launch(on, function, shape, detail::update_kernel<1, T, Rule>, rules, step_index, p, g, scale, one, two, 0u, count);
  }
}

template <class T, class Rule>
void update_rows(const context& on, const Rule* rules, const std::uint32_t* step_index, T* parameters, T* gradients,
                 const T* scale, T* first, T* second, std::size_t first_element, std::size_t width, std::size_t rows,
                 std::uint8_t* touched) {
  constexpr std::string_view function = "cuda::update_rows";
  constexpr int lanes = detail::gather_lanes<T>;
  const auto columns = static_cast<unsigned>(narrow(function, "numbers of a row", width));
  const auto count = static_cast<unsigned>(narrow(function, "rows", rows));
  if (columns == 0 || count == 0) return;
  T* const p = parameters + first_element;
  T* const g = gradients + first_element;
  T* const one = detail::update_offset(first, first_element);
  T* const two = detail::update_offset(second, first_element);
  const unsigned each = rows >= update_tuning::large_table ? update_tuning::rows_of_large : update_tuning::rows_of_others;
  const std::size_t filled = static_cast<std::size_t>(on.device().multiprocessors) * update_tuning::blocks;
  constexpr std::size_t warps = update_tuning::threads / 32;
  const launch_shape shape{.x = (std::min)(filled, blocks_for(count, warps, each)), .threads = update_tuning::threads};
  if (columns % lanes == 0 && detail::gather_aligned(p, g, one, two)) {
    launch(on, function, shape, detail::update_rows_kernel<lanes, T, Rule>, rules, step_index, p, g, scale, one, two,
           columns, count, each, touched);
  } else {
    launch(on, function, shape, detail::update_rows_kernel<1, T, Rule>, rules, step_index, p, g, scale, one, two, columns,
           count, each, touched);
  }
}

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

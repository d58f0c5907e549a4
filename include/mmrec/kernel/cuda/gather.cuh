// mmrec/kernel/cuda/gather.cuh - the kernels of kernel/cuda/gather.hpp.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <mmrec/exec/cuda/launch.cuh>
#include <mmrec/kernel/cuda/gather.hpp>
#include <mmrec/kernel/cuda/gather_tuning.hpp>
#include <mmrec/kernel/cuda/packs.cuh>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace detail {

/// Rows of `width` numbers, each cut into `parts` pieces of `piece` numbers, which 2^shift threads copy.
struct gather_cut {
  unsigned rows, width, parts, piece, shift;
};

template <class T>
gather_cut gather_cut_of(std::size_t rows, std::size_t width, bool wide) {
  const std::size_t lanes = wide ? gather_lanes<T> : 1;
  const unsigned shift = gather_shift((width + lanes - 1) / lanes, gather_tuning::row_shift);
  const std::size_t piece = (lanes << shift) * gather_tuning::each;
  return {static_cast<unsigned>(rows), static_cast<unsigned>(width), static_cast<unsigned>((width + piece - 1) / piece),
          static_cast<unsigned>(piece), shift};
}

/// Calls piece(row, first column, column beyond the last, lane, lanes) for this thread's pieces.
template <class Piece>
__device__ __forceinline__ void gather_pieces(const gather_cut& cut, const Piece& piece) {
  const unsigned lanes = 1u << cut.shift;
  const unsigned thread = blockIdx.x * gather_tuning::threads + threadIdx.x;
  const std::size_t stride = gridDim.x * gather_tuning::threads >> cut.shift;
  const std::size_t pieces = static_cast<std::size_t>(cut.rows) * cut.parts;
  for (std::size_t at = thread >> cut.shift; at < pieces; at += stride) {
    const auto row = static_cast<unsigned>(at / cut.parts);
    const unsigned begin = static_cast<unsigned>(at - static_cast<std::size_t>(row) * cut.parts) * cut.piece;
    const unsigned end = cut.width - begin < cut.piece ? cut.width : begin + cut.piece;
    piece(row, begin, end, thread & (lanes - 1), lanes);
  }
}

template <int Lanes, class T>
__global__ void __launch_bounds__(gather_tuning::threads)
    gather_rows_kernel(gather_cut cut, const T* all, const std::uint32_t* order, const std::uint32_t* first, T* to) {
  const std::uint32_t* const own = order + *first;
  gather_pieces(cut, [&](unsigned row, unsigned begin, unsigned end, unsigned lane, unsigned lanes) {
    const T* const source = all + static_cast<std::size_t>(own[row]) * cut.width;
    T* const result = to + static_cast<std::size_t>(row) * cut.width;
    for (unsigned column = begin + lane * Lanes; column < end; column += lanes * Lanes) {
      gather_store<Lanes>(result + column, gather_load<Lanes>(source + column));
    }
  });
}

template <int Lanes, class T>
__global__ void __launch_bounds__(gather_tuning::threads)
    gather_ragged_kernel(gather_cut cut, unsigned width, unsigned steps, const T* values, const std::uint64_t* starts,
                         const std::uint32_t* order, const std::uint32_t* first, T* to, std::uint32_t* lengths) {
  const std::uint32_t* const own = order + *first;
  gather_pieces(cut, [&](unsigned row, unsigned begin, unsigned end, unsigned lane, unsigned lanes) {
    const std::uint64_t start = starts[own[row]];
    const std::uint64_t given = starts[own[row] + 1] - start;
    const unsigned length = given < steps ? static_cast<unsigned>(given) : steps;
    if (begin == 0 && lane == 0) lengths[row] = length;
    const T* const source = values + start * width;
    T* const result = to + static_cast<std::size_t>(row) * cut.width;
    for (unsigned column = begin + lane * Lanes; column < end; column += lanes * Lanes) {
      gather_pack<T, Lanes> numbers{};
      if (column < length * width) numbers = gather_load<Lanes>(source + column);
      gather_store<Lanes>(result + column, numbers);
    }
  });
}

template <class Counter>
__global__ void gather_advance_kernel(Counter* counter, Counter by) {
  *counter += by;
}

/// A thread a number of the result: writes are of whole lines, and what the caches hold of the planes serves the pixels
/// beside.
template <class T>
__global__ void __launch_bounds__(gather_tuning::threads)
    gather_interleave_kernel(gather_cut cut, unsigned channels, unsigned pixels, const T* planes, T* to) {
  gather_pieces(cut, [&](unsigned picture, unsigned begin, unsigned end, unsigned lane, unsigned lanes) {
    const std::size_t start = static_cast<std::size_t>(picture) * cut.width;
    for (unsigned at = begin + lane; at < end; at += lanes) {
      const unsigned pixel = at / channels;
      to[start + at] = planes[start + (at - pixel * channels) * pixels + pixel];
    }
  });
}

inline launch_shape gather_shape(const context& on, const gather_cut& cut) {
  const std::size_t pieces = static_cast<std::size_t>(cut.rows) * cut.parts;
  return {.x = gather_blocks(on, pieces, cut.shift, gather_tuning::threads), .threads = gather_tuning::threads};
}

}  // namespace detail

template <class T>
void gather_rows(const context& on, const T* all, std::size_t width, const std::uint32_t* order, const std::uint32_t* first,
                 std::size_t count, T* to) {
  constexpr std::string_view function = "cuda::gather_rows";
  constexpr int lanes = detail::gather_lanes<T>;
  narrow(function, "rows", count);
  narrow(function, "columns", width);
  const bool wide = width % lanes == 0 && detail::gather_aligned(all, to);
  const detail::gather_cut cut = detail::gather_cut_of<T>(count, width, wide);
  launch(on, function, detail::gather_shape(on, cut),
         wide ? detail::gather_rows_kernel<lanes, T> : detail::gather_rows_kernel<1, T>, cut, all, order, first, to);
}

template <class T>
void gather_ragged(const context& on, const T* values, const std::uint64_t* starts, std::size_t width, std::size_t steps,
                   const std::uint32_t* order, const std::uint32_t* first, std::size_t count, T* to,
                   std::uint32_t* lengths) {
  constexpr std::string_view function = "cuda::gather_ragged";
  constexpr int lanes = detail::gather_lanes<T>;
  narrow(function, "examples", count);
  const auto columns = static_cast<unsigned>(narrow(function, "numbers of a step", width));
  const auto most = static_cast<unsigned>(narrow(function, "steps", steps));
  narrow(function, "numbers of an example", width * steps);
  if (width * steps == 0) {
    if (count != 0) check(cudaMemsetAsync(lengths, 0, count * sizeof(*lengths), on.stream()), "cudaMemsetAsync");
    return;
  }
  const bool wide = width % lanes == 0 && detail::gather_aligned(values, to);
  const detail::gather_cut cut = detail::gather_cut_of<T>(count, width * steps, wide);
  launch(on, function, detail::gather_shape(on, cut),
         wide ? detail::gather_ragged_kernel<lanes, T> : detail::gather_ragged_kernel<1, T>, cut, columns, most, values,
         starts, order, first, to, lengths);
}

template <class Counter>
void advance(const context& on, Counter* counter, std::uint32_t by) {
  launch(on, "cuda::advance", {}, detail::gather_advance_kernel<Counter>, counter, by);
}

template <class T>
void interleave_planes(const context& on, std::size_t count, std::size_t channels, std::size_t pixels, const T* planes,
                       T* to) {
  constexpr std::string_view function = "cuda::interleave_planes";
  narrow(function, "pictures", count);
  const auto depth = static_cast<unsigned>(narrow(function, "channels", channels));
  const auto plane = static_cast<unsigned>(narrow(function, "pixels", pixels));
  narrow(function, "numbers of a picture", channels * pixels);
  const detail::gather_cut cut = detail::gather_cut_of<T>(count, channels * pixels, false);
  launch(on, function, detail::gather_shape(on, cut), detail::gather_interleave_kernel<T>, cut, depth, plane, planes, to);
}

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

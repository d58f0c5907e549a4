// mmrec/kernel/cuda/detail/affine_column_sums.cuh - sums of the columns of a matrix: gradients of a bias.
#pragma once
#include <cstddef>
#include <string_view>

#include <cuda_runtime.h>

#include <mmrec/exec/cuda/config.hpp>
#include <mmrec/exec/cuda/context.hpp>
#include <mmrec/exec/cuda/launch.cuh>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace detail {

/// Tuning. A warp reads 32 neighbouring columns, 8 warps of a block every eighth row; at least 512 rows a block, 64 a
/// thread, so that what a block writes is little beside what it reads; 256 blocks of a strip are enough for one column to
/// fill a device.
struct column_sums_tuning {
  static constexpr int columns = 32;
  static constexpr int warps = 8;
  static constexpr std::size_t least_rows = 512;
  static constexpr std::size_t most_parts = 256;
};

/// sums[part][column] of the part's rows: threads sum in T, in the order of the rows, blocks in double.
template <class T>
__global__ void column_part_sums(int rows, int columns, int part_rows, const T* __restrict__ matrix,
                                 double* __restrict__ sums) {
  constexpr int width = column_sums_tuning::columns, warps = column_sums_tuning::warps;
  __shared__ double shared[warps * width];
  const int lane = static_cast<int>(threadIdx.x) % width, warp = static_cast<int>(threadIdx.x) / width;
  const int column = static_cast<int>(blockIdx.x) * width + lane, part = static_cast<int>(blockIdx.y);
  const int begin = part * part_rows, end = begin + (rows - begin < part_rows ? rows - begin : part_rows);
  T sum = T(0);
  if (column < columns) {
    for (int row = warp; row < end - begin; row += warps) sum += matrix[(begin + row) * columns + column];
  }
  shared[warp * width + lane] = static_cast<double>(sum);
  __syncthreads();
  if (warp != 0 || column >= columns) return;
  double all = 0;
  for (int i = 0; i < warps; ++i) all += shared[i * width + lane];
  sums[part * columns + column] = all;
}

/// target[column] += the parts' sums, in their order.
template <class T>
__global__ void add_column_parts(int columns, int parts, const double* __restrict__ sums, T* __restrict__ target) {
  const int column = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (column >= columns) return;
  double all = 0;
  for (int part = 0; part < parts; ++part) all += sums[part * columns + column];
  target[column] = static_cast<T>(static_cast<double>(target[column]) + all);
}

/// target[column] += the sum of the column.
///
/// Shapes     matrix: rows x columns, fewer than 2^31 elements; target: columns
/// Result     in an order that depends on the shape alone
template <class T>
void add_column_sums(const context& on, std::string_view function, int rows, int columns, const T* matrix, T* target) {
  using tuning = column_sums_tuning;
  if (rows == 0 || columns == 0) return;
  const auto height = static_cast<std::size_t>(rows), width = static_cast<std::size_t>(columns);
  const std::size_t wanted = (height + tuning::least_rows - 1) / tuning::least_rows;
  const std::size_t most = wanted < tuning::most_parts ? wanted : tuning::most_parts;
  const std::size_t part_rows = (height + most - 1) / most, parts = (height + part_rows - 1) / part_rows;
  double* const sums = on.workspace_of<double>(parts * width);
  launch(on, function, {.x = blocks_for(width, tuning::columns), .y = parts, .threads = tuning::columns * tuning::warps},
         column_part_sums<T>, rows, columns, static_cast<int>(part_rows), matrix, sums);
  launch(on, function, {.x = blocks_for(width, 128), .threads = 128}, add_column_parts<T>, columns, static_cast<int>(parts),
         sums, target);
}

}  // namespace detail
}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

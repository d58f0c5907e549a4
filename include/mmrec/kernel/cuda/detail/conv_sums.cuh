// mmrec/kernel/cuda/detail/conv_sums.cuh - the sums of a tile, in registers.
#pragma once
#include <cstdint>
#include <type_traits>

#include <cuda_runtime.h>

#include <mmrec/exec/cuda/config.hpp>
#include <mmrec/kernel/cuda/detail/conv_form.cuh>
#include <mmrec/kernel/cuda/detail/mma_words.cuh>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace detail {

/// float32 sums of a thread: rows and columns in fours, the fours of a thread spread over the tile, so that a warp reads
/// shared memory without two lanes in one bank. Every sum is one chain of multiply-adds in the order of the steps.
template <class Form>
class conv_thread_sums {
  using tile = typename Form::tile;
  static constexpr int row_fours = tile::part_rows / 4, column_fours = tile::part_columns / 4;
  static constexpr int across = tile::columns / tile::part_columns;
  static constexpr int lanes_across = across < 8 ? across : 8, lanes_down = 32 / lanes_across;
  static_assert(tile::threads % 32 == 0 && across % lanes_across == 0);

 public:
  static constexpr int width = 4;  ///< neighbouring columns of each()

  __device__ __forceinline__ conv_thread_sums() {
    const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
    row_ = (warp / (across / lanes_across) * lanes_down + lane / lanes_across) * 4;
    column_ = (warp % (across / lanes_across) * lanes_across + lane % lanes_across) * 4;
  }

  template <class Left, class Right>
  __device__ __forceinline__ void add(const float* left, const float* right) {
    MMREC_CUDA_UNROLL
    for (int step = 0; step < Form::words; ++step) {
      float a[4 * row_fours], b[4 * column_fours];
      MMREC_CUDA_UNROLL
      for (int i = 0; i < row_fours; ++i) take(left + Left::at(step, row_ + i * (tile::rows / row_fours)), a + 4 * i);
      MMREC_CUDA_UNROLL
      for (int j = 0; j < column_fours; ++j) {
        take(right + Right::at(step, column_ + j * (tile::columns / column_fours)), b + 4 * j);
      }
      MMREC_CUDA_UNROLL
      for (int i = 0; i < 4 * row_fours; ++i) {
        MMREC_CUDA_UNROLL
        for (int j = 0; j < 4 * column_fours; ++j) sums_[i][j] = fmaf(a[i], b[j], sums_[i][j]);
      }
    }
  }

  /// Calls result.begin(row), and for the row result.store(column, values) for sums of neighbouring columns.
  template <class Result>
  __device__ __forceinline__ void each(Result& result) const {
    MMREC_CUDA_UNROLL
    for (int i = 0; i < 4 * row_fours; ++i) {
      result.begin(row_ + i / 4 * (tile::rows / row_fours) + i % 4);
      MMREC_CUDA_UNROLL
      for (int j = 0; j < column_fours; ++j) {
        const float values[width] = {sums_[i][4 * j], sums_[i][4 * j + 1], sums_[i][4 * j + 2], sums_[i][4 * j + 3]};
        result.store(column_ + j * (tile::columns / column_fours), values);
      }
    }
  }

 private:
  __device__ static __forceinline__ void take(const float* from, float* to) {
    const float4 four = *reinterpret_cast<const float4*>(from);
    to[0] = four.x;
    to[1] = four.y;
    to[2] = four.z;
    to[3] = four.w;
  }

  int row_, column_;
  float sums_[4 * row_fours][4 * column_fours] = {};
};

/// Sums of a warp on tensor cores, in fragments of 16 rows and 8 columns.
template <class Form>
class conv_warp_sums {
  using tile = typename Form::tile;
  static constexpr int row_parts = tile::part_rows / 16, column_parts = tile::part_columns / 8;
  static constexpr int across = tile::columns / tile::part_columns;

 public:
  static constexpr int width = 2;

  __device__ __forceinline__ conv_warp_sums() {
    const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
    row_ = warp / across * tile::part_rows + lane / 4;
    column_ = warp % across * tile::part_columns;
    eighth_ = lane / 4;
    fourth_ = lane % 4;
  }

  template <class Left, class Right>
  __device__ __forceinline__ void add(const std::uint32_t* left, const std::uint32_t* right) {
    MMREC_CUDA_UNROLL
    for (int step = 0; step < Form::words; step += 8) {
      std::uint32_t factors[column_parts][2];
      MMREC_CUDA_UNROLL
      for (int j = 0; j < column_parts; ++j) {
        factors[j][0] = right[Right::at(step + fourth_, column_ + 8 * j + eighth_)];
        factors[j][1] = right[Right::at(step + fourth_ + 4, column_ + 8 * j + eighth_)];
      }
      MMREC_CUDA_UNROLL
      for (int i = 0; i < row_parts; ++i) {
        const int row = row_ + 16 * i;
        const std::uint32_t part[4] = {left[Left::at(step + fourth_, row)], left[Left::at(step + fourth_, row + 8)],
                                       left[Left::at(step + fourth_ + 4, row)], left[Left::at(step + fourth_ + 4, row + 8)]};
        MMREC_CUDA_UNROLL
        for (int j = 0; j < column_parts; ++j) {
          if constexpr (Form::pack == 2) {
            mma_bf16(sums_[i][j], part, factors[j]);
          } else {
            mma_tf32(sums_[i][j], part, factors[j]);
          }
        }
      }
    }
  }

  template <class Result>
  __device__ __forceinline__ void each(Result& result) const {
    MMREC_CUDA_UNROLL
    for (int i = 0; i < 2 * row_parts; ++i) {
      result.begin(row_ + 8 * i);
      MMREC_CUDA_UNROLL
      for (int j = 0; j < column_parts; ++j) {
        const float values[width] = {sums_[i / 2][j][i % 2 * 2], sums_[i / 2][j][i % 2 * 2 + 1]};
        result.store(column_ + 8 * j + 2 * fourth_, values);
      }
    }
  }

 private:
  int row_, column_, eighth_, fourth_;
  float sums_[row_parts][column_parts][4] = {};
};

template <class Form>
using conv_tile_sums = std::conditional_t<Form::tile::on_tensor_cores, conv_warp_sums<Form>, conv_thread_sums<Form>>;

/// Adds the products of `tiles` tiles of the factors. While a block computes with a tile in one half of the shared memory,
/// it reads the next one, which goes into the other half.
template <class Form, class Left, class Right>
__device__ __forceinline__ void conv_add_tiles(Left& left, Right& right, int tiles, typename Form::word* shared_left,
                                               typename Form::word* shared_right, conv_tile_sums<Form>& sums) {
  constexpr int left_size = Left::stage::size, right_size = Right::stage::size;
  if (tiles <= 0) return;
  left.fetch();
  right.fetch();
  left.put(shared_left);
  right.put(shared_right);
  __syncthreads();
  for (int tile = 0; tile < tiles; ++tile) {
    const bool more = tile + 1 < tiles;
    if (more) {
      left.fetch();
      right.fetch();
    }
    const int half = tile % 2;
    sums.template add<typename Left::stage, typename Right::stage>(shared_left + half * left_size,
                                                                   shared_right + half * right_size);
    if (more) {
      left.put(shared_left + (1 - half) * left_size);
      right.put(shared_right + (1 - half) * right_size);
    }
    __syncthreads();
  }
}

}  // namespace detail
}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

// mmrec/kernel/cuda/detail/conv_form.cuh - how the tiles of a convolution's factors lie in shared memory.
#pragma once
#include <cstdint>
#include <type_traits>

#include <cuda_runtime.h>

#include <mmrec/exec/cuda/config.hpp>
#include <mmrec/exec/cuda/context.hpp>
#include <mmrec/kernel/cuda/detail/mma_words.cuh>
#include <mmrec/kernel/cuda/detail/vector_access.cuh>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace detail {

/// A tile, the numbers it computes with, and how many of them are read at once (1 or 4).
template <class Tile, math Mode, int Vector>
struct conv_form {
  static_assert(Tile::on_tensor_cores == (Mode != math::float32));
  using tile = Tile;
  using word = std::conditional_t<Tile::on_tensor_cores, std::uint32_t, float>;
  static constexpr int vector = Vector;
  /// Numbers of a word. Those read one by one are not packed in pairs: as tf32 words their products are the same.
  static constexpr int pack = Mode == math::bf16 && Vector == 4 ? 2 : 1;
  static constexpr int words = Tile::words;   ///< steps of the sum in shared memory
  static constexpr int depth = words * pack;  ///< factors of each sum in shared memory
  static constexpr int threads = Tile::threads;

  __device__ static __forceinline__ word encoded(float value) {
    if constexpr (Mode == math::float32) return value;
    if constexpr (Mode == math::tf32) return tf32_word(value);
    if constexpr (Mode == math::bf16) return bf16_as_tf32(value);
  }
};

/// Where the `Rows` rows (or columns) of a factor's tile lie in shared memory. AlongDepth: threads read neighbours along
/// the sum, otherwise neighbouring rows. Ordinary cores read neighbouring rows of one step; tensor cores read 8 rows and 4
/// steps at a time, and take either order. The strides let the 32 lanes of a read meet different banks.
template <class Form, int Rows, bool AlongDepth>
struct conv_stage {
  using word = typename Form::word;
  static constexpr bool by_rows = Form::tile::on_tensor_cores && AlongDepth;
  static constexpr int stride = by_rows ? Form::words + 4 : Rows + (Form::tile::on_tensor_cores ? 8 : 4);
  static constexpr int size = stride * (by_rows ? Rows : Form::words);

  __device__ static __forceinline__ int at(int step, int row) { return by_rows ? row * stride + step : step * stride + row; }

  __device__ static __forceinline__ void put_four(word* to, word a, word b, word c, word d) {
    if constexpr (Form::tile::on_tensor_cores) {
      *reinterpret_cast<uint4*>(to) = make_uint4(a, b, c, d);
    } else {
      *reinterpret_cast<float4*>(to) = make_float4(a, b, c, d);
    }
  }

  /// Stores the factors `first`, first + 1, ... of a row.
  __device__ static __forceinline__ void put_depth(word* stage, int row, int first, const float (&values)[Form::vector]) {
    if constexpr (Form::pack == 2) {
      *reinterpret_cast<uint2*>(stage + at(first / 2, row)) =
          make_uint2(bf16_words(values[0], values[1]), bf16_words(values[2], values[3]));
    } else if constexpr (by_rows && Form::vector == 4) {
      put_four(stage + at(first, row), Form::encoded(values[0]), Form::encoded(values[1]), Form::encoded(values[2]),
               Form::encoded(values[3]));
    } else {
      MMREC_CUDA_UNROLL
      for (int i = 0; i < Form::vector; ++i) stage[at(first + i, row)] = Form::encoded(values[i]);
    }
  }
  /// Stores the factors of one word of rows `row`, row + 1, ...
  __device__ static __forceinline__ void put_rows(word* stage, int row, int step,
                                                  const float (&values)[Form::pack][Form::vector]) {
    if constexpr (Form::pack == 2) {
      put_four(stage + at(step, row), bf16_words(values[0][0], values[1][0]), bf16_words(values[0][1], values[1][1]),
               bf16_words(values[0][2], values[1][2]), bf16_words(values[0][3], values[1][3]));
    } else if constexpr (Form::vector == 4) {
      put_four(stage + at(step, row), Form::encoded(values[0][0]), Form::encoded(values[0][1]), Form::encoded(values[0][2]),
               Form::encoded(values[0][3]));
    } else {
      stage[at(step, row)] = Form::encoded(values[0][0]);
    }
  }
};

/// The part of a tile that a thread reads along the sum: vectors at one place of it, of the rows first, first + step, ...
template <class Form, int Rows>
struct conv_depth_share {
  static constexpr int lanes = Form::depth / Form::vector;
  static constexpr int step = Form::threads / lanes;
  static constexpr bool spare = step > Rows;  ///< more threads than vectors
  static constexpr int items = spare ? 1 : Rows / step;
  static_assert(Form::threads % lanes == 0 && (spare || Rows % step == 0));
  __device__ static __forceinline__ int factor(int thread) { return thread % lanes * Form::vector; }
  __device__ static __forceinline__ int row(int thread, int item) { return thread / lanes + item * step; }
};

/// The part of a tile that a thread reads across rows: vectors of the same rows, of the steps first, first + step, ...
template <class Form, int Rows>
struct conv_row_share {
  static constexpr int lanes = Rows / Form::vector;
  static constexpr int step = Form::threads / lanes;
  static constexpr bool spare = step > Form::words;
  static constexpr int items = spare ? 1 : Form::words / step;
  static_assert(Form::threads % lanes == 0 && (spare || Form::words % step == 0));
  __device__ static __forceinline__ int row(int thread) { return thread % lanes * Form::vector; }
  __device__ static __forceinline__ int word(int thread, int item) { return thread / lanes + item * step; }
};

/// values = from[0 ...], or zeros.
template <int Vector>
__device__ __forceinline__ void conv_read(const float* from, bool there, float (&values)[Vector]) {
  if constexpr (Vector == 4) {
    const float4 all = there ? __ldg(reinterpret_cast<const float4*>(from)) : make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    values[0] = all.x;
    values[1] = all.y;
    values[2] = all.z;
    values[3] = all.w;
  } else {
    values[0] = there ? __ldg(from) : 0.0f;
  }
}

}  // namespace detail
}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

// mmrec/kernel/cuda/detail/norm_columns.cuh - sums down the columns of a matrix, and what is done to it column by column.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <mmrec/exec/cuda/launch.cuh>
#include <mmrec/kernel/cuda/detail/vector_access.cuh>
#include <mmrec/kernel/cuda/norm_tuning.hpp>
#include <mmrec/kernel/norm_shape.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace detail {

/// norm_shape for kernels.
struct norm_rows {
  int rows, steps, width;
  const std::uint32_t* lengths;

  __device__ __forceinline__ bool counts(int row) const {
    return lengths == nullptr || static_cast<unsigned>(row % steps) < lengths[row / steps];
  }
};
/// How many rows count, and the first that does: numbers of the host, or of the device if `counted` is not null.
struct norm_count {
  int used, first;
  const int* counted;

  __device__ __forceinline__ int used_rows() const { return counted == nullptr ? used : counted[0]; }
  __device__ __forceinline__ int first_row() const { return counted == nullptr ? first : counted[1]; }
};

/// Which columns and rows each block and thread has: `lanes` threads next to each other, a power of two, each with a pack of
/// columns; `across` blocks for all columns; `slab` rows a block.
struct column_layout {
  int lanes, across, slab, slabs;

  std::size_t blocks() const { return static_cast<std::size_t>(across) * static_cast<std::size_t>(slabs); }
};
/// Slabs for about `blocks` blocks, none of which has fewer rows than its threads take at once.
inline column_layout columns_over(const kernel::norm_shape& shape, int width_of_pack, int blocks) {
  const std::size_t packs = shape.width / static_cast<std::size_t>(width_of_pack), rows = shape.rows();
  std::size_t lanes = 1;
  while (lanes < packs && lanes < static_cast<std::size_t>(column_lanes)) lanes *= 2;
  const std::size_t across = blocks_for(packs, lanes), together = column_threads / lanes;
  const std::size_t wanted = (std::max)(std::size_t{1}, static_cast<std::size_t>(blocks) / across);
  const std::size_t least = together * column_unroll;
  const std::size_t slab = (std::max)(blocks_for(rows, wanted), least);
  return {static_cast<int>(lanes), static_cast<int>(across), static_cast<int>(slab),
          static_cast<int>(blocks_for(rows, slab))};
}

/// The place of a thread in the layout.
struct column_place {
  int pack, lane, first, step, last;

  __device__ __forceinline__ column_place(const column_layout& layout, int rows) {
    const int thread = static_cast<int>(threadIdx.x), block = static_cast<int>(blockIdx.x);
    const int slab = block / layout.across;
    lane = thread % layout.lanes;
    pack = block % layout.across * layout.lanes + lane;
    step = column_threads / layout.lanes;
    first = slab * layout.slab + thread / layout.lanes;
    last = slab * layout.slab + layout.slab < rows ? slab * layout.slab + layout.slab : rows;
  }
};

/// counted[0] = the rows that count, counted[1] = the first of them, or 0. One block.
template <int Threads>
__global__ void __launch_bounds__(Threads) count_rows(int examples, int steps, const std::uint32_t* lengths, int* counted) {
  __shared__ int sums[Threads], firsts[Threads];
  const int thread = static_cast<int>(threadIdx.x);
  int sum = 0, first = examples;
  for (int example = thread; example < examples; example += Threads) {
    const std::uint32_t length = lengths[example];
    sum += length < static_cast<unsigned>(steps) ? static_cast<int>(length) : steps;
    if (length != 0 && example < first) first = example;
  }
  sums[thread] = sum;
  firsts[thread] = first;
  for (int half = Threads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (thread >= half) continue;
    sums[thread] += sums[thread + half];
    if (firsts[thread + half] < firsts[thread]) firsts[thread] = firsts[thread + half];
  }
  if (thread != 0) return;
  counted[0] = sums[0];
  counted[1] = firsts[0] == examples ? 0 : firsts[0] * steps;
}

enum class column_sum {
  squares,      ///< of x - base and of its square; base is the first row that counts
  products,     ///< of dy and of dy (x - mean of the column)
  row_products  ///< of dy and of dy (x - mean of the row) / (its deviation)
};

/// Two sums a column of the rows of a slab that count: partial[slab][0][column] and partial[slab][1][column].
template <column_sum Kind, class T, int Width>
__global__ void __launch_bounds__(column_threads)
    sum_columns(norm_rows shape, norm_count count, column_layout layout, const T* x, const T* dy, const T* mean,
                const T* inverse, double* partial) {
  __shared__ double sums[Width * column_threads], others[Width * column_threads];
  const column_place place(layout, shape.rows);
  const int thread = static_cast<int>(threadIdx.x), column = place.pack * Width;
  double base[Width], sum[Width], other[Width];
  MMREC_CUDA_UNROLL
  for (int i = 0; i < Width; ++i) base[i] = sum[i] = other[i] = 0.0;
  if (column < shape.width) {
    if constexpr (Kind != column_sum::row_products) {
      const T* const from = Kind == column_sum::squares ? x + count.first_row() * shape.width : mean;
      MMREC_CUDA_UNROLL
      for (int i = 0; i < Width; ++i) base[i] = static_cast<double>(from[column + i]);
    }
    for (int top = place.first; top < place.last; top += place.step * column_unroll) {
      vector_pack<T, Width> value[column_unroll], slope[column_unroll];
      bool used[column_unroll];
      MMREC_CUDA_UNROLL
      for (int u = 0; u < column_unroll; ++u) {
        const int row = top + u * place.step;
        used[u] = row < place.last && shape.counts(row);
        if (!used[u]) continue;
        value[u] = load_pack<Width>(x + (row * shape.width + column));
        if constexpr (Kind != column_sum::squares) slope[u] = load_pack<Width>(dy + (row * shape.width + column));
      }
      MMREC_CUDA_UNROLL
      for (int u = 0; u < column_unroll; ++u) {
        if (!used[u]) continue;
        double middle = 0.0, factor = 1.0;
        if constexpr (Kind == column_sum::row_products) {
          middle = static_cast<double>(mean[top + u * place.step]);
          factor = static_cast<double>(inverse[top + u * place.step]);
        }
        MMREC_CUDA_UNROLL
        for (int i = 0; i < Width; ++i) {
          const double number = static_cast<double>(value[u].at[i]);
          if constexpr (Kind == column_sum::squares) {
            const double d = number - base[i];
            sum[i] += d;
            other[i] += d * d;
          } else {
            const double g = static_cast<double>(slope[u].at[i]);
            sum[i] += g;
            other[i] += g * (Kind == column_sum::products ? number - base[i] : (number - middle) * factor);
          }
        }
      }
    }
  }
  MMREC_CUDA_UNROLL
  for (int i = 0; i < Width; ++i) {
    sums[i * column_threads + thread] = sum[i];
    others[i * column_threads + thread] = other[i];
  }
  for (int half = column_threads / 2; half >= layout.lanes; half /= 2) {
    __syncthreads();
    if (thread >= half) continue;
    MMREC_CUDA_UNROLL
    for (int i = 0; i < Width; ++i) {
      sums[i * column_threads + thread] += sums[i * column_threads + thread + half];
      others[i * column_threads + thread] += others[i * column_threads + thread + half];
    }
  }
  if (thread >= layout.lanes || column >= shape.width) return;
  double* const own =
      partial +
      static_cast<std::size_t>(static_cast<int>(blockIdx.x) / layout.across) * 2 * static_cast<std::size_t>(shape.width) +
      column;
  double* const own_others = own + shape.width;
  MMREC_CUDA_UNROLL
  for (int i = 0; i < Width; ++i) {
    own[i] = sums[i * column_threads + thread];
    own_others[i] = others[i * column_threads + thread];
  }
}

/// The two sums of this thread's column over all slabs, to the first column_total_columns threads of a block; of the others,
/// `column` is -1. All threads of the block call it.
struct column_total {
  int column;
  double sum, other;

  __device__ __forceinline__ column_total(const double* partial, int slabs, int width) {
    __shared__ double sums[column_total_columns * column_total_shares], others[column_total_columns * column_total_shares];
    const int thread = static_cast<int>(threadIdx.x), share = thread / column_total_columns;
    column = static_cast<int>(blockIdx.x) * column_total_columns + thread % column_total_columns;
    sum = other = 0.0;
    if (column < width) {
      MMREC_CUDA_UNROLL_8
      for (int slab = share; slab < slabs; slab += column_total_shares) {
        const double* const of_slab =
            partial + static_cast<std::size_t>(slab) * 2 * static_cast<std::size_t>(width) + column;
        sum += *of_slab;
        other += of_slab[width];
      }
    }
    sums[thread] = sum;
    others[thread] = other;
    __syncthreads();
    if (share != 0 || column >= width) {
      column = -1;
      return;
    }
    for (int next = 1; next < column_total_shares; ++next) {
      sum += sums[next * column_total_columns + thread];
      other += others[next * column_total_columns + thread];
    }
  }
};

enum class column_map {
  scale,      ///< x * first + second
  normalize,  ///< (x - first) * second + third
  gradient    ///< dy * second - ((x - first) * third + fourth)
};

/// to = the function of each number, by its column's numbers first..fourth; zero in rows that do not count.
template <column_map Kind, class T, int Width>
__global__ void __launch_bounds__(column_threads, column_map_residents)
    map_columns(norm_rows shape, column_layout layout, const T* x, const T* dy, const T* first, const T* second,
                const T* third, const T* fourth, T* to) {
  const column_place place(layout, shape.rows);
  const int column = place.pack * Width;
  if (column >= shape.width) return;
  T a[Width], b[Width], c[Width], d[Width];
  MMREC_CUDA_UNROLL
  for (int i = 0; i < Width; ++i) {
    a[i] = first[column + i];
    b[i] = second[column + i];
    c[i] = Kind == column_map::scale ? T(0) : third[column + i];
    d[i] = Kind == column_map::gradient ? fourth[column + i] : T(0);
  }
  for (int top = place.first; top < place.last; top += place.step * column_unroll) {
    vector_pack<T, Width> value[column_unroll], slope[column_unroll];
    bool used[column_unroll];
    MMREC_CUDA_UNROLL
    for (int u = 0; u < column_unroll; ++u) {
      const int row = top + u * place.step;
      used[u] = row < place.last && shape.counts(row);
      if (!used[u]) continue;
      value[u] = load_pack<Width>(x + (row * shape.width + column));
      if constexpr (Kind == column_map::gradient) slope[u] = load_pack<Width>(dy + (row * shape.width + column));
    }
    MMREC_CUDA_UNROLL
    for (int u = 0; u < column_unroll; ++u) {
      const int row = top + u * place.step;
      if (row >= place.last) continue;
      vector_pack<T, Width> result;
      MMREC_CUDA_UNROLL
      for (int i = 0; i < Width; ++i) {
        result.at[i] = T(0);
        if (!used[u]) continue;
        const T number = value[u].at[i];
        if constexpr (Kind == column_map::scale) result.at[i] = number * a[i] + b[i];
        if constexpr (Kind == column_map::normalize) result.at[i] = (number - a[i]) * b[i] + c[i];
        if constexpr (Kind == column_map::gradient) result.at[i] = slope[u].at[i] * b[i] - ((number - a[i]) * c[i] + d[i]);
      }
      store_pack(to + (row * shape.width + column), result);
    }
  }
}

/// Whether rows begin at multiples of 16 bytes in all of these arrays, null ones excepted.
template <class T, class... Addresses>
bool columns_of_packs(const kernel::norm_shape& shape, const Addresses*... addresses) {
  return shape.width % static_cast<std::size_t>(vector_width<T>) == 0 && begin_packs(addresses...);
}

inline norm_rows rows_for_kernels(std::string_view function, const kernel::norm_shape& shape) {
  index_below(function, "rows", shape.examples, shape.steps);
  index_below(function, "numbers", shape.rows(), shape.width);
  return {static_cast<int>(shape.rows()), static_cast<int>(shape.steps), static_cast<int>(shape.width), shape.lengths};
}

template <column_map Kind, class T>
void launch_columns(const context& on, std::string_view function, const kernel::norm_shape& shape, const T* x, const T* dy,
                    const T* first, const T* second, const T* third, const T* fourth, T* to) {
  const norm_rows rows = rows_for_kernels(function, shape);
  launch_shape blocks;
  blocks.threads = column_threads;
  const auto start = [&](auto kernel, int width) {
    const column_layout layout = columns_over(shape, width, column_map_blocks);
    blocks.x = layout.blocks();
    launch(on, function, blocks, kernel, rows, layout, x, dy, first, second, third, fourth, to);
  };
  if (columns_of_packs<T>(shape, x, dy, to)) {
    start(&map_columns<Kind, T, vector_width<T>>, vector_width<T>);
  } else {
    start(&map_columns<Kind, T, 1>, 1);
  }
}

/// The workspace of a normalisation: partial sums, then three numbers a column, then two counts.
template <class T>
struct norm_workspace {
  double* partial;
  T* columns;
  int* counted;
};
/// Queues the sums; returns where they are and in how many slabs.
template <column_sum Kind, class T>
norm_workspace<T> launch_column_sums(const context& on, std::string_view function, const kernel::norm_shape& shape,
                                     const T* x, const T* dy, const T* mean, const T* inverse, norm_count& count,
                                     int& slabs) {
  const norm_rows rows = rows_for_kernels(function, shape);
  const int pack = columns_of_packs<T>(shape, x, dy) ? vector_width<T> : 1;
  const column_layout layout = columns_over(shape, pack, column_sum_blocks);
  slabs = layout.slabs;
  const std::size_t sums = static_cast<std::size_t>(layout.slabs) * 2 * shape.width, columns = 3 * shape.width;
  std::byte* const memory = on.workspace(sums * sizeof(double) + columns * sizeof(T) + 2 * sizeof(int));
  norm_workspace<T> work;
  work.partial = reinterpret_cast<double*>(memory);
  work.columns = reinterpret_cast<T*>(memory + sums * sizeof(double));
  work.counted = reinterpret_cast<int*>(memory + sums * sizeof(double) + columns * sizeof(T));
  count = {rows.rows, 0, nullptr};
  launch_shape blocks;
  // The gradients of gamma and beta ask for no number of rows.
  if (Kind != column_sum::row_products && shape.lengths != nullptr) {
    blocks.threads = column_threads;
    count.counted = work.counted;
    launch(on, function, blocks, count_rows<column_threads>, shape.examples, shape.steps, shape.lengths, work.counted);
  }
  blocks.x = layout.blocks();
  blocks.threads = column_threads;
  if (pack == 1) {
    launch(on, function, blocks, sum_columns<Kind, T, 1>, rows, count, layout, x, dy, mean, inverse, work.partial);
  } else {
    launch(on, function, blocks, sum_columns<Kind, T, vector_width<T>>, rows, count, layout, x, dy, mean, inverse,
           work.partial);
  }
  return work;
}
/// Blocks that add up the partial sums of all columns.
inline launch_shape total_shape(std::size_t width) {
  launch_shape shape;
  shape.x = blocks_for(width, column_total_columns);
  shape.threads = column_total_columns * column_total_shares;
  return shape;
}

}  // namespace detail
}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

// mmrec/kernel/cuda/elementwise.cuh - activations and softmax with their gradients: the kernels.
#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include <mmrec/exec/cuda/launch.cuh>
#include <mmrec/kernel/cuda/detail/reduce_rows.cuh>
#include <mmrec/kernel/cuda/detail/vector_map.cuh>
#include <mmrec/kernel/cuda/elementwise.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

namespace detail {

/// gelu's approximation: x / 2 (1 + tanh(a (x + b x^3))); the normal distribution's density is c exp(-x^2 / 2).
inline constexpr double gelu_a = 0.79788456080286535588, gelu_b = 0.044715;
inline constexpr double gelu_root = 0.70710678118654752440, gelu_c = 0.39894228040143267794;

#define MMREC_CUDA_OPERATION(name, count)  \
  struct name {                            \
    static constexpr int inputs = (count); \
    template <class T>                     \
    static __device__ __forceinline__ T of(T x, [[maybe_unused]] T dy, [[maybe_unused]] T parameter)
MMREC_CUDA_OPERATION(relu_of, 1) { return x < T(0) ? T(0) : x; }
};
MMREC_CUDA_OPERATION(relu_slope, 2) { return x > T(0) ? dy : T(0); }
};
MMREC_CUDA_OPERATION(leaky_relu_of, 1) { return x < T(0) ? x * parameter : x; }
};
MMREC_CUDA_OPERATION(leaky_relu_slope, 2) { return x > T(0) ? dy : dy * parameter; }
};
MMREC_CUDA_OPERATION(sigmoid_of, 1) { return T(1) / (T(1) + exp_of(-x)); }
}
;
MMREC_CUDA_OPERATION(sigmoid_slope, 2) { return dy * (x * (T(1) - x)); }
}
;
MMREC_CUDA_OPERATION(tanh_number, 1) { return tanh_of(x); }
}
;
MMREC_CUDA_OPERATION(tanh_slope, 2) { return dy * (T(1) - x * x); }
}
;
MMREC_CUDA_OPERATION(gelu_of, 1) {
  const T half = x * T(0.5);
  return half + half * erf_of(x * T(gelu_root));
}
}
;
MMREC_CUDA_OPERATION(gelu_slope, 2) {
  const T below = T(0.5) + T(0.5) * erf_of(x * T(gelu_root));
  return dy * (below + x * T(gelu_c) * exp_of(x * x * T(-0.5)));
}
}
;
MMREC_CUDA_OPERATION(gelu_tanh_of, 1) {
  const T half = x * T(0.5);
  return half + half * tanh_of(x * T(gelu_a) * (T(1) + x * x * T(gelu_b)));
}
}
;
MMREC_CUDA_OPERATION(gelu_tanh_slope, 2) {
  const T square = x * x, t = tanh_of(x * T(gelu_a) * (T(1) + square * T(gelu_b)));
  const T slope = T(gelu_a) + square * T(3 * gelu_a * gelu_b);
  return dy * (T(0.5) + T(0.5) * t + T(0.5) * x * (T(1) - t * t) * slope);
}
}
;
#undef MMREC_CUDA_OPERATION

enum class row_function { softmax, log_softmax, log_sum_exp, softmax_gradient, log_softmax_gradient };
template <row_function Function>
inline constexpr bool is_gradient =
    Function == row_function::softmax_gradient || Function == row_function::log_softmax_gradient;

/// What a number of the row becomes, from the row's two numbers: its largest and the sum of its powers, or the sum of the
/// gradient alone.
template <row_function Function, class T>
__device__ __forceinline__ T row_result(T value, T dy, T top, T share) {
  if constexpr (Function == row_function::softmax) return exp_of(value - top) * share;
  if constexpr (Function == row_function::log_softmax) return (value - top) - share;
  if constexpr (Function == row_function::softmax_gradient) return value * (dy - share);
  if constexpr (Function == row_function::log_softmax_gradient) return dy - exp_of(value) * share;
  return T(0);
}
/// What a number adds to the row's sum.
template <row_function Function, class T>
__device__ __forceinline__ T row_part(T value, T dy, T top) {
  if constexpr (Function == row_function::softmax_gradient) return value * dy;
  if constexpr (Function == row_function::log_softmax_gradient) return dy;
  return exp_of(value - top);
}
template <row_function Function, class T>
__device__ __forceinline__ T row_share(T sum) {
  if constexpr (Function == row_function::softmax) return T(1) / sum;
  if constexpr (Function == row_function::log_softmax || Function == row_function::log_sum_exp) return log_of(sum);
  return sum;
}

/// One read and one write of each row: Lanes threads keep it.
template <row_function Function, class T, int Lanes, int Items>
__global__ void __launch_bounds__((row_group<T, Lanes>::threads))
    softmax_rows(int rows, int width, const std::uint32_t* lengths, const T* a, const T* b, T* to, bool vectors) {
  using group = row_group<T, Lanes>;
  using slice = row_slice<T, Lanes, Items>;
  const int thread = static_cast<int>(threadIdx.x), lane = thread % Lanes;
  const int row = static_cast<int>(blockIdx.x) * group::rows + thread / Lanes;
  const bool inside = row < rows;
  int used = inside ? width : 0;
  if (inside && lengths != nullptr && lengths[row] < static_cast<unsigned>(width)) used = static_cast<int>(lengths[row]);
  const int at = inside ? row * width : 0;
  const T least = least_number<T>;
  group together;
  slice value, dy;
  value.load(a + at, lane, used, vectors, is_gradient<Function> ? T(0) : least);
  T top = 0;
  if constexpr (is_gradient<Function>) {
    dy.load(b + at, lane, used, vectors, T(0));
  } else {
    top = together.template reduce<reduce_largest>(value.template reduce_own<reduce_largest>(least));
  }
  T sum = 0;
  MMREC_CUDA_UNROLL
  for (int i = 0; i < Items; ++i) {
    const T part = row_part<Function>(value.at[i], is_gradient<Function> ? dy.at[i] : T(0), top);
    if constexpr (Function == row_function::softmax) value.at[i] = part;
    sum += slice::column(lane, i) < used ? part : T(0);
  }
  sum = together.template reduce<reduce_sum>(sum);
  const T share = row_share<Function>(sum);
  if constexpr (Function == row_function::log_sum_exp) {
    if (inside && lane == 0) to[row] = top + share;
  } else {
    MMREC_CUDA_UNROLL
    for (int i = 0; i < Items; ++i) {
      T result = value.at[i] * share;
      if constexpr (Function != row_function::softmax) {
        result = row_result<Function>(value.at[i], is_gradient<Function> ? dy.at[i] : T(0), top, share);
      }
      value.at[i] = slice::column(lane, i) < used ? result : T(0);
    }
    value.store(to + at, lane, inside ? width : 0, vectors);
  }
}

/// Rows that no block can keep: read anew for the largest, the sum and the result.
template <row_function Function, class T>
__global__ void __launch_bounds__(wide_row_threads)
    softmax_wide_rows(int, int width, const std::uint32_t* lengths, const T* a, const T* b, T* to, bool) {
  const int lane = static_cast<int>(threadIdx.x), row = static_cast<int>(blockIdx.x), at = row * width;
  int used = width;
  if (lengths != nullptr && lengths[row] < static_cast<unsigned>(width)) used = static_cast<int>(lengths[row]);
  row_group<T, wide_row_threads> together;
  T top = least_number<T>, sum = 0;
  if constexpr (!is_gradient<Function>) {
    for (int c = lane; c < used; c += wide_row_threads) top = reduce_largest::of(top, a[at + c]);
    top = together.template reduce<reduce_largest>(top);
  }
  for (int c = lane; c < used; c += wide_row_threads) {
    sum += row_part<Function>(a[at + c], is_gradient<Function> ? b[at + c] : T(0), top);
  }
  sum = together.template reduce<reduce_sum>(sum);
  const T share = row_share<Function>(sum);
  if constexpr (Function == row_function::log_sum_exp) {
    if (lane == 0) to[row] = top + share;
  } else {
    for (int c = lane; c < width; c += wide_row_threads) {
      to[at + c] = c < used ? row_result<Function>(a[at + c], is_gradient<Function> ? b[at + c] : T(0), top, share) : T(0);
    }
  }
}

template <row_function Function, class T>
struct softmax_family {
  template <int Lanes, int Items>
  static auto in_registers() {
    return &softmax_rows<Function, T, Lanes, Items>;
  }
  static auto wide() { return &softmax_wide_rows<Function, T>; }
};

template <row_function Function, class T>
void softmax_by_row(const context& on, std::string_view function, std::size_t rows, std::size_t width,
                    const std::uint32_t* lengths, const T* a, const T* b, T* to) {
  if (rows == 0 || width == 0) return;
  index_below(function, "numbers", rows, width);
  const bool packed = Function == row_function::log_sum_exp ? rows_of_packs<T>(width, a) : rows_of_packs<T>(width, a, b, to);
  launch_rows<softmax_family<Function, T>, T>(on, function, rows, width, static_cast<int>(rows), static_cast<int>(width),
                                              lengths, a, b, to, packed);
}

}  // namespace detail

template <class T>
void relu_forward(const context& on, std::size_t count, const T* x, T* y, kernel::simd_level) {
  detail::map_array<detail::relu_of, T>(on, "cuda::relu_forward", count, x, nullptr, y);
}
template <class T>
void relu_backward(const context& on, std::size_t count, const T* y, const T* dy, T* dx, kernel::simd_level) {
  detail::map_array<detail::relu_slope, T>(on, "cuda::relu_backward", count, y, dy, dx);
}

template <class T>
void leaky_relu_forward(const context& on, std::size_t count, T slope, const T* x, T* y, kernel::simd_level) {
  detail::map_array<detail::leaky_relu_of, T>(on, "cuda::leaky_relu_forward", count, x, nullptr, y, slope);
}
template <class T>
void leaky_relu_backward(const context& on, std::size_t count, T slope, const T* x, const T* dy, T* dx, kernel::simd_level) {
  detail::map_array<detail::leaky_relu_slope, T>(on, "cuda::leaky_relu_backward", count, x, dy, dx, slope);
}

template <class T>
void sigmoid_forward(const context& on, std::size_t count, const T* x, T* y, kernel::simd_level) {
  detail::map_array<detail::sigmoid_of, T>(on, "cuda::sigmoid_forward", count, x, nullptr, y);
}
template <class T>
void sigmoid_backward(const context& on, std::size_t count, const T* y, const T* dy, T* dx, kernel::simd_level) {
  detail::map_array<detail::sigmoid_slope, T>(on, "cuda::sigmoid_backward", count, y, dy, dx);
}

template <class T>
void tanh_forward(const context& on, std::size_t count, const T* x, T* y, kernel::simd_level) {
  detail::map_array<detail::tanh_number, T>(on, "cuda::tanh_forward", count, x, nullptr, y);
}
template <class T>
void tanh_backward(const context& on, std::size_t count, const T* y, const T* dy, T* dx, kernel::simd_level) {
  detail::map_array<detail::tanh_slope, T>(on, "cuda::tanh_backward", count, y, dy, dx);
}

template <class T>
void gelu_forward(const context& on, std::size_t count, const T* x, T* y, kernel::simd_level) {
  detail::map_array<detail::gelu_of, T>(on, "cuda::gelu_forward", count, x, nullptr, y);
}
template <class T>
void gelu_backward(const context& on, std::size_t count, const T* x, const T* dy, T* dx, kernel::simd_level) {
  detail::map_array<detail::gelu_slope, T>(on, "cuda::gelu_backward", count, x, dy, dx);
}

template <class T>
void gelu_tanh_forward(const context& on, std::size_t count, const T* x, T* y, kernel::simd_level) {
  detail::map_array<detail::gelu_tanh_of, T>(on, "cuda::gelu_tanh_forward", count, x, nullptr, y);
}
template <class T>
void gelu_tanh_backward(const context& on, std::size_t count, const T* x, const T* dy, T* dx, kernel::simd_level) {
  detail::map_array<detail::gelu_tanh_slope, T>(on, "cuda::gelu_tanh_backward", count, x, dy, dx);
}

template <class T>
void softmax_forward(const context& on, std::size_t rows, std::size_t width, const std::uint32_t* lengths, const T* x, T* y,
                     kernel::simd_level) {
  detail::softmax_by_row<detail::row_function::softmax, T>(on, "cuda::softmax_forward", rows, width, lengths, x, nullptr, y);
}
template <class T>
void softmax_backward(const context& on, std::size_t rows, std::size_t width, const T* y, const T* dy, T* dx,
                      kernel::simd_level) {
  detail::softmax_by_row<detail::row_function::softmax_gradient, T>(on, "cuda::softmax_backward", rows, width, nullptr, y,
                                                                    dy, dx);
}

template <class T>
void log_softmax_forward(const context& on, std::size_t rows, std::size_t width, const T* x, T* y, kernel::simd_level) {
  detail::softmax_by_row<detail::row_function::log_softmax, T>(on, "cuda::log_softmax_forward", rows, width, nullptr, x,
                                                               nullptr, y);
}
template <class T>
void log_softmax_backward(const context& on, std::size_t rows, std::size_t width, const T* y, const T* dy, T* dx,
                          kernel::simd_level) {
  detail::softmax_by_row<detail::row_function::log_softmax_gradient, T>(on, "cuda::log_softmax_backward", rows, width,
                                                                        nullptr, y, dy, dx);
}

template <class T>
void log_sum_exp(const context& on, std::size_t rows, std::size_t width, const T* x, T* result, kernel::simd_level) {
  if (width == 0) {
    detail::map_array<detail::fill_number, T>(on, "cuda::log_sum_exp", rows, nullptr, nullptr, result,
                                              detail::least_number<T>);
    return;
  }
  detail::softmax_by_row<detail::row_function::log_sum_exp, T>(on, "cuda::log_sum_exp", rows, width, nullptr, x, nullptr,
                                                               result);
}

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

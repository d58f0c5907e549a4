// mmrec/kernel/detail/math_loops_body.hpp - loops over arrays and rows; math_loops.hpp includes this once for each level.
//
// No include guard, on purpose. Without the macros of math_loops.hpp the file is empty.
#ifdef MMREC_MATH_TARGET

/// The normal distribution's cumulative function and density, for the derivative of gelu.
inline constexpr double inverse_root_two = 0.70710678118654752440;
inline constexpr double inverse_root_two_pi = 0.39894228040143267794;
/// gelu's approximation: x / 2 (1 + tanh(a (x + b x^3)))
inline constexpr double gelu_a = 0.79788456080286535588;
inline constexpr double gelu_b = 0.044715;

template <unary Function, class T>
MMREC_MATH_OP reg<T> apply(reg<T> x, T parameter) {
  if constexpr (Function == unary::exp) return exp_of(x);
  if constexpr (Function == unary::tanh) return tanh_of(x);
  if constexpr (Function == unary::sigmoid) return sigmoid_of(x);
  if constexpr (Function == unary::erf) return erf_of(x);
  if constexpr (Function == unary::relu) return larger(all(T(0)), x);
  if constexpr (Function == unary::leaky_relu) return where_less(x, all(T(0)), multiply(x, all(parameter)), x);
  if constexpr (Function == unary::gelu) {
    const reg<T> half = multiply(x, all(T(0.5)));
    return multiply_add(half, erf_of(multiply(x, all(T(inverse_root_two)))), half);
  }
  if constexpr (Function == unary::gelu_tanh) {
    const reg<T> half = multiply(x, all(T(0.5)));
    const reg<T> inner = multiply(multiply(x, all(T(gelu_a))), multiply_add(multiply(x, x), all(T(gelu_b)), all(T(1))));
    return multiply_add(half, tanh_of(inner), half);
  }
}

template <binary Function, class T>
MMREC_MATH_OP reg<T> gradient(reg<T> value, reg<T> dy, T parameter) {
  const reg<T> one = all(T(1)), zero = all(T(0));
  if constexpr (Function == binary::relu) return where_less(zero, value, dy, zero);
  if constexpr (Function == binary::leaky_relu) return where_less(zero, value, dy, multiply(dy, all(parameter)));
  if constexpr (Function == binary::tanh) return multiply(dy, subtract_product(value, value, one));
  if constexpr (Function == binary::sigmoid) return multiply(dy, multiply(value, subtract(one, value)));
  if constexpr (Function == binary::gelu) {
    const reg<T> half = all(T(0.5));
    const reg<T> below = multiply_add(half, erf_of(multiply(value, all(T(inverse_root_two)))), half);
    const reg<T> density = exp_of(multiply(multiply(value, value), all(T(-0.5))));
    return multiply(dy, multiply_add(multiply(value, all(T(inverse_root_two_pi))), density, below));
  }
  if constexpr (Function == binary::gelu_tanh) {
    const reg<T> half = all(T(0.5)), square = multiply(value, value);
    const reg<T> t = tanh_of(multiply(multiply(value, all(T(gelu_a))), multiply_add(square, all(T(gelu_b)), one)));
    const reg<T> slope = multiply_add(square, all(T(3 * gelu_a * gelu_b)), all(T(gelu_a)));
    const reg<T> curved = multiply(multiply(multiply(half, value), subtract_product(t, t, one)), slope);
    return multiply(dy, add(multiply_add(half, t, half), curved));
  }
}

template <unary Function, class T>
MMREC_MATH_TARGET void map(std::size_t count, const T* x, T* y, T parameter) {
  std::size_t i = 0;
  for (; i + lanes<T> <= count; i += lanes<T>) store(y + i, apply<Function, T>(load(x + i), parameter));
  if (i < count) store_first<T>(y + i, count - i, apply<Function, T>(load_first<T>(x + i, count - i, T(0)), parameter));
}

template <binary Function, class T>
MMREC_MATH_TARGET void map_gradient(std::size_t count, const T* value, const T* dy, T* dx, T parameter) {
  std::size_t i = 0;
  for (; i + lanes<T> <= count; i += lanes<T>) {
    store(dx + i, gradient<Function, T>(load(value + i), load(dy + i), parameter));
  }
  if (i < count) {
    const std::size_t left = count - i;
    const reg<T> last =
        gradient<Function, T>(load_first<T>(value + i, left, T(0)), load_first<T>(dy + i, left, T(0)), parameter);
    store_first<T>(dx + i, left, last);
  }
}

template <class T>
MMREC_MATH_TARGET T largest_of(std::size_t width, const T* x) {
  const T least = -std::numeric_limits<T>::infinity();
  reg<T> best = all(least);
  std::size_t i = 0;
  for (; i + lanes<T> <= width; i += lanes<T>) best = larger(best, load(x + i));
  if (i < width) best = larger(best, load_first<T>(x + i, width - i, least));
  return largest_lane<T>(best);
}

/// The sum over the row of one(i, load): written as a loop by each user, because lambdas do not inherit the target.
template <row_function Function, class T>
MMREC_MATH_TARGET void row(std::size_t width, const T* a, const T* b, T* out) {
  if constexpr (Function == row_function::softmax || Function == row_function::log_softmax ||
                Function == row_function::log_sum_exp) {
    const T top = largest_of<T>(width, a);
    const reg<T> shift = all(top);
    constexpr bool keep = Function == row_function::softmax;
    const T least = -std::numeric_limits<T>::infinity();
    reg<T> sums = all(T(0));
    std::size_t i = 0;
    for (; i + lanes<T> <= width; i += lanes<T>) {
      const reg<T> power = exp_of(subtract(load(a + i), shift));
      if constexpr (keep) store(out + i, power);
      sums = add(sums, power);
    }
    if (i < width) {
      const reg<T> power = exp_of(subtract(load_first<T>(a + i, width - i, least), shift));
      if constexpr (keep) store_first<T>(out + i, width - i, power);
      sums = add(sums, power);
    }
    const T sum = sum_of_lanes<T>(sums);
    if constexpr (Function == row_function::log_sum_exp) {
      *out = top + std::log(sum);
    } else {
      const T share = keep ? T(1) / sum : std::log(sum);
      for (i = 0; i + lanes<T> <= width; i += lanes<T>) {
        if constexpr (keep) store(out + i, multiply(load(out + i), all(share)));
        if constexpr (!keep) store(out + i, subtract(subtract(load(a + i), shift), all(share)));
      }
      for (; i < width; ++i) out[i] = keep ? out[i] * share : (a[i] - top) - share;
    }
  } else {  // gradients: a is the output, b its gradient
    constexpr bool logarithm = Function == row_function::log_softmax_gradient;
    reg<T> sums = all(T(0));
    std::size_t i = 0;
    for (; i + lanes<T> <= width; i += lanes<T>) {
      sums = logarithm ? add(sums, load(b + i)) : multiply_add(load(a + i), load(b + i), sums);
    }
    if (i < width) {
      const reg<T> value = load_first<T>(a + i, width - i, T(0)), dy = load_first<T>(b + i, width - i, T(0));
      sums = logarithm ? add(sums, dy) : multiply_add(value, dy, sums);
    }
    const reg<T> sum = all(sum_of_lanes<T>(sums));
    for (i = 0; i < width; i += lanes<T>) {
      const std::size_t left = width - i;
      const reg<T> value = left < lanes<T> ? load_first<T>(a + i, left, T(0)) : load(a + i);
      const reg<T> dy = left < lanes<T> ? load_first<T>(b + i, left, T(0)) : load(b + i);
      reg<T> dx;
      if constexpr (logarithm) dx = subtract_product(exp_of(value), sum, dy);
      if constexpr (!logarithm) dx = multiply(value, subtract(dy, sum));
      if (left < lanes<T>) {
        store_first<T>(out + i, left, dx);
      } else {
        store(out + i, dx);
      }
    }
  }
}

#endif  // MMREC_MATH_TARGET

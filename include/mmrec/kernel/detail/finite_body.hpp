// mmrec/kernel/detail/finite_body.hpp - looks for numbers that are not finite; finite.hpp includes this once for each level.
//
// No include guard, on purpose. Without the macros of finite.hpp the file is empty.
#ifdef MMREC_MATH_TARGET

/// Whether x * 0 is 0 for each x: infinities and NaN make NaN, which no further sum takes away.
template <class T>
MMREC_MATH_TARGET bool finite(std::size_t count, const T* x) {
  constexpr std::size_t w = lanes<T>;
  const reg<T> zero = all(T(0));
  reg<T> first = zero, second = zero, third = zero, fourth = zero;
  std::size_t i = 0;
  for (; i + 4 * w <= count; i += 4 * w) {
    first = multiply_add(load(x + i), zero, first);
    second = multiply_add(load(x + i + w), zero, second);
    third = multiply_add(load(x + i + 2 * w), zero, third);
    fourth = multiply_add(load(x + i + 3 * w), zero, fourth);
  }
  T rest = 0;
  for (; i < count; ++i) rest += x[i] * T(0);
  return sum_of_lanes<T>(add(add(first, second), add(third, fourth))) + rest == T(0);
}

#endif  // MMREC_MATH_TARGET

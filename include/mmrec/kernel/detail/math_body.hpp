// mmrec/kernel/detail/math_body.hpp - exp, tanh and their relatives; math_lanes.hpp includes this once for each level.
//
// No include guard, on purpose. Without the macros of math_lanes.hpp the file is empty.
// Polynomials are minimax fits made for these intervals. For double, the functions of the standard library.
#ifdef MMREC_MATH_TARGET

template <class T>
inline constexpr std::size_t lanes = sizeof(reg<T>) / sizeof(T);

/// The first `count` values, `rest` in the other lanes.
template <class T>
MMREC_MATH_OP reg<T> load_first(const T* from, std::size_t count, T rest) {
  T values[lanes<T>];
  for (std::size_t i = 0; i < lanes<T>; ++i) values[i] = rest;
  std::copy_n(from, (std::min)(count, lanes<T>), values);
  return load(values);
}
template <class T>
MMREC_MATH_OP void store_first(T* to, std::size_t count, reg<T> x) {
  T values[lanes<T>];
  store(values, x);
  std::copy_n(values, (std::min)(count, lanes<T>), to);
}
/// The sum of all lanes, in their order.
template <class T>
MMREC_MATH_OP T sum_of_lanes(reg<T> x) {
  T values[lanes<T>];
  store(values, x);
  T sum = values[0];
  for (std::size_t i = 1; i < lanes<T>; ++i) sum += values[i];
  return sum;
}
template <class T>
MMREC_MATH_OP T largest_lane(reg<T> x) {
  T values[lanes<T>];
  store(values, x);
  T best = values[0];
  for (std::size_t i = 1; i < lanes<T>; ++i) best = values[i] > best ? values[i] : best;
  return best;
}

/// exp(x) = 2^n (high + low) with |low| below half a unit in the last place of high; x from -104 to 89, or NaN.
struct exp_parts {
  reg<float> n, high, low;
};
MMREC_MATH_OP exp_parts split_exp(reg<float> x) {
  const reg<float> one = all(1.0f);
  const reg<float> n = to_whole(multiply(x, all(1.44269504f)));
  reg<float> r = subtract_product(n, all(0.693359375f), x);  // few bits: the product is exact
  r = subtract_product(n, all(-2.12194440e-4f), r);
  reg<float> p = all(0.001381432f);
  p = multiply_add(p, r, all(0.008368851f));
  p = multiply_add(p, r, all(0.0416684f));
  p = multiply_add(p, r, all(0.1666652f));
  p = multiply_add(p, r, all(0.49999994f));
  p = multiply_add(multiply(r, r), p, r);
  const reg<float> high = add(one, p);
  return {n, high, subtract(p, subtract(high, one))};
}
MMREC_MATH_OP reg<float> exp_of(reg<float> x) {
  const exp_parts e = split_exp(smaller(all(89.0f), larger(all(-104.0f), x)));
  return scale(e.high, e.n);
}

/// 1 / (1 + exp(-x)), as exp(x) / (1 + exp(x)) for negative x; the sums carry their rounding errors along.
MMREC_MATH_OP reg<float> sigmoid_of(reg<float> x) {
  const reg<float> zero = all(0.0f), one = all(1.0f);
  const exp_parts e = split_exp(larger(all(-104.0f), subtract(zero, absolute(x))));
  const reg<float> high = scale(e.high, e.n), low = scale(e.low, e.n);
  const reg<float> sum = add(one, high);
  const reg<float> rest = add(subtract(high, subtract(sum, one)), low);
  const reg<float> top = where_less(x, zero, high, one), top_rest = where_less(x, zero, low, zero);
  const reg<float> quotient = divide(top, sum);
  return add(quotient, divide(subtract_product(quotient, rest, top_rest), sum));
}

MMREC_MATH_OP reg<float> tanh_of(reg<float> x) {
  const reg<float> size = absolute(x), square = multiply(x, x);
  reg<float> p = all(-0.00035845194f);
  p = multiply_add(p, square, all(0.0023013644f));
  p = multiply_add(p, square, all(-0.007946107f));
  p = multiply_add(p, square, all(0.021486659f));
  p = multiply_add(p, square, all(-0.0538798f));
  p = multiply_add(p, square, all(0.13332345f));
  p = multiply_add(p, square, all(-0.33333296f));
  const reg<float> near_zero = multiply_add(multiply(square, p), size, size);
  const exp_parts e = split_exp(smaller(all(20.0f), add(size, size)));
  const reg<float> power = scale_normal(e.high, e.n);
  const reg<float> large = subtract(all(1.0f), divide(all(2.0f), add(power, all(1.0f))));
  return with_sign_of(where_less(size, all(1.0f), near_zero, large), x);
}

MMREC_MATH_OP reg<float> erf_of(reg<float> x) {
  const reg<float> size = absolute(x), square = multiply(x, x);
  reg<float> p = all(8.675391e-05f);
  p = multiply_add(p, square, all(-0.0008211104f));
  p = multiply_add(p, square, all(0.0052067474f));
  p = multiply_add(p, square, all(-0.026861584f));
  p = multiply_add(p, square, all(0.11283733f));
  p = multiply_add(p, square, all(-0.37612635f));
  p = multiply_add(p, square, all(0.12837917f));
  const reg<float> near_zero = multiply_add(p, size, size);
  // -log(1 - erf(x)) is nearly quadratic.
  const reg<float> capped = smaller(all(4.0f), size);
  reg<float> q = all(9.754148e-06f);
  q = multiply_add(q, capped, all(-0.00030806745f));
  q = multiply_add(q, capped, all(0.0035827642f));
  q = multiply_add(q, capped, all(-0.023636343f));
  q = multiply_add(q, capped, all(0.10609163f));
  q = multiply_add(q, capped, all(0.63523865f));
  q = multiply_add(q, capped, all(0.12862712f));
  q = multiply_add(q, capped, capped);
  const exp_parts e = split_exp(subtract(all(0.0f), q));
  const reg<float> large = subtract(all(1.0f), scale_normal(e.high, e.n));
  return with_sign_of(where_less(size, all(0.875f), near_zero, large), x);
}

/// What the recurrent cells use: a few units in the last place, without a division where the level has something cheaper.
/// The absolute error of the sigmoid and the relative one of tanh are below 4e-7.
MMREC_MATH_OP reg<float> quick_sigmoid(reg<float> x) {
  const reg<float> z = multiply(smaller(all(80.0f), larger(all(-80.0f), x)), all(-1.44269504f));
  const reg<float> n = to_whole(z);
  const reg<float> r = subtract(z, n);
  reg<float> p = all(0.00015353359f);
  p = multiply_add(p, r, all(0.0013398874f));
  p = multiply_add(p, r, all(0.009618437f));
  p = multiply_add(p, r, all(0.055503324f));
  p = multiply_add(p, r, all(0.24022648f));
  p = multiply_add(p, r, all(0.6931472f));
  p = multiply_add(p, r, all(1.0f));
  return reciprocal(add(all(1.0f), scale_normal(p, n)));
}
MMREC_MATH_OP reg<float> quick_tanh(reg<float> x) {
  const reg<float> capped = smaller(all(7.9f), larger(all(-7.9f), x));  // where the quotient is the last float below one
  const reg<float> square = multiply(capped, capped);
  reg<float> top = all(1.5428110344828383e-08f);
  top = multiply_add(top, square, all(2.2023341443855315e-05f));
  top = multiply_add(top, square, all(0.003578997915610671f));
  top = multiply_add(top, square, all(0.1345062553882599f));
  top = multiply_add(top, square, all(1.0f));
  reg<float> bottom = all(8.598835279371997e-07f);
  bottom = multiply_add(bottom, square, all(0.0003423660236876458f));
  bottom = multiply_add(bottom, square, all(0.026192260906100273f));
  bottom = multiply_add(bottom, square, all(0.4678395390510559f));
  bottom = multiply_add(bottom, square, all(1.0f));
  return multiply(multiply(capped, top), reciprocal(bottom));
}

template <class Function>
MMREC_MATH_OP reg<double> for_each_lane(reg<double> x, Function function) {
  double values[lanes<double>];
  store(values, x);
  for (double& value : values) value = function(value);
  return load(values);
}
MMREC_MATH_OP reg<double> exp_of(reg<double> x) {
  return for_each_lane(x, [](double value) { return std::exp(value); });
}
MMREC_MATH_OP reg<double> sigmoid_of(reg<double> x) {
  return for_each_lane(x, [](double value) {
    const double power = std::exp(-std::abs(value));
    return (value < 0 ? power : 1.0) / (1.0 + power);
  });
}
MMREC_MATH_OP reg<double> tanh_of(reg<double> x) {
  return for_each_lane(x, [](double value) { return std::tanh(value); });
}
MMREC_MATH_OP reg<double> erf_of(reg<double> x) {
  return for_each_lane(x, [](double value) { return std::erf(value); });
}
MMREC_MATH_OP reg<double> quick_sigmoid(reg<double> x) { return sigmoid_of(x); }
MMREC_MATH_OP reg<double> quick_tanh(reg<double> x) { return tanh_of(x); }

#endif  // MMREC_MATH_TARGET

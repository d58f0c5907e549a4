// mmrec/kernel/detail/adam_body.hpp - steps of Adam; adam_lanes.hpp includes this once for each level.
//
// No include guard, on purpose. Without the macros of adam_lanes.hpp the file is empty.
#ifdef MMREC_MATH_TARGET

MMREC_MATH_TARGET inline void adam_range(const adam_job<float>& job, std::size_t begin, std::size_t end) {
  constexpr std::size_t step = lanes<float>;
  const reg<float> rest1 = all(job.rest1), beta2 = all(job.beta2), rest2 = all(job.rest2), scale_by = all(job.scale);
  const reg<float> rate = all(job.rate), unbias = all(job.unbias), epsilon = all(job.epsilon);
  std::size_t at = begin;
  for (; at + step <= end; at += step) {
    const reg<float> gradient = multiply(scale_by, load(job.gradient + at));
    const reg<float> mean = load(job.mean + at);
    const reg<float> next_mean = multiply_add(rest1, subtract(gradient, mean), mean);
    const reg<float> square = multiply_add(beta2, load(job.square + at), multiply(rest2, multiply(gradient, gradient)));
    store(job.mean + at, next_mean);
    store(job.square + at, square);
    const reg<float> quotient = divide(next_mean, multiply_add(unbias, root(square), epsilon));
    store(job.values + at, subtract_product(rate, quotient, load(job.values + at)));
  }
  adam_one_by_one(job, at, end);
}

#endif

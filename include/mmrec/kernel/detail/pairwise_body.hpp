// mmrec/kernel/detail/pairwise_body.hpp - steps of pairwise ranking; pairwise_lanes.hpp includes this once for each level.
//
// No include guard, on purpose. Without the macros of pairwise_lanes.hpp the file is empty.
#ifdef MMREC_MATH_TARGET

/// A row's vector; Shared where other threads may write the row at the same time.
template <bool Shared>
MMREC_MATH_OP reg<float> load_of(const float* from) {
  if constexpr (Shared) {
    return load_shared(from);
  } else {
    return load(from);
  }
}
template <bool Shared>
MMREC_MATH_OP void store_of(float* to, reg<float> x) {
  if constexpr (Shared) {
    store_shared(to, x);
  } else {
    store(to, x);
  }
}

MMREC_MATH_TARGET inline float dot_rows(const float* a, const float* b, std::size_t width) {
  constexpr std::size_t step = lanes<float>;
  reg<float> even = all(0.0f), odd = all(0.0f);
  for (std::size_t k = 0; k < width; k += 2 * step) {
    even = multiply_add(load(a + k), load(b + k), even);
    if (k + step < width) odd = multiply_add(load(a + k + step), load(b + k + step), odd);
  }
  return first_lane(sum_everywhere(add(even, odd)));
}

/// One step for each triple, in their order. Width is that of the rows, 0 where it is not known before run time.
template <bool Shared, std::size_t Width>
MMREC_MATH_TARGET std::size_t bpr_steps(const bpr_job& job) {
  constexpr std::size_t step = lanes<float>;
  const std::size_t width = Width == 0 ? job.width : Width;
  const reg<float> keep = all(1.0f - job.learning_rate * job.regularization), rate = all(job.learning_rate);
  const reg<float> zero = all(0.0f), one = all(1.0f);
  reg<float> right = zero;
  for (std::size_t n = 0; n < job.count; ++n) {
    const std::size_t ahead = (std::min)(n + bpr_prefetch, job.count - 1);
    const float* const next_positive = job.items + job.positives[ahead] * job.stride;
    const float* const next_negative = job.items + job.negatives[ahead] * job.stride;
    const float* const next_user = job.users + job.user_of[ahead] * job.stride;
    for (std::size_t k = 0; k < width; k += 16) {
      __builtin_prefetch(next_positive + k, 1);
      __builtin_prefetch(next_negative + k, 1);
      __builtin_prefetch(next_user + k, 1);
    }
    float* const user = job.users + job.user_of[n] * job.stride;
    float* const positive = job.items + job.positives[n] * job.stride;
    float* const negative = job.items + job.negatives[n] * job.stride;
    reg<float> even = zero, odd = zero;
    for (std::size_t k = 0; k < width; k += 2 * step) {
      even = multiply_add(load(user + k), subtract(load_of<Shared>(positive + k), load_of<Shared>(negative + k)), even);
      if (k + step < width) {
        odd = multiply_add(load(user + k + step),
                           subtract(load_of<Shared>(positive + k + step), load_of<Shared>(negative + k + step)), odd);
      }
    }
    reg<float> margin = sum_everywhere(add(even, odd));
    if (job.biases != nullptr) {
      margin =
          add(margin, all(bias_of<Shared>(job.biases[job.positives[n]]) - bias_of<Shared>(job.biases[job.negatives[n]])));
    }
    right = add(right, where_less(zero, margin, one, zero));
    const reg<float> pull = multiply(rate, quick_sigmoid(subtract(zero, margin)));
    for (std::size_t k = 0; k < width; k += step) {
      const reg<float> x = load(user + k), y = load_of<Shared>(positive + k), z = load_of<Shared>(negative + k);
      store(user + k, multiply_add(pull, subtract(y, z), multiply(keep, x)));
      store_of<Shared>(positive + k, multiply_add(pull, x, multiply(keep, y)));
      store_of<Shared>(negative + k, subtract_product(pull, x, multiply(keep, z)));
    }
    if (job.biases != nullptr) {
      const float change = first_lane(pull), kept = first_lane(keep);
      float& up = job.biases[job.positives[n]];
      float& down = job.biases[job.negatives[n]];
      set_bias<Shared>(up, kept * bias_of<Shared>(up) + change);
      set_bias<Shared>(down, kept * bias_of<Shared>(down) - change);
    }
  }
  return static_cast<std::size_t>(first_lane(right));
}

/// One vector of a row moves against its gradient.
MMREC_MATH_OP void adaptive_change(const adaptive_row& row, std::size_t k, reg<float> value, reg<float> gradient,
                                   reg<float> rate, reg<float> penalty) {
  const reg<float> square = load(row.squares + k), whole = multiply_add(penalty, value, gradient);
  store(row.values + k, subtract_product(divide(rate, root_of(square)), whole, value));
  store(row.squares + k, multiply_add(whole, whole, square));
}

/// See kernel::warp_step.
MMREC_MATH_TARGET inline void warp_step(const warp_rows& rows, float weight, float learning_rate, float regularization) {
  const reg<float> pull = all(weight), rate = all(learning_rate), penalty = all(regularization);
  for (std::size_t k = 0; k < rows.width; k += lanes<float>) {
    const reg<float> x = load(rows.user.values + k);
    const reg<float> y = load(rows.positive.values + k), z = load(rows.negative.values + k);
    const reg<float> gradient = multiply(pull, x);
    adaptive_change(rows.user, k, x, multiply(pull, subtract(z, y)), rate, penalty);
    adaptive_change(rows.positive, k, y, subtract(all(0.0f), gradient), rate, penalty);
    adaptive_change(rows.negative, k, z, gradient, rate, penalty);
  }
}

/// Narrow rows are unrolled whole.
template <bool Shared>
MMREC_MATH_TARGET std::size_t bpr_steps(const bpr_job& job) {
  switch (job.width) {
    case 16:
      return bpr_steps<Shared, 16>(job);
    case 32:
      return bpr_steps<Shared, 32>(job);
    case 64:
      return bpr_steps<Shared, 64>(job);
    case 128:
      return bpr_steps<Shared, 128>(job);
    default:
      return bpr_steps<Shared, 0>(job);
  }
}

#endif

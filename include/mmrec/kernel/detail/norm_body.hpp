// mmrec/kernel/detail/norm_body.hpp - loops of normalisations; norm_loops.hpp includes this once for each level.
//
// No include guard, on purpose. Without the macros of norm_loops.hpp the file is empty.
// Matrices are rows x width, contiguous. Sums over rows are kept in double, a column's in the order of the rows.
#ifdef MMREC_MATH_TARGET

/// Vectors of doubles that one pass over the rows sums up at a time.
inline constexpr std::size_t norm_vectors = 4;

/// sums[c] += x - shift[c], squares[c] += (x - shift[c])^2, over the rows.
template <class T>
MMREC_MATH_TARGET void column_squares(std::size_t rows, std::size_t width, const T* x, const T* shift, double* sums,
                                      double* squares) {
  constexpr std::size_t w = lanes<double>, together = norm_vectors * w;
  std::size_t c = 0;
  for (; c + together <= width; c += together) {
    reg<double> base[norm_vectors], sum[norm_vectors], square[norm_vectors];
#pragma GCC unroll 4
    for (std::size_t v = 0; v < norm_vectors; ++v) {
      base[v] = load_wide(shift + c + v * w);
      sum[v] = load(sums + c + v * w);
      square[v] = load(squares + c + v * w);
    }
    const T* from = x + c;
    for (std::size_t row = 0; row < rows; ++row, from += width) {
#pragma GCC unroll 4
      for (std::size_t v = 0; v < norm_vectors; ++v) {
        const reg<double> d = subtract(load_wide(from + v * w), base[v]);
        sum[v] = add(sum[v], d);
        square[v] = multiply_add(d, d, square[v]);
      }
    }
#pragma GCC unroll 4
    for (std::size_t v = 0; v < norm_vectors; ++v) {
      store(sums + c + v * w, sum[v]);
      store(squares + c + v * w, square[v]);
    }
  }
  for (; c + w <= width; c += w) {
    const reg<double> base = load_wide(shift + c);
    reg<double> sum = load(sums + c), square = load(squares + c);
    for (std::size_t row = 0; row < rows; ++row) {
      const reg<double> d = subtract(load_wide(x + row * width + c), base);
      sum = add(sum, d);
      square = multiply_add(d, d, square);
    }
    store(sums + c, sum);
    store(squares + c, square);
  }
  for (; c < width; ++c) {
    const double base = static_cast<double>(shift[c]);
    double sum = sums[c], square = squares[c];
    for (std::size_t row = 0; row < rows; ++row) {
      const double d = static_cast<double>(x[row * width + c]) - base;
      sum += d;
      square += d * d;
    }
    sums[c] = sum;
    squares[c] = square;
  }
}

/// sums[c] += dy, products[c] += dy * (x - mean[c]), over the rows.
template <class T>
MMREC_MATH_TARGET void column_products(std::size_t rows, std::size_t width, const T* x, const T* dy, const T* mean,
                                       double* sums, double* products) {
  constexpr std::size_t w = lanes<double>, together = norm_vectors * w;
  std::size_t c = 0;
  for (; c + together <= width; c += together) {
    reg<double> base[norm_vectors], sum[norm_vectors], product[norm_vectors];
#pragma GCC unroll 4
    for (std::size_t v = 0; v < norm_vectors; ++v) {
      base[v] = load_wide(mean + c + v * w);
      sum[v] = load(sums + c + v * w);
      product[v] = load(products + c + v * w);
    }
    for (std::size_t row = 0; row < rows; ++row) {
      const std::size_t at = row * width + c;
#pragma GCC unroll 4
      for (std::size_t v = 0; v < norm_vectors; ++v) {
        const reg<double> g = load_wide(dy + at + v * w);
        sum[v] = add(sum[v], g);
        product[v] = multiply_add(g, subtract(load_wide(x + at + v * w), base[v]), product[v]);
      }
    }
#pragma GCC unroll 4
    for (std::size_t v = 0; v < norm_vectors; ++v) {
      store(sums + c + v * w, sum[v]);
      store(products + c + v * w, product[v]);
    }
  }
  for (; c + w <= width; c += w) {
    const reg<double> base = load_wide(mean + c);
    reg<double> sum = load(sums + c), product = load(products + c);
    for (std::size_t row = 0; row < rows; ++row) {
      const reg<double> g = load_wide(dy + row * width + c);
      sum = add(sum, g);
      product = multiply_add(g, subtract(load_wide(x + row * width + c), base), product);
    }
    store(sums + c, sum);
    store(products + c, product);
  }
  for (; c < width; ++c) {
    const double base = static_cast<double>(mean[c]);
    double sum = sums[c], product = products[c];
    for (std::size_t row = 0; row < rows; ++row) {
      const double g = static_cast<double>(dy[row * width + c]);
      sum += g;
      product += g * (static_cast<double>(x[row * width + c]) - base);
    }
    sums[c] = sum;
    products[c] = product;
  }
}

/// y = (x - mean[c]) * scale[c] + shift[c]
template <class T>
MMREC_MATH_TARGET void normalize_columns(std::size_t rows, std::size_t width, const T* x, const T* mean, const T* scale,
                                         const T* shift, T* y) {
  for (std::size_t row = 0; row < rows; ++row, x += width, y += width) {
    std::size_t c = 0;
    for (; c + lanes<T> <= width; c += lanes<T>) {
      store(y + c, multiply_add(subtract(load(x + c), load(mean + c)), load(scale + c), load(shift + c)));
    }
    for (; c < width; ++c) y[c] = (x[c] - mean[c]) * scale[c] + shift[c];
  }
}

/// y = x * scale[c] + shift[c]
template <class T>
MMREC_MATH_TARGET void scale_columns(std::size_t rows, std::size_t width, const T* x, const T* scale, const T* shift, T* y) {
  for (std::size_t row = 0; row < rows; ++row, x += width, y += width) {
    std::size_t c = 0;
    for (; c + lanes<T> <= width; c += lanes<T>) store(y + c, multiply_add(load(x + c), load(scale + c), load(shift + c)));
    for (; c < width; ++c) y[c] = x[c] * scale[c] + shift[c];
  }
}

/// dx = dy * scale[c] - ((x - mean[c]) * slope[c] + offset[c])
template <class T>
MMREC_MATH_TARGET void column_gradients(std::size_t rows, std::size_t width, const T* x, const T* dy, const T* mean,
                                        const T* scale, const T* slope, const T* offset, T* dx) {
  for (std::size_t row = 0; row < rows; ++row, x += width, dy += width, dx += width) {
    std::size_t c = 0;
    for (; c + lanes<T> <= width; c += lanes<T>) {
      const reg<T> along = multiply_add(subtract(load(x + c), load(mean + c)), load(slope + c), load(offset + c));
      store(dx + c, subtract(multiply(load(dy + c), load(scale + c)), along));
    }
    for (; c < width; ++c) dx[c] = dy[c] * scale[c] - ((x[c] - mean[c]) * slope[c] + offset[c]);
  }
}

/// One row: its mean and 1 / sqrt(variance + epsilon), and y = (x - mean) / sqrt(variance + epsilon) * gamma + beta.
template <class T>
MMREC_MATH_TARGET void normalize_row(std::size_t width, T epsilon, const T* x, const T* gamma, const T* beta, T* y, T* mean,
                                     T* inverse) {
  constexpr std::size_t w = lanes<T>;
  reg<T> even = all(T(0)), odd = all(T(0));
  std::size_t c = 0;
  for (; c + 2 * w <= width; c += 2 * w) {
    even = add(even, load(x + c));
    odd = add(odd, load(x + c + w));
  }
  T rest = 0;
  for (; c < width; ++c) rest += x[c];
  const T middle = (sum_of_lanes<T>(add(even, odd)) + rest) / static_cast<T>(width);
  const reg<T> middles = all(middle);
  even = odd = all(T(0));
  rest = 0;
  for (c = 0; c + 2 * w <= width; c += 2 * w) {
    const reg<T> first = subtract(load(x + c), middles), second = subtract(load(x + c + w), middles);
    even = multiply_add(first, first, even);
    odd = multiply_add(second, second, odd);
  }
  for (; c < width; ++c) rest += (x[c] - middle) * (x[c] - middle);
  const T variance = (sum_of_lanes<T>(add(even, odd)) + rest) / static_cast<T>(width);
  const T factor = T(1) / std::sqrt(variance + epsilon);
  const reg<T> factors = all(factor);
  for (c = 0; c + w <= width; c += w) {
    store(y + c, multiply_add(multiply(subtract(load(x + c), middles), factors), load(gamma + c), load(beta + c)));
  }
  for (; c < width; ++c) y[c] = (x[c] - middle) * factor * gamma[c] + beta[c];
  *mean = middle;
  *inverse = factor;
}

/// One row's part in the sums over rows: sums[c] += dy, products[c] += dy * (x - mean) * inverse.
template <class T>
MMREC_MATH_TARGET void row_products(std::size_t width, const T* x, const T* dy, T mean, T inverse, double* sums,
                                    double* products) {
  constexpr std::size_t w = lanes<double>;
  const double middle = static_cast<double>(mean), factor = static_cast<double>(inverse);
  const reg<double> middles = all(middle), factors = all(factor);
  std::size_t c = 0;
  for (; c + w <= width; c += w) {
    const reg<double> g = load_wide(dy + c);
    const reg<double> normal = multiply(subtract(load_wide(x + c), middles), factors);
    store(sums + c, add(load(sums + c), g));
    store(products + c, multiply_add(g, normal, load(products + c)));
  }
  for (; c < width; ++c) {
    const double g = static_cast<double>(dy[c]);
    sums[c] += g;
    products[c] += g * ((static_cast<double>(x[c]) - middle) * factor);
  }
}

/// dx = inverse * (g - mean of g - n * mean of g n), where g = dy * gamma and n = (x - mean) * inverse.
template <class T>
MMREC_MATH_TARGET void row_gradient(std::size_t width, const T* x, const T* dy, const T* gamma, T mean, T inverse, T* dx) {
  constexpr std::size_t w = lanes<T>;
  const reg<T> means = all(mean), inverses = all(inverse);
  reg<T> sum = all(T(0)), product = all(T(0));
  T rest = 0, rest_product = 0;
  std::size_t c = 0;
  for (; c + w <= width; c += w) {
    const reg<T> g = multiply(load(dy + c), load(gamma + c));
    sum = add(sum, g);
    product = multiply_add(g, multiply(subtract(load(x + c), means), inverses), product);
  }
  for (; c < width; ++c) {
    const T g = dy[c] * gamma[c];
    rest += g;
    rest_product += g * ((x[c] - mean) * inverse);
  }
  const T a = (sum_of_lanes<T>(sum) + rest) / static_cast<T>(width);
  const T b = (sum_of_lanes<T>(product) + rest_product) / static_cast<T>(width);
  const reg<T> as = all(a), bs = all(b);
  for (c = 0; c + w <= width; c += w) {
    const reg<T> g = multiply(load(dy + c), load(gamma + c));
    const reg<T> normal = multiply(subtract(load(x + c), means), inverses);
    store(dx + c, multiply(inverses, subtract_product(normal, bs, subtract(g, as))));
  }
  for (; c < width; ++c) dx[c] = inverse * (dy[c] * gamma[c] - a - (x[c] - mean) * inverse * b);
}

#endif  // MMREC_MATH_TARGET

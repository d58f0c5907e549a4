// mmrec/kernel/detail/als_refine_body.hpp - the loops of solvers that better what they have; als_lanes.hpp includes this once
// for each level, after als_body.hpp.
//
// No include guard, on purpose. Without the macros of als_lanes.hpp the file is empty.
// `rows.width` is a multiple of 16 here, and so is every count of columns. Vectors of the systems of a batch lie `width`
// apart; what a system gets does not depend on the others.
#ifdef MMREC_LANES_TARGET

/// Rows whose products with a vector are known before any of them is added to another one: they stay in the first cache.
inline constexpr std::size_t refine_rows = 32;

/// out[n] = inner product of row ids[n], columns from `first` on, and x.
MMREC_LANES_TARGET inline void dot_gathered(const als_rows& rows, const std::uint32_t* ids, std::size_t count,
                                            std::size_t known, std::size_t first, const float* x, std::size_t columns,
                                            float* out) {
  constexpr std::size_t ahead = 24;
  const float* values = rows.values + first;
  std::size_t n = 0;
  for (; n + 4 <= count; n += 4) {
    if (n + ahead + 4 <= known) {
      for (std::size_t a = 0; a < 4; ++a) {
        const float* later = values + ids[n + ahead + a] * rows.stride;
        for (std::size_t column = 0; column < columns; column += 16) __builtin_prefetch(later + column);
      }
    }
    const float* row[4];
    reg sum[4];
    MMREC_LANES_UNROLL
    for (std::size_t a = 0; a < 4; ++a) {
      row[a] = values + ids[n + a] * rows.stride;
      sum[a] = zero();
    }
    for (std::size_t column = 0; column < columns; column += lanes) {
      const reg value = load(x + column);
      MMREC_LANES_UNROLL
      for (std::size_t a = 0; a < 4; ++a) sum[a] = multiply_add(load(row[a] + column), value, sum[a]);
    }
    store_sums(out + n, sum[0], sum[1], sum[2], sum[3]);
  }
  for (; n < count; ++n) {
    const float* row = values + ids[n] * rows.stride;
    reg sum = zero();
    for (std::size_t column = 0; column < columns; column += lanes) {
      sum = multiply_add(load(row + column), load(x + column), sum);
    }
    out[n] = sum_of(sum);
  }
}

/// sum += sum over n of factors[n] * row ids[n], for the columns of `Registers` registers.
template <int Registers>
MMREC_LANES_TARGET void combine_gathered_tile(const als_rows& rows, const std::uint32_t* ids, const float* factors,
                                              std::size_t count, std::size_t first, float* sum) {
  const float* values = rows.values + first;
  reg even[Registers];
  reg odd[Registers];
  MMREC_LANES_UNROLL
  for (int b = 0; b < Registers; ++b) {
    even[b] = load(sum + static_cast<std::size_t>(b) * lanes);
    odd[b] = zero();
  }
  std::size_t n = 0;
  for (; n + 1 < count; n += 2) {
    const reg left = broadcast(factors[n]), right = broadcast(factors[n + 1]);
    const float* one = values + ids[n] * rows.stride;
    const float* two = values + ids[n + 1] * rows.stride;
    MMREC_LANES_UNROLL
    for (int b = 0; b < Registers; ++b) {
      even[b] = multiply_add(left, load(one + static_cast<std::size_t>(b) * lanes), even[b]);
      odd[b] = multiply_add(right, load(two + static_cast<std::size_t>(b) * lanes), odd[b]);
    }
  }
  MMREC_LANES_UNROLL
  for (int b = 0; b < Registers; ++b) {
    if (n < count) {
      const float* one = values + ids[n] * rows.stride + static_cast<std::size_t>(b) * lanes;
      even[b] = multiply_add(broadcast(factors[n]), load(one), even[b]);
    }
    store(sum + static_cast<std::size_t>(b) * lanes, add(even[b], odd[b]));
  }
}

inline void combine_gathered(const als_rows& rows, const std::uint32_t* ids, const float* factors, std::size_t count,
                             float* sum) {
  std::size_t column = 0;
  for (; column + 8 * lanes <= rows.width; column += 8 * lanes) {
    combine_gathered_tile<8>(rows, ids, factors, count, column, sum + column);
  }
  for (; column + 4 * lanes <= rows.width; column += 4 * lanes) {
    combine_gathered_tile<4>(rows, ids, factors, count, column, sum + column);
  }
  for (; column < rows.width; column += lanes) {
    combine_gathered_tile<1>(rows, ids, factors, count, column, sum + column);
  }
}

/// sum += sum over n of y_n factor(weight of n, y_n . x)
template <class Factor>
void add_rows(const als_rows& rows, const als_system& of, const float* x, float* sum, Factor&& factor) {
  float factors[refine_rows];
  for (std::size_t begin = 0; begin < of.count; begin += refine_rows) {
    const std::size_t now = (std::min)(refine_rows, of.count - begin);
    dot_gathered(rows, of.ids + begin, now, of.count - begin + of.following, 0, x, rows.width, factors);
    for (std::size_t n = 0; n < now; ++n) factors[n] = factor(of.weights[begin + n], factors[n]);
    combine_gathered(rows, of.ids + begin, factors, now, sum);
  }
}

/// What a row's part of the right side and of the matrix times x come to: 0 for weight 0, which counts as absent.
inline float residual_factor(float weight, float score) { return weight > 0.0f ? 1.0f + weight - weight * score : 0.0f; }

/// out_s = x_s matrix for als_batch row vectors, the columns of `Registers` registers.
template <int Registers>
MMREC_LANES_TARGET void multiply_tile(const float* matrix, std::size_t width, const float* x, float* out) {
  reg sum[als_batch][Registers];
  MMREC_LANES_UNROLL
  for (std::size_t s = 0; s < als_batch; ++s) {
    MMREC_LANES_UNROLL
    for (int b = 0; b < Registers; ++b) sum[s][b] = zero();
  }
  for (std::size_t k = 0; k < width; ++k) {
    reg row[Registers];
    MMREC_LANES_UNROLL
    for (int b = 0; b < Registers; ++b) row[b] = load(matrix + k * width + static_cast<std::size_t>(b) * lanes);
    MMREC_LANES_UNROLL
    for (std::size_t s = 0; s < als_batch; ++s) {
      const reg factor = broadcast(x[s * width + k]);
      MMREC_LANES_UNROLL
      for (int b = 0; b < Registers; ++b) sum[s][b] = multiply_add(factor, row[b], sum[s][b]);
    }
  }
  MMREC_LANES_UNROLL
  for (std::size_t s = 0; s < als_batch; ++s) {
    MMREC_LANES_UNROLL
    for (int b = 0; b < Registers; ++b) store(out + s * width + static_cast<std::size_t>(b) * lanes, sum[s][b]);
  }
}

/// out_s = x_s matrix for als_batch row vectors.
inline void multiply_batch(const float* matrix, std::size_t width, const float* x, float* out) {
  constexpr int wide = lanes == 16 ? 4 : 2;
  std::size_t column = 0;
  for (; column + wide * lanes <= width; column += wide * lanes) {
    multiply_tile<wide>(matrix + column, width, x, out + column);
  }
  for (; column < width; column += lanes) multiply_tile<1>(matrix + column, width, x, out + column);
}

MMREC_LANES_TARGET inline float dot(const float* a, const float* b, std::size_t width) {
  reg sum = zero();
  for (std::size_t column = 0; column < width; column += lanes) sum = multiply_add(load(a + column), load(b + column), sum);
  return sum_of(sum);
}

/// to += factor * x
MMREC_LANES_TARGET inline void add_scaled(float factor, const float* x, float* to, std::size_t width) {
  const reg scale = broadcast(factor);
  for (std::size_t column = 0; column < width; column += lanes) {
    store(to + column, multiply_add(scale, load(x + column), load(to + column)));
  }
}

/// See kernel::als_conjugate_gradient.
inline bool conjugate_gradient(const als_rows& rows, const float* gram, const als_system* systems, std::size_t count,
                               std::size_t steps, float* x, float* scratch) {
  const std::size_t width = rows.width, size = als_batch * width;
  float* const residuals = scratch;
  float* const directions = scratch + size;
  float* const products = scratch + 2 * size;
  float squares[als_batch];
  float negligible[als_batch];
  bool finite = true;
  multiply_batch(gram, width, x, products);
  std::fill(directions, directions + size, 0.0f);
  for (std::size_t s = 0; s < count; ++s) {
    const als_system& of = systems[s];
    float* const r = residuals + s * width;
    const float* const known = x + s * width;
    for (std::size_t k = 0; k < width; ++k) {
      const float mean = of.mean == nullptr ? 0.0f : of.mean[k];
      r[k] = -products[s * width + k] - of.strength * (known[k] - mean);
    }
    // Rounding keeps the residual from becoming much smaller than the terms that cancel in it.
    negligible[s] = 1e-14f * dot(r, r, width);
    add_rows(rows, of, known, r, residual_factor);
    std::copy_n(r, width, directions + s * width);
    squares[s] = dot(r, r, width);
    finite = finite && std::isfinite(squares[s]);
  }
  for (std::size_t step = 0; step < steps && finite; ++step) {
    multiply_batch(gram, width, directions, products);
    for (std::size_t s = 0; s < count; ++s) {
      if (!(squares[s] > negligible[s])) continue;
      float* const r = residuals + s * width;
      float* const p = directions + s * width;
      float* const q = products + s * width;
      add_scaled(systems[s].strength, p, q, width);
      add_rows(rows, systems[s], p, q, [](float weight, float score) { return weight * score; });
      const float curvature = dot(p, q, width);
      finite = finite && std::isfinite(curvature);
      if (!(curvature >= (std::numeric_limits<float>::min)())) {
        squares[s] = 0.0f;
        continue;
      }
      const float length = squares[s] / curvature;
      add_scaled(length, p, x + s * width, width);
      add_scaled(-length, q, r, width);
      const float before = squares[s];
      squares[s] = dot(r, r, width);
      const float turn = squares[s] / before;
      for (std::size_t k = 0; k < width; ++k) p[k] = r[k] + turn * p[k];
    }
  }
  return finite;
}

/// Brings the scores y_n . x of `count` entries up to date.
struct score_update {
  const float* x;       ///< what has been added to the factors since
  std::size_t first;    ///< from this factor on,
  std::size_t columns;  ///< this many
  bool fresh;           ///< there are no scores yet
};

MMREC_LANES_TARGET inline void update_scores(const als_rows& rows, const std::uint32_t* ids, std::size_t count,
                                             std::size_t known, const score_update& update, float* scores) {
  if (update.fresh) return dot_gathered(rows, ids, count, known, update.first, update.x, update.columns, scores);
  float changes[als_largest_panel];
  dot_gathered(rows, ids, count, known, update.first, update.x, update.columns, changes);
  for (std::size_t n = 0; n < count; ++n) scores[n] += changes[n];
}

/// matrix += sum over n of w_n y_n y_n^T, side += sum over n of residual_factor of n * y_n, for `columns` columns of the rows
/// from `first` on, `step` entries at a time, after their scores. `panels`: room for twice `step` rows.
MMREC_LANES_TARGET inline void accumulate_block(const als_rows& rows, const als_system& of, const score_update& update,
                                                std::size_t first, std::size_t columns, std::size_t step, float* scores,
                                                float* matrix, float* side, float* panels) {
  float* const plain = panels;
  float* const weighted = panels + step * columns;
  constexpr std::size_t ahead = 16;
  float factors[als_largest_panel];
  for (std::size_t begin = 0; begin < of.count; begin += step) {
    const std::size_t now = (std::min)(step, of.count - begin);
    const std::uint32_t* ids = of.ids + begin;
    const float* weights = of.weights + begin;
    update_scores(rows, ids, now, of.count - begin, update, scores + begin);
    for (std::size_t n = 0; n < now; ++n) factors[n] = residual_factor(weights[n], scores[begin + n]);
    for (std::size_t n = 0; n < now; ++n) {
      if (begin + n + ahead < of.count) {
        const float* later = rows.values + ids[n + ahead] * rows.stride + first;
        for (std::size_t column = 0; column < columns; column += 16) __builtin_prefetch(later + column);
      }
      const float* from = rows.values + ids[n] * rows.stride + first;
      const reg scale = broadcast(weights[n]);
      for (std::size_t column = 0; column < columns; column += lanes) {
        const reg value = load(from + column);
        store(plain + n * columns + column, value);
        store(weighted + n * columns + column, multiply(scale, value));
      }
    }
    combine<1>(plain, factors, now, columns, columns, side);
    for (std::size_t row = 0; row < columns; row += als_block) {
      product_rows<1>(weighted, plain, now, matrix, matrix, columns, row);
    }
  }
}

/// See kernel::als_descend_blocks.
MMREC_LANES_TARGET inline bool descend_blocks(const als_rows& rows, const float* gram, const als_system* systems,
                                              std::size_t count, std::size_t block, float* x, float* const* scores,
                                              float* scratch) {
  const std::size_t width = rows.width;
  float* matrices[als_batch];
  float* sides[als_batch];
  float* const scales = scratch;
  float* const moves = scales + als_batch * block;
  float* const panels = moves + 2 * als_batch * block + als_batch * block * block;
  for (std::size_t s = 0; s < count; ++s) {
    sides[s] = moves + (als_batch + s) * block;
    matrices[s] = moves + 2 * als_batch * block + s * block * block;
  }
  bool positive = true;
  for (std::size_t first = 0; first < width; first += block) {
    const std::size_t columns = (std::min)(block, width - first);
    for (std::size_t s = 0; s < count; ++s) {
      const als_system& of = systems[s];
      float* const known = x + s * width;
      for (std::size_t k = 0; k < columns; ++k) {
        const float mean = of.mean == nullptr ? 0.0f : of.mean[first + k];
        sides[s][k] = -of.strength * (known[first + k] - mean);
        std::copy_n(gram + (first + k) * width + first, columns, matrices[s] + k * columns);
        matrices[s][k * columns + k] += of.strength;
      }
      combine<-1>(gram + first, known, width, width, columns, sides[s]);
      const score_update update =
          first == 0 ? score_update{known, 0, width, true} : score_update{moves + s * block, first - block, block, false};
      accumulate_block(rows, of, update, first, columns, als_panel_rows(block), scores[s], matrices[s], sides[s], panels);
    }
    positive = solve(matrices, sides, scales, columns, count) && positive;
    for (std::size_t s = 0; s < count; ++s) {
      std::copy_n(sides[s], columns, moves + s * block);
      add_scaled(1.0f, sides[s], x + s * width + first, columns);
    }
  }
  return positive;
}

#endif  // MMREC_LANES_TARGET

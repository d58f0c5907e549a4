// mmrec/kernel/detail/als_body.hpp - the loops of alternating least squares; als_lanes.hpp includes this once for each
// level.
//
// No include guard, on purpose. Without the macros of als_lanes.hpp the file is empty.
// K factors are padded to `width`, a multiple of 16. A symmetric matrix is width x width, row-major; only the blocks of
// 16 x 16 on and above the diagonal are read and written. `panel` is a block of gathered rows, `width` floats each.
#ifdef MMREC_LANES_TARGET

/// sum + Sign * a * b
template <int Sign>
MMREC_LANES_OP reg multiply_add(reg a, reg b, reg sum) {
  return Sign > 0 ? multiply_add(a, b, sum) : subtract_product(a, b, sum);
}

/// to[row + a][column + b] = from[...] + Sign * sum over r of lefts[r][row + a] * rights[r][column + b], for one tile.
template <int Rows, int Registers, int Sign>
MMREC_LANES_TARGET void product_tile(const float* lefts, const float* rights, std::size_t count, const float* from,
                                     float* to, std::size_t width, std::size_t row, std::size_t column) {
  reg sum[Rows][Registers];
  MMREC_LANES_UNROLL
  for (int a = 0; a < Rows; ++a) {
    MMREC_LANES_UNROLL
    for (int b = 0; b < Registers; ++b) {
      sum[a][b] = load(from + (row + static_cast<std::size_t>(a)) * width + column + static_cast<std::size_t>(b) * lanes);
    }
  }
  for (std::size_t r = 0; r < count; ++r) {
    const float* left = lefts + r * width + row;
    const float* right = rights + r * width + column;
    reg values[Registers];
    MMREC_LANES_UNROLL
    for (int b = 0; b < Registers; ++b) values[b] = load(right + static_cast<std::size_t>(b) * lanes);
    MMREC_LANES_UNROLL
    for (int a = 0; a < Rows; ++a) {
      const reg factor = broadcast(left[a]);
      MMREC_LANES_UNROLL
      for (int b = 0; b < Registers; ++b) {
        sum[a][b] = multiply_add<Sign>(factor, values[b], sum[a][b]);
      }
    }
  }
  MMREC_LANES_UNROLL
  for (int a = 0; a < Rows; ++a) {
    MMREC_LANES_UNROLL
    for (int b = 0; b < Registers; ++b) {
      store(to + (row + static_cast<std::size_t>(a)) * width + column + static_cast<std::size_t>(b) * lanes, sum[a][b]);
    }
  }
}

/// The 16 rows from `row` on, columns from `row` on: to = from + Sign * lefts^T rights.
template <int Sign>
void product_rows(const float* lefts, const float* rights, std::size_t count, const float* from, float* to,
                  std::size_t width, std::size_t row) {
  const auto strip = [&]<int Registers>(std::size_t column) {
    constexpr int rows = tile_rows[Registers];
    for (std::size_t top = 0; top < als_block; top += rows) {
      product_tile<rows, Registers, Sign>(lefts, rights, count, from, to, width, row + top, column);
    }
  };
  std::size_t column = row;
  while (column < width) {
    const std::size_t left = (width - column) / lanes;
    if (left == 1) {
      strip.template operator()<1>(column);
      column += lanes;
    } else if (left == 2 || left == 4) {
      strip.template operator()<2>(column);
      column += 2 * lanes;
    } else {
      strip.template operator()<3>(column);
      column += 3 * lanes;
    }
  }
}

/// sum[0..lanes * Registers) += Sign * sum over r of weights[r] * panel[r][...].
template <int Registers, int Sign>
MMREC_LANES_TARGET void combine_tile(const float* panel, const float* weights, std::size_t count, std::size_t width,
                                     float* sum) {
  reg even[Registers];
  reg odd[Registers];
  for (int b = 0; b < Registers; ++b) {
    even[b] = load(sum + static_cast<std::size_t>(b) * lanes);
    odd[b] = zero();
  }
  std::size_t r = 0;
  for (; r + 1 < count; r += 2) {
    const reg first = broadcast(weights[r]);
    const reg second = broadcast(weights[r + 1]);
    for (int b = 0; b < Registers; ++b) {
      const float* value = panel + r * width + static_cast<std::size_t>(b) * lanes;
      even[b] = multiply_add<Sign>(first, load(value), even[b]);
      odd[b] = multiply_add<Sign>(second, load(value + width), odd[b]);
    }
  }
  for (int b = 0; b < Registers; ++b) {
    if (r < count)
      even[b] =
          multiply_add<Sign>(broadcast(weights[r]), load(panel + r * width + static_cast<std::size_t>(b) * lanes), even[b]);
    store(sum + static_cast<std::size_t>(b) * lanes, add(even[b], odd[b]));
  }
}

/// sum += Sign * panel^T weights, `columns` values (a multiple of 16).
template <int Sign>
void combine(const float* panel, const float* weights, std::size_t count, std::size_t width, std::size_t columns,
             float* sum) {
  std::size_t column = 0;
  for (; column + 4 * lanes <= columns; column += 4 * lanes) {
    combine_tile<4, Sign>(panel + column, weights, count, width, sum + column);
  }
  for (; column < columns; column += lanes) combine_tile<1, Sign>(panel + column, weights, count, width, sum + column);
}

/// panel[r] = sqrt(w_r) * row of ids[r], so that the panel's product with itself is the weighted sum of outer products;
/// multipliers[r] is what turns a panel row into (1 + w_r) * row. Room for whole blocks of 16 in `multipliers`.
MMREC_LANES_TARGET inline void gather(const als_rows& rows, const std::uint32_t* ids, const float* weights,
                                      std::size_t count, std::size_t known, float* panel, std::size_t width,
                                      float* multipliers) {
  float roots[als_largest_panel];
  const reg one = broadcast(1.0f);
  // A weight of 0 gives a row of zeros times a large, finite multiplier.
  const reg least = broadcast(1e-15f);
  std::copy_n(weights, count, multipliers);
  std::fill(multipliers + count, multipliers + (count + als_block - 1) / als_block * als_block, 0.0f);
  for (std::size_t r = 0; r < count; r += lanes) {
    const reg weight = load(multipliers + r);
    const reg root = square_root(weight);
    store(roots + r, root);
    store(multipliers + r, divide(add(one, weight), larger(root, least)));
  }
  constexpr std::size_t ahead = 8;
  const std::size_t whole = rows.width / lanes * lanes;
  for (std::size_t r = 0; r < count; ++r) {
    if (r + ahead < known) {
      const float* later = rows.values + ids[r + ahead] * rows.stride;
      for (std::size_t column = 0; column < rows.width; column += 16) __builtin_prefetch(later + column);
    }
    const float* from = rows.values + ids[r] * rows.stride;
    float* to = panel + r * width;
    const reg root = broadcast(roots[r]);
    for (std::size_t column = 0; column < whole; column += lanes) store(to + column, multiply(root, load(from + column)));
    for (std::size_t column = whole; column < rows.width; ++column) to[column] = roots[r] * from[column];
    std::fill(to + rows.width, to + width, 0.0f);
  }
}

/// See kernel::als_accumulate.
inline void accumulate(const als_rows& rows, const std::uint32_t* ids, const float* weights, std::size_t count,
                       const float* from, float* matrix, float* side, std::size_t width, float* scratch) {
  const std::size_t step = als_panel_rows(width);
  float* panel = scratch + als_largest_panel;
  std::size_t begin = 0;
  do {
    const std::size_t now = (std::min)(step, count - begin);
    gather(rows, ids + begin, weights + begin, now, count - begin, panel, width, scratch);
    combine<1>(panel, scratch, now, width, width, side);
    for (std::size_t row = 0; row < width; row += als_block) product_rows<1>(panel, panel, now, from, matrix, width, row);
    from = matrix;
    begin += now;
  } while (begin < count);
}

/// See kernel::als_gram.
inline void gram(const als_rows& rows, std::size_t first, std::size_t last, float* matrix, std::size_t width,
                 float* scratch) {
  const std::size_t step = als_panel_rows(width);
  std::fill(matrix, matrix + width * width, 0.0f);
  for (std::size_t begin = first; begin < last; begin += step) {
    const std::size_t now = (std::min)(step, last - begin);
    for (std::size_t r = 0; r < now; ++r) {
      std::copy_n(rows.values + (begin + r) * rows.stride, rows.width, scratch + r * width);
      std::fill(scratch + r * width + rows.width, scratch + (r + 1) * width, 0.0f);
    }
    for (std::size_t row = 0; row < width; row += als_block)
      product_rows<1>(scratch, scratch, now, matrix, matrix, width, row);
  }
}

/// out[r] = inner product of row r and x.
MMREC_LANES_TARGET inline void dot_rows(const als_rows& rows, std::size_t count, const float* x, float* out) {
  const std::size_t whole = rows.width / lanes * lanes;
  const auto finish = [&](std::size_t r, float sum) {
    for (std::size_t column = whole; column < rows.width; ++column) sum += rows.values[r * rows.stride + column] * x[column];
    out[r] = sum;
  };
  std::size_t r = 0;
  for (; r + 4 <= count; r += 4) {
    const float* row = rows.values + r * rows.stride;
    reg sum[4] = {zero(), zero(), zero(), zero()};
    for (std::size_t column = 0; column < whole; column += lanes) {
      const reg value = load(x + column);
      MMREC_LANES_UNROLL
      for (std::size_t a = 0; a < 4; ++a) sum[a] = multiply_add(load(row + a * rows.stride + column), value, sum[a]);
    }
    MMREC_LANES_UNROLL
    for (std::size_t a = 0; a < 4; ++a) finish(r + a, sum_of(sum[a]));
  }
  for (; r < count; ++r) {
    reg sum = zero();
    for (std::size_t column = 0; column < whole; column += lanes) {
      sum = multiply_add(load(rows.values + r * rows.stride + column), load(x + column), sum);
    }
    finish(r, sum_of(sum));
  }
}

/// Eliminates the 16 unknowns of one diagonal block in each of `systems` matrices, with their right-hand sides.
/// Before: the block's rows hold the symmetric block. After: row i holds the multipliers m_ij of rows j < i, zero from i
/// on; scale[j] is 1 / sqrt of pivot j; z is the block of the forward solution. False for a pivot that is not positive, normal and
/// finite.
MMREC_LANES_TARGET inline bool eliminate_block(float* const* blocks, std::size_t width, float* const* z, float* const* scale,
                                               std::size_t systems) {
  constexpr std::size_t parts = als_block / lanes;
  float inverse[als_batch][als_block];
  bool positive = true;
  for (std::size_t j = 0; j < als_block; ++j) {
    for (std::size_t s = 0; s < systems; ++s) {
      float* block = blocks[s];
      const float* pivot_row = block + j * width;
      const float pivot = pivot_row[j];
      // The reciprocal of a smaller one is infinite.
      positive = positive && pivot >= (std::numeric_limits<float>::min)() && pivot <= (std::numeric_limits<float>::max)();
      inverse[s][j] = 1.0f / pivot;
      const reg inverse_pivot = broadcast(inverse[s][j]);
      reg row[parts];
      MMREC_LANES_UNROLL
      for (std::size_t part = 0; part < parts; ++part) {
        const reg after = multiply(load(pivot_row + part * lanes), load(als_mask + als_block - 1 - j + part * lanes));
        row[part] = multiply(after, inverse_pivot);
        const reg rest = load(z[s] + part * lanes);
        store(z[s] + part * lanes, subtract_product(broadcast(z[s][j]), row[part], rest));
      }
      for (std::size_t i = j + 1; i < als_block; ++i) {
        const reg factor = broadcast(pivot_row[i]);
        float* to = block + i * width;
        MMREC_LANES_UNROLL
        for (std::size_t part = 0; part < parts; ++part) {
          store(to + part * lanes, subtract_product(factor, row[part], load(to + part * lanes)));
        }
      }
    }
  }
  for (std::size_t s = 0; s < systems; ++s) {
    for (std::size_t part = 0; part < parts; ++part) {
      const reg inverses = load(inverse[s] + part * lanes);
      const reg roots = square_root(inverses);
      store(scale[s] + part * lanes, roots);
      store(z[s] + part * lanes, multiply(roots, load(z[s] + part * lanes)));
      for (std::size_t i = 0; i < als_block; ++i) {
        float* to = blocks[s] + i * width + part * lanes;
        // 1 before lane i, 0 from it on
        const reg before = subtract_product(broadcast(1.0f), load(als_mask + als_block - i + part * lanes), broadcast(1.0f));
        store(to, multiply(multiply(load(to), inverses), before));
      }
    }
  }
  return positive;
}

/// The rest of the block's rows, right of it: the elimination that eliminate_block did, then scaling.
MMREC_LANES_TARGET inline void eliminate_right(float* block, std::size_t width, std::size_t columns, const float* scale) {
  for (std::size_t column = als_block; column < columns; column += lanes) {
    reg rows[als_block];
    MMREC_LANES_UNROLL
    for (std::size_t i = 0; i < als_block; ++i) {
      reg row = load(block + i * width + column);
      MMREC_LANES_UNROLL
      for (std::size_t j = 0; j < i; ++j) row = subtract_product(broadcast(block[i * width + j]), rows[j], row);
      rows[i] = row;
    }
    MMREC_LANES_UNROLL
    for (std::size_t i = 0; i < als_block; ++i) {
      store(block + i * width + column, multiply(rows[i], broadcast(scale[i])));
    }
  }
}

/// Back substitution within one diagonal block, after what lies right of it has been subtracted from z.
MMREC_LANES_TARGET inline void substitute_block(const float* const* blocks, std::size_t width, float* const* z,
                                                const float* const* scale, std::size_t systems) {
  constexpr std::size_t parts = als_block / lanes;
  for (std::size_t s = 0; s < systems; ++s) {
    for (std::size_t part = 0; part < parts; ++part) {
      store(z[s] + part * lanes, multiply(load(z[s] + part * lanes), load(scale[s] + part * lanes)));
    }
  }
  for (std::size_t i = als_block - 1; i > 0; --i) {
    for (std::size_t s = 0; s < systems; ++s) {
      const reg known = broadcast(z[s][i]);
      MMREC_LANES_UNROLL
      for (std::size_t part = 0; part < parts; ++part) {
        const reg row = load(blocks[s] + i * width + part * lanes);
        store(z[s] + part * lanes, subtract_product(known, row, load(z[s] + part * lanes)));
      }
    }
  }
}

/// z[i] -= inner product of row i of the block's rows, right of the block, and x.
MMREC_LANES_TARGET inline void subtract_right(const float* block, std::size_t width, std::size_t columns, float* z) {
  for (std::size_t i = 0; i < als_block; ++i) {
    const float* row = block + i * width;
    reg sum = zero();
    for (std::size_t column = als_block; column < columns; column += lanes) {
      sum = multiply_add(load(row + column), load(z + column), sum);
    }
    z[i] -= sum_of(sum);
  }
}

/// Solves `systems` <= als_batch systems; see kernel::solve_positive_definite.
inline bool solve(float* const* matrices, float* const* sides, float* scales, std::size_t width, std::size_t systems) {
  float* blocks[als_batch];
  float* z[als_batch];
  float* scale[als_batch];
  bool positive = true;
  for (std::size_t first = 0; first < width; first += als_block) {
    for (std::size_t s = 0; s < systems; ++s) {
      product_rows<-1>(matrices[s], matrices[s], first, matrices[s], matrices[s], width, first);
      z[s] = sides[s] + first;
      combine<-1>(matrices[s] + first, sides[s], first, width, als_block, z[s]);
      blocks[s] = matrices[s] + first * width + first;
      scale[s] = scales + s * width + first;
    }
    positive = eliminate_block(blocks, width, z, scale, systems) && positive;
    for (std::size_t s = 0; s < systems; ++s) eliminate_right(blocks[s], width, width - first, scale[s]);
  }
  for (std::size_t last = width; last > 0; last -= als_block) {
    const std::size_t first = last - als_block;
    for (std::size_t s = 0; s < systems; ++s) {
      z[s] = sides[s] + first;
      blocks[s] = matrices[s] + first * width + first;
      scale[s] = scales + s * width + first;
      subtract_right(blocks[s], width, width - first, z[s]);
    }
    substitute_block(blocks, width, z, scale, systems);
  }
  return positive;
}

#endif  // MMREC_LANES_TARGET

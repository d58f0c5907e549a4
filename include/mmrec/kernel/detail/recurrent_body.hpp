// mmrec/kernel/detail/recurrent_body.hpp - loops of recurrent layers; recurrent_lanes.hpp includes this once for each level.
//
// No include guard, on purpose. Without the macros of recurrent_lanes.hpp the file is empty.
// Layouts are told in recurrent_types.hpp. A unit block is one register of units: panel_units / lanes of them make a panel.
#ifdef MMREC_MATH_TARGET

/// Rows of a register tile: with four gates, a register of units and the weights they fill the register file.
inline constexpr int tile_most = register_count == 32 ? 6 : 3;

template <class T>
MMREC_MATH_OP reg<T> load_units(const T* from, std::size_t valid) {
  return valid >= lanes<T> ? load(from) : load_first<T>(from, valid, T(0));
}
template <class T>
MMREC_MATH_OP void store_units(T* to, std::size_t valid, reg<T> x) {
  if (valid >= lanes<T>) {
    store(to, x);
  } else {
    store_first<T>(to, valid, x);
  }
}
template <class T>
MMREC_MATH_OP reg<T> slope_of_sigmoid(reg<T> y) {
  return subtract_product(y, y, y);
}
template <class T>
MMREC_MATH_OP reg<T> slope_of_tanh(reg<T> y) {
  return subtract_product(y, y, all(T(1)));
}

/// The elementwise part of each cell: forward from the sums of its gates, backward from what the record keeps.
/// `record`, `cell` and the others point to the unit block; gates of the record are panel_units<T> apart.
template <class Cell, class T>
MMREC_MATH_OP void finish_cell(const reg<T>* sums, const recurrent_job<T>& job, std::size_t record_at, std::size_t unit,
                               std::size_t valid, bool keep) {
  constexpr std::size_t P = panel_units<T>;
  T* record = job.record + record_at;
  reg<T> h;
  if constexpr (Cell::kind == recurrent_kind::lstm) {
    const reg<T> i = quick_sigmoid(sums[0]), f = quick_sigmoid(sums[1]), g = quick_tanh(sums[2]), o = quick_sigmoid(sums[3]);
    const reg<T> c = multiply_add(f, load(job.cell + unit), multiply(i, g));
    store(job.cell + unit, c);
    h = multiply(o, quick_tanh(c));
    if (keep) {
      store(record, i);
      store(record + P, f);
      store(record + 2 * P, g);
      store(record + 3 * P, o);
      store(record + 4 * P, c);
    }
  } else if constexpr (Cell::kind == recurrent_kind::gru) {
    const reg<T> r = quick_sigmoid(sums[0]), z = quick_sigmoid(sums[1]);
    const reg<T> n = quick_tanh(multiply_add(r, sums[2], load(record)));
    h = multiply_add(z, subtract(load_units<T>(job.h + unit, valid), n), n);
    if (keep) {
      store(record, n);
      store(record + P, r);
      store(record + 2 * P, z);
      store(record + 3 * P, sums[2]);
    }
  } else {
    h = Cell::kind == recurrent_kind::rnn_tanh ? quick_tanh(sums[0]) : larger(all(T(0)), sums[0]);
    if (keep) store(record, h);
  }
  store_units<T>(job.y + unit, valid, h);
}

/// Turns the record into the gradients of its sums, dc into that of the step before, and dh into the part of that step's
/// dh that does not go through the recurrent weights.
template <class Cell, class T>
MMREC_MATH_OP void cell_gradient(const recurrent_gradient_job<T>& job, std::size_t record_at, std::size_t previous_at,
                                 std::size_t unit, std::size_t valid) {
  constexpr std::size_t P = panel_units<T>;
  T* record = job.record + record_at;
  reg<T> dh = load(job.dh + unit);
  if (job.dy != nullptr) dh = add(dh, load_units<T>(job.dy + unit, valid));
  const reg<T> one = all(T(1));
  reg<T> direct = all(T(0));
  if constexpr (Cell::kind == recurrent_kind::lstm) {
    const reg<T> i = load(record), f = load(record + P), g = load(record + 2 * P), o = load(record + 3 * P);
    const reg<T> t = quick_tanh(load(record + 4 * P));
    const reg<T> dc = multiply_add(multiply(dh, o), slope_of_tanh<T>(t), load(job.dc + unit));
    store(record, multiply(multiply(dc, g), slope_of_sigmoid<T>(i)));
    store(record + P, multiply(multiply(dc, load(job.previous + previous_at)), slope_of_sigmoid<T>(f)));
    store(record + 2 * P, multiply(multiply(dc, i), slope_of_tanh<T>(g)));
    store(record + 3 * P, multiply(multiply(dh, t), slope_of_sigmoid<T>(o)));
    store(job.dc + unit, multiply(dc, f));
  } else if constexpr (Cell::kind == recurrent_kind::gru) {
    const reg<T> n = load(record), r = load(record + P), z = load(record + 2 * P), product = load(record + 3 * P);
    const reg<T> before = load_units<T>(job.previous + unit, valid);
    const reg<T> dn = multiply(multiply(dh, subtract(one, z)), slope_of_tanh<T>(n));
    store(record, dn);
    store(record + P, multiply(multiply(dn, product), slope_of_sigmoid<T>(r)));
    store(record + 2 * P, multiply(multiply(dh, subtract(before, n)), slope_of_sigmoid<T>(z)));
    store(record + 3 * P, multiply(dn, r));
    direct = multiply(dh, z);
  } else {
    const reg<T> y = load(record);
    if constexpr (Cell::kind == recurrent_kind::rnn_tanh) store(record, multiply(dh, slope_of_tanh<T>(y)));
    if constexpr (Cell::kind == recurrent_kind::rnn_relu) store(record, where_less(all(T(0)), y, dh, all(T(0))));
  }
  static_cast<void>(one);
  store(job.dh + unit, direct);
}

/// The sums of Rows rows for Blocks unit blocks, over the inputs begin .. end - 1: one chain in the order of the inputs, which
/// starts from the bias or from what the record holds, and ends in the record or in the cell.
template <class Cell, class T, int Rows, int Blocks>
MMREC_MATH_TARGET void gate_tile(const recurrent_job<T>* jobs, const recurrent_pass<T>& pass, std::size_t block,
                                 std::size_t begin, std::size_t end) {
  constexpr std::size_t P = panel_units<T>, G = Cell::gates, S = P / lanes<T>;
  reg<T> sums[Rows][Blocks][G];
  const T* weights[Blocks];
  const T* in[Rows];
  std::size_t record_at[Blocks], unit[Blocks];
  const std::size_t first = pass.recurrent ? Cell::recurrent_first * P : 0;
  MMREC_MATH_UNROLL
  for (int b = 0; b < Blocks; ++b) {
    const std::size_t index = block + static_cast<std::size_t>(b), panel = index / S, lane = index % S * lanes<T>;
    weights[b] = pass.weights + (panel * pass.inner + begin) * G * P + lane;
    record_at[b] = panel * Cell::blocks * P + lane;
    unit[b] = panel * P + lane;
    const T* bias = pass.bias + panel * Cell::biases * P + lane;
    const bool fresh = begin == 0 && !pass.recurrent;
    MMREC_MATH_UNROLL
    for (int q = 0; q < Rows; ++q) {
      MMREC_MATH_UNROLL
      for (std::size_t g = 0; g < G; ++g) {
        sums[q][b][g] = load(fresh ? bias + g * P : jobs[q].record + record_at[b] + first + g * P);
      }
    }
  }
  MMREC_MATH_UNROLL
  for (int q = 0; q < Rows; ++q) in[q] = (pass.recurrent ? jobs[q].h : jobs[q].x) + begin;
  const std::size_t count = end - begin;
  for (std::size_t k = 0; k < count; ++k) {
    reg<T> w[Blocks][G];
    MMREC_MATH_UNROLL
    for (int b = 0; b < Blocks; ++b) {
      MMREC_MATH_UNROLL
      for (std::size_t g = 0; g < G; ++g) w[b][g] = load(weights[b] + g * P);
      weights[b] += G * P;
    }
    MMREC_MATH_UNROLL
    for (int q = 0; q < Rows; ++q) {
      const reg<T> factor = all(in[q][k]);
      MMREC_MATH_UNROLL
      for (int b = 0; b < Blocks; ++b) {
        MMREC_MATH_UNROLL
        for (std::size_t g = 0; g < G; ++g) sums[q][b][g] = multiply_add(factor, w[b][g], sums[q][b][g]);
      }
    }
  }
  if (pass.recurrent && end == pass.used) {
    MMREC_MATH_UNROLL
    for (int b = 0; b < Blocks; ++b) {
      const std::size_t valid = unit[b] < pass.hidden ? pass.hidden - unit[b] : 0;
      MMREC_MATH_UNROLL
      for (int q = 0; q < Rows; ++q) finish_cell<Cell, T>(sums[q][b], jobs[q], record_at[b], unit[b], valid, pass.keep);
    }
    return;
  }
  MMREC_MATH_UNROLL
  for (int b = 0; b < Blocks; ++b) {
    MMREC_MATH_UNROLL
    for (int q = 0; q < Rows; ++q) {
      T* record = jobs[q].record + record_at[b];
      MMREC_MATH_UNROLL
      for (std::size_t g = 0; g < G; ++g) store(record + first + g * P, sums[q][b][g]);
      if constexpr (Cell::biases > G) {  // what the recurrent sums start from
        if (!pass.recurrent) store(record + G * P, load(pass.bias + unit[b] / P * Cell::biases * P + G * P + unit[b] % P));
      }
    }
  }
}

/// All units of some rows. The weights of a block of inputs stay in the first cache level while the rows go by; every other
/// step goes through the units backwards, so that it begins with the weights that the one before used last.
template <class Cell, class T>
void gate_rows(const recurrent_job<T>* jobs, std::size_t count, const recurrent_pass<T>& pass) {
  constexpr std::size_t depth = 32768 / (64 * Cell::gates);
  constexpr std::size_t wide = Cell::gates == 1 ? 4 : 2;
  const std::size_t blocks = (pass.hidden + panel_units<T> - 1) / panel_units<T> * (panel_units<T> / lanes<T>);
  const auto tiles = [&]<int Blocks>(std::size_t block) {
    if (count == 1) return gate_tile<Cell, T, 1, Blocks>(jobs, pass, block, 0, pass.used);
    if constexpr (Blocks == 1 || Cell::gates == 1) {
      std::size_t begin = 0;
      do {
        const std::size_t end = (std::min)(pass.used, begin + depth);
        row_tiles(count, tile_most, [&](std::size_t first, std::size_t size) {
          const recurrent_job<T>* tile = jobs + first;
          if (size == 2) return gate_tile<Cell, T, 2, Blocks>(tile, pass, block, begin, end);
          if (size == 3) return gate_tile<Cell, T, 3, Blocks>(tile, pass, block, begin, end);
          if constexpr (tile_most > 3) {
            if (size == 4) return gate_tile<Cell, T, 4, Blocks>(tile, pass, block, begin, end);
            if (size == 5) return gate_tile<Cell, T, 5, Blocks>(tile, pass, block, begin, end);
            if (size == 6) return gate_tile<Cell, T, 6, Blocks>(tile, pass, block, begin, end);
          }
        });
        begin = end;
      } while (begin < pass.used);
    }
  };
  const std::size_t step = count == 1 || Cell::gates == 1 ? wide : 1, wholes = blocks / step;
  for (std::size_t index = 0; index < wholes; ++index) {
    const std::size_t block = (pass.backwards ? wholes - 1 - index : index) * step;
    if (step == wide) {
      tiles.template operator()<wide>(block);
    } else {
      tiles.template operator()<1>(block);
    }
  }
  for (std::size_t block = wholes * step; block < blocks; ++block) tiles.template operator()<1>(block);
}

template <class Cell, class T>
MMREC_MATH_TARGET void gradient_rows(const recurrent_gradient_job<T>* jobs, std::size_t count, std::size_t hidden) {
  constexpr std::size_t P = panel_units<T>;
  for (std::size_t row = 0; row < count; ++row) {
    for (std::size_t unit = 0; unit < hidden; unit += lanes<T>) {
      const std::size_t record_at = unit / P * Cell::blocks * P + unit % P;
      cell_gradient<Cell, T>(jobs[row], record_at, unit / P * jobs[row].previous_stride + unit % P, unit, hidden - unit);
    }
    // Products go over whole panels: what lies beyond the units must not be NaN.
    for (std::size_t unit = (hidden + lanes<T> - 1) / lanes<T> * lanes<T>; unit % P != 0; unit += lanes<T>) {
      for (std::size_t g = 0; g < Cell::biases; ++g) {
        store(jobs[row].record + unit / P * Cell::blocks * P + g * P + unit % P, all(T(0)));
      }
    }
  }
}

/// out = [out +] (gates of the records' panels begin .. end - 1) * (transposed weights), for Rows rows and Vectors registers of
/// columns.
template <class Cell, class T, int Rows, int Vectors>
MMREC_MATH_TARGET void transposed_tile(const recurrent_transposed_job<T>* jobs, const recurrent_transposed_pass<T>& pass,
                                       std::size_t column, std::size_t begin, std::size_t end) {
  constexpr std::size_t P = panel_units<T>, G = Cell::gates, wide = 4 * P;
  const std::size_t panels = (pass.hidden + P - 1) / P;
  const T* weights = pass.weights + (column / wide * panels + begin) * (G * P * wide) + column % wide;
  const auto valid = [&](std::size_t v) {
    const std::size_t at = column + v * lanes<T>;
    return at < pass.columns ? pass.columns - at : 0;
  };
  const bool fresh = begin == 0 && !pass.accumulate;
  reg<T> sums[Rows][Vectors];
  const T* in[Rows];
  MMREC_MATH_UNROLL
  for (int q = 0; q < Rows; ++q) {
    in[q] = jobs[q].record + begin * Cell::blocks * P + pass.first_block * P;
    MMREC_MATH_UNROLL
    for (std::size_t v = 0; v < Vectors; ++v) {
      sums[q][v] = fresh ? all(T(0)) : load_units<T>(jobs[q].out + column + v * lanes<T>, valid(v));
    }
  }
  for (std::size_t panel = begin; panel < end; ++panel) {
    for (std::size_t k = 0; k < G * P; ++k, weights += wide) {
      reg<T> w[Vectors];
      MMREC_MATH_UNROLL
      for (std::size_t v = 0; v < Vectors; ++v) w[v] = load(weights + v * lanes<T>);
      MMREC_MATH_UNROLL
      for (int q = 0; q < Rows; ++q) {
        const reg<T> factor = all(in[q][k]);
        MMREC_MATH_UNROLL
        for (std::size_t v = 0; v < Vectors; ++v) sums[q][v] = multiply_add(factor, w[v], sums[q][v]);
      }
    }
    MMREC_MATH_UNROLL
    for (int q = 0; q < Rows; ++q) in[q] += Cell::blocks * P;
  }
  MMREC_MATH_UNROLL
  for (int q = 0; q < Rows; ++q) {
    MMREC_MATH_UNROLL
    for (std::size_t v = 0; v < Vectors; ++v) store_units<T>(jobs[q].out + column + v * lanes<T>, valid(v), sums[q][v]);
  }
}

template <class Cell, class T>
void transposed_rows(const recurrent_transposed_job<T>* jobs, std::size_t count, const recurrent_transposed_pass<T>& pass) {
  constexpr std::size_t P = panel_units<T>, depth = std::max<std::size_t>(1, 32768 / (Cell::gates * P * 256));
  const std::size_t panels = (pass.hidden + P - 1) / P;
  const auto columns = [&]<int Vectors>(std::size_t column) {
    for (std::size_t begin = 0; begin < panels; begin += depth) {
      const std::size_t end = (std::min)(panels, begin + depth);
      row_tiles(count, tile_most, [&](std::size_t first, std::size_t size) {
        const recurrent_transposed_job<T>* tile = jobs + first;
        if (size == 1) return transposed_tile<Cell, T, 1, Vectors>(tile, pass, column, begin, end);
        if (size == 2) return transposed_tile<Cell, T, 2, Vectors>(tile, pass, column, begin, end);
        if (size == 3) return transposed_tile<Cell, T, 3, Vectors>(tile, pass, column, begin, end);
        if constexpr (tile_most > 3) {
          if (size == 4) return transposed_tile<Cell, T, 4, Vectors>(tile, pass, column, begin, end);
          if (size == 5) return transposed_tile<Cell, T, 5, Vectors>(tile, pass, column, begin, end);
          if (size == 6) return transposed_tile<Cell, T, 6, Vectors>(tile, pass, column, begin, end);
        }
      });
    }
  };
  for (std::size_t column = 0; column < pass.columns; column += 4 * lanes<T>) {
    if (pass.columns - column <= 2 * lanes<T>) {
      columns.template operator()<2>(column);
    } else {
      columns.template operator()<4>(column);
    }
  }
}

/// Inputs of a weight gradient that one tile takes.
template <class Cell>
inline constexpr std::size_t outer_width = Cell::gates == 1 ? 6 : tile_most;

/// Copies `width` values of each of `count` vectors (null: zeros) by tiles: element (k, j) of a tile at k * outer_width + j.
template <class Cell, class T>
void pack_outer(const T* const* in, std::size_t count, std::size_t width, T* to) {
  constexpr std::size_t most = outer_width<Cell>;
  for (std::size_t left = 0; left < width; left += most) {
    const std::size_t used = (std::min)(most, width - left);
    for (std::size_t k = 0; k < count; ++k, to += most) {
      for (std::size_t j = 0; j < most; ++j) to[j] = j < used && in[k] != nullptr ? in[k][left + j] : T(0);
    }
  }
}

/// gradient += sum over k of in[k] * gates[k], for a tile of inputs and the gates of one unit block.
template <class Cell, class T>
MMREC_MATH_TARGET void outer_tile(const recurrent_outer_pass<T>& pass, const T* in, const T* slab, std::size_t row,
                                  std::size_t unit) {
  constexpr std::size_t P = panel_units<T>, G = Cell::gates, most = outer_width<Cell>;
  reg<T> sums[most][G];
  MMREC_MATH_UNROLL
  for (std::size_t q = 0; q < most; ++q) {
    MMREC_MATH_UNROLL
    for (std::size_t g = 0; g < G; ++g) sums[q][g] = all(T(0));
  }
  for (std::size_t k = 0; k < pass.count; ++k, in += most, slab += Cell::biases * P) {
    reg<T> d[G];
    MMREC_MATH_UNROLL
    for (std::size_t g = 0; g < G; ++g) d[g] = load(slab + g * P);
    MMREC_MATH_UNROLL
    for (std::size_t q = 0; q < most; ++q) {
      const reg<T> factor = all(in[q]);
      MMREC_MATH_UNROLL
      for (std::size_t g = 0; g < G; ++g) sums[q][g] = multiply_add(factor, d[g], sums[q][g]);
    }
  }
  const std::size_t valid = pass.hidden - unit;
  MMREC_MATH_UNROLL
  for (std::size_t q = 0; q < most; ++q) {
    if (row + q >= pass.width) break;
    MMREC_MATH_UNROLL
    for (std::size_t g = 0; g < G; ++g) {
      T* to = pass.gradient + ((row + q) * G + pass.columns[g]) * pass.hidden + unit;
      store_units<T>(to, valid, add(load_units<T>(to, valid), sums[q][g]));
    }
  }
}

/// Adds `count` steps to a weight gradient, for the units of one panel, whose gates (`biases` blocks a step) lie in `slab`.
template <class Cell, class T>
void outer_rows(const recurrent_outer_pass<T>& pass, const T* slab, std::size_t panel) {
  constexpr std::size_t P = panel_units<T>, most = outer_width<Cell>;
  for (std::size_t unit = panel * P; unit < (std::min)(pass.hidden, (panel + 1) * P); unit += lanes<T>) {
    for (std::size_t row = 0; row < pass.width; row += most) {
      outer_tile<Cell, T>(pass, pass.in + row * pass.count, slab + pass.first_block * P + unit % P, row, unit);
    }
  }
}

/// The same for the bias.
template <class Cell, class T>
MMREC_MATH_TARGET void bias_rows(T* gradient, std::size_t hidden, std::size_t count, const T* slab, std::size_t panel) {
  constexpr std::size_t P = panel_units<T>;
  for (std::size_t unit = panel * P; unit < (std::min)(hidden, (panel + 1) * P); unit += lanes<T>) {
    for (std::size_t g = 0; g < Cell::biases; ++g) {
      reg<T> sum = all(T(0));
      for (std::size_t k = 0; k < count; ++k) sum = add(sum, load(slab + (k * Cell::biases + g) * P + unit % P));
      T* to = gradient + Cell::bias_columns[g] * hidden + unit;
      store_units<T>(to, hidden - unit, add(load_units<T>(to, hidden - unit), sum));
    }
  }
}

#endif  // MMREC_MATH_TARGET

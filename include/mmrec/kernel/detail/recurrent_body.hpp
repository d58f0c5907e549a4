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

/// sums of Rows rows for Blocks unit blocks: the start plus input * weights, one chain in the order of the inputs.
template <class Cell, class T, int Rows, int Blocks, bool Recurrent>
MMREC_MATH_TARGET void gate_tile(const recurrent_job<T>* jobs, const recurrent_pass<T>& pass, std::size_t block) {
  constexpr std::size_t P = panel_units<T>, G = Cell::gates, S = P / lanes<T>;
  reg<T> sums[Rows][Blocks][G];
  const T* weights[Blocks];
  const T* in[Rows];
  std::size_t record_at[Blocks], unit[Blocks];
  MMREC_MATH_UNROLL
  for (int b = 0; b < Blocks; ++b) {
    const std::size_t index = block + static_cast<std::size_t>(b), panel = index / S, lane = index % S * lanes<T>;
    weights[b] = pass.weights + panel * pass.inner * G * P + lane;
    record_at[b] = panel * Cell::blocks * P + lane;
    unit[b] = panel * P + lane;
    const T* bias = pass.bias + panel * Cell::biases * P + lane;
    MMREC_MATH_UNROLL
    for (int q = 0; q < Rows; ++q) {
      MMREC_MATH_UNROLL
      for (std::size_t g = 0; g < G; ++g) {
        sums[q][b][g] = load(Recurrent ? jobs[q].record + record_at[b] + (Cell::recurrent_first + g) * P : bias + g * P);
      }
    }
  }
  MMREC_MATH_UNROLL
  for (int q = 0; q < Rows; ++q) in[q] = Recurrent ? jobs[q].h : jobs[q].x;
  const std::size_t inner = pass.used;
  for (std::size_t k = 0; k < inner; ++k) {
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
  MMREC_MATH_UNROLL
  for (int b = 0; b < Blocks; ++b) {
    const std::size_t valid = unit[b] < pass.hidden ? pass.hidden - unit[b] : 0;
    MMREC_MATH_UNROLL
    for (int q = 0; q < Rows; ++q) {
      if constexpr (Recurrent) {
        finish_cell<Cell, T>(sums[q][b], jobs[q], record_at[b], unit[b], valid, pass.keep);
      } else {
        MMREC_MATH_UNROLL
        for (std::size_t g = 0; g < G; ++g) store(jobs[q].record + record_at[b] + g * P, sums[q][b][g]);
        if constexpr (Cell::biases > G) {  // what the recurrent sums start from
          const T* bias = pass.bias + unit[b] / P * Cell::biases * P + unit[b] % P;
          store(jobs[q].record + record_at[b] + G * P, load(bias + G * P));
        }
      }
    }
  }
}

template <class Cell, class T, bool Recurrent>
void gate_rows(const recurrent_job<T>* jobs, std::size_t count, const recurrent_pass<T>& pass) {
  constexpr int single = Cell::gates == 1 ? 4 : 2, many = Cell::gates == 1 ? 4 : 1;
  const std::size_t blocks = (pass.hidden + panel_units<T> - 1) / panel_units<T> * (panel_units<T> / lanes<T>);
  std::size_t block = 0;
  if (count == 1) {
    for (; block + single <= blocks; block += single) gate_tile<Cell, T, 1, single, Recurrent>(jobs, pass, block);
    for (; block < blocks; ++block) gate_tile<Cell, T, 1, 1, Recurrent>(jobs, pass, block);
    return;
  }
  const auto rows = [&]<int Blocks>(std::size_t at) {
    row_tiles(count, tile_most, [&](std::size_t first, std::size_t size) {
      const recurrent_job<T>* tile = jobs + first;
      if (size == 2) return gate_tile<Cell, T, 2, Blocks, Recurrent>(tile, pass, at);
      if (size == 3) return gate_tile<Cell, T, 3, Blocks, Recurrent>(tile, pass, at);
      if constexpr (tile_most > 3) {
        if (size == 4) return gate_tile<Cell, T, 4, Blocks, Recurrent>(tile, pass, at);
        if (size == 5) return gate_tile<Cell, T, 5, Blocks, Recurrent>(tile, pass, at);
        if (size == 6) return gate_tile<Cell, T, 6, Blocks, Recurrent>(tile, pass, at);
      }
    });
  };
  for (; block + many <= blocks; block += many) rows.template operator()<many>(block);
  for (; block < blocks; ++block) rows.template operator()<1>(block);
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

/// out = [out +] (gates of the records) * (transposed weights), for Rows rows and Vectors registers of columns.
template <class Cell, class T, int Rows, int Vectors>
MMREC_MATH_TARGET void transposed_tile(const recurrent_transposed_job<T>* jobs, const recurrent_transposed_pass<T>& pass,
                                       std::size_t column) {
  constexpr std::size_t P = panel_units<T>, G = Cell::gates, wide = 4 * P;
  const std::size_t panels = (pass.hidden + P - 1) / P;
  const T* weights = pass.weights + column / wide * (panels * G * P * wide) + column % wide;
  const std::size_t valid = pass.columns - column;
  reg<T> sums[Rows][Vectors];
  const T* in[Rows];
  MMREC_MATH_UNROLL
  for (int q = 0; q < Rows; ++q) {
    in[q] = jobs[q].record + pass.first_block * P;
    MMREC_MATH_UNROLL
    for (std::size_t v = 0; v < Vectors; ++v) {
      const std::size_t at = v * lanes<T>;
      sums[q][v] = pass.accumulate ? load_units<T>(jobs[q].out + column + at, valid - at) : all(T(0));
    }
  }
  for (std::size_t panel = 0; panel < panels; ++panel) {
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
    for (std::size_t v = 0; v < Vectors; ++v) {
      store_units<T>(jobs[q].out + column + v * lanes<T>, valid - v * lanes<T>, sums[q][v]);
    }
  }
}

template <class Cell, class T>
void transposed_rows(const recurrent_transposed_job<T>* jobs, std::size_t count, const recurrent_transposed_pass<T>& pass) {
  const auto columns = [&]<int Vectors>(std::size_t column) {
    row_tiles(count, tile_most, [&](std::size_t first, std::size_t size) {
      const recurrent_transposed_job<T>* tile = jobs + first;
      if (size == 1) return transposed_tile<Cell, T, 1, Vectors>(tile, pass, column);
      if (size == 2) return transposed_tile<Cell, T, 2, Vectors>(tile, pass, column);
      if (size == 3) return transposed_tile<Cell, T, 3, Vectors>(tile, pass, column);
      if constexpr (tile_most > 3) {
        if (size == 4) return transposed_tile<Cell, T, 4, Vectors>(tile, pass, column);
        if (size == 5) return transposed_tile<Cell, T, 5, Vectors>(tile, pass, column);
        if (size == 6) return transposed_tile<Cell, T, 6, Vectors>(tile, pass, column);
      }
    });
  };
  for (std::size_t column = 0; column < pass.columns; column += 4 * lanes<T>) {
    const std::size_t vectors = (pass.columns - column + lanes<T> - 1) / lanes<T>;
    if (vectors == 1) {
      columns.template operator()<1>(column);
    } else if (vectors == 2) {
      columns.template operator()<2>(column);
    } else if (vectors == 3) {
      columns.template operator()<3>(column);
    } else {
      columns.template operator()<4>(column);
    }
  }
}

/// gradient[row + q] += sum over k of in[k][row + q] * gates[k], for Rows inputs and the gates of one unit block.
template <class Cell, class T, int Rows>
MMREC_MATH_TARGET void outer_tile(const recurrent_outer_pass<T>& pass, std::size_t row, std::size_t unit) {
  constexpr std::size_t P = panel_units<T>, G = Cell::gates;
  reg<T> sums[Rows][G];
  MMREC_MATH_UNROLL
  for (int q = 0; q < Rows; ++q) {
    MMREC_MATH_UNROLL
    for (std::size_t g = 0; g < G; ++g) sums[q][g] = all(T(0));
  }
  const std::size_t record_at = unit / P * Cell::blocks * P + pass.first_block * P + unit % P;
  for (std::size_t k = 0; k < pass.count; ++k) {
    const T* in = pass.in[k] + row;
    const T* gates = pass.records[k] + record_at;
    reg<T> d[G];
    MMREC_MATH_UNROLL
    for (std::size_t g = 0; g < G; ++g) d[g] = load(gates + g * P);
    MMREC_MATH_UNROLL
    for (int q = 0; q < Rows; ++q) {
      const reg<T> factor = all(in[q]);
      MMREC_MATH_UNROLL
      for (std::size_t g = 0; g < G; ++g) sums[q][g] = multiply_add(factor, d[g], sums[q][g]);
    }
  }
  const std::size_t valid = pass.hidden - unit;
  MMREC_MATH_UNROLL
  for (int q = 0; q < Rows; ++q) {
    MMREC_MATH_UNROLL
    for (std::size_t g = 0; g < G; ++g) {
      T* to = pass.gradient + ((row + static_cast<std::size_t>(q)) * G + pass.columns[g]) * pass.hidden + unit;
      store_units<T>(to, valid, add(load_units<T>(to, valid), sums[q][g]));
    }
  }
}

/// The rows begin .. end - 1 of a weight gradient, for the units of one panel.
template <class Cell, class T>
void outer_rows(const recurrent_outer_pass<T>& pass, std::size_t begin, std::size_t end, std::size_t panel) {
  constexpr std::size_t P = panel_units<T>, most = Cell::gates == 1 ? 6 : tile_most;
  for (std::size_t unit = panel * P; unit < (std::min)(pass.hidden, (panel + 1) * P); unit += lanes<T>) {
    std::size_t row = begin;
    for (; row + most <= end; row += most) outer_tile<Cell, T, most>(pass, row, unit);
    for (; row < end; ++row) outer_tile<Cell, T, 1>(pass, row, unit);
  }
}

/// bias += the sums of the records' gates, for the units of one panel.
template <class Cell, class T>
MMREC_MATH_TARGET void bias_rows(const recurrent_outer_pass<T>& pass, std::size_t panel) {
  constexpr std::size_t P = panel_units<T>;
  for (std::size_t unit = panel * P; unit < (std::min)(pass.hidden, (panel + 1) * P); unit += lanes<T>) {
    const std::size_t record_at = panel * Cell::blocks * P + unit % P, valid = pass.hidden - unit;
    for (std::size_t g = 0; g < Cell::biases; ++g) {
      reg<T> sum = all(T(0));
      for (std::size_t k = 0; k < pass.count; ++k) sum = add(sum, load(pass.records[k] + record_at + g * P));
      T* to = pass.gradient + Cell::bias_columns[g] * pass.hidden + unit;
      store_units<T>(to, valid, add(load_units<T>(to, valid), sum));
    }
  }
}

#endif  // MMREC_MATH_TARGET

// mmrec/kernel/detail/conv_body.hpp - the loops of convolutions; conv_tile.hpp includes this once for each level.
//
// No include guard, on purpose. Without the macro of conv_tile.hpp the file is empty. `vector<T>` is the level's vector.
#ifdef MMREC_CONV_TARGET

/// Applies an epilogue to the sums of rows `top` .. and columns `left` .., step by step, so that each step is asked for once.
template <class T, std::size_t Rows, std::size_t Vectors>
MMREC_CONV_TARGET __attribute__((always_inline)) inline void finish(const conv_tile_task<T>& task, std::size_t left,
                                                                    T* const (&out)[Rows],
                                                                    const typename vector<T>::mask (&masks)[Vectors],
                                                                    typename vector<T>::type (&sums)[Rows][Vectors]) {
  using simd = vector<T>;
  const conv2d_epilogue<T>& epilogue = *task.epilogue;
  const typename simd::type one = simd::all(T(1));
  if (epilogue.bias != nullptr) {
#pragma GCC unroll 4
    for (std::size_t v = 0; v < Vectors; ++v) {
      const typename simd::type bias = simd::load(epilogue.bias + left + v * simd::width, masks[v]);
#pragma GCC unroll 8
      for (std::size_t r = 0; r < Rows; ++r) sums[r][v] = simd::multiply_add(one, sums[r][v], bias);
    }
  }
  if (epilogue.residual != nullptr) {
#pragma GCC unroll 8
    for (std::size_t r = 0; r < Rows; ++r) {
      const T* residual = epilogue.residual + (out[r] - task.output);
#pragma GCC unroll 4
      for (std::size_t v = 0; v < Vectors; ++v) {
        sums[r][v] = simd::multiply_add(one, sums[r][v], simd::load(residual + v * simd::width, masks[v]));
      }
    }
  }
  if (epilogue.activation == conv2d_activation::relu) {
#pragma GCC unroll 8
    for (std::size_t r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
      for (std::size_t v = 0; v < Vectors; ++v) sums[r][v] = above_zero(sums[r][v]);
    }
  }
  if (epilogue.activation == conv2d_activation::leaky_relu) {
    const typename simd::type slope = simd::all(epilogue.slope);
#pragma GCC unroll 8
    for (std::size_t r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
      for (std::size_t v = 0; v < Vectors; ++v) {
        sums[r][v] = simd::multiply_add(slope, below_zero(sums[r][v]), above_zero(sums[r][v]));
      }
    }
  }
}

/// The rows from `top` on, at most Rows, and Vectors vectors of columns from `left` on.
template <class T, std::size_t Rows, std::size_t Vectors>
MMREC_CONV_TARGET void block(const conv_tile_task<T>& task, std::size_t top, std::size_t left) {
  using simd = vector<T>;
  const std::size_t rows = (std::min)(Rows, task.rows - top);
  const std::size_t columns = (std::min)(Vectors * simd::width, task.columns - left);
  typename simd::mask masks[Vectors];
#pragma GCC unroll 4
  for (std::size_t v = 0; v < Vectors; ++v) {
    masks[v] = simd::first(columns > v * simd::width ? (std::min)(columns - v * simd::width, simd::width) : 0);
  }
  const T* in[Rows];
  T* out[Rows];
  typename simd::type sums[Rows][Vectors];
#pragma GCC unroll 8
  for (std::size_t r = 0; r < Rows; ++r) {  // rows that are not there repeat the first and are not stored
    in[r] = task.in[top + (r < rows ? r : 0)];
    out[r] = task.out[top + (r < rows ? r : 0)] + left;
#pragma GCC unroll 4
    for (std::size_t v = 0; v < Vectors; ++v) sums[r][v] = simd::zero();
  }
  if (task.resume) {
#pragma GCC unroll 8
    for (std::size_t r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
      for (std::size_t v = 0; v < Vectors; ++v) sums[r][v] = simd::load(out[r] + v * simd::width, masks[v]);
    }
  }
  if (task.asks) {  // asked for now, as they are needed only at the end
#pragma GCC unroll 8
    for (std::size_t r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
      for (std::size_t v = 0; v < Vectors; ++v) __builtin_prefetch(out[r] + v * simd::width, 1);
    }
  }
  const T* panel = task.panel + left;
  std::size_t ahead_rows = task.ahead_rows;
  const T* ahead = ahead_rows == 0 ? nullptr : task.ahead + left;
  const std::size_t width = task.width, step = task.step;
  const bool waits = task.next == nullptr && ahead_rows == 0;
  const std::size_t stride = waits ? ~std::size_t{0} : conv_granule<T>;  // steps between two requests
  for (std::size_t piece = 0; piece < task.piece_count; ++piece) {
    std::size_t position = task.pieces[piece].offset;
    for (std::size_t rest = task.pieces[piece].count; rest != 0;) {
      const std::size_t count = (std::min)(rest, stride);
      rest -= count;
      if (task.next != nullptr) {
#pragma GCC unroll 8
        for (std::size_t r = 0; r < Rows; ++r) __builtin_prefetch(task.next[top + r] + position);
      }
      for (std::size_t i = (std::min)(ahead_rows, task.ahead_step); i != 0; --i, --ahead_rows) {
#pragma GCC unroll 4
        for (std::size_t v = 0; v < Vectors; ++v) __builtin_prefetch(ahead + v * simd::width, 0, 2);
        ahead += task.ahead_stride;
      }
      for (std::size_t p = count; p != 0; --p) {
        typename simd::type row[Vectors];
#pragma GCC unroll 4
        for (std::size_t v = 0; v < Vectors; ++v) row[v] = simd::load(panel + v * simd::width);
#pragma GCC unroll 8
        for (std::size_t r = 0; r < Rows; ++r) {
          const typename simd::type factor = simd::all(in[r][position]);
#pragma GCC unroll 4
          for (std::size_t v = 0; v < Vectors; ++v) sums[r][v] = simd::multiply_add(factor, row[v], sums[r][v]);
        }
        position += step;
        panel += width;
      }
    }
  }
  if (task.store == conv_store::add) {
    const typename simd::type one = simd::all(T(1));
#pragma GCC unroll 8
    for (std::size_t r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
      for (std::size_t v = 0; v < Vectors; ++v) {
        sums[r][v] = simd::multiply_add(one, sums[r][v], simd::load(out[r] + v * simd::width, masks[v]));
      }
    }
  }
  if (task.store == conv_store::epilogue) finish<T, Rows, Vectors>(task, left, out, masks, sums);
#pragma GCC unroll 8
  for (std::size_t r = 0; r < Rows; ++r) {
    if (r >= rows) break;
#pragma GCC unroll 4
    for (std::size_t v = 0; v < Vectors; ++v) simd::store(out[r] + v * simd::width, masks[v], sums[r][v]);
  }
}

/// The rows from `top` on, at most Rows, of a product channel by channel.
template <class T, std::size_t Rows>
MMREC_CONV_TARGET void channel_block(const conv_channel_task<T>& task, std::size_t top) {
  using simd = vector<T>;
  const std::size_t rows = (std::min)(Rows, task.rows - top);
  const T* in[Rows];
  T* out[Rows];
#pragma GCC unroll 8
  for (std::size_t r = 0; r < Rows; ++r) {
    in[r] = task.in[top + (r < rows ? r : 0)];
    out[r] = task.out[top + (r < rows ? r : 0)];
  }
  const conv_tile_task<T> ending{.in = nullptr,
                                 .out = nullptr,
                                 .rows = rows,
                                 .panel = nullptr,
                                 .width = 0,
                                 .columns = 0,
                                 .pieces = nullptr,
                                 .piece_count = 0,
                                 .step = 0,
                                 .resume = false,
                                 .store = task.store,
                                 .epilogue = task.epilogue,
                                 .output = task.output};
  for (std::size_t channel = 0; channel < task.channels; channel += simd::width) {
    const typename simd::mask masks[1] = {simd::first((std::min)(simd::width, task.channels - channel))};
    typename simd::type sums[Rows][1];
    T* here[Rows];
#pragma GCC unroll 8
    for (std::size_t r = 0; r < Rows; ++r) {
      here[r] = out[r] + channel;
      sums[r][0] = task.resume ? simd::load(here[r], masks[0]) : simd::zero();
    }
    for (std::size_t t = 0; t < task.term_count; ++t) {
      const typename simd::type factor = simd::load(task.factors + task.terms[t].factor + channel, masks[0]);
      const std::size_t offset = task.terms[t].input + channel;
#pragma GCC unroll 8
      for (std::size_t r = 0; r < Rows; ++r) {
        sums[r][0] = simd::multiply_add(simd::load(in[r] + offset, masks[0]), factor, sums[r][0]);
      }
    }
    if (task.store == conv_store::add) {
#pragma GCC unroll 8
      for (std::size_t r = 0; r < Rows; ++r) {
        sums[r][0] = simd::multiply_add(simd::all(T(1)), sums[r][0], simd::load(here[r], masks[0]));
      }
    }
    if (task.store == conv_store::epilogue) finish<T, Rows, 1>(ending, channel, here, masks, sums);
#pragma GCC unroll 8
    for (std::size_t r = 0; r < Rows; ++r) {
      if (r >= rows) break;
      simd::store(here[r], masks[0], sums[r][0]);
    }
  }
}

#endif

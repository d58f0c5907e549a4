// mmrec/kernel/detail/conv_body.hpp - the loops of convolutions; conv_tile.hpp includes this once for each level.
//
// No include guard, on purpose. Without the macro of conv_tile.hpp the file is empty. `vector<T>` is the level's vector.
#ifdef MMREC_CONV_TARGET

/// Applies an epilogue to the sums of a vector that begins at `column` of the tile and goes to `out`.
template <class T>
MMREC_CONV_TARGET __attribute__((always_inline)) inline typename vector<T>::type conv_finish(const conv_tile_task<T>& task, typename vector<T>::type value,
                                                         std::size_t column, const T* out,
                                                         typename vector<T>::mask mask) {
  const typename vector<T>::type one = vector<T>::all(T(1));
  if (task.store == conv_store::add) return vector<T>::multiply_add(one, value, vector<T>::load(out, mask));
  if (task.store == conv_store::plain) return value;
  const conv2d_epilogue<T>& epilogue = *task.epilogue;
  if (epilogue.bias != nullptr) {
    value = vector<T>::multiply_add(one, value, vector<T>::load(epilogue.bias + column, mask));
  }
  if (epilogue.residual != nullptr) {
    value = vector<T>::multiply_add(one, value, vector<T>::load(epilogue.residual + (out - task.output), mask));
  }
  if (epilogue.activation == conv2d_activation::relu) return above_zero(value);
  if (epilogue.activation == conv2d_activation::leaky_relu) {
    return vector<T>::multiply_add(vector<T>::all(epilogue.slope), below_zero(value), above_zero(value));
  }
  return value;
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
  typename simd::type sums[Rows][Vectors];
#pragma GCC unroll 8
  for (std::size_t r = 0; r < Rows; ++r) {
    in[r] = task.in[top + (r < rows ? r : 0)];
#pragma GCC unroll 4
    for (std::size_t v = 0; v < Vectors; ++v) sums[r][v] = simd::zero();
  }
  if (task.resume) {
#pragma GCC unroll 8
    for (std::size_t r = 0; r < Rows; ++r) {
      const T* out = task.out[top + (r < rows ? r : 0)] + left;
#pragma GCC unroll 4
      for (std::size_t v = 0; v < Vectors; ++v) sums[r][v] = simd::load(out + v * simd::width, masks[v]);
    }
  }
  const T* panel = task.panel + left;
  const std::size_t width = task.width, step = task.step;
  for (std::size_t piece = 0; piece < task.piece_count; ++piece) {
    std::size_t position = task.pieces[piece].offset;
    for (std::size_t p = task.pieces[piece].count; p != 0; --p) {
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
#pragma GCC unroll 8
  for (std::size_t r = 0; r < Rows; ++r) {
    if (r >= rows) break;
#pragma GCC unroll 4
    for (std::size_t v = 0; v < Vectors; ++v) {
      T* out = task.out[top + r] + left + v * simd::width;
      simd::store(out, masks[v], conv_finish<T>(task, sums[r][v], left + v * simd::width, out, masks[v]));
    }
  }
}

#endif

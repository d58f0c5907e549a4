// mmrec/kernel/detail/line_body.hpp - loops over rows of one cache line; line_lanes.hpp includes this once for each level.
//
// No include guard, on purpose. Without the macros of line_lanes.hpp the file is empty.
#ifdef MMREC_LINE_TARGET

template <class T, bool Add>
MMREC_LINE_TARGET void gather(const line_gather<T>& task, std::size_t begin, std::size_t end) {
  using vector = line_vector<T>;
  constexpr std::size_t line = line_columns<T>, parts = line / vector::width;
  const std::int32_t* const indices = task.indices;
  const std::size_t last = task.entries - 1;
  const typename vector::type one = vector::all(T(1));
  for (std::size_t row = begin; row < end; ++row) {
    auto e = static_cast<std::size_t>(task.starts[row]);
    const auto stop = static_cast<std::size_t>(task.starts[row + 1]);
    typename vector::type even[parts], odd[parts];  // two chains: one would wait for each sum
    MMREC_LINE_UNROLL
    for (std::size_t p = 0; p < parts; ++p) even[p] = odd[p] = vector::zero();
    for (; e + 1 < stop; e += 2) {
      __builtin_prefetch(task.from + static_cast<std::size_t>(indices[(std::min)(e + line_ahead, last)]) * line);
      __builtin_prefetch(task.from + static_cast<std::size_t>(indices[(std::min)(e + line_ahead + 1, last)]) * line);
      const T* const x = task.from + static_cast<std::size_t>(indices[e]) * line;
      const T* const y = task.from + static_cast<std::size_t>(indices[e + 1]) * line;
      const typename vector::type first = vector::all(task.values[e]), second = vector::all(task.values[e + 1]);
      MMREC_LINE_UNROLL
      for (std::size_t p = 0; p < parts; ++p) {
        even[p] = vector::multiply_add(first, vector::load(x + p * vector::width), even[p]);
        odd[p] = vector::multiply_add(second, vector::load(y + p * vector::width), odd[p]);
      }
    }
    if (e < stop) {
      const T* const x = task.from + static_cast<std::size_t>(indices[e]) * line;
      const typename vector::type value = vector::all(task.values[e]);
      MMREC_LINE_UNROLL
      for (std::size_t p = 0; p < parts; ++p) {
        even[p] = vector::multiply_add(value, vector::load(x + p * vector::width), even[p]);
      }
    }
    T* const to = task.to + row * line;
    MMREC_LINE_UNROLL
    for (std::size_t p = 0; p < parts; ++p) {
      typename vector::type sum = vector::multiply_add(one, even[p], odd[p]);
      if constexpr (Add) sum = vector::multiply_add(one, sum, vector::load(to + p * vector::width));
      vector::store(to + p * vector::width, sum);
    }
  }
}

template <class T>
MMREC_LINE_TARGET void products(const T* left, const T* right, std::size_t rows, T* out) {
  using vector = line_vector<T>;
  constexpr std::size_t line = line_columns<T>, parts = line / vector::width;
  constexpr std::size_t height = parts == 1 ? line : 4;  // as many sums as there are registers for
  for (std::size_t top = 0; top < line; top += height) {
    typename vector::type sums[height][parts];
    MMREC_LINE_UNROLL
    for (std::size_t i = 0; i < height; ++i) {
      MMREC_LINE_UNROLL
      for (std::size_t p = 0; p < parts; ++p) sums[i][p] = vector::zero();
    }
    for (std::size_t row = 0; row < rows; ++row) {
      const T* const factors = left + row * line + top;
      typename vector::type values[parts];
      MMREC_LINE_UNROLL
      for (std::size_t p = 0; p < parts; ++p) values[p] = vector::load(right + row * line + p * vector::width);
      MMREC_LINE_UNROLL
      for (std::size_t i = 0; i < height; ++i) {
        const typename vector::type factor = vector::all(factors[i]);
        MMREC_LINE_UNROLL
        for (std::size_t p = 0; p < parts; ++p) sums[i][p] = vector::multiply_add(factor, values[p], sums[i][p]);
      }
    }
    MMREC_LINE_UNROLL
    for (std::size_t i = 0; i < height; ++i) {
      MMREC_LINE_UNROLL
      for (std::size_t p = 0; p < parts; ++p) vector::store(out + (top + i) * line + p * vector::width, sums[i][p]);
    }
  }
}

template <class T, std::size_t Rows>
MMREC_LINE_TARGET void times_rows(const T* left, const T* square, T* to, bool accumulate) {
  using vector = line_vector<T>;
  constexpr std::size_t line = line_columns<T>, parts = line / vector::width;
  typename vector::type sums[Rows][parts];
  MMREC_LINE_UNROLL
  for (std::size_t row = 0; row < Rows; ++row) {
    MMREC_LINE_UNROLL
    for (std::size_t p = 0; p < parts; ++p) {
      sums[row][p] = accumulate ? vector::load(to + row * line + p * vector::width) : vector::zero();
    }
  }
  for (std::size_t i = 0; i < line; ++i) {
    typename vector::type values[parts];
    MMREC_LINE_UNROLL
    for (std::size_t p = 0; p < parts; ++p) values[p] = vector::load(square + i * line + p * vector::width);
    MMREC_LINE_UNROLL
    for (std::size_t row = 0; row < Rows; ++row) {
      const typename vector::type factor = vector::all(left[row * line + i]);
      MMREC_LINE_UNROLL
      for (std::size_t p = 0; p < parts; ++p) sums[row][p] = vector::multiply_add(factor, values[p], sums[row][p]);
    }
  }
  MMREC_LINE_UNROLL
  for (std::size_t row = 0; row < Rows; ++row) {
    MMREC_LINE_UNROLL
    for (std::size_t p = 0; p < parts; ++p) vector::store(to + row * line + p * vector::width, sums[row][p]);
  }
}

template <class T>
MMREC_LINE_TARGET void times(const T* left, const T* square, std::size_t rows, T* to, bool accumulate) {
  constexpr std::size_t line = line_columns<T>;
  constexpr std::size_t height = line / line_vector<T>::width == 1 ? 8 : 4;
  std::size_t row = 0;
  for (; row + height <= rows; row += height) times_rows<T, height>(left + row * line, square, to + row * line, accumulate);
  for (; row < rows; ++row) times_rows<T, 1>(left + row * line, square, to + row * line, accumulate);
}

#endif

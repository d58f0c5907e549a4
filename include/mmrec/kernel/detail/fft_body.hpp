// mmrec/kernel/detail/fft_body.hpp - the loops of the Fourier transform; fft_lanes.hpp includes this once for each level.
//
// No include guard, on purpose. Without the macros of fft_lanes.hpp the file is empty.
// A block is up to lanes<T> frames, one a lane; see fft_view for its layout. Frames that a block lacks are copies of its
// last one, and no lane sees another: what a frame gives depends on the frame alone.
#ifdef MMREC_FFT_TARGET

template <class T>
struct complex_lanes {
  reg_of<T> re;
  reg_of<T> im;
};

template <class T>
MMREC_FFT_OP complex_lanes<T> load_complex(const T* at) {
  return {load(at), load(at + lanes<T>)};
}
template <class T>
MMREC_FFT_OP void store_complex(T* at, const complex_lanes<T>& value) {
  store(at, value.re);
  store(at + lanes<T>, value.im);
}
template <class T>
MMREC_FFT_OP complex_lanes<T> plus(const complex_lanes<T>& a, const complex_lanes<T>& b) {
  return {add(a.re, b.re), add(a.im, b.im)};
}
template <class T>
MMREC_FFT_OP complex_lanes<T> minus(const complex_lanes<T>& a, const complex_lanes<T>& b) {
  return {subtract(a.re, b.re), subtract(a.im, b.im)};
}
/// a * (cos - i sin), the two at `point`.
template <class T>
MMREC_FFT_OP complex_lanes<T> turn_back(const complex_lanes<T>& a, const T* point) {
  const reg_of<T> c = broadcast(point[0]), s = broadcast(point[1]);
  return {multiply_add(a.im, s, multiply(a.re, c)), subtract_product(a.re, s, multiply(a.im, c))};
}

template <class T>
MMREC_FFT_OP void butterfly_of_four(complex_lanes<T>& a, complex_lanes<T>& b, complex_lanes<T>& c, complex_lanes<T>& d) {
  const complex_lanes<T> s0 = plus<T>(a, c), d0 = minus<T>(a, c);
  const complex_lanes<T> s1 = plus<T>(b, d), d1 = minus<T>(b, d);
  a = plus<T>(s0, s1);
  b = {add(d0.re, d1.im), subtract(d0.im, d1.re)};
  c = minus<T>(s0, s1);
  d = {subtract(d0.re, d1.im), add(d0.im, d1.re)};
}

/// The outputs 0 .. Radix - 1 of a transform of Radix numbers, in place.
template <int Radix, class T>
MMREC_FFT_OP void butterfly(complex_lanes<T> (&a)[Radix], const T* roots) {
  if constexpr (Radix == 2) {
    const complex_lanes<T> sum = plus<T>(a[0], a[1]), difference = minus<T>(a[0], a[1]);
    a[0] = sum;
    a[1] = difference;
  } else if constexpr (Radix == 4) {
    butterfly_of_four<T>(a[0], a[1], a[2], a[3]);
  } else if constexpr (Radix == 8) {
    butterfly_of_four<T>(a[0], a[2], a[4], a[6]);
    butterfly_of_four<T>(a[1], a[3], a[5], a[7]);
    // The odd half, turned back by 0, 1, 2 and 3 eighths of the circle.
    const reg_of<T> root = broadcast(T(0.70710678118654752440L));
    const complex_lanes<T> odd[4] = {
        a[1],
        {multiply(root, add(a[3].re, a[3].im)), multiply(root, subtract(a[3].im, a[3].re))},
        {a[5].im, subtract(broadcast(T(0)), a[5].re)},
        {multiply(root, subtract(a[7].im, a[7].re)), multiply(root, subtract(subtract(broadcast(T(0)), a[7].re), a[7].im))}};
    const complex_lanes<T> even[4] = {a[0], a[2], a[4], a[6]};
    MMREC_FFT_UNROLL
    for (int k = 0; k < 4; ++k) {
      a[k] = plus<T>(even[k], odd[k]);
      a[k + 4] = minus<T>(even[k], odd[k]);
    }
  } else {  // odd: numbers k and Radix - k meet the same cosine and opposite sines
    constexpr int half = Radix / 2;
    complex_lanes<T> sum[half], difference[half];
    const complex_lanes<T> first = a[0];
    MMREC_FFT_UNROLL
    for (int k = 0; k < half; ++k) {
      sum[k] = plus<T>(a[k + 1], a[Radix - 1 - k]);
      difference[k] = minus<T>(a[k + 1], a[Radix - 1 - k]);
      a[0] = plus<T>(a[0], sum[k]);
    }
    MMREC_FFT_UNROLL
    for (int p = 1; p <= half; ++p) {
      complex_lanes<T> even = first, odd{broadcast(T(0)), broadcast(T(0))};
      MMREC_FFT_UNROLL
      for (int k = 0; k < half; ++k) {
        const T* root = roots + 16 * Radix + 2 * (p * (k + 1) % Radix);
        const reg_of<T> c = broadcast(root[0]), s = broadcast(root[1]);
        even = {multiply_add(sum[k].re, c, even.re), multiply_add(sum[k].im, c, even.im)};
        odd = {multiply_add(difference[k].re, s, odd.re), multiply_add(difference[k].im, s, odd.im)};
      }
      a[p] = {add(even.re, odd.im), subtract(even.im, odd.re)};
      a[Radix - p] = {subtract(even.re, odd.im), add(even.im, odd.re)};
    }
  }
}

/// One stage: a transform of Radix numbers `part` apart, then the turns of its outputs.
template <int Radix, class T>
MMREC_FFT_TARGET void fft_stage(T* block_of_frames, std::size_t length, std::size_t block, const T* twiddles,
                                const T* roots) {
  constexpr std::size_t step = 2 * lanes<T>;
  const std::size_t part = block / Radix;
  for (T* at = block_of_frames; at != block_of_frames + length * step; at += block * step) {
    const T* turn = twiddles;
    for (std::size_t j = 0; j < part; ++j, turn += 2 * (Radix - 1)) {
      complex_lanes<T> a[Radix];
      MMREC_FFT_UNROLL
      for (int p = 0; p < Radix; ++p) a[p] = load_complex<T>(at + (j + static_cast<std::size_t>(p) * part) * step);
      butterfly<Radix, T>(a, roots);
      store_complex<T>(at + j * step, a[0]);
      MMREC_FFT_UNROLL
      for (int p = 1; p < Radix; ++p) {
        const complex_lanes<T> turned = part == 1 ? a[p] : turn_back<T>(a[p], turn + 2 * (p - 1));
        store_complex<T>(at + (j + static_cast<std::size_t>(p) * part) * step, turned);
      }
    }
  }
}

template <class T>
MMREC_FFT_TARGET void fft_stages(const fft_view<T>& plan, T* z) {
  std::size_t block = plan.length;
  const T* twiddles = plan.twiddles;
  for (std::size_t s = 0; s < plan.stages; ++s) {
    const std::size_t radix = plan.radices[s];
    switch (radix) {
      case 2:
        fft_stage<2, T>(z, plan.length, block, twiddles, plan.roots);
        break;
      case 3:
        fft_stage<3, T>(z, plan.length, block, twiddles, plan.roots);
        break;
      case 4:
        fft_stage<4, T>(z, plan.length, block, twiddles, plan.roots);
        break;
      case 8:
        fft_stage<8, T>(z, plan.length, block, twiddles, plan.roots);
        break;
      case 5:
        fft_stage<5, T>(z, plan.length, block, twiddles, plan.roots);
        break;
      default:
        fft_stage<7, T>(z, plan.length, block, twiddles, plan.roots);
        break;
    }
    block /= radix;
    twiddles += 2 * (radix - 1) * block;
  }
}

/// Element e of frame f, frames `stride` apart, goes to lane f of vector e * Spread, times factors[e] where there are any.
template <std::size_t Spread, class T>
MMREC_FFT_TARGET void gather_frames(const T* frames, std::size_t stride, std::size_t count, std::size_t elements,
                                    const T* factors, T* z) {
  constexpr std::size_t w = lanes<T>;
  std::size_t e = 0;
  for (; e + w <= elements; e += w) {
    reg_of<T> rows[w];
    const reg_of<T> factor = factors == nullptr ? broadcast(T(1)) : load(factors + e);
    MMREC_FFT_UNROLL
    for (std::size_t f = 0; f < w; ++f) {
      rows[f] = multiply(load(frames + (std::min)(f, count - 1) * stride + e), factor);
    }
    transpose(rows);
    MMREC_FFT_UNROLL
    for (std::size_t i = 0; i < w; ++i) store(z + (e + i) * Spread * w, rows[i]);
  }
  for (; e < elements; ++e) {
    const T factor = factors == nullptr ? T(1) : factors[e];
    for (std::size_t f = 0; f < w; ++f) z[e * Spread * w + f] = frames[(std::min)(f, count - 1) * stride + e] * factor;
  }
}

/// Lane f of vector source[e] goes to element e of frame f, frames `stride` apart, times scale and factors[e].
template <class T>
MMREC_FFT_TARGET void scatter_frames(const T* z, const std::uint32_t* source, std::size_t elements, std::size_t count,
                                     T scale, const T* factors, T* frames, std::size_t stride) {
  constexpr std::size_t w = lanes<T>;
  constexpr std::size_t ahead = 2 * w;  // rows are written side by side, too many streams for the processor to foresee
  const bool scaled = scale != T(1) || factors != nullptr;
  std::size_t e = 0;
  for (; e + w <= elements; e += w) {
    reg_of<T> rows[w];
    MMREC_FFT_UNROLL
    for (std::size_t i = 0; i < w; ++i) rows[i] = load(z + source[e + i] * w);
    transpose(rows);
    if (scaled) {
      reg_of<T> factor = broadcast(scale);
      if (factors != nullptr) factor = multiply(factor, load(factors + e));
      MMREC_FFT_UNROLL
      for (std::size_t f = 0; f < w; ++f) rows[f] = multiply(rows[f], factor);
    }
    if (count == w) {
      MMREC_FFT_UNROLL
      for (std::size_t f = 0; f < w; ++f) {
        store(frames + f * stride + e, rows[f]);
        if (e + ahead < elements) __builtin_prefetch(frames + f * stride + e + ahead, 1);
      }
    } else {
      for (std::size_t f = 0; f < count; ++f) store(frames + f * stride + e, rows[f]);
    }
  }
  for (; e < elements; ++e) {
    const T factor = factors == nullptr ? scale : scale * factors[e];
    for (std::size_t f = 0; f < count; ++f) {
      const T value = z[source[e] * w + f];
      frames[f * stride + e] = scaled ? value * factor : value;
    }
  }
}

template <class T>
MMREC_FFT_OP reg_of<T> norm(const complex_lanes<T>& a) {
  return multiply_add(a.im, a.im, multiply(a.re, a.re));
}
template <fft_output Output, class T>
MMREC_FFT_OP void put_bin(T* at, const complex_lanes<T>& value) {
  if constexpr (Output == fft_output::complex) {
    store_complex<T>(at, value);
  } else if constexpr (Output == fft_output::power) {
    store(at, norm<T>(value));
  } else {
    store(at, square_root(norm<T>(value)));
  }
}

/// Makes the bins of the real transform out of those of the complex one, in place.
template <fft_output Output, class T>
MMREC_FFT_TARGET void finish_bins(const fft_view<T>& plan, T* z) {
  constexpr std::size_t w = lanes<T>, step = 2 * w;
  store(z + plan.length * step, broadcast(T(0)));
  const auto at = [&](std::size_t k) { return z + plan.position[k] * step; };
  if (plan.size % 2 != 0) {
    for (std::size_t k = 0; k <= plan.length / 2; ++k) {
      if constexpr (Output != fft_output::complex) put_bin<Output, T>(at(k), load_complex<T>(at(k)));
    }
    return;
  }
  {
    T* first = at(0);
    const complex_lanes<T> a = load_complex<T>(first);
    reg_of<T> low = add(a.re, a.im), high = subtract(a.re, a.im);
    if constexpr (Output == fft_output::power) {
      low = multiply(low, low);
      high = multiply(high, high);
    } else if constexpr (Output == fft_output::magnitude) {
      low = square_root(multiply(low, low));
      high = square_root(multiply(high, high));
    }
    store(first, low);
    store(first + w, high);
  }
  const reg_of<T> half = broadcast(T(0.5));
  for (std::size_t k = 1; 2 * k < plan.length; ++k) {
    T* front = at(k);
    T* back = at(plan.length - k);
    const complex_lanes<T> a = load_complex<T>(front), b = load_complex<T>(back);
    const complex_lanes<T> even{multiply(half, add(a.re, b.re)), multiply(half, subtract(a.im, b.im))};
    const complex_lanes<T> odd{multiply(half, add(a.im, b.im)), multiply(half, subtract(b.re, a.re))};
    const complex_lanes<T> turned = turn_back<T>(odd, plan.split + 2 * k);
    put_bin<Output, T>(front, plus<T>(even, turned));
    put_bin<Output, T>(back, {subtract(even.re, turned.re), subtract(turned.im, even.im)});
  }
  if (plan.length % 2 == 0) {
    T* middle = at(plan.length / 2);
    const complex_lanes<T> a = load_complex<T>(middle);
    put_bin<Output, T>(middle, {a.re, subtract(broadcast(T(0)), a.im)});
  }
}

/// The inverse of finish_bins, on numbers in natural order; leaves real and imaginary parts swapped.
template <class T>
MMREC_FFT_TARGET void unfinish_bins(const fft_view<T>& plan, T* z) {
  constexpr std::size_t w = lanes<T>, step = 2 * w;
  const std::size_t length = plan.length;
  if (plan.size % 2 != 0) {
    const complex_lanes<T> first = load_complex<T>(z);
    store_complex<T>(z, {broadcast(T(0)), first.re});
    for (std::size_t k = 1; 2 * k < length; ++k) {
      const complex_lanes<T> a = load_complex<T>(z + k * step);
      store_complex<T>(z + k * step, {a.im, a.re});
      store_complex<T>(z + (length - k) * step, {subtract(broadcast(T(0)), a.im), a.re});
    }
    return;
  }
  const reg_of<T> half = broadcast(T(0.5));
  {
    const reg_of<T> low = load(z), high = load(z + length * step);
    store_complex<T>(z, {multiply(half, subtract(low, high)), multiply(half, add(low, high))});
  }
  for (std::size_t k = 1; 2 * k < length; ++k) {
    T* front = z + k * step;
    T* back = z + (length - k) * step;
    const complex_lanes<T> a = load_complex<T>(front), b = load_complex<T>(back);
    const complex_lanes<T> even{multiply(half, add(a.re, b.re)), multiply(half, subtract(a.im, b.im))};
    const complex_lanes<T> difference{multiply(half, subtract(a.re, b.re)), multiply(half, add(a.im, b.im))};
    const reg_of<T> c = broadcast(plan.split[2 * k]), s = broadcast(plan.split[2 * k + 1]);
    // i times the difference turned forward
    const complex_lanes<T> odd{subtract_product(difference.re, s, subtract_product(difference.im, c, broadcast(T(0)))),
                               subtract_product(difference.im, s, multiply(difference.re, c))};
    store_complex<T>(front, {add(even.im, odd.im), add(even.re, odd.re)});
    store_complex<T>(back, {subtract(odd.im, even.im), subtract(even.re, odd.re)});
  }
  if (length % 2 == 0) {
    T* middle = z + length / 2 * step;
    const complex_lanes<T> a = load_complex<T>(middle);
    store_complex<T>(middle, {subtract(broadcast(T(0)), a.im), a.re});
  }
}

/// Frames to spectra, a block after the other.
template <fft_output Output, class T>
MMREC_FFT_TARGET void fft_forward(const fft_view<T>& plan, const fft_job<T>& job, T* z) {
  constexpr std::size_t w = lanes<T>;
  const std::size_t bins = plan.size / 2 + 1;
  for (std::size_t first = 0; first < job.count; first += w) {
    const std::size_t count = (std::min)(w, job.count - first);
    const T* frames = job.in + first * job.in_stride;
    if (plan.size % 2 == 0) {
      gather_frames<1, T>(frames, job.in_stride, count, plan.size, job.window, z);
    } else {
      gather_frames<2, T>(frames, job.in_stride, count, plan.size, job.window, z);
      for (std::size_t j = 0; j < plan.length; ++j) store(z + (2 * j + 1) * w, broadcast(T(0)));
    }
    fft_stages<T>(plan, z);
    finish_bins<Output, T>(plan, z);
    constexpr bool both = Output == fft_output::complex;
    scatter_frames<T>(z, both ? plan.from_complex : plan.from_power, both ? 2 * bins : bins, count, T(1), nullptr,
                      job.out + first * job.out_stride, job.out_stride);
  }
}

/// Spectra to frames.
template <class T>
MMREC_FFT_TARGET void fft_inverse(const fft_view<T>& plan, const fft_job<T>& job, T* z) {
  constexpr std::size_t w = lanes<T>;
  const std::size_t bins = plan.size / 2 + 1;
  for (std::size_t first = 0; first < job.count; first += w) {
    const std::size_t count = (std::min)(w, job.count - first);
    gather_frames<1, T>(job.in + first * job.in_stride, job.in_stride, count, 2 * bins, nullptr, z);
    unfinish_bins<T>(plan, z);
    fft_stages<T>(plan, z);
    scatter_frames<T>(z, plan.from_time, plan.size, count, T(1) / static_cast<T>(plan.length), job.window,
                      job.out + first * job.out_stride, job.out_stride);
  }
}

#endif  // MMREC_FFT_TARGET

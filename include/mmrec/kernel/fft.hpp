// mmrec/kernel/fft.hpp - Fourier transforms of many real frames at once.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include <mmrec/core/error.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/fft_lanes.hpp>
#include <mmrec/kernel/detail/fft_plan.hpp>

namespace mmrec::inline v0 {
namespace kernel {

/// Most samples of a frame that is transformed.
inline constexpr std::size_t largest_fft = std::size_t{1} << 22;

/// Whether frames of that size can be transformed: 1 .. largest_fft, no prime factor above 7.
inline bool is_fft_size(std::size_t size) {
  return size >= 1 && size <= largest_fft && detail::factors_of(size % 2 == 0 ? size / 2 : size).complete;
}
/// The smallest power of two that is not below `size`.
constexpr std::size_t power_of_two_from(std::size_t size) {
  std::size_t power = 1;
  while (power < size) power *= 2;
  return power;
}

/// What is told of each bin of a spectrum.
enum class spectrum_form {
  complex,    ///< real and imaginary part, in turn
  power,      ///< squared magnitude
  magnitude,  ///< distance from 0
};

/// The discrete Fourier transform of real frames of one size, and its inverse: X[k] = sum over i of x[i] exp(-2 pi i k / N).
/// Tables are made once, by the constructor; all else is const and allocates nothing.
///
/// Shapes     frames: count x size, frame f at in + f * stride (a stride below the size gives overlapping frames);
///            spectra: count x bins() numbers, or count x bins() x 2 in complex form; bins() = size / 2 + 1
/// Cost       2.5 N log2 N operations a frame; frames are worked on side by side, 64 bytes of them (AVX-512), so that few
///            frames cost as much as that many
/// Result     a spectrum depends on its frame alone, not on the frames beside it; AVX2 and AVX-512 give the same bits,
///            the portable loops differ in rounding. Relative error about log2 N / 2 roundings
/// Throws     invalid_config for a size that is_fft_size refuses
/// Avoid when one frame is wanted and it is very long: the lanes beside it are wasted
/// Reference  Cooley, Tukey, "An algorithm for the machine calculation of complex Fourier series", Math. Comp. 19, 1965
template <class T>
class real_fft {
 public:
  explicit real_fft(std::size_t size) : tables_(checked(size)) {}

  std::size_t size() const { return tables_.size; }
  std::size_t bins() const { return tables_.size / 2 + 1; }
  /// Numbers that the scratch of one call needs; best aligned to a cache line.
  std::size_t scratch_size() const { return (2 * tables_.length + 2) * (cache_line / sizeof(T)); }
  /// Numbers of one spectrum.
  std::size_t width(spectrum_form form) const { return form == spectrum_form::complex ? 2 * bins() : bins(); }

  /// Spectra of `count` frames, each multiplied with a window of size() factors where one is given.
  void forward(const T* in, std::size_t in_stride, std::size_t count, const T* window, spectrum_form form, T* out,
               std::size_t out_stride, T* scratch, simd_level level = best_simd_level()) const {
    const detail::fft_job<T> job{in, in_stride, count, window, out, out_stride};
    switch (form) {
      case spectrum_form::complex:
        return run_forward<detail::fft_output::complex>(job, scratch, level);
      case spectrum_form::power:
        return run_forward<detail::fft_output::power>(job, scratch, level);
      case spectrum_form::magnitude:
        return run_forward<detail::fft_output::magnitude>(job, scratch, level);
    }
  }

  /// Frames of `count` spectra in complex form: inverse(forward(x)) is x, times the window where one is given. Imaginary
  /// parts of the first bin, and of the last one if size() is even, are taken for 0.
  void inverse(const T* in, std::size_t in_stride, std::size_t count, const T* window, T* out, std::size_t out_stride,
               T* scratch, simd_level level = best_simd_level()) const {
    const detail::fft_job<T> job{in, in_stride, count, window, out, out_stride};
    const detail::fft_view<T> view = tables_.view();
#if MMREC_X86
    if (level == simd_level::avx512) return detail::fft_avx512::fft_inverse<T>(view, job, scratch);
    if (level == simd_level::avx2) return detail::fft_avx2::fft_inverse<T>(view, job, scratch);
#else
    static_cast<void>(level);
#endif
    detail::fft_portable::fft_inverse<T>(view, job, scratch);
  }

 private:
  static std::size_t checked(std::size_t size) {
    constexpr std::string_view function = "kernel::real_fft";
    require_config(size >= 1 && size <= largest_fft, function, "size", "must be in 1..4194304");
    if (!is_fft_size(size)) {
      throw invalid_config(function, "size",
                           std::to_string(size) + " has a prime factor above 7; the next power of two is " +
                               std::to_string(power_of_two_from(size)));
    }
    return size;
  }
  template <detail::fft_output Output>
  void run_forward(const detail::fft_job<T>& job, T* scratch, simd_level level) const {
    const detail::fft_view<T> view = tables_.view();
#if MMREC_X86
    if (level == simd_level::avx512) return detail::fft_avx512::fft_forward<Output, T>(view, job, scratch);
    if (level == simd_level::avx2) return detail::fft_avx2::fft_forward<Output, T>(view, job, scratch);
#else
    static_cast<void>(level);
#endif
    detail::fft_portable::fft_forward<Output, T>(view, job, scratch);
  }

  detail::fft_tables<T> tables_;
};

}  // namespace kernel
}  // namespace mmrec::inline v0

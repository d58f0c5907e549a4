#include <mmrec/kernel/fft.hpp>

#include <mmrec/core/random.hpp>
#include <mmrec/kernel/aligned.hpp>

#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <limits>
#include <numbers>
#include <vector>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;
namespace kernel = mmrec::kernel;
using kernel::spectrum_form;

namespace {

template <class T>
std::vector<T> random_values(std::size_t count, std::uint64_t stream) {
  mm::random_stream random(mm::seed{31}, stream);
  std::vector<T> values(count);
  for (T& value : values) value = static_cast<T>(random.normal());
  return values;
}

/// The definition, in long double.
template <class T>
std::vector<long double> transform(const T* frame, std::size_t size) {
  std::vector<long double> out;
  for (std::size_t k = 0; k <= size / 2; ++k) {
    long double re = 0, im = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const long double angle =
          2 * std::numbers::pi_v<long double> * static_cast<long double>(i * k % size) / static_cast<long double>(size);
      re += static_cast<long double>(frame[i]) * std::cos(angle);
      im -= static_cast<long double>(frame[i]) * std::sin(angle);
    }
    out.push_back(re);
    out.push_back(im);
  }
  return out;
}

template <class T>
struct outcome {
  std::vector<T> complex, power, magnitude, back;
  friend bool operator==(const outcome&, const outcome&) = default;
};

template <class T>
outcome<T> run(const kernel::real_fft<T>& fft, const std::vector<T>& in, std::size_t hop, std::size_t count, const T* window,
               kernel::simd_level level) {
  const std::size_t bins = fft.bins(), size = fft.size();
  outcome<T> out{std::vector<T>(count * 2 * bins), std::vector<T>(count * bins), std::vector<T>(count * bins),
                 std::vector<T>(count * size)};
  // Scratch must not need to be clean.
  kernel::aligned_vector<T> scratch(fft.scratch_size(), std::numeric_limits<T>::quiet_NaN());
  fft.forward(in.data(), hop, count, window, spectrum_form::complex, out.complex.data(), 2 * bins, scratch.data(), level);
  fft.forward(in.data(), hop, count, window, spectrum_form::power, out.power.data(), bins, scratch.data(), level);
  fft.forward(in.data(), hop, count, window, spectrum_form::magnitude, out.magnitude.data(), bins, scratch.data(), level);
  fft.inverse(out.complex.data(), 2 * bins, count, window, out.back.data(), size, scratch.data(), level);
  return out;
}

}  // namespace

TEMPLATE_TEST_CASE("transforms of all sizes agree with the definition at every level", "", float, double) {
  using T = TestType;
  constexpr double eps = std::numeric_limits<T>::epsilon() / 2.0;
  for (const std::size_t size :
       std::initializer_list<std::size_t>{1,  2,  3,  4,  5,  6,  7,   8,   9,   10,  12,  14,  15,  16,  20,  21,
                                          25, 32, 35, 49, 60, 64, 100, 105, 128, 200, 343, 400, 512, 675, 1024}) {
    CAPTURE(size);
    const kernel::real_fft<T> fft(size);
    REQUIRE(fft.bins() == size / 2 + 1);
    const std::size_t count = 19, hop = size / 3 + 1;
    const auto in = random_values<T>(hop * count + size, size);
    const double bound = 4 * std::sqrt(std::log2(static_cast<double>(size) + 1)) * eps;
    std::vector<std::vector<long double>> wanted;
    for (std::size_t f = 0; f < count; ++f) wanted.push_back(transform(in.data() + f * hop, size));
    for (const kernel::simd_level level : kernel::usable_simd_levels()) {
      CAPTURE(name_of(level));
      const outcome<T> out = run<T>(fft, in, hop, count, nullptr, level);
      double worst = 0, largest = 0, worst_power = 0, worst_magnitude = 0, worst_back = 0;
      for (std::size_t f = 0; f < count; ++f) {
        for (std::size_t k = 0; k < fft.bins(); ++k) {
          const long double re = wanted[f][2 * k], im = wanted[f][2 * k + 1];
          const T* z = out.complex.data() + 2 * (f * fft.bins() + k);
          const auto magnitude = static_cast<double>(std::hypot(re, im));
          largest = std::max(largest, magnitude);
          worst = std::max(worst, static_cast<double>(std::hypot(z[0] - re, z[1] - im)));
          worst_power =
              std::max(worst_power, std::abs(static_cast<double>(out.power[f * fft.bins() + k]) - magnitude * magnitude));
          worst_magnitude =
              std::max(worst_magnitude, std::abs(static_cast<double>(out.magnitude[f * fft.bins() + k]) - magnitude));
        }
        for (std::size_t i = 0; i < size; ++i) {
          worst_back = std::max(worst_back, std::abs(static_cast<double>(out.back[f * size + i] - in[f * hop + i])));
        }
      }
      CHECK(worst <= bound * largest);
      CHECK(worst_power <= 3 * bound * largest * largest);
      CHECK(worst_magnitude <= bound * largest);
      CHECK(worst_back <= 8 * bound * 3);  // of normal numbers, which hardly exceed 3
    }
  }
}

TEMPLATE_TEST_CASE("AVX2 and AVX-512 give the same bits", "", float, double) {
  using T = TestType;
  if (kernel::best_simd_level() != kernel::simd_level::avx512) return;
  for (const std::size_t size : std::initializer_list<std::size_t>{1, 2, 9, 10, 35, 64, 200, 512}) {
    const kernel::real_fft<T> fft(size);
    const auto in = random_values<T>(17 * 7 + size, size), window = random_values<T>(size, 1);
    CHECK(run<T>(fft, in, 7, 17, window.data(), kernel::simd_level::avx512) ==
          run<T>(fft, in, 7, 17, window.data(), kernel::simd_level::avx2));
  }
}

TEMPLATE_TEST_CASE("a spectrum depends on its frame alone", "", float, double) {
  using T = TestType;
  for (const std::size_t size : std::initializer_list<std::size_t>{6, 15, 64, 200}) {
    const kernel::real_fft<T> fft(size);
    auto in = random_values<T>(40 * 5 + size, size);
    const auto window = random_values<T>(size, 2);
    for (const kernel::simd_level level : kernel::usable_simd_levels()) {
      const outcome<T> all = run<T>(fft, in, 5, 37, window.data(), level);
      for (const std::size_t f : std::initializer_list<std::size_t>{0, 1, 15, 16, 36}) {
        const std::vector<T> frame(in.begin() + static_cast<std::ptrdiff_t>(5 * f),
                                   in.begin() + static_cast<std::ptrdiff_t>(5 * f + size));
        const outcome<T> one = run<T>(fft, frame, size, 1, window.data(), level);
        for (std::size_t k = 0; k < fft.bins(); ++k) CHECK(one.power[k] == all.power[f * fft.bins() + k]);
        for (std::size_t i = 0; i < size; ++i) CHECK(one.back[i] == all.back[f * size + i]);
      }
    }
  }
}

TEST_CASE("windows are multiplied in, on both ways") {
  const kernel::real_fft<double> fft(30);
  const auto in = random_values<double>(30, 1), window = random_values<double>(30, 2);
  std::vector<double> product(30);
  for (std::size_t i = 0; i < 30; ++i) product[i] = in[i] * window[i];
  const auto level = kernel::best_simd_level();
  const auto windowed = run<double>(fft, in, 30, 1, window.data(), level),
             plain = run<double>(fft, product, 30, 1, nullptr, level);
  CHECK(windowed.complex == plain.complex);
  for (std::size_t i = 0; i < 30; ++i) CHECK(windowed.back[i] == Approx(plain.back[i] * window[i]).margin(1e-14));
}

TEST_CASE("no frame writes outside its place, and none allocates") {
  const kernel::real_fft<float> fft(20);
  for (const kernel::simd_level level : kernel::usable_simd_levels()) {
    for (const std::size_t count : std::initializer_list<std::size_t>{0, 1, 7, 16, 18}) {
      const auto in = random_values<float>(20 * count, 3);
      kernel::aligned_vector<float> scratch(fft.scratch_size() + 1, 5.0f);
      std::vector<float> out(count * 13 + 1, 7.0f), back(count * 23 + 1, 7.0f), complex(count * 22);
      const std::size_t allocations = test::allocations_of([&] {
        fft.forward(in.data(), 20, count, nullptr, spectrum_form::power, out.data(), 13, scratch.data(), level);
        fft.forward(in.data(), 20, count, nullptr, spectrum_form::complex, complex.data(), 22, scratch.data(), level);
        fft.inverse(complex.data(), 22, count, nullptr, back.data(), 23, scratch.data(), level);
      });
      CHECK(allocations == 0);
      CHECK(scratch.back() == 5.0f);
      for (std::size_t i = 0; i < out.size(); ++i) CHECK((out[i] == 7.0f) == (i / 13 >= count || i % 13 >= 11));
      for (std::size_t i = 0; i < back.size(); ++i) CHECK((back[i] == 7.0f) == (i / 23 >= count || i % 23 >= 20));
    }
  }
}

TEST_CASE("sizes that cannot be transformed are refused") {
  CHECK_THAT(test::thrown<mm::invalid_config>([] { kernel::real_fft<float>(0); }),
             test::contains("size must be in 1..4194304"));
  CHECK_THAT(test::thrown<mm::invalid_config>([] { kernel::real_fft<float>((std::size_t{1} << 22) + 1); }),
             test::contains("size"));
  CHECK_THAT(test::thrown<mm::invalid_config>([] { kernel::real_fft<float>(22); }),
             test::contains("kernel::real_fft: size 22 has a prime factor above 7; the next power of two is 32"));
  CHECK(kernel::is_fft_size(1));
  CHECK(kernel::is_fft_size(14));
  CHECK_FALSE(kernel::is_fft_size(0));
  CHECK_FALSE(kernel::is_fft_size(121));
  CHECK(kernel::power_of_two_from(1) == 1);
  CHECK(kernel::power_of_two_from(257) == 512);
}

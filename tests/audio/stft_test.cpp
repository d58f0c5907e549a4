#include <mmrec/audio/stft.hpp>

#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <numbers>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include "audio/support.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;
namespace audio = mmrec::audio;
using audio::spectrum_form;

namespace {

template <class T>
std::vector<T> spectra(const audio::stft<T>& transform, const std::vector<T>& sound, spectrum_form form) {
  typename audio::stft<T>::workspace scratch;
  std::vector<T> out(transform.frames(sound.size()) * transform.width(form));
  transform.spectra(sound, form, out.data(), scratch);
  return out;
}

template <class T>
double round_trip_error(const audio::framing& spec, std::size_t length, std::size_t margin) {
  const audio::stft<T> transform(spec);
  const auto sound = test::noise<T>(length, length);
  const auto all = spectra(transform, sound, spectrum_form::complex);
  std::vector<T> back(length, T(9));
  typename audio::stft<T>::workspace scratch;
  transform.inverse(all, back, scratch);
  double worst = 0;
  for (std::size_t i = margin; i + margin < length; ++i)
    worst = std::max(worst, std::abs(static_cast<double>(back[i] - sound[i])));
  return worst;
}

}  // namespace

TEST_CASE("spectra are those of torch.stft") {
  const test::golden_lines golden = test::read_golden("stft.csv");
  const std::vector<double>& sound = golden.at("sound");
  CHECK(golden.size() == 7);
  for (const auto& [name, wanted] : golden) {
    if (name == "sound") continue;
    CAPTURE(name);
    audio::framing spec;
    std::istringstream text(name);
    std::string shape;
    text >> shape >> spec.fft >> spec.window >> spec.hop >> spec.centered;
    spec.shape = shape == "hann"      ? audio::window_shape::hann
                 : shape == "hamming" ? audio::window_shape::hamming
                                      : audio::window_shape::rectangular;
    const auto actual = spectra(audio::stft<double>(spec), sound, spectrum_form::complex);
    REQUIRE(actual.size() == wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i)
      CHECK(actual[i] == Approx(wanted[i]).margin(2e-6));  // torch's windows are rounded
    const auto single = spectra(audio::stft<float>(spec), test::as_floats(sound), spectrum_form::complex);
    for (std::size_t i = 0; i < wanted.size(); ++i) CHECK(static_cast<double>(single[i]) == Approx(wanted[i]).margin(1e-5));
  }
}

TEST_CASE("the inverse gives the sound back") {
  for (const std::size_t length : std::initializer_list<std::size_t>{1000, 517, 33, 2}) {
    CAPTURE(length);
    CHECK(round_trip_error<double>({.fft = 64, .hop = 16}, length, 0) < 1e-10);
    CHECK(round_trip_error<float>({.fft = 64, .hop = 16}, length, 0) < 1e-5);
    CHECK(round_trip_error<double>({.fft = 60, .hop = 20, .window = 45, .shape = audio::window_shape::hamming}, length, 0) <
          1e-10);
  }
  CHECK(round_trip_error<double>({.fft = 512, .hop = 160}, 16000, 0) < 1e-10);
  CHECK(round_trip_error<float>({.fft = 512, .hop = 160}, 16000, 0) < 1e-5);
  CHECK(round_trip_error<double>({.fft = 45, .hop = 9}, 900, 0) < 1e-10);  // odd
  CHECK(round_trip_error<double>({.fft = 64, .hop = 16, .centered = false}, 1000, 64) < 1e-10);
  CHECK(round_trip_error<double>({.fft = 64, .hop = 64, .shape = audio::window_shape::rectangular, .centered = false}, 640,
                                 0) < 1e-10);
}

TEST_CASE("samples that no frame sees become 0") {
  const audio::stft<double> transform({.fft = 16, .hop = 32, .shape = audio::window_shape::rectangular, .centered = false});
  const std::vector<double> sound(100, 1.0);
  std::vector<double> back(100, 9.0);
  audio::stft<double>::workspace scratch;
  transform.inverse(spectra(transform, sound, spectrum_form::complex), back, scratch);
  for (std::size_t i = 0; i < 100; ++i) CHECK(back[i] == Approx(i % 32 < 16 && i < 96 ? 1.0 : 0.0).margin(1e-12));
}

TEST_CASE("sounds shorter than a frame") {
  const audio::stft<float> plain({.fft = 64, .hop = 16, .centered = false}), centered({.fft = 64, .hop = 16});
  CHECK(plain.frames(0) == 0);
  CHECK(plain.frames(63) == 0);
  CHECK(plain.frames(64) == 1);
  CHECK(plain.frames(79) == 1);
  CHECK(plain.frames(80) == 2);
  CHECK(centered.frames(0) == 0);
  CHECK(centered.frames(1) == 1);
  CHECK(centered.frames(16) == 2);
  CHECK(spectra(plain, std::vector<float>(63), spectrum_form::power).empty());
  // One sample mirrored is a constant, whose spectrum is that of the window.
  const auto constant = spectra(centered, {0.5f}, spectrum_form::magnitude);
  REQUIRE(constant.size() == 33);
  CHECK(constant[0] == Approx(16.0f));
  CHECK(constant[1] == Approx(8.0f));
  for (std::size_t k = 2; k < 33; ++k) CHECK(constant[k] == Approx(0.0f).margin(1e-5));
  // Two samples a, b mirrored are a b a b ...: energy at both ends of the spectrum only.
  const auto pair = spectra(centered, {1.0f, -1.0f}, spectrum_form::magnitude);
  CHECK(pair[0] == Approx(0.0f).margin(1e-5));
  CHECK(pair[32] == Approx(32.0f));
  std::vector<float> nothing;
  audio::stft<float>::workspace scratch;
  CHECK_NOTHROW(centered.inverse({}, nothing, scratch));
}

TEST_CASE("silence gives zeros") {
  const audio::stft<float> transform({.fft = 400, .hop = 100});
  for (const float x : spectra(transform, std::vector<float>(3000), spectrum_form::complex)) CHECK(x == 0.0f);
}

TEST_CASE("frames in parts have the same bits, and warm scratch is not allocated again") {
  const audio::stft<float> transform({.fft = 128, .hop = 50});
  const auto sound = test::noise<float>(5000, 1);
  const auto all = spectra(transform, sound, spectrum_form::power);
  const std::size_t count = transform.frames(sound.size()), width = transform.width(spectrum_form::power);
  audio::stft<float>::workspace scratch;
  std::vector<float> part(all.size());
  const auto in_parts = [&](std::size_t step) {
    for (std::size_t first = 0; first < count; first += step) {
      transform.spectra(sound, first, std::min(step, count - first), spectrum_form::power, part.data() + first * width,
                        scratch);
    }
  };
  in_parts(7);
  CHECK(part == all);
  CHECK(test::allocations_of([&] { in_parts(3); }) == 0);
  CHECK(part == all);
}

TEST_CASE("framings that make no sense are refused") {
  const auto text = [](const audio::framing& spec) {
    return test::thrown<mm::invalid_config>([&] { audio::stft<float> transform(spec); });
  };
  CHECK_THAT(text({.fft = 0}), test::contains("audio::stft: fft must"));
  CHECK_THAT(text({.fft = -512}), test::contains("fft must"));
  CHECK_THAT(text({.fft = 11}), test::contains("prime factor"));
  CHECK_THAT(text({.hop = 0}), test::contains("hop must"));
  CHECK_THAT(text({.fft = 512, .window = 513}), test::contains("window must be in 0..fft"));
  CHECK_THAT(text({.window = -1}), test::contains("window must"));
  const audio::stft<float> transform({.fft = 64, .hop = 16});
  audio::stft<float>::workspace scratch;
  std::vector<float> back(100);
  CHECK_THROWS_AS(transform.inverse(std::vector<float>(3), back, scratch), mm::shape_error);
}

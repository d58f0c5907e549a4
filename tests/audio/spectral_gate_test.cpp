#include <mmrec/audio/spectral_gate.hpp>

#include <mmrec/exec/cpu.hpp>

#include <cmath>
#include <cstddef>
#include <vector>

#include "audio/support.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;
namespace audio = mmrec::audio;

namespace {

double energy_of_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::pow(static_cast<double>(a[i]) - static_cast<double>(b[i]), 2);
  return sum;
}

std::vector<float> cleaned(const std::vector<float>& samples, const audio::spectral_gate& spec = {}) {
  const std::vector<mm::data::sound> batch{{samples, 16000}};
  return spec.fit(mm::exec::cpu{}, batch).transform(mm::exec::cpu{}, batch)[0].samples;
}

/// How much closer to the clean sound gating brings the noisy one, in decibels.
double gain_in_decibels(const std::vector<float>& clean, float loudness_of_noise, std::uint64_t stream) {
  std::vector<float> noisy = test::noise<float>(clean.size(), stream);
  for (std::size_t i = 0; i < clean.size(); ++i) noisy[i] = clean[i] + loudness_of_noise * noisy[i];
  return 10.0 * std::log10(energy_of_difference(noisy, clean) / energy_of_difference(cleaned(noisy), clean));
}

}  // namespace

TEST_CASE("white noise on a tone is weakened by more than 6 dB") {
  for (const float loudness : {0.1f, 0.5f, 1.0f}) {
    for (const double hertz : {300.0, 1000.0, 5000.0}) {
      CAPTURE(loudness, hertz);
      CHECK(gain_in_decibels(test::tone(hertz, 16000, 32000), loudness, 7) > 6.0);
    }
  }
}

TEST_CASE("white noise on bursts of tones is weakened by more than 6 dB") {
  std::vector<float> bursts(48000);
  for (std::size_t i = 0; i < bursts.size(); ++i) {
    const double time = static_cast<double>(i) / 16000;
    const double envelope = std::max(0.0, std::sin(2 * std::numbers::pi * 2.0 * time));
    bursts[i] = static_cast<float>(
        envelope * (std::sin(2 * std::numbers::pi * 440 * time) + 0.5 * std::sin(2 * std::numbers::pi * 1320 * time)));
  }
  CHECK(gain_in_decibels(bursts, 0.5f, 8) > 6.0);
}

TEST_CASE("a clean sound, silence and sounds that are too short pass") {
  const auto tone = test::tone(1000, 16000, 16000);
  CHECK(energy_of_difference(cleaned(tone), tone) < 1e-3 * energy_of_difference(tone, std::vector<float>(16000)));
  CHECK(cleaned(std::vector<float>(5000)) == std::vector<float>(5000));
  CHECK(cleaned({}).empty());
  CHECK(cleaned({0.5f}).size() == 1);
  // Nothing taken away and all kept: the identity, but for rounding.
  const auto noise = test::noise<float>(3000, 1);
  const auto same = cleaned(noise, {.threshold = 0.0});
  for (std::size_t i = 0; i < noise.size(); ++i) CHECK(same[i] == Approx(noise[i]).margin(1e-5));
}

TEST_CASE("a batch is the same for any number of threads and one by one, without allocation") {
  const auto batch = test::noises(16000);
  const auto model = audio::spectral_gate{}.fit(mm::exec::cpu{}, batch);
  const auto one = model.transform(mm::exec::cpu{.threads = 1}, batch);
  CHECK(one == model.transform(mm::exec::cpu{.threads = 2}, batch));
  CHECK(one == model.transform(mm::exec::cpu{.threads = 8}, batch));
  audio::spectral_gate_model::workspace scratch;
  mm::data::sound out;
  for (int pass = 0; pass < 2; ++pass) {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const std::size_t allocations = test::allocations_of([&] { model.transform_one(batch[i], out, scratch); });
      if (pass == 1) CHECK(allocations == 0);
      CHECK(out == one[i]);
    }
  }
}

TEST_CASE("what makes no sense is refused") {
  const auto text = [](const audio::spectral_gate& spec) {
    return test::thrown<mm::invalid_config>([&] { audio::spectral_gate_model model(spec); });
  };
  CHECK_THAT(text({.frames = {.fft = 512, .hop = 300}}),
             test::contains("audio::spectral_gate: frames.hop must be at most half"));
  CHECK_THAT(text({.frames = {.fft = 11, .hop = 1}}), test::contains("fft"));
  CHECK_THAT(text({.quantile = 0.0}), test::contains("quantile must be in 0.05..0.95"));
  CHECK_THAT(text({.threshold = -1.0}), test::contains("threshold"));
  CHECK_THAT(text({.floor = 1.5}), test::contains("floor"));
  CHECK_THAT(test::thrown<mm::data_error>([] {
               cleaned({0.0f, std::nanf("")});
             }),
             test::contains("sound 0: sample 1 is not finite"));
}

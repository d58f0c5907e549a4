#include <mmrec/audio/mel.hpp>

#include <cstddef>
#include <limits>
#include <vector>

#include "audio/support.hpp"
#include "support/catch.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;
namespace audio = mmrec::audio;

TEST_CASE("the scales are each other's inverses and meet known points") {
  CHECK(audio::hz_to_mel(1000.0, audio::mel_scale::htk) == Approx(999.9855));
  CHECK(audio::hz_to_mel(1000.0, audio::mel_scale::slaney) == Approx(15.0));
  CHECK(audio::hz_to_mel(6400.0, audio::mel_scale::slaney) == Approx(42.0));
  for (const double hz : {0.0, 60.0, 999.0, 1000.0, 4000.0, 11025.0}) {
    for (const audio::mel_scale scale : {audio::mel_scale::htk, audio::mel_scale::slaney}) {
      CHECK(audio::mel_to_hz(audio::hz_to_mel(hz, scale), scale) == Approx(hz).margin(1e-9));
    }
  }
}

TEST_CASE("filters are those of librosa") {
  const test::golden_lines golden = test::read_golden("mel.csv");
  const auto check = [&](const char* name, const audio::mel_filters& spec) {
    CAPTURE(name);
    const audio::mel_bank<double> bank(spec);
    const std::vector<double>& wanted = golden.at(name);
    REQUIRE(wanted.size() == bank.bands() * bank.bins());
    const auto powers = test::noise<double>(bank.bins(), 1);
    std::vector<double> sums(bank.bands());
    bank.apply(powers.data(), sums.data());
    for (std::size_t band = 0; band < bank.bands(); ++band) {
      double sum = 0;
      for (std::size_t bin = 0; bin < bank.bins(); ++bin) {
        CHECK(bank.weight(band, bin) == Approx(wanted[band * bank.bins() + bin]).epsilon(1e-8).margin(1e-12));
        sum += bank.weight(band, bin) * powers[bin];
      }
      CHECK(sums[band] == Approx(sum).margin(1e-14));
    }
  };
  check("bank htk", {.rate = 16000, .fft = 128, .bands = 6});
  check("bank slaney",
        {.rate = 22050, .fft = 256, .bands = 12, .low = 50, .scale = audio::mel_scale::slaney, .equal_area = true});
  check("bank narrow", {.rate = 8000, .fft = 64, .bands = 20, .low = 100, .high = 3800, .scale = audio::mel_scale::slaney});
}

TEST_CASE("filters that make no sense are refused") {
  const auto text = [](const audio::mel_filters& spec) {
    return test::thrown<mm::invalid_config>([&] { audio::mel_bank<float> bank(spec); });
  };
  CHECK_THAT(text({.rate = 0}), test::contains("audio::mel_bank: rate must be at least 1"));
  CHECK_THAT(text({.fft = 0}), test::contains("fft must"));
  CHECK_THAT(text({.bands = 0}), test::contains("bands must be in 1..4096"));
  CHECK_THAT(text({.bands = 4097}), test::contains("bands"));
  CHECK_THAT(text({.low = -1.0}), test::contains("low must"));
  CHECK_THAT(text({.low = 5000.0, .high = 4000.0}), test::contains("low must"));
  CHECK_THAT(text({.high = 8001.0}), test::contains("high must not exceed half the rate"));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THAT(text({.low = nan}), test::contains("low"));
  CHECK_THAT(text({.high = nan}), test::contains("low"));
}

#include <mmrec/audio/log_mel.hpp>

#include <mmrec/core/stage.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/io/wav.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "audio/support.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/data.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;
namespace audio = mmrec::audio;

static_assert(mm::stage<audio::log_mel> && mm::takes<audio::log_mel, mm::kind::sound>);
static_assert(std::is_same_v<mm::output_of<audio::log_mel, mm::kind::sound>, mm::kind::sequence<float>>);
static_assert(mm::kind_fits<mm::kind::sequence<float>, mm::kind::sequence<float, 40>>);
static_assert(!mm::kind_fits<mm::kind::sequence<float, 13>, mm::kind::sequence<float, 40>>);
static_assert(!mm::kind_fits<mm::kind::sequence<float>, mm::kind::dense<float>>);

TEST_CASE("spectra are those of torch.stft and librosa's filters") {
  const test::golden_lines golden = test::read_golden("mel.csv");
  const std::vector<mm::data::sound> batch{{test::as_floats(golden.at("sound")), 8000}};
  const mm::exec::cpu exec;
  const auto out = audio::log_mel{}.fit(exec, batch).transform(exec, batch);
  const std::vector<double>& wanted = golden.at("log mel");
  REQUIRE(out.size() == 1);
  CHECK(out.width() == 40);
  CHECK(out[0].steps == 16);
  REQUIRE(out.values().size() == wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i)
    CHECK(static_cast<double>(out.values()[i]) == Approx(wanted[i]).margin(1e-4));
}

TEST_CASE("a batch is the same for any number of threads and one by one, without allocation") {
  const auto batch = test::noises(16000);
  for (const bool centered : {true, false}) {
    const auto model = audio::log_mel{.bands = 23, .centered = centered}.fit(mm::exec::cpu{}, batch);
    const auto one = model.transform(mm::exec::cpu{.threads = 1}, batch);
    CHECK(one == model.transform(mm::exec::cpu{.threads = 2}, batch));
    CHECK(one == model.transform(mm::exec::cpu{.threads = 8}, batch));
    REQUIRE(one.size() == batch.size());
    CHECK(one.steps(0) == (centered ? 26 : 22));
    CHECK(one.steps(1) == (centered ? 1 : 0));
    CHECK(one.steps(2) == 0);
    audio::log_mel_model::workspace scratch;
    mm::data::sequence<float> out;
    for (int pass = 0; pass < 2; ++pass) {
      for (std::size_t i = 0; i < batch.size(); ++i) {
        const std::size_t allocations = test::allocations_of([&] { model.transform_one(batch[i], out, scratch); });
        if (pass == 1) CHECK(allocations == 0);
        CHECK(out.steps == one.steps(i));
        CHECK(std::equal(out.values.begin(), out.values.end(), one[i].values.begin(), one[i].values.end()));
      }
    }
  }
}

TEST_CASE("silence is the logarithm of the floor") {
  const std::vector<mm::data::sound> batch{{std::vector<float>(1000), 8000}};
  const auto out = audio::log_mel{.floor = 1e-6}.fit(mm::exec::cpu{}, batch).transform(mm::exec::cpu{}, batch);
  for (const float x : out.values()) CHECK(x == std::log(1e-6f));
}

TEST_CASE("the rate is the first sound's, or the one asked for, and the others must have it") {
  const mm::exec::cpu exec;
  const std::vector<mm::data::sound> none, slow{{{0.1f, 0.2f}, 8000}}, mixed{{{0.1f}, 8000}, {{0.1f}, 16000}},
      zero{{{0.1f}, 0}};
  CHECK(audio::log_mel{}.fit(exec, slow).rate() == 8000);
  CHECK(audio::log_mel{.rate = 44100}.fit(exec, none).rate() == 44100);
  CHECK(audio::log_mel{}.fit(exec, slow).transform(exec, none).size() == 0);
  CHECK_THAT(test::thrown<mm::data_error>([&] { audio::log_mel{}.fit(exec, none); }),
             test::contains("audio::log_mel::fit: no sounds to learn the rate from"));
  CHECK_THAT(test::thrown<mm::data_error>([&] { audio::log_mel{}.fit(exec, zero); }), test::contains("rate of 0"));
  CHECK_THAT(
      test::thrown<mm::data_error>([&] { audio::log_mel{}.fit(exec, mixed).transform(exec, mixed); }),
      test::contains(
          "audio::log_mel::transform: sound 1 has 16000 samples a second where 8000 are wanted; put audio::resample"));
}

TEST_CASE("samples that are not finite are refused") {
  const mm::exec::cpu exec;
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity()}) {
    std::vector<mm::data::sound> batch(3, {std::vector<float>(100), 8000});
    batch[2].samples[41] = bad;
    CHECK_THAT(test::thrown<mm::data_error>([&] { audio::log_mel{}.fit(exec, batch).transform(exec, batch); }),
               test::contains("sound 2: sample 41 is not finite"));
  }
}

TEST_CASE("what makes no sense is refused") {
  const std::vector<mm::data::sound> batch{{{0.1f}, 8000}};
  const auto text = [&](const audio::log_mel& spec) {
    return test::thrown<mm::invalid_config>([&] { spec.fit(mm::exec::cpu{}, batch); });
  };
  CHECK_THAT(text({.window = 0}), test::contains("audio::log_mel: window must be 1..4194304 samples long"));
  CHECK_THAT(text({.window = std::numeric_limits<double>::quiet_NaN()}), test::contains("window"));
  CHECK_THAT(text({.window = 1e30}), test::contains("window"));
  CHECK_THAT(text({.hop = -1}), test::contains("hop"));
  CHECK_THAT(text({.fft = 11}), test::contains("fft"));
  CHECK_THAT(text({.fft = 128}), test::contains("window must be in 0..fft"));
  CHECK_THAT(text({.bands = 0}), test::contains("bands"));
  CHECK_THAT(text({.high = 4001}), test::contains("high"));
  CHECK_THAT(text({.floor = 0}), test::contains("floor"));
  CHECK_THAT(text({.rate = -1}), test::contains("rate"));
}

TEST_CASE("recordings of spoken digits have finite spectra that differ between digits") {
  const auto folder = test::data_set("audio-fsdd");
  MMREC_SKIP_WITHOUT(folder, "audio-fsdd");
  std::vector<mm::data::sound> batch;
  for (int digit = 0; digit < 10; ++digit) {
    for (const char* speaker : {"jackson", "theo"}) {
      batch.push_back(mm::io::read_wav(*folder / "recordings" / (std::to_string(digit) + "_" + speaker + "_0.wav")));
    }
  }
  const auto out = audio::log_mel{}.fit(mm::exec::cpu{}, batch).transform(mm::exec::cpu{.threads = 2}, batch);
  REQUIRE(out.size() == 20);
  for (std::size_t i = 0; i < out.size(); ++i) {
    CHECK(out.steps(i) == 1 + batch[i].samples.size() / 80);
    float least = 1e9f, most = -1e9f;
    for (const float x : out[i].values) {
      REQUIRE(std::isfinite(x));
      least = std::min(least, x);
      most = std::max(most, x);
    }
    CHECK(most - least > 8.0f);  // speech spans decades of energy
    CHECK(most < 15.0f);
  }
}

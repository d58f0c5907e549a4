#include <mmrec/audio/resample.hpp>

#include <mmrec/exec/cpu.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <sstream>
#include <vector>

#include "audio/support.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;
namespace audio = mmrec::audio;

namespace {

mm::data::sound converted(const audio::resample& spec, const std::vector<float>& samples, std::uint32_t rate) {
  audio::resample::workspace scratch;
  mm::data::sound out;
  spec.transform_one({samples, rate}, out, scratch);
  return out;
}

/// Largest sample away from the ends, where the filter sees the whole sound.
double largest_inside(const std::vector<float>& samples, std::size_t margin) {
  double largest = 0;
  for (std::size_t i = margin; i + margin < samples.size(); ++i)
    largest = std::max(largest, std::abs(static_cast<double>(samples[i])));
  return largest;
}

}  // namespace

TEST_CASE("noise becomes what scipy.signal.resample_poly makes of it") {
  const test::golden_lines golden = test::read_golden("resample.csv");
  const std::vector<float> sound = test::as_floats(golden.at("sound"));
  CHECK(golden.size() == 5);
  for (const auto& [name, wanted] : golden) {
    if (name == "sound") continue;
    CAPTURE(name);
    std::istringstream text(name);
    audio::resample spec;
    std::uint32_t from = 0;
    text >> from >> spec.rate >> spec.zeros >> spec.attenuation;
    const mm::data::sound out = converted(spec, sound, from);
    CHECK(out.rate == static_cast<std::uint32_t>(spec.rate));
    REQUIRE(out.samples.size() == wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i)
      CHECK(static_cast<double>(out.samples[i]) == Approx(wanted[i]).margin(2e-6));
  }
}

TEST_CASE("tones pass below half the lower rate and are gone above it") {
  for (const std::uint32_t from : {8000u, 11025u, 22050u, 44100u, 48000u}) {
    CAPTURE(from);
    const audio::resample spec{.rate = 16000};
    const double edge = 0.5 * std::min(from, 16000u);
    for (const double hertz : {0.05 * edge, 0.5 * edge, 0.9 * edge}) {
      const mm::data::sound out = converted(spec, test::tone(hertz, from, from / 2), from);
      const auto wanted = test::tone(hertz, 16000, out.samples.size());
      double worst = 0;
      for (std::size_t i = 400; i + 400 < wanted.size(); ++i) {
        worst = std::max(worst, std::abs(static_cast<double>(out.samples[i] - wanted[i])));
      }
      CHECK(worst < 2e-4);  // -74 dB; the filter's ripple is -80 dB at each of its images
    }
    if (from > 16000) {
      CHECK(largest_inside(converted(spec, test::tone(8100, from, from / 2), from).samples, 400) < 2e-4);
      CHECK(largest_inside(converted(spec, test::tone(0.45 * from, from, from / 2), from).samples, 400) < 2e-4);
    }
  }
}

TEST_CASE("sounds of the wanted rate pass unchanged, empty ones stay empty") {
  const auto samples = test::noise<float>(100, 1);
  CHECK(converted({.rate = 8000}, samples, 8000) == mm::data::sound{samples, 8000});
  CHECK(converted({.rate = 8000}, {}, 44100) == mm::data::sound{{}, 8000});
  CHECK(converted({.rate = 16000}, {1.0f}, 8000).samples.size() == 2);
  CHECK(converted({.rate = 8000}, {1.0f}, 44100).samples.size() == 1);
}

TEST_CASE("a batch of mixed rates is the same for any number of threads and one by one") {
  std::vector<mm::data::sound> batch = test::noises(8000);
  for (std::size_t i = 0; i < batch.size(); ++i) batch[i].rate = i % 3 == 0 ? 8000 : i % 3 == 1 ? 44100 : 16000;
  const audio::resample spec{.rate = 16000, .zeros = 16};
  const auto one = spec.fit(mm::exec::cpu{}, batch).transform(mm::exec::cpu{.threads = 1}, batch);
  CHECK(one == spec.transform(mm::exec::cpu{.threads = 2}, batch));
  CHECK(one == spec.transform(mm::exec::cpu{.threads = 8}, batch));
  audio::resample::workspace scratch;
  mm::data::sound out;
  for (int pass = 0; pass < 2; ++pass) {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const auto work = [&] { spec.transform_one(batch[i], out, scratch); };
      if (pass == 0) work();
      if (pass == 1) CHECK(test::allocations_of(work) == 0);
      CHECK(out == one[i]);
    }
  }
}

TEST_CASE("what makes no sense is refused") {
  const auto bad = [](const audio::resample& spec) {
    return test::thrown<mm::invalid_config>([&] { converted(spec, {1.0f}, 8000); });
  };
  CHECK_THAT(bad({.rate = 0}), test::contains("audio::resample::transform_one: rate must be in 1..1048576"));
  CHECK_THAT(bad({.rate = (1 << 20) + 1}), test::contains("rate must"));
  CHECK_THAT(bad({.zeros = 3}), test::contains("zeros"));
  CHECK_THAT(bad({.attenuation = 200}), test::contains("attenuation must be in 21..160"));
  CHECK_THAT(bad({.zeros = 4, .attenuation = 80}), test::contains("too much for so few zeros"));
  CHECK_THAT(bad({.attenuation = std::numeric_limits<double>::quiet_NaN()}), test::contains("attenuation"));
  CHECK_THROWS_AS((audio::resample{.rate = 0}.fit(mm::exec::cpu{}, std::vector<mm::data::sound>{})), mm::invalid_config);
  CHECK_THAT(test::thrown<mm::data_error>([] { converted({}, {1.0f}, 0); }), test::contains("sound 0 has a rate of 0"));
  CHECK_THAT(test::thrown<mm::data_error>([] { converted({}, {1.0f}, 0x7fffffff); }), test::contains("rate of 2147483647"));
  CHECK_THAT(test::thrown<mm::data_error>([] {
               converted({}, {1.0f, std::nanf("")}, 8000);
             }),
             test::contains("sound 0: sample 1 is not finite"));
  CHECK_THAT(test::thrown<mm::limit_error>([] { converted({.rate = 1048575, .zeros = 16}, {1.0f}, 1048573); }),
             test::contains("filter between two rates"));
}

TEST_CASE("a workspace serves resamplers of several targets") {
  std::vector<float> samples(8000, 0.25f);
  const mmrec::data::sound_view in{samples, 8000};
  mmrec::audio::resample::workspace scratch;
  mmrec::data::sound out;
  mmrec::audio::resample{.rate = 16000}.transform_one(in, out, scratch);
  CHECK(out.samples.size() == 16000);
  mmrec::audio::resample{.rate = 4000}.transform_one(in, out, scratch);
  CHECK(out.rate == 4000);
  CHECK(out.samples.size() == 4000);
}

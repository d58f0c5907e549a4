#include <mmrec/audio/mfcc.hpp>

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

TEST_CASE("coefficients are those of librosa's spectra and SciPy's cosine transform") {
  const test::golden_lines golden = test::read_golden("mel.csv");
  const std::vector<mm::data::sound> batch{{test::as_floats(golden.at("sound")), 8000}};
  const auto out = audio::mfcc{}.fit(mm::exec::cpu{}, batch).transform(mm::exec::cpu{}, batch);
  const std::vector<double>& wanted = golden.at("mfcc");
  CHECK(out.width() == 13);
  REQUIRE(out.values().size() == wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i)
    CHECK(static_cast<double>(out.values()[i]) == Approx(wanted[i]).margin(3e-4));
}

TEST_CASE("all coefficients keep the length of the spectrum") {
  const auto batch = test::noises(8000);
  const audio::log_mel spectrum{.bands = 20};
  const auto bands = spectrum.fit(mm::exec::cpu{}, batch).transform(mm::exec::cpu{}, batch);
  const auto all =
      audio::mfcc{.coefficients = 20, .spectrum = spectrum}.fit(mm::exec::cpu{}, batch).transform(mm::exec::cpu{}, batch);
  for (std::size_t row = 0; row < bands.starts().back(); ++row) {
    double one = 0, other = 0;
    for (std::size_t d = 0; d < 20; ++d) {
      one += std::pow(static_cast<double>(bands.values()[row * 20 + d]), 2);
      other += std::pow(static_cast<double>(all.values()[row * 20 + d]), 2);
    }
    CHECK(one == Approx(other).epsilon(1e-5));
  }
}

TEST_CASE("a batch is the same for any number of threads and one by one, without allocation") {
  const auto batch = test::noises(16000);
  const auto model = audio::mfcc{}.fit(mm::exec::cpu{}, batch);
  const auto one = model.transform(mm::exec::cpu{.threads = 1}, batch);
  CHECK(one == model.transform(mm::exec::cpu{.threads = 2}, batch));
  CHECK(one == model.transform(mm::exec::cpu{.threads = 8}, batch));
  audio::mfcc_model::workspace scratch;
  mm::data::sequence<float> out;
  for (int pass = 0; pass < 2; ++pass) {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const std::size_t allocations = test::allocations_of([&] { model.transform_one(batch[i], out, scratch); });
      if (pass == 1) CHECK(allocations == 0);
      CHECK(std::equal(out.values.begin(), out.values.end(), one[i].values.begin(), one[i].values.end()));
    }
  }
}

TEST_CASE("more coefficients than bands, or none, are refused") {
  const std::vector<mm::data::sound> batch{{{0.1f}, 8000}};
  for (const int bad : {0, -1, 41}) {
    CHECK_THAT(test::thrown<mm::invalid_config>([&] { audio::mfcc{.coefficients = bad}.fit(mm::exec::cpu{}, batch); }),
               test::contains("audio::mfcc: coefficients must be in 1..bands"));
  }
}

#include <mmrec/audio/pool.hpp>

#include <mmrec/audio/log_mel.hpp>
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

TEST_CASE("means and deviations over time") {
  mm::data::sequences<float> batch;
  const std::vector<float> a{1, 10, 3, 10, 5, 40}, b{7, -8};
  batch.push_back({a, 3, 2});
  batch.push_back({b, 1, 2});
  batch.push_back({{}, 0, 2});
  const mm::exec::cpu exec;
  const auto rows = audio::pool{}.fit(exec, batch).transform(exec, batch);
  mm::matrix<float> wanted(3, 4);
  wanted << 3, 20, std::sqrt(8.0f / 3), std::sqrt(200.0f), 7, -8, 0, 0, 0, 0, 0, 0;
  CHECK((rows - wanted).cwiseAbs().maxCoeff() < 1e-5f);
  CHECK(audio::pool{.deviations = false}.fit(exec, batch).transform(exec, batch) == mm::matrix<float>(rows.leftCols(2)));
}

TEST_CASE("a batch is the same for any number of threads and one by one, without allocation") {
  const auto sounds = test::noises(16000);
  const auto batch = audio::log_mel{}.fit(mm::exec::cpu{}, sounds).transform(mm::exec::cpu{}, sounds);
  mm::data::sequences<float> many;
  for (std::size_t i = 0; i < 200; ++i) many.push_back(batch[i % batch.size()]);
  const auto model = audio::pool{}.fit(mm::exec::cpu{}, many);
  const auto one = model.transform(mm::exec::cpu{.threads = 1}, many);
  CHECK(one == model.transform(mm::exec::cpu{.threads = 2}, many));
  CHECK(one == model.transform(mm::exec::cpu{.threads = 8}, many));
  audio::pool_model::workspace scratch;
  std::vector<float> out;
  for (std::size_t i = 0; i < many.size(); ++i) {
    const std::size_t allocations = test::allocations_of([&] { model.transform_one(many[i], out, scratch); });
    if (i > 0) CHECK(allocations == 0);
    for (std::size_t d = 0; d < 80; ++d) {
      CHECK(out[d] == one(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(d)));
    }
  }
}

TEST_CASE("sequences of another width, or none, are refused") {
  mm::data::sequences<float> two, three;
  two.push_back({std::vector<float>(2), 1, 2});
  three.push_back({std::vector<float>(3), 1, 3});
  const mm::exec::cpu exec;
  const auto model = audio::pool{}.fit(exec, two);
  CHECK_THAT(test::thrown<mm::shape_error>([&] { model.transform(exec, three); }),
             test::contains("audio::pool::transform: width of the sequence: expected 2, got 3"));
  CHECK_THAT(test::thrown<mm::data_error>([&] { audio::pool{}.fit(exec, mm::data::sequences<float>{}); }),
             test::contains("no sequences"));
}

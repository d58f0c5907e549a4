#include <mmrec/core/stage.hpp>
#include <mmrec/image/pixels.hpp>
#include <mmrec/image/resize.hpp>

#include <cstddef>
#include <vector>

#include "image/support.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"

namespace mm = mmrec;

namespace {

std::vector<float> described(const mm::image::pixels& stage, const mm::data::image& in) {
  mm::image::pixels::workspace scratch;
  std::vector<float> out;
  stage.transform_one(in.view(), out, scratch);
  return out;
}

}  // namespace

TEST_CASE("pixels are means over blocks, in planes") {
  const auto in = test::noise(6, 8);
  const auto out = described({.height = 2, .width = 4}, in);
  REQUIRE(out.size() == 24);
  for (std::size_t c = 0; c < 3; ++c) {
    for (std::size_t y = 0; y < 2; ++y) {
      for (std::size_t x = 0; x < 4; ++x) {
        double sum = 0;
        for (std::size_t i = 0; i < 6; ++i) sum += in.bytes[((3 * y + i / 2) * 8 + 2 * x + i % 2) * 3 + c];
        CHECK(out[c * 8 + y * 4 + x] == Approx(sum / 6 / 255).epsilon(1e-6));
      }
    }
  }
  const auto grey = described({.height = 2, .width = 4, .grey = true}, in);
  REQUIRE(grey.size() == 8);
  CHECK(grey[5] == Approx(0.299 * out[5] + 0.587 * out[13] + 0.114 * out[21]));
}

TEST_CASE("pixels are those of an area resize before rounding") {
  const auto in = test::disc(31, 23);
  const auto out = described({.height = 5, .width = 7}, in);
  mm::image::resize::workspace scratch;
  mm::data::image small;
  mm::image::resize{.height = 5, .width = 7, .filter = mm::image::filter::area}.transform_one(in.view(), small, scratch);
  for (std::size_t at = 0; at < 35; ++at) {
    for (std::size_t c = 0; c < 3; ++c) CHECK(out[c * 35 + at] * 255 == Approx(small.bytes[3 * at + c]).margin(0.501));
  }
}

TEST_CASE("pixels have the same bits alone and in a batch of mixed sizes, for any number of threads") {
  std::vector<mm::data::image> pictures;
  for (std::uint32_t key = 0; key < 50; ++key) pictures.push_back(test::noise(9 + key % 4, 20 - key % 3, key));
  const auto batch = test::column(pictures);
  const auto model = mm::image::pixels{.grey = true}.fit(mm::exec::cpu{}, batch);
  const auto out = model.transform(mm::exec::cpu{}, batch);
  CHECK(out == model.transform(mm::exec::cpu{.threads = 2}, batch));
  CHECK(out == model.transform(mm::exec::cpu{.threads = 8}, batch));
  std::vector<float> one;
  mm::image::pixels::workspace scratch;
  for (std::size_t index = 0; index < pictures.size(); ++index) {
    model.transform_one(batch[index], one, scratch);
    CHECK(test::allocations_of([&] { model.transform_one(batch[index], one, scratch); }) == 0);
    const auto row = mm::row_of<float>(out, Eigen::Index(index));
    CHECK(std::equal(one.begin(), one.end(), row.begin(), row.end()));
  }
}

TEST_CASE("bad thumbnails are named") {
  const mm::exec::cpu cpu;
  const auto batch = test::column({test::noise(2, 2)});
  CHECK_THROWS_WITH((mm::image::pixels{.height = 0}.fit(cpu, batch)), "image::pixels::fit: height must be in 1..1024");
  CHECK_THROWS_AS((mm::image::pixels{.width = 1025}.transform(cpu, batch)), mm::invalid_config);
  CHECK_THROWS_AS(described({}, mm::data::image{}), mm::data_error);
  CHECK(described({.height = 4, .width = 4}, test::filled(1, 1, 255)) == std::vector<float>(48, 1.0f));
}

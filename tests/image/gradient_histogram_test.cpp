#include <mmrec/core/stage.hpp>
#include <mmrec/image/gradient_histogram.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <string>
#include <vector>

#include "image/support.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"

namespace mm = mmrec;

namespace {

std::vector<float> hog(const mm::image::gradient_histogram& spec, const mm::data::image& in) {
  const auto batch = test::column({in});
  const auto rows = spec.fit(mm::exec::cpu{}, batch).transform(mm::exec::cpu{}, batch);
  return {rows.data(), rows.data() + rows.size()};
}

}  // namespace

TEST_CASE("gradient histograms agree with scikit-image") {
  for (const auto& line : test::golden_lines("hog")) {
    const mm::image::gradient_histogram spec{
        .cell = std::stoi(line[1]), .block = std::stoi(line[2]), .bins = std::stoi(line[3])};
    const auto out = hog(spec, test::picture(line[0], std::stoul(line[4]), std::stoul(line[5])));
    INFO(line[0] << ", cell " << line[1] << ", block " << line[2] << ", bins " << line[3]);
    REQUIRE(out.size() == line.size() - 6);
    for (std::size_t index = 0; index < out.size(); ++index) {
      INFO("feature " << index);
      CHECK(out[index] == Approx(std::stod(line[6 + index])).epsilon(1e-5).margin(1e-6));
    }
  }
}

TEST_CASE("every gradient falls in the bin of its angle") {
  // A ramp that rises by a along each row and by b down each column has the gradient (2 a, 2 b) everywhere inside.
  for (const int bins : {1, 2, 3, 4, 6, 8, 9, 12, 18, 36}) {
    std::size_t wrong = 0;
    for (int a = -9; a <= 9; ++a) {
      for (int b = -9; b <= 9; ++b) {
        if (a == 0 && b == 0) continue;
        mm::data::image ramp;
        ramp.resize(5, 5);
        for (int y = 0; y < 5; ++y) {
          for (int x = 0; x < 5; ++x) {
            const int level = std::clamp(128 + a * (x - 2) + b * (y - 2), 0, 255);
            for (std::size_t c = 0; c < 3; ++c)
              ramp.bytes[std::size_t(y * 5 + x) * 3 + c] = static_cast<std::uint8_t>(level);
          }
        }
        // Cells of one pixel, blocks of one cell: the middle one is number 12 of 25.
        const auto out = hog({.cell = 1, .block = 1, .bins = bins}, ramp);
        const auto* middle = out.data() + 12 * bins;
        double degrees = std::fmod(std::atan2(double(b), double(a)) * 180 / std::numbers::pi + 360, 180);
        if (b == 0) degrees = 0;
        const int expected = std::min(int(degrees * bins / 180 + 1e-9), bins - 1);
        for (int bin = 0; bin < bins; ++bin) wrong += (middle[bin] > 0.5f) != (bin == expected) ? 1 : 0;
      }
    }
    INFO(bins << " bins");
    CHECK(wrong == 0);
  }
}

TEST_CASE("the steepest channel decides, the first of them where several are as steep") {
  // Red rises by 10 along the rows (bin 0), green by `green` and blue by `blue` down the columns (bin 2).
  mm::data::image picture;
  picture.resize(3, 3);
  const auto middle_bin = [&](int green, int blue) {
    for (int y = 0; y < 3; ++y) {
      for (int x = 0; x < 3; ++x) {
        auto* pixel = picture.bytes.data() + (y * 3 + x) * 3;
        pixel[0] = static_cast<std::uint8_t>(100 + 10 * x);
        pixel[1] = static_cast<std::uint8_t>(100 + green * y);
        pixel[2] = static_cast<std::uint8_t>(100 + blue * y);
      }
    }
    const auto out = hog({.cell = 1, .block = 1, .bins = 4}, picture);
    return std::max_element(out.begin() + 16, out.begin() + 20) - out.begin() - 16;
  };
  CHECK(middle_bin(0, 0) == 0);
  CHECK(middle_bin(10, 0) == 0);
  CHECK(middle_bin(0, 10) == 0);
  CHECK(middle_bin(11, 0) == 2);
  CHECK(middle_bin(0, 11) == 2);
}

TEST_CASE("a uniform picture has no gradients and gives zeros") {
  for (const float x : hog({.cell = 4}, test::filled(12, 8, 200))) CHECK(x == 0.0f);
}

TEST_CASE("brightness moves nothing, contrast moves nothing but rounding") {
  auto in = test::disc(24, 24);
  for (auto& level : in.bytes) level = static_cast<std::uint8_t>(level / 5);
  auto bright = in, strong = in;
  for (auto& level : bright.bytes) level = static_cast<std::uint8_t>(level + 100);
  for (auto& level : strong.bytes) level = static_cast<std::uint8_t>(level * 5);
  CHECK(hog({}, bright) == hog({}, in));
  const auto a = hog({}, in), b = hog({}, strong);
  for (std::size_t index = 0; index < a.size(); ++index) CHECK(b[index] == Approx(a[index]).margin(1e-4));
}

TEST_CASE("gradient histograms have the same bits alone and in a batch, for any number of threads") {
  std::vector<mm::data::image> pictures;
  for (std::uint32_t key = 0; key < 40; ++key) pictures.push_back(test::noise(17, 26, key));
  const auto batch = test::column(pictures);
  const auto model = mm::image::gradient_histogram{.cell = 5}.fit(mm::exec::cpu{}, batch);
  CHECK(model.features() == 2 * 4 * 4 * 9);
  const auto out = model.transform(mm::exec::cpu{}, batch);
  CHECK(out == model.transform(mm::exec::cpu{.threads = 2}, batch));
  CHECK(out == model.transform(mm::exec::cpu{.threads = 8}, batch));
  mm::image::gradient_histogram_model::workspace scratch;
  std::vector<float> one;
  model.transform_one(batch[0], one, scratch);
  for (std::size_t index = 0; index < pictures.size(); ++index) {
    CHECK(test::allocations_of([&] { model.transform_one(batch[index], one, scratch); }) == 0);
    const auto row = mm::row_of<float>(out, Eigen::Index(index));
    CHECK(std::equal(one.begin(), one.end(), row.begin(), row.end()));
  }
}

TEST_CASE("bad gradient histograms are named") {
  const mm::exec::cpu cpu;
  const auto batch = test::column({test::noise(16, 16)});
  CHECK_THROWS_WITH((mm::image::gradient_histogram{.cell = 0}.fit(cpu, batch)),
                    test::contains("image::gradient_histogram::fit: cell must be"));
  CHECK_THROWS_AS((mm::image::gradient_histogram{.block = 0}.fit(cpu, batch)), mm::invalid_config);
  CHECK_THROWS_AS((mm::image::gradient_histogram{.bins = 65}.fit(cpu, batch)), mm::invalid_config);
  CHECK_THROWS_AS((mm::image::gradient_histogram{.clip = 0}.fit(cpu, batch)), mm::invalid_config);
  CHECK_THROWS_AS((mm::image::gradient_histogram{.clip = std::nanf("")}.fit(cpu, batch)), mm::invalid_config);
  CHECK_THROWS_WITH(
      (mm::image::gradient_histogram{.cell = 9}.fit(cpu, batch)),
      "image::gradient_histogram::fit: a picture of 16 x 16 pixels is too small for a block of 2 x 2 cells of 9 x 9 pixels");
  CHECK_THROWS_AS(mm::image::gradient_histogram{}.fit(cpu, mm::data::image_column{}), mm::data_error);
  CHECK_THROWS_WITH(
      (mm::image::gradient_histogram{.cell = 1, .block = 1, .bins = 64}.fit(cpu, test::column({test::noise(129, 128)}))),
      "image::gradient_histogram::fit: features 1056768 exceeds the limit of 1048576");
  const auto model = mm::image::gradient_histogram{}.fit(cpu, batch);
  CHECK_THROWS_WITH(model.transform(cpu, test::column({test::noise(16, 16), test::noise(16, 17)})),
                    test::contains("width of picture 1; put image::resize before this stage"));
}

#include <mmrec/core/stage.hpp>
#include <mmrec/image/color_histogram.hpp>

#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "image/support.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"

namespace mm = mmrec;
using mm::image::color_space;
using mm::image::histogram_scale;

namespace {

std::vector<float> histogram(const mm::image::color_histogram& stage, const mm::data::image& in) {
  mm::image::color_histogram::workspace scratch;
  std::vector<float> out;
  stage.transform_one(in.view(), out, scratch);
  return out;
}

}  // namespace

TEST_CASE("colour histograms count what NumPy and colorsys count") {
  for (const auto& line : test::golden_lines("color")) {
    const mm::image::color_histogram stage{.bins = std::stoi(line[3]),
                                           .joint = line[2] == "1",
                                           .space = line[1] == "hsv" ? color_space::hsv : color_space::rgb,
                                           .rows = std::stoi(line[4]),
                                           .columns = std::stoi(line[5]),
                                           .scale = histogram_scale::count};
    const auto out = histogram(stage, test::picture(line[0], 9, 11));
    INFO(line[0] << ' ' << line[1] << ' ' << line[3]);
    REQUIRE(out.size() == line.size() - 6);
    REQUIRE(out.size() == stage.features());
    for (std::size_t index = 0; index < out.size(); ++index) {
      INFO("feature " << index);
      CHECK(out[index] == std::stof(line[6 + index]));
    }
  }
}

TEST_CASE("scales of colour histograms") {
  const auto in = test::noise(10, 12);
  const auto count = histogram({.rows = 2, .scale = histogram_scale::count}, in);
  const auto fraction = histogram({.rows = 2}, in);
  const auto root = histogram({.rows = 2, .scale = histogram_scale::hellinger}, in);
  for (std::size_t index = 0; index < count.size(); ++index) {
    CHECK(fraction[index] == Approx(count[index] / 60));
    CHECK(root[index] == Approx(std::sqrt(count[index] / 60)));
  }
  for (std::size_t part = 0; part < 6; ++part) {
    double sum = 0;
    for (std::size_t index = 0; index < 8; ++index) sum += fraction[part * 8 + index];
    CHECK(sum == Approx(1));
  }
}

TEST_CASE("primary colours have their hues") {
  const std::uint8_t colors[6][3] = {{255, 0, 0}, {255, 255, 0}, {0, 255, 0}, {0, 255, 255}, {0, 0, 255}, {255, 0, 255}};
  for (std::size_t sextant = 0; sextant < 6; ++sextant) {
    mm::data::image picture;
    picture.resize(1, 1);
    picture.bytes.assign(colors[sextant], colors[sextant] + 3);
    const auto out = histogram({.bins = 6, .space = color_space::hsv}, picture);
    CHECK(out[sextant] == 1.0f);
    CHECK(out[6 + 5] == 1.0f);
    CHECK(out[12 + 5] == 1.0f);
  }
  for (const int bins : {1, 2, 7, 256}) {
    const auto grey = histogram({.bins = bins, .space = color_space::hsv}, test::filled(2, 2, 255));
    CHECK(grey[0] == 1.0f);
    CHECK(grey[std::size_t(bins)] == 1.0f);
    CHECK(grey[std::size_t(3 * bins - 1)] == 1.0f);
  }
}

TEST_CASE("every colour falls in some bin") {
  mm::data::image all;
  all.resize(256, 256);
  for (const int bins : {3, 8, 97, 256}) {
    for (const auto space : {color_space::rgb, color_space::hsv}) {
      double total = 0;
      for (std::size_t blue = 0; blue < 256; blue += 15) {
        for (std::size_t index = 0; index < 256 * 256; ++index) {
          all.bytes[3 * index] = static_cast<std::uint8_t>(index / 256);
          all.bytes[3 * index + 1] = static_cast<std::uint8_t>(index % 256);
          all.bytes[3 * index + 2] = static_cast<std::uint8_t>(blue);
        }
        for (const float x : histogram({.bins = bins, .space = space}, all)) total += x;
      }
      CHECK(total == Approx(3 * 18).epsilon(1e-4));
    }
  }
}

TEST_CASE("colour histograms have the same bits alone and in a batch, for any number of threads") {
  std::vector<mm::data::image> pictures;
  for (std::uint32_t key = 0; key < 60; ++key) pictures.push_back(test::noise(4 + key % 5, 9 - key % 3, key));
  const auto batch = test::column(pictures);
  const mm::image::color_histogram stage{.bins = 4, .joint = true, .space = color_space::hsv, .rows = 2, .columns = 2};
  const auto model = stage.fit(mm::exec::cpu{}, batch);
  const auto out = model.transform(mm::exec::cpu{}, batch);
  CHECK(out == model.transform(mm::exec::cpu{.threads = 2}, batch));
  CHECK(out == model.transform(mm::exec::cpu{.threads = 8}, batch));
  mm::image::color_histogram::workspace scratch;
  std::vector<float> one;
  model.transform_one(batch[0], one, scratch);
  for (std::size_t index = 0; index < pictures.size(); ++index) {
    CHECK(test::allocations_of([&] { model.transform_one(batch[index], one, scratch); }) == 0);
    const auto row = mm::row_of<float>(out, Eigen::Index(index));
    CHECK(std::equal(one.begin(), one.end(), row.begin(), row.end()));
  }
}

TEST_CASE("bad colour histograms are named") {
  const auto batch = test::column({test::noise(4, 3)});
  const mm::exec::cpu cpu;
  CHECK_THROWS_WITH((mm::image::color_histogram{.bins = 0}.fit(cpu, batch)),
                    "image::color_histogram::fit: bins must be in 1..256");
  CHECK_THROWS_AS((mm::image::color_histogram{.bins = 257}.fit(cpu, batch)), mm::invalid_config);
  CHECK_THROWS_AS((mm::image::color_histogram{.rows = 0}.fit(cpu, batch)), mm::invalid_config);
  CHECK_THROWS_AS((mm::image::color_histogram{.columns = -1}.transform(cpu, batch)), mm::invalid_config);
  CHECK_THROWS_AS((mm::image::color_histogram{.bins = 256, .joint = true}.fit(cpu, batch)), mm::limit_error);
  CHECK_THROWS_WITH((mm::image::color_histogram{.rows = 5}.transform(cpu, batch)),
                    test::contains("picture 0: height 4 is less than the 5 rows"));
  CHECK_THROWS_WITH((mm::image::color_histogram{.columns = 4}.transform(cpu, batch)),
                    test::contains("picture 0: width 3 is less than the 4 columns"));
  CHECK_THROWS_AS(histogram({}, mm::data::image{}), mm::data_error);
  CHECK(mm::image::color_histogram{}.transform(cpu, mm::data::image_column{}).rows() == 0);
}

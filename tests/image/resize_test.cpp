#include <mmrec/core/stage.hpp>
#include <mmrec/image/resize.hpp>

#include <cstddef>
#include <cstdlib>
#include <string>
#include <type_traits>
#include <vector>

#include "image/support.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"

namespace mm = mmrec;
using mm::image::filter;

namespace {

constexpr filter filters[] = {filter::nearest, filter::bilinear, filter::area, filter::lanczos};

filter named(const std::string& name) {
  if (name == "nearest") return filter::nearest;
  if (name == "bilinear") return filter::bilinear;
  return name == "area" ? filter::area : filter::lanczos;
}

mm::data::image resized(const mm::image::resize& stage, const mm::data::image& in) {
  mm::image::resize::workspace scratch;
  mm::data::image out;
  stage.transform_one(in.view(), out, scratch);
  return out;
}

}  // namespace

TEST_CASE("resizing is within one grey level of Pillow") {
  for (const auto& line : test::golden_lines("resize")) {
    const auto in = test::picture(line[0], std::stoul(line[2]), std::stoul(line[3]));
    const mm::image::resize stage{.height = std::stoi(line[4]), .width = std::stoi(line[5]), .filter = named(line[1])};
    const auto out = resized(stage, in);
    INFO(line[0] << ", " << line[1] << " to " << line[4] << " x " << line[5]);
    REQUIRE(out.bytes.size() == line.size() - 6);
    int worst = 0;
    for (std::size_t index = 0; index < out.bytes.size(); ++index) {
      worst = std::max(worst, std::abs(int{out.bytes[index]} - std::stoi(line[6 + index])));
    }
    CHECK(worst <= (stage.filter == filter::nearest ? 0 : 1));
  }
}

TEST_CASE("a picture of the wanted size is passed on, a uniform one stays uniform") {
  for (const filter kernel : filters) {
    const auto in = test::noise(7, 5);
    CHECK(resized({.height = 7, .width = 5, .filter = kernel}, in) == in);
    for (const std::uint8_t level : {std::uint8_t{0}, std::uint8_t{77}, std::uint8_t{255}}) {
      for (const int size : {1, 3, 19, 50}) {
        CHECK(resized({.height = size, .width = 2 * size, .filter = kernel}, test::filled(13, 11, level)) ==
              test::filled(std::size_t(size), 2 * std::size_t(size), level));
      }
    }
    CHECK(resized({.height = 4, .width = 3, .filter = kernel}, test::filled(1, 1, 9)) == test::filled(4, 3, 9));
  }
}

TEST_CASE("area keeps the mean grey level") {
  const auto in = test::noise(30, 22);
  const auto out = resized({.height = 1, .width = 1, .filter = filter::area}, in);
  for (std::size_t channel = 0; channel < 3; ++channel) {
    double sum = 0;
    for (std::size_t index = channel; index < in.bytes.size(); index += 3) sum += in.bytes[index];
    CHECK(std::abs(out.bytes[channel] - sum / (30 * 22)) <= 0.51);
  }
}

TEST_CASE("a padded picture gives what its pixels give") {
  const auto in = test::noise(6, 5);
  std::vector<std::uint8_t> padded(6 * 32, 99);
  for (std::size_t y = 0; y < 6; ++y)
    std::copy_n(in.bytes.begin() + std::ptrdiff_t(y * 15), 15, padded.begin() + std::ptrdiff_t(y * 32));
  for (const filter kernel : filters) {
    const mm::image::resize stage{.height = 4, .width = 9, .filter = kernel};
    mm::image::resize::workspace scratch;
    mm::data::image out;
    stage.transform_one(mm::data::image_view(padded, 6, 5, 32), out, scratch);
    CHECK(out == resized(stage, in));
  }
}

TEST_CASE("a batch of mixed sizes has the bits of its pictures alone, for any number of threads") {
  std::vector<mm::data::image> pictures;
  for (std::size_t index = 0; index < 50; ++index) pictures.push_back(test::noise(3 + index % 7, 20 - index % 5));
  const auto batch = test::column(pictures);
  for (const filter kernel : filters) {
    const mm::image::resize stage{.height = 6, .width = 8, .filter = kernel};
    const auto model = stage.fit(mm::exec::cpu{}, batch);
    CHECK(model == stage);
    const auto out = model.transform(mm::exec::cpu{}, batch);
    CHECK(out.size() == 50);
    CHECK(out == model.transform(mm::exec::cpu{.threads = 2}, batch));
    CHECK(out == model.transform(mm::exec::cpu{.threads = 8}, batch));
    for (std::size_t index = 0; index < 50; ++index) {
      const auto one = resized(stage, pictures[index]);
      const auto view = out[index];
      CHECK(std::equal(one.bytes.begin(), one.bytes.end(), view.row(0).data()));
    }
  }
}

TEST_CASE("resize_to gives the same pictures and their size to the compiler") {
  const auto in = test::noise(10, 10);
  const mm::image::resize_to<4, 6> stage{.filter = filter::area};
  const auto batch = test::column({in});
  const auto out = stage.fit(mm::exec::cpu{}, batch).transform(mm::exec::cpu{}, batch);
  CHECK(out == mm::image::resize{.height = 4, .width = 6, .filter = filter::area}.transform(mm::exec::cpu{}, batch));
  mm::data::image one;
  mm::image::resize_to<4, 6>::workspace scratch;
  stage.transform_one(in.view(), one, scratch);
  CHECK(one == resized({.height = 4, .width = 6, .filter = filter::area}, in));
  CHECK(std::is_same_v<mm::output_of<mm::image::resize_to<4, 6>, mm::kind::image<9, 9>>, mm::kind::image<4, 6>>);
  CHECK(std::is_same_v<mm::output_of<mm::image::resize, mm::kind::image<9, 9>>, mm::kind::image<>>);
  CHECK(!mm::takes<mm::image::resize, mm::kind::dense<float>>);
}

TEST_CASE("a warm resize does not allocate") {
  const auto a = test::noise(20, 30), b = test::noise(20, 30, 7);
  for (const filter kernel : filters) {
    const mm::image::resize stage{.height = 8, .width = 9, .filter = kernel};
    mm::image::resize::workspace scratch;
    mm::data::image out;
    stage.transform_one(a.view(), out, scratch);
    CHECK(test::allocations_of([&] { stage.transform_one(b.view(), out, scratch); }) == 0);
  }
}

TEST_CASE("bad sizes and empty pictures are named") {
  const auto batch = test::column({test::noise(4, 4), mm::data::image{}});
  CHECK_THROWS_WITH((mm::image::resize{.height = 0}.fit(mm::exec::cpu{}, batch)),
                    "image::resize::fit: height must be at least 1");
  CHECK_THROWS_AS((mm::image::resize{.width = -3}.transform(mm::exec::cpu{}, batch)), mm::invalid_config);
  CHECK_THROWS_AS((mm::image::resize{.height = 1 << 20, .width = 1 << 20}.fit(mm::exec::cpu{}, batch)), mm::limit_error);
  CHECK_THROWS_WITH(mm::image::resize{}.transform(mm::exec::cpu{}, batch),
                    "image::resize::transform: picture 1 is empty (0 x 0 pixels)");
  CHECK_THROWS_AS(resized({}, mm::data::image{}), mm::data_error);
  CHECK(mm::image::resize{}.transform(mm::exec::cpu{}, mm::data::image_column{}).size() == 0);
}

TEST_CASE("pictures that are owned already are not refused") {
  const mm::image::uniform_images large(1, 8193, 8192);  // beyond limits::image_pixels
  CHECK(large[0].height() == 8193);
}

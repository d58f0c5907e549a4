// The image stages on the posters of a real catalogue.
#include <mmrec/image.hpp>

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <vector>

#include "image/support.hpp"
#include "support/catch.hpp"
#include "support/data.hpp"

namespace mm = mmrec;

TEST_CASE("posters become finite features with sane statistics") {
  const auto folder = test::data_set("movielens-small-mm");
  MMREC_SKIP_WITHOUT(folder, "movielens-small-mm");
  std::ifstream file(*folder / "posters_32x48_rgb.u8", std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  constexpr std::size_t picture = 48 * 32 * 3;
  REQUIRE(bytes.size() == 3485 * picture);
  mm::image::uniform_images posters(3485, 48, 32);
  for (std::size_t index = 0; index < posters.size(); ++index) {
    const auto to = posters.bytes(index);
    std::copy_n(bytes.begin() + std::ptrdiff_t(index * picture), picture, reinterpret_cast<char*>(to.data()));
  }
  const mm::exec::cpu cpu{.threads = 2};

  const auto model = mm::image::standardize{}.fit(cpu, posters);
  for (std::size_t channel = 0; channel < 3; ++channel) {
    CHECK(model.mean()[channel] > 60);
    CHECK(model.mean()[channel] < 160);
    CHECK(model.deviation()[channel] > 40);
    CHECK(model.deviation()[channel] < 110);
  }
  const auto numbers = model.transform(cpu, posters);
  CHECK(numbers.allFinite());
  CHECK(numbers.cwiseAbs().maxCoeff() < 5);

  // A smaller picture keeps the mean of the larger.
  const auto small = mm::image::resize_to<12, 8>{.filter = mm::image::filter::area}.transform(cpu, posters);
  const auto small_model = mm::image::standardize{}.fit(cpu, small);
  CHECK(small_model.mean()[0] == Approx(model.mean()[0]).margin(0.5));
  CHECK(small_model.deviation()[0] < model.deviation()[0]);

  const mm::image::color_histogram colors{.space = mm::image::color_space::hsv, .rows = 2, .columns = 2};
  const auto histograms = colors.transform(cpu, posters);
  CHECK(histograms.allFinite());
  CHECK((histograms.rowwise().sum().array() - 12).abs().maxCoeff() < 1e-4f);

  const auto shapes = mm::image::gradient_histogram{}.fit(cpu, posters).transform(cpu, posters);
  CHECK(shapes.cols() == 5 * 3 * 36);
  CHECK(shapes.allFinite());
  CHECK(shapes.minCoeff() >= 0);
  CHECK(shapes.maxCoeff() <= 1);
  // Every block of a picture that is not blank has length 1 at most, and nearly 1 in nearly all posters.
  CHECK(shapes.leftCols(36).rowwise().norm().mean() > 0.9f);
}

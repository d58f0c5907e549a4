#include <mmrec/core/stage.hpp>
#include <mmrec/image/standardize.hpp>

#include <cmath>
#include <cstddef>
#include <type_traits>
#include <vector>

#include "image/support.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"

namespace mm = mmrec;

TEST_CASE("each channel gets mean 0 and deviation 1 over all pixels, in planes") {
  std::vector<mm::data::image> pictures;
  for (std::uint32_t key = 0; key < 40; ++key) pictures.push_back(test::noise(6, 5, key));
  for (auto& picture : pictures) {
    for (std::size_t index = 1; index < picture.bytes.size(); index += 3) picture.bytes[index] /= 9;  // green is darker
  }
  const auto batch = test::column(pictures);
  const auto model = mm::image::standardize{}.fit(mm::exec::cpu{}, batch);
  CHECK(model.features() == 90);
  const auto out = model.transform(mm::exec::cpu{}, batch);
  REQUIRE(out.rows() == 40);
  REQUIRE(out.cols() == 90);
  for (Eigen::Index channel = 0; channel < 3; ++channel) {
    double mean = 0, squares = 0;
    for (const auto& picture : pictures) {
      for (std::size_t index = std::size_t(channel); index < picture.bytes.size(); index += 3)
        mean += picture.bytes[index] / 1200.0;
    }
    for (const auto& picture : pictures) {
      for (std::size_t index = std::size_t(channel); index < picture.bytes.size(); index += 3) {
        squares += (picture.bytes[index] - mean) * (picture.bytes[index] - mean) / 1200.0;
      }
    }
    CHECK(model.mean()[std::size_t(channel)] == Approx(mean).epsilon(1e-12));
    CHECK(model.deviation()[std::size_t(channel)] == Approx(std::sqrt(squares)).epsilon(1e-12));
    const mm::matrix<double> plane = out.middleCols(30 * channel, 30).cast<double>();
    CHECK(plane.mean() == Approx(0).margin(1e-6));
    CHECK(plane.squaredNorm() / 1200 == Approx(1).epsilon(1e-6));
    // Picture 3, row 4, column 2.
    CHECK(out(3, 30 * channel + 4 * 5 + 2) ==
          Approx((pictures[3].bytes[std::size_t((4 * 5 + 2) * 3 + channel)] - mean) / std::sqrt(squares)).epsilon(1e-6));
  }
}

TEST_CASE("a channel that is the same everywhere becomes 0") {
  const auto batch = test::column({test::filled(3, 3, 200), test::filled(3, 3, 200)});
  const auto model = mm::image::standardize{}.fit(mm::exec::cpu{}, batch);
  CHECK(model.transform(mm::exec::cpu{}, batch).isZero(0));
  CHECK(model.mean()[1] == 200.0);
  CHECK(model.deviation()[1] == 0.0);
}

TEST_CASE("standardized pictures have the same bits alone and in a batch, for any number of threads") {
  std::vector<mm::data::image> pictures;
  for (std::uint32_t key = 0; key < 100; ++key) pictures.push_back(test::noise(7, 9, key));
  const auto batch = test::column(pictures);
  const auto model = mm::image::standardize{}.fit(mm::exec::cpu{}, batch);
  const auto out = model.transform(mm::exec::cpu{}, batch);
  for (const std::size_t threads : {std::size_t{2}, std::size_t{8}}) {
    const mm::exec::cpu exec{.threads = threads};
    CHECK(mm::image::standardize{}.fit(exec, batch) == model);
    CHECK(model.transform(exec, batch) == out);
  }
  std::vector<float> one(model.features());
  mm::image::standardize_model::workspace scratch;
  for (std::size_t index = 0; index < 100; ++index) {
    CHECK(test::allocations_of([&] { model.transform_one(batch[index], one, scratch); }) == 0);
    const auto row = mm::row_of<float>(out, Eigen::Index(index));
    CHECK(std::equal(one.begin(), one.end(), row.begin(), row.end()));
  }
}

TEST_CASE("pictures of different sizes are refused with the cure") {
  const auto mixed = test::column({test::noise(4, 4), test::noise(4, 4), test::noise(5, 4)});
  CHECK_THROWS_AS(mm::image::standardize{}.fit(mm::exec::cpu{}, mixed), mm::shape_error);
  CHECK_THROWS_WITH(
      mm::image::standardize{}.fit(mm::exec::cpu{}, mixed),
      "image::standardize::fit: height of picture 2; put image::resize before this stage to give all pictures one size: "
      "expected 4, got 5");
  const auto model = mm::image::standardize{}.fit(mm::exec::cpu{}, test::column({test::noise(4, 4)}));
  CHECK_THROWS_WITH(model.transform(mm::exec::cpu{}, test::column({test::noise(4, 7)})),
                    test::contains("width of picture 0"));
  std::vector<float> out;
  mm::image::standardize_model::workspace scratch;
  CHECK_THROWS_AS(model.transform_one(test::noise(4, 7).view(), out, scratch), mm::shape_error);
  CHECK_THROWS_WITH(mm::image::standardize{}.fit(mm::exec::cpu{}, mm::data::image_column{}),
                    "image::standardize::fit: no pictures to learn from");
  CHECK_THROWS_AS(mm::image::standardize{}.fit(mm::exec::cpu{}, test::column({mm::data::image{}})), mm::data_error);
}

TEST_CASE("a static size of pictures becomes a static width") {
  using mm::kind::dense;
  CHECK(std::is_same_v<mm::output_of<mm::image::standardize, mm::kind::image<48, 32>>, dense<float, 48 * 32 * 3>>);
  CHECK(std::is_same_v<mm::output_of<mm::image::standardize, mm::kind::image<>>, dense<float>>);
  CHECK(std::is_same_v<mm::output_of<mm::image::standardize, mm::kind::image<48, mm::dynamic>>, dense<float>>);
  CHECK(!mm::takes<mm::image::standardize, mm::kind::text>);
}

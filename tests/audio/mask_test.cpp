#include <mmrec/audio/mask.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "support/catch.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;
namespace audio = mmrec::audio;

namespace {

std::vector<float> masked(std::size_t steps, std::size_t width, const audio::masking& spec, std::uint64_t stream) {
  std::vector<float> values(steps * width, 1.0f);
  mm::random_stream random(mm::seed{3}, stream);
  audio::mask(std::span<float>(values), steps, width, spec, random);
  return values;
}

}  // namespace

TEST_CASE("masks are whole rows and whole columns, no longer than asked for") {
  std::size_t most_rows = 0, most_columns = 0, fewest_rows = 99;
  bool first = false, last = false;
  for (std::uint64_t stream = 0; stream < 500; ++stream) {
    const auto values =
        masked(30, 10, {.time_masks = 1, .time_steps = 5, .band_masks = 1, .bands = 3, .value = -2.0f}, stream);
    std::vector<bool> row(30, true), column(10, true);
    for (std::size_t t = 0; t < 30; ++t) {
      for (std::size_t d = 0; d < 10; ++d) {
        REQUIRE((values[t * 10 + d] == 1.0f || values[t * 10 + d] == -2.0f));
        if (values[t * 10 + d] == 1.0f) row[t] = column[d] = false;
      }
    }
    for (std::size_t t = 0; t < 30; ++t) {
      for (std::size_t d = 0; d < 10; ++d) REQUIRE((values[t * 10 + d] == -2.0f) == (row[t] || column[d]));
    }
    const auto rows = static_cast<std::size_t>(std::count(row.begin(), row.end(), true));
    most_rows = std::max(most_rows, rows);
    fewest_rows = std::min(fewest_rows, rows);
    most_columns = std::max(most_columns, static_cast<std::size_t>(std::count(column.begin(), column.end(), true)));
    first = first || row.front();
    last = last || row.back();
  }
  CHECK(most_rows == 5);
  CHECK(fewest_rows == 0);
  CHECK(most_columns == 3);
  CHECK(first);
  CHECK(last);
}

TEST_CASE("the random stream decides, and the number of draws does not depend on the outcome") {
  const audio::masking spec{.time_masks = 2, .time_steps = 10, .band_masks = 2, .bands = 5};
  CHECK(masked(40, 20, spec, 1) == masked(40, 20, spec, 1));
  CHECK(masked(40, 20, spec, 1) != masked(40, 20, spec, 2));
  CHECK(masked(40, 20, {.time_masks = 0, .band_masks = 0}, 1) == std::vector<float>(800, 1.0f));
  CHECK(masked(40, 20, {.time_steps = 0, .bands = 0}, 1) == std::vector<float>(800, 1.0f));
}

TEST_CASE("sequences shorter than a mask, and none at all") {
  for (std::uint64_t stream = 0; stream < 50; ++stream) {
    CHECK(masked(3, 2, {.time_steps = 1000, .bands = 1000}, stream).size() == 6);
    CHECK(masked(0, 4, {}, stream).empty());
    CHECK(masked(4, 0, {}, stream).empty());
  }
}

TEST_CASE("what makes no sense is refused") {
  std::vector<double> values(6);
  mm::random_stream random(mm::seed{1});
  CHECK_THROWS_AS(audio::mask(std::span<double>(values), 2, 4, {}, random), mm::shape_error);
  const auto bad = [&](const audio::masking& spec) {
    return test::thrown<mm::invalid_config>([&] { audio::mask(std::span<double>(values), 2, 3, spec, random); });
  };
  CHECK_THAT(bad({.time_masks = -1}), test::contains("audio::mask: time_masks must not be negative"));
  CHECK_THAT(bad({.time_steps = -1}), test::contains("time_steps"));
  CHECK_THAT(bad({.band_masks = -1}), test::contains("band_masks"));
  CHECK_THAT(bad({.bands = -1}), test::contains("bands"));
}

#include <mmrec/data/image.hpp>

#include <cstdint>
#include <limits>
#include <vector>

#include "support/catch.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;
namespace data = mmrec::data;

TEST_CASE("a view gives rows, padded or not") {
  std::vector<std::uint8_t> bytes(40);
  for (std::size_t at = 0; at < bytes.size(); ++at) bytes[at] = static_cast<std::uint8_t>(at);
  const data::image_view tight(bytes, 3, 4);
  CHECK(tight.row(2)[0] == 24);
  CHECK(tight.row(2).size() == 12);
  const data::image_view padded(bytes, 2, 4, 20);
  CHECK(padded.row(1)[0] == 20);
  CHECK(padded.row(1).size() == 12);
  CHECK(data::image_view().height() == 0);
  CHECK(data::image_view({}, 0, 7).width() == 7);
  CHECK(data::image_view({}, 7, 0).row(6).empty());
}

TEST_CASE("bytes that do not hold the picture are refused") {
  const std::vector<std::uint8_t> bytes(36);
  CHECK(test::thrown<mm::shape_error>([&] { data::image_view(bytes, 3, 5); }) ==
        "data::image_view: bytes, at least: expected 45, got 36");
  CHECK(test::thrown<mm::shape_error>([&] { data::image_view(bytes, 1, 4, 11); }) ==
        "data::image_view: row stride in bytes, at least: expected 12, got 11");
  CHECK_NOTHROW(data::image_view(bytes, 2, 4, 24));  // the last row needs no padding
  CHECK_THROWS_AS(data::image_view(bytes, 2, 4, 25), mm::shape_error);
  constexpr std::size_t huge = std::size_t{1} << 33;
  CHECK_THROWS_AS(data::image_view(bytes, huge, huge), mm::limit_error);
  CHECK_THROWS_AS(data::image_view(bytes, 1, huge), mm::limit_error);
  CHECK_THROWS_AS(data::image_view(bytes, 10000, 10000), mm::limit_error);
  CHECK_THROWS_AS(data::image_view(bytes, 3, 1, std::numeric_limits<std::size_t>::max() / 2), mm::limit_error);
  mm::limits bounds;
  bounds.image_pixels = 11;
  CHECK_THROWS_AS(data::image_view(bytes, 3, 4, 0, bounds), mm::limit_error);
}

TEST_CASE("a column keeps pictures of any size, without their padding") {
  std::vector<std::uint8_t> bytes(40);
  for (std::size_t at = 0; at < bytes.size(); ++at) bytes[at] = static_cast<std::uint8_t>(at);
  data::image_column column;
  column.push_back({bytes, 2, 4, 20});
  column.push_back({bytes, 0, 0});
  column.push_back({bytes, 3, 1});
  CHECK(column.size() == 3);
  CHECK(column[0].height() == 2);
  CHECK(column[0].row(1)[0] == 20);
  CHECK(column[1].height() == 0);
  CHECK(column[2].row(2)[2] == 8);
  static_assert(data::image_batch<data::image_column>);
}

TEST_CASE("an owned picture keeps its memory between uses") {
  data::image picture;
  picture.resize(2, 3);
  CHECK(picture.bytes.size() == 18);
  const auto* memory = picture.bytes.data();
  picture.resize(1, 3);
  CHECK(picture.bytes.data() == memory);
  CHECK(picture.view().width() == 3);
}

TEST_CASE("what is owned is not measured against the default limit again") {
  data::image picture;
  picture.resize(1, static_cast<std::size_t>(mm::limits{}.image_pixels) + 1);
  CHECK(picture.view().width() == picture.width);
  CHECK_THROWS_AS(data::image_view(picture.bytes, 1, picture.width), mm::limit_error);
}

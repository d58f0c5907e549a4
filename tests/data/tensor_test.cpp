#include <mmrec/data/tensor.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/catch.hpp"

namespace mm = mmrec;

namespace {
template <class T>
concept views_as_span = requires(T&& values) {
  mm::as_span(std::forward<T>(values));
};
mm::tensor<float, 3> counted(std::size_t a, std::size_t b, std::size_t c) {
  mm::tensor<float, 3> values(std::array<std::size_t, 3>{a, b, c});
  std::iota(values.begin(), values.end(), 0.0f);
  return values;
}
}  // namespace

TEST_CASE("a tensor is row-major and its span has its memory") {
  auto values = counted(2, 3, 4);
  const std::span<float> all = mm::as_span(values);
  CHECK(all.data() == values.data());
  CHECK(all.size() == 24);
  CHECK(values(1, 2, 3) == all[1 * 12 + 2 * 4 + 3]);
  all[5] = -1;
  CHECK(values(0, 1, 1) == -1);
  const auto& constant = values;
  CHECK(std::is_same_v<decltype(mm::as_span(constant)), std::span<const float>>);
  CHECK(views_as_span<mm::tensor<float, 1>&>);
  CHECK_FALSE(views_as_span<mm::tensor<float, 1>>);  // a view of a temporary would dangle
}

TEST_CASE("a span becomes a tensor of a shape that fits it") {
  std::vector<int> numbers{0, 1, 2, 3, 4, 5};
  auto view = mm::as_tensor(std::span<int>(numbers), std::array<std::size_t, 2>{2, 3});
  CHECK(view(1, 0) == 3);
  view(1, 2) = 50;
  CHECK(numbers[5] == 50);
  const auto constant = mm::as_tensor(std::span<const int>(numbers), std::array<std::size_t, 3>{1, 6, 1});
  CHECK(constant(0, 4, 0) == 4);
  CHECK(constant.data() == numbers.data());
  const auto wrong = [&](std::size_t a, std::size_t b) {
    return mm::as_tensor(std::span<int>(numbers), std::array<std::size_t, 2>{a, b});
  };
  CHECK_THROWS_AS(wrong(2, 2), mm::shape_error);
  CHECK_THROWS_WITH(wrong(4, 2), test::contains("as_tensor") && test::contains("8") && test::contains("6"));
  CHECK_THROWS_AS(wrong(std::size_t{1} << 33, std::size_t{1} << 33), mm::limit_error);
  const auto empty = mm::as_tensor(std::span<int>(), std::array<std::size_t, 2>{0, 7});
  CHECK(empty.size() == 0);
}

TEST_CASE("matrices and tensors of rank 2 view each other") {
  mm::matrix<double> values(3, 2);
  values << 1, 2, 3, 4, 5, 6;
  auto view = mm::as_tensor(values);
  CHECK(view.data() == values.data());
  CHECK(view.shape()[0] == 3);
  CHECK(view.shape()[1] == 2);
  for (std::size_t row = 0; row < 3; ++row) {
    for (std::size_t column = 0; column < 2; ++column) {
      CHECK(view(row, column) == values(static_cast<Eigen::Index>(row), static_cast<Eigen::Index>(column)));
    }
  }
  view(2, 0) = 7;
  CHECK(values(2, 0) == 7);

  mm::tensor<double, 2> owner = view;  // copies
  CHECK(owner.data() != values.data());
  auto map = mm::as_matrix(owner);
  CHECK(map.data() == owner.data());
  CHECK(map == values);
  map(0, 1) = 20;
  CHECK(owner(0, 1) == 20);
  const mm::matrix_view<double> passed = mm::as_matrix(std::as_const(owner));
  CHECK(passed.data() == owner.data());

  const mm::matrix<double> single_row = values.row(1);
  CHECK(mm::as_tensor(single_row)(0, 1) == 4);
  const mm::matrix<double> none(0, 5);
  CHECK(mm::as_tensor(none).size() == 0);
  CHECK(mm::as_tensor(none).shape()[1] == 5);
}

TEST_CASE("tensors of bytes are pictures") {
  mm::tensor<std::uint8_t, 3> pixels(std::array<std::size_t, 3>{4, 5, 3});
  std::iota(pixels.begin(), pixels.end(), std::uint8_t{0});
  const auto picture = mm::as_image(pixels);
  CHECK(picture.height() == 4);
  CHECK(picture.width() == 5);
  CHECK(picture.row(2)[4] == pixels(2, 1, 1));
  const mm::tensor<std::uint8_t, 3> grey(std::array<std::size_t, 3>{4, 5, 1});
  CHECK_THROWS_AS(mm::as_image(grey), mm::shape_error);
  CHECK_THROWS_WITH(mm::as_image(grey), test::contains("as_image: channels: expected 3, got 1"));
}

TEST_CASE("pictures are tensors of bytes, padding left out") {
  for (const std::size_t height : std::vector<std::size_t>{0, 1, 2, 3}) {
    for (const std::size_t width : std::vector<std::size_t>{0, 1, 2, 4}) {
      for (const std::size_t padding : std::vector<std::size_t>{0, 5}) {
        const std::size_t stride = width * 3 + padding;
        std::vector<std::uint8_t> bytes(height * stride + 1);
        for (std::size_t at = 0; at < bytes.size(); ++at) bytes[at] = static_cast<std::uint8_t>(at * 7);
        const mm::data::image_view picture(bytes, height, width, stride);
        const auto view = mm::as_tensor(picture);
        CAPTURE(height, width, padding);
        REQUIRE(view.size() == height * width * 3);
        for (std::size_t y = 0; y < height; ++y) {
          for (std::size_t x = 0; x < width; ++x) {
            for (std::size_t channel = 0; channel < 3; ++channel)
              CHECK(view(y, x, channel) == picture.row(y)[x * 3 + channel]);
          }
        }
        const mm::tensor<std::uint8_t, 3> copy = view;
        CHECK(copy.size() == view.size());
        for (std::size_t y = 0; y < height; ++y) {
          const auto row = picture.row(y);
          CHECK(std::equal(row.begin(), row.end(), copy.data() + y * width * 3));
        }
      }
    }
  }
}

#include <mmrec/data/sequences.hpp>

#include <array>
#include <cstddef>
#include <vector>

#include "support/catch.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;
using mm::data::sequence;
using mm::data::sequences;

static_assert(mm::data::sequence_batch<sequences<double>, double>);
static_assert(!mm::data::sequence_batch<sequences<double>, float>);

TEST_CASE("sequences of any lengths lie one after another") {
  sequences<float> batch;
  CHECK(batch.size() == 0);
  const std::vector<float> a{1, 2, 3, 4, 5, 6}, b{7, 8};
  batch.push_back({a, 3, 2});
  batch.push_back({{}, 0, 2});
  batch.push_back({b, 1, 2});
  REQUIRE(batch.size() == 3);
  CHECK(batch.width() == 2);
  CHECK(batch.steps(0) == 3);
  CHECK(batch[1].steps == 0);
  CHECK(batch[1].values.empty());
  CHECK(batch[0][2][1] == 6.0f);
  CHECK(batch[2].values[0] == 7.0f);
  CHECK(std::vector<std::size_t>(batch.starts().begin(), batch.starts().end()) == std::vector<std::size_t>{0, 3, 3, 4});
  CHECK(batch.values().size() == 8);
}

TEST_CASE("sequences of known lengths are filled in place") {
  const std::array<std::size_t, 3> lengths{2, 0, 1};
  sequences<double> batch(lengths, 2);
  REQUIRE(batch.size() == 3);
  CHECK(batch.rows(1).empty());
  batch.rows(2)[1] = 5.0;
  CHECK(batch[2].values[1] == 5.0);
  CHECK(batch[0].values[3] == 0.0);
  sequence<double> one;
  one.resize(1, 2);
  one.values[1] = 5.0;
  CHECK(one.view().values[1] == 5.0);
  sequences<double> other(2);
  other.push_back({std::vector<double>(4), 2, 2});
  other.push_back({{}, 0, 2});
  other.push_back(one.view());
  CHECK(other == batch);
}

TEST_CASE("another width, or a view that contradicts itself, is refused") {
  sequences<float> batch(3);
  CHECK_THAT(test::thrown<mm::shape_error>([&] {
               batch.push_back({std::vector<float>(4), 2, 2});
             }),
             test::contains("data::sequences::push_back: width of the sequence: expected 3, got 2"));
  CHECK_THAT(test::thrown<mm::shape_error>([&] {
               batch.push_back({std::vector<float>(4), 2, 3});
             }),
             test::contains("numbers of the sequence: expected 6, got 4"));
  const std::array<std::size_t, 2> absurd{static_cast<std::size_t>(-1), 1};
  CHECK_THROWS_AS(sequences<float>(absurd, 1), mm::limit_error);
}

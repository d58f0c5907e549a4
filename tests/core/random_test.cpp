#include <mmrec/core/random.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "support/catch.hpp"

namespace mm = mmrec;

TEST_CASE("philox4x32-10 gives the published vectors") {
  // Random123 1.14, examples/kat_vectors, rows "philox4x32 10".
  using block = mm::philox::counter_type;
  CHECK(mm::philox::block({0, 0, 0, 0}, {0, 0}) == block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(mm::philox::block({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}) ==
        block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(mm::philox::block({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("a stream can start at any position") {
  mm::random_stream whole(mm::seed{9}, 4);
  std::vector<std::uint32_t> numbers(23);
  for (auto& number : numbers) number = whole.bits32();
  for (std::size_t position = 0; position < numbers.size(); ++position) {
    mm::random_stream part(mm::seed{9}, 4, position);
    CHECK(part.bits32() == numbers[position]);
  }
}

TEST_CASE("streams and derived seeds differ") {
  CHECK(mm::random_stream(mm::seed{1}, 0).bits64() != mm::random_stream(mm::seed{1}, 1).bits64());
  CHECK(mm::seed{1}.derive(0) != mm::seed{1}.derive(1));
  CHECK(mm::seed{1}.derive(0) != mm::seed{2}.derive(0));
}

TEST_CASE("uniform and normal numbers have their moments") {
  mm::random_stream random(mm::seed{3});
  constexpr int count = 200000;
  double sum = 0, squares = 0, fourth = 0, uniform_sum = 0;
  float largest = 0;
  for (int i = 0; i < count; ++i) {
    const double x = random.normal();
    sum += x;
    squares += x * x;
    fourth += x * x * x * x;
    uniform_sum += random.uniform();
    largest = std::max(largest, random.uniform_float());
  }
  CHECK(std::abs(sum / count) < 4.0 / std::sqrt(count));
  CHECK(squares / count == Approx(1.0).margin(0.02));
  CHECK(fourth / count == Approx(3.0).margin(0.15));
  CHECK(uniform_sum / count == Approx(0.5).margin(0.005));
  CHECK(largest < 1.0f);
}

TEST_CASE("below is unbiased and in range") {
  mm::random_stream random(mm::seed{5});
  std::vector<int> counts(7, 0);
  for (int i = 0; i < 70000; ++i) ++counts[random.below(7)];
  for (const int count : counts) CHECK(count == Approx(10000).margin(500));
  CHECK(random.below(1) == 0);
}

TEST_CASE("shuffle permutes and sample draws distinct numbers") {
  mm::random_stream random(mm::seed{8});
  std::vector<int> values(100);
  for (int i = 0; i < 100; ++i) values[static_cast<std::size_t>(i)] = i;
  auto shuffled = values;
  random.shuffle(std::span<int>(shuffled));
  CHECK(shuffled != values);
  std::sort(shuffled.begin(), shuffled.end());
  CHECK(shuffled == values);
  const auto drawn = random.sample(50, 20);
  CHECK(drawn.size() == 20);
  CHECK(std::adjacent_find(drawn.begin(), drawn.end(), [](auto a, auto b) { return a >= b; }) == drawn.end());
  CHECK(drawn.back() < 50);
  CHECK(random.sample(5, 5) == std::vector<std::uint32_t>{0, 1, 2, 3, 4});
  CHECK_THROWS_AS(random.sample(5, 6), mm::invalid_config);
}

TEST_CASE("the same seed gives the same numbers on every platform") {
  // The number comes from tests/golden/random_stream.py, which spells the generator out in Python.
  mm::random_stream random(mm::seed{42}, 7);
  std::uint64_t hash = 1469598103934665603ULL;
  for (int i = 0; i < 1000; ++i) {
    hash = (hash ^ random.bits64()) * 1099511628211ULL;
    hash = (hash ^ random.below(1000)) * 1099511628211ULL;
  }
  CHECK(hash == 14316130070751237616ULL);
}

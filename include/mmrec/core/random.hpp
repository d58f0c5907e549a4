// mmrec/core/random.hpp - counter-based random numbers that are the same everywhere.
#pragma once
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <span>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>

namespace mmrec::inline v0 {

/// The one number that all randomness of a call derives from.
struct seed {
  std::uint64_t value = 0;

  constexpr seed() = default;
  constexpr explicit seed(std::uint64_t number) : value(number) {}

  /// An independent seed for part `index` of a whole (a branch, a stage, an epoch); splitmix64's finaliser.
  constexpr seed derive(std::uint64_t index) const {
    std::uint64_t z = value + 0x9e3779b97f4a7c15ULL * (index + 1);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return seed{z ^ (z >> 31)};
  }
  friend constexpr bool operator==(const seed&, const seed&) = default;
};

/// Philox4x32-10: a bijection from (key, counter) to 128 random bits.
/// Reference  Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
struct philox {
  using counter_type = std::array<std::uint32_t, 4>;
  using key_type = std::array<std::uint32_t, 2>;

  static constexpr counter_type block(counter_type counter, key_type key) {
    for (int round = 0; round < 10; ++round) {
      const std::uint64_t product0 = std::uint64_t{0xD2511F53u} * counter[0];
      const std::uint64_t product1 = std::uint64_t{0xCD9E8D57u} * counter[2];
      counter = {static_cast<std::uint32_t>(product1 >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(product1),
                 static_cast<std::uint32_t>(product0 >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(product0)};
      key = {key[0] + 0x9E3779B9u, key[1] + 0xBB67AE85u};
    }
    return counter;
  }
};

/// A sequence of random numbers named by (seed, stream). Cheap to make: give each row, user or epoch its own stream,
/// so that the result does not depend on how work is spread over threads.
/// All transforms are our own: the distributions of <random> differ between standard libraries.
class random_stream {
 public:
  constexpr explicit random_stream(seed key, std::uint64_t stream = 0, std::uint64_t position = 0)
      : key_{static_cast<std::uint32_t>(key.value), static_cast<std::uint32_t>(key.value >> 32)},
        stream_(stream),
        next_block_(position / 4),
        used_(4) {
    if (position % 4 != 0) {
      refill();
      used_ = static_cast<unsigned>(position % 4);
    }
  }

  /// 32 uniform bits.
  constexpr std::uint32_t bits32() {
    if (used_ == 4) refill();
    return block_[used_++];
  }
  /// 64 uniform bits.
  constexpr std::uint64_t bits64() {
    const std::uint64_t low = bits32();
    return low | (std::uint64_t{bits32()} << 32);
  }
  /// Uniform in [0, 1) with 53 bits.
  constexpr double uniform() { return static_cast<double>(bits64() >> 11) * 0x1.0p-53; }
  /// Uniform in [0, 1) with 24 bits.
  constexpr float uniform_float() { return static_cast<float>(bits32() >> 8) * 0x1.0p-24f; }
  /// Uniform in 0..bound-1 without bias; bound >= 1. Reference  Lemire, ACM TOMACS 29(1), 2019.
  constexpr std::uint32_t below(std::uint32_t bound) {
    std::uint64_t product = std::uint64_t{bits32()} * bound;
    if (static_cast<std::uint32_t>(product) < bound) {
      const std::uint32_t threshold = (0u - bound) % bound;
      while (static_cast<std::uint32_t>(product) < threshold) product = std::uint64_t{bits32()} * bound;
    }
    return static_cast<std::uint32_t>(product >> 32);
  }
  /// Standard normal, by Box and Muller's transform; two 64-bit draws a pair, one kept for the next call. The last bits
  /// depend on log1p, sin and cos of the C library, those of all other members on nothing but the seed.
  double normal() {
    if (has_spare_) {
      has_spare_ = false;
      return spare_;
    }
    const double radius = std::sqrt(-2.0 * std::log1p(-uniform()));
    const double angle = 2.0 * std::numbers::pi * uniform();
    spare_ = radius * std::sin(angle);
    has_spare_ = true;
    return radius * std::cos(angle);
  }
  /// Puts the values in uniformly random order (Fisher and Yates). At most 2^32 - 1 values.
  template <class T>
  constexpr void shuffle(std::span<T> values) {
    for (std::size_t last = values.size(); last > 1; --last) {
      const std::size_t other = below(static_cast<std::uint32_t>(last));
      using std::swap;
      swap(values[last - 1], values[other]);
    }
  }
  /// `count` distinct numbers of 0..population-1 in increasing order, each subset equally likely.
  /// O(population) time. Reference  Knuth, TAOCP vol. 2, algorithm 3.4.2 S.
  std::vector<std::uint32_t> sample(std::uint32_t population, std::uint32_t count) {
    require_config(count <= population, "random_stream::sample", "count", "exceeds the population");
    std::vector<std::uint32_t> chosen;
    chosen.reserve(count);
    for (std::uint32_t candidate = 0; chosen.size() < count; ++candidate) {
      const auto missing = static_cast<std::uint32_t>(count - chosen.size());
      if (below(population - candidate) < missing) chosen.push_back(candidate);
    }
    return chosen;
  }

 private:
  constexpr void refill() {
    block_ = philox::block({static_cast<std::uint32_t>(next_block_), static_cast<std::uint32_t>(next_block_ >> 32),
                            static_cast<std::uint32_t>(stream_), static_cast<std::uint32_t>(stream_ >> 32)},
                           key_);
    ++next_block_;
    used_ = 0;
  }
  philox::key_type key_;
  std::uint64_t stream_;
  std::uint64_t next_block_;
  philox::counter_type block_{};
  unsigned used_;
  double spare_ = 0.0;
  bool has_spare_ = false;
};

}  // namespace mmrec::inline v0

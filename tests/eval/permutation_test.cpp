#include <mmrec/eval/permutation.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/exec/cpu.hpp>

#include "support/catch.hpp"

namespace mm = mmrec;
namespace eval = mmrec::eval;

namespace {
const mm::exec::cpu one_thread{};
}

TEST_CASE("few users: all permutations, as scipy.stats.permutation_test counts them") {
  const std::vector<double> first{.5, .25, 0, 1, .75, .3, .9}, second{.25, .3, 0, .5, .5, .35, .4};
  const auto found = eval::paired_permutation(one_thread, first, second);
  CHECK(found.exact);
  CHECK(found.p_value == 0.125);  // permutation_type="samples", n_resamples=inf
  CHECK(found.difference == Approx(0.2));
  const auto mirrored = eval::paired_permutation(one_thread, second, first);
  CHECK(mirrored.p_value == 0.125);
  CHECK(mirrored.difference == Approx(-0.2));
  const auto same = eval::paired_permutation(one_thread, first, first);
  CHECK(same.exact);
  CHECK(same.p_value == 1.0);
}

TEST_CASE("exact p values equal a count over all sign vectors") {
  for (std::uint64_t number = 0; number < 30; ++number) {
    mm::random_stream random(mm::seed{number});
    const std::size_t users = 1 + random.below(12);
    std::vector<double> first(users), second(users);
    // Quarters: sums are exact, and many of them equal the observed one.
    for (double& value : first) value = random.below(5) / 4.0;
    for (double& value : second) value = random.below(5) / 4.0;
    double observed = 0.0;
    for (std::size_t user = 0; user < users; ++user) observed += first[user] - second[user];
    std::size_t as_far = 0;
    for (std::size_t signs = 0; signs < std::size_t{1} << users; ++signs) {
      double sum = 0.0;
      for (std::size_t user = 0; user < users; ++user) {
        sum += ((signs >> user) & 1) != 0 ? first[user] - second[user] : second[user] - first[user];
      }
      as_far += std::abs(sum) >= std::abs(observed) ? 1 : 0;
    }
    const auto found = eval::paired_permutation(one_thread, first, second);
    CHECK(found.exact);
    CHECK(found.p_value ==
          Approx(static_cast<double>(as_far) / static_cast<double>(std::size_t{1} << users)).epsilon(1e-12));
  }
}

TEST_CASE("many users: a sample near the exact value, the same for any number of threads") {
  mm::random_stream random(mm::seed{3});
  std::vector<double> first(18), second(18);
  for (double& value : first) value = 0.6 + random.normal();
  for (double& value : second) value = random.normal();
  const auto exact = eval::paired_permutation(one_thread, first, second, {.permutations = std::size_t{1} << 18});
  const auto sampled = eval::paired_permutation(one_thread, first, second);
  CHECK(exact.exact);
  CHECK_FALSE(sampled.exact);
  CHECK(sampled.p_value == Approx(exact.p_value).margin(4 * std::sqrt(exact.p_value / 10'000)));
  for (const std::size_t threads : {2u, 8u}) {
    CHECK(eval::paired_permutation(mm::exec::cpu{.threads = threads}, first, second) == sampled);
  }
  CHECK(eval::paired_permutation(one_thread, first, second, {.key = mm::seed{7}}) != sampled);
}

TEST_CASE("without a difference, p values are about uniform; with one, small") {
  std::size_t below = 0;
  for (std::uint64_t number = 0; number < 400; ++number) {
    mm::random_stream random(mm::seed{100 + number});
    std::vector<double> first(40), second(40);
    for (double& value : first) value = random.normal();
    for (double& value : second) value = random.normal();
    below += eval::paired_permutation(one_thread, first, second, {.permutations = 500}).p_value < 0.1 ? 1 : 0;
  }
  CHECK(below > 40 - 24);  // four standard deviations
  CHECK(below < 40 + 24);
  const std::vector<double> better(200, 0.5), worse(200, 0.4);
  CHECK(eval::paired_permutation(one_thread, better, worse).p_value == 1.0 / 10'001);
}

TEST_CASE("what cannot be compared is an error with a name") {
  const std::vector<double> two{1, 2}, three{1, 2, 3}, bad{1, std::numeric_limits<double>::quiet_NaN()};
  CHECK_THROWS_WITH(eval::paired_permutation(one_thread, two, three),
                    "eval::paired_permutation: values of the second model: expected 2, got 3");
  CHECK_THROWS_WITH(eval::paired_permutation(one_thread, two, bad),
                    "eval::paired_permutation: second model's value 1 is not finite");
  CHECK_THROWS_WITH(eval::paired_permutation(one_thread, {}, {}), "eval::paired_permutation: there are no users to compare");
  CHECK_THROWS_WITH(eval::paired_permutation(one_thread, two, two, {.permutations = 0}),
                    "eval::paired_permutation: permutations must be at least 1");
}

TEST_CASE("Holm's correction equals p.adjust of R") {
  const std::vector<double> p{0.01, 0.04, 0.03, 0.005, 0.5, 0.04};
  const std::vector<double> expected{0.05, 0.12, 0.12, 0.03, 0.5, 0.12};
  const auto found = eval::holm(p);
  REQUIRE(found.size() == expected.size());
  for (std::size_t index = 0; index < p.size(); ++index) CHECK(found[index] == Approx(expected[index]).epsilon(1e-12));
  CHECK(eval::holm({}).empty());
  CHECK(eval::holm(std::vector<double>{0.9, 0.8}) == std::vector<double>{1.0, 1.0});
  CHECK_THROWS_AS(eval::holm(std::vector<double>{1.5}), mm::data_error);
}

TEST_CASE("rounding does not decide about sums that are equally far") {
  // They add up to 0, so that no change of signs comes nearer; rounded, the sum is 2.8e-17, and that of others is 0.
  const std::vector<double> first{0.1, 0.2, -0.3, 0.3, -0.2, -0.1}, none(6, 0.0);
  CHECK(eval::paired_permutation(one_thread, first, none).p_value == 1.0);
}

TEST_CASE("a sample of signs is that of plain sums, whatever the number of users and draws") {
  for (const std::size_t users : {20u, 32u, 33u, 100u}) {
    for (const std::size_t permutations : {1u, 7u, 100u, 129u}) {
      mm::random_stream random(mm::seed{users});
      std::vector<double> first(users), none(users, 0.0);
      for (double& value : first) value = 0.3 + random.normal();
      double observed = 0.0;
      for (const double value : first) observed += value;
      double as_far = 1.0;
      for (std::size_t draw = 0; draw < permutations; ++draw) {
        mm::random_stream signs(mm::seed{42}, draw);
        double sum = 0.0;
        std::uint32_t bits = 0;
        for (std::size_t user = 0; user < users; ++user, bits >>= 1) {
          if (user % 32 == 0) bits = signs.bits32();
          sum += (bits & 1u) != 0 ? first[user] : -first[user];
        }
        as_far += std::abs(sum) >= std::abs(observed) ? 1.0 : 0.0;
      }
      const auto found = eval::paired_permutation(one_thread, first, none, {.permutations = permutations});
      CHECK(found.p_value == as_far / (1.0 + static_cast<double>(permutations)));
    }
  }
}

#include <mmrec/core/random.hpp>
#include <mmrec/fusion/reciprocal_rank.hpp>
#include <mmrec/fusion/weighted_sum.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "fusion/support.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"

namespace mm = mmrec;
using mm::fusion::missing;
using mm::fusion::normalization;

namespace {

constexpr float nothing = std::numeric_limits<float>::quiet_NaN();
constexpr float inf = std::numeric_limits<float>::infinity();
constexpr missing policies[] = {missing::zero, missing::mean, missing::renormalize, missing::drop};
constexpr normalization scales[] = {normalization::none, normalization::z_score, normalization::min_max,
                                    normalization::rank};

using scores = std::vector<std::vector<float>>;

std::vector<std::span<const float>> spans(const scores& branches) { return {branches.begin(), branches.end()}; }

std::vector<std::string> names(std::size_t count) {
  return {test::modality_names.begin(), test::modality_names.begin() + std::ptrdiff_t(count)};
}

std::vector<float> fuse(const mm::fusion::weighted_sum& spec, const scores& branches) {
  const auto model = spec.fit(names(branches.size()), branches[0].size());
  std::vector<float> out(branches[0].size());
  mm::fusion::weighted_sum_model::workspace scratch;
  model.combine(spans(branches), out, scratch);
  return out;
}

/// Random scores; branch b judges item i exactly when bit b of i modulo 8 is set. With ties.
scores patterned(std::size_t items) {
  mm::random_stream random(mm::seed{3});
  scores branches(3, std::vector<float>(items));
  for (std::size_t b = 0; b < 3; ++b) {
    for (std::size_t item = 0; item < items; ++item) {
      const auto value = static_cast<float>(b == 1 ? double(random.below(4)) : random.normal() * 50);
      branches[b][item] = (item % 8 >> b & 1) != 0 ? value : nothing;
    }
  }
  return branches;
}

/// The normalised scores of a branch, written the long way.
std::vector<double> normalise(normalization how, const std::vector<float>& branch) {
  std::vector<double> finite;
  for (const float x : branch) {
    if (!std::isnan(x)) finite.push_back(x);
  }
  const auto n = double(finite.size());
  double mean = 0, variance = 0;
  for (const double x : finite) mean += x / n;
  for (const double x : finite) variance += (x - mean) * (x - mean) / n;
  const auto [low, high] = std::minmax_element(finite.begin(), finite.end());
  std::vector<double> result;
  for (const float x : branch) {
    double y = x;
    if (how == normalization::z_score) y = (x - mean) / std::sqrt(variance);
    if (how == normalization::min_max) y = (x - *low) / (*high - *low);
    if (how == normalization::rank)
      y = double(std::count_if(finite.begin(), finite.end(), [x](double z) { return z < x; })) / (n - 1);
    result.push_back(std::isnan(x) ? double(nothing) : y);
  }
  return result;
}

void check_equal(float actual, double expected) {
  if (std::isnan(expected)) {
    CHECK(std::isnan(actual));
  } else {
    CHECK(actual == Approx(expected).epsilon(1e-5).margin(1e-5));
  }
}

}  // namespace

TEST_CASE("every pattern of judging branches under every policy and scale gives what the definition says") {
  const scores branches = patterned(64);
  for (const std::vector<float>& weights : {std::vector<float>{1, 1, 1}, {0.5f, 2, 1}, {0, 3, 1}}) {
    for (const normalization scale : scales) {
      std::vector<std::vector<double>> normal;
      std::vector<double> means;
      for (const auto& branch : branches) {
        normal.push_back(normalise(scale, branch));
        double sum = 0, count = 0;
        for (const double x : normal.back()) {
          if (!std::isnan(x)) {
            sum += x;
            ++count;
          }
        }
        means.push_back(sum / count);
      }
      for (const missing policy : policies) {
        const auto fused = fuse({.weights = weights, .normalization = scale, .missing = policy}, branches);
        for (std::size_t item = 0; item < 64; ++item) {
          double sum = 0, has = 0;
          bool complete = true;
          for (std::size_t b = 0; b < 3; ++b) {
            if (weights[b] == 0) continue;
            if (!std::isnan(normal[b][item])) {
              sum += weights[b] * normal[b][item];
              has += weights[b];
            } else {
              complete = false;
              if (policy == missing::mean) sum += weights[b] * means[b];
            }
          }
          if (policy == missing::renormalize) sum /= has;
          const bool none = has == 0 || (policy == missing::drop && !complete);
          INFO("item " << item << " policy " << int(policy) << " scale " << int(scale));
          check_equal(fused[item], none ? double(nothing) : sum);
        }
      }
    }
  }
}

TEST_CASE("contributions sum to the fused score and are NaN where there is none") {
  const scores branches = patterned(40);
  mm::fusion::weighted_sum_model::workspace scratch;
  for (const normalization scale : scales) {
    for (const missing policy : policies) {
      const mm::fusion::weighted_sum spec{.weights = {1, 0.5f, 2}, .normalization = scale, .missing = policy};
      const auto fused = fuse(spec, branches);
      const auto model = spec.fit(names(3), 40);
      for (std::size_t item = 0; item < 40; ++item) {
        std::vector<float> parts(3);
        model.contributions(spans(branches), mm::item_id{item}, parts, scratch);
        INFO("item " << item << " policy " << int(policy) << " scale " << int(scale));
        check_equal(parts[0] + parts[1] + parts[2], fused[item]);
        if (std::isnan(fused[item])) CHECK(std::all_of(parts.begin(), parts.end(), [](float x) { return std::isnan(x); }));
        if (!std::isnan(fused[item]) && std::isnan(branches[0][item]) && policy != missing::mean) CHECK(parts[0] == 0.0f);
      }
    }
  }
}

TEST_CASE("constant scores say nothing") {
  for (const normalization scale : {normalization::z_score, normalization::min_max, normalization::rank}) {
    for (const float value : {0.1f, 0.0f, -3e38f}) {
      const auto fused =
          fuse({.normalization = scale}, {{value, value, value, value, value, value, value}, {1, 2, 3, 4, 5, 6, 7}});
      const auto alone = fuse({.normalization = scale}, {{1, 2, 3, 4, 5, 6, 7}});
      CHECK(fused == alone);
    }
    CHECK(fuse({.normalization = scale}, {{5}}) == std::vector<float>{0});
    CHECK(fuse({.normalization = scale}, {{0.0f, -0.0f}}) == std::vector<float>{0, 0});
  }
}

TEST_CASE("one branch is that branch, and a branch of weight 0 is not there") {
  const scores two = {{3, 1, nothing, 2}, {0, 5, 1, nothing}};
  for (const normalization scale : scales) {
    for (const missing policy : policies) {
      const auto alone = fuse({.normalization = scale, .missing = policy}, {two[0]});
      const auto muted = fuse({.weights = {1, 0}, .normalization = scale, .missing = policy}, two);
      for (std::size_t item = 0; item < 4; ++item) check_equal(muted[item], alone[item]);
      CHECK(std::isnan(alone[2]));
    }
  }
  CHECK(fuse({.normalization = normalization::none}, {{3, 1, 2}}) == std::vector<float>{3, 1, 2});
  // Even infinities of a muted branch do not leak: 0 * infinity is NaN.
  CHECK(fuse({.weights = {1, 0}, .normalization = normalization::none}, {{3, 1}, {inf, -inf}}) == std::vector<float>{3, 1});
}

TEST_CASE("infinite scores veto or pin an item and do not spoil the scale of the others") {
  for (const normalization scale : {normalization::none, normalization::z_score, normalization::min_max}) {
    const auto with = fuse({.normalization = scale}, {{1, 2, 4, -inf, inf}, {0, 0, 0, 0, 0}});
    const auto without = fuse({.normalization = scale}, {{1, 2, 4}, {0, 0, 0}});
    CHECK(std::vector<float>(with.begin(), with.begin() + 3) == without);
    CHECK(with[3] == -inf);
    CHECK(with[4] == inf);
    const auto torn = fuse({.normalization = scale}, {{1, inf}, {2, -inf}});
    CHECK(std::isnan(torn[1]));
    CHECK(fuse({.normalization = scale}, {{inf, -inf}}) == std::vector<float>{inf, -inf});
  }
  CHECK(fuse({.normalization = normalization::rank}, {{1, 2, 4, -inf, inf}}) ==
        std::vector<float>{0.25f, 0.5f, 0.75f, 0, 1});
  // A constant branch with a veto: 0 for all but the vetoed item.
  CHECK(fuse({}, {{7, 7, -inf}}) == std::vector<float>{0, 0, -inf});
}

TEST_CASE("huge scores do not overflow") {
  const auto z = fuse({}, {{3e38f, -3e38f, 3e38f, -3e38f}});
  CHECK(z == std::vector<float>{1, -1, 1, -1});
  CHECK(fuse({.normalization = normalization::min_max}, {{3e38f, -3e38f, 0}}) == std::vector<float>{1, 0, 0.5f});
}

TEST_CASE("a monotone change of scores does not change ranks, an affine one does not change z-scores") {
  const scores branches = patterned(200);
  scores cubed = branches, moved = branches;
  for (auto& branch : cubed) {
    for (float& x : branch) x = std::cbrt(x);
  }
  for (auto& branch : moved) {
    for (float& x : branch) x = 4.0f * x;
  }
  CHECK(std::isnan(fuse({.normalization = normalization::rank, .missing = missing::zero}, cubed)[0]));
  const auto a = fuse({.normalization = normalization::rank, .missing = missing::renormalize}, branches);
  const auto b = fuse({.normalization = normalization::rank, .missing = missing::renormalize}, cubed);
  const auto c = fuse({.missing = missing::zero}, branches);
  const auto d = fuse({.missing = missing::zero}, moved);
  for (std::size_t item = 0; item < a.size(); ++item) {
    check_equal(a[item], b[item]);
    check_equal(c[item], d[item]);
  }
}

TEST_CASE("the strict policy counts and names the branches that cannot judge") {
  const scores branches = {{1, nothing, 3, nothing, 2}, {nothing, nothing, 1, 4, 2}, {1, nothing, 1, 1, 1}};
  CHECK_THROWS_AS(fuse({}, branches), mm::data_error);
  CHECK_THROWS_WITH(
      fuse({}, branches),
      "fusion::weighted_sum::combine: branch \"plot\" cannot judge 1 of 5 items that another branch judges; branch "
      "\"poster\" cannot judge 1 of 5 items that another branch judges; choose fusion::missing::zero, mean, renormalize "
      "or drop");
  CHECK(std::isnan(fuse({}, {{1, nothing}, {2, nothing}})[1]));
  CHECK_NOTHROW(fuse({.weights = {0, 0, 1}}, branches));
}

TEST_CASE("bad configurations and shapes are named") {
  const auto fit = [](std::vector<float> weights) { return mm::fusion::weighted_sum{.weights = weights}.fit(names(2), 3); };
  CHECK_THROWS_WITH(fit({1}), "fusion::weighted_sum::fit: weights has 1 numbers for 2 modalities: \"plot\", \"poster\"");
  CHECK_THROWS_AS(fit({1, -1}), mm::invalid_config);
  CHECK_THROWS_AS(fit({1, nothing}), mm::invalid_config);
  CHECK_THROWS_AS(fit({0, 0}), mm::invalid_config);
  CHECK_THROWS_AS(mm::fusion::weighted_sum{}.fit({}, 3), mm::data_error);

  const auto model = fit({1, 2});
  mm::fusion::weighted_sum_model::workspace scratch;
  std::vector<float> out(3);
  CHECK_THROWS_WITH(model.combine(spans({{1, 2, 3}}), out, scratch), test::contains("branches: expected 2, got 1"));
  CHECK_THROWS_WITH(model.combine(spans({{1, 2, 3}, {1, 2}}), out, scratch),
                    test::contains("scores of branch \"poster\": expected 3, got 2"));
  CHECK_THROWS_AS(model.combine(spans({{1, 2, 3}, {1, 2, 3}}), std::span(out).first(2), scratch), mm::shape_error);
  CHECK_THROWS_AS(model.contributions(spans({{1, 2, 3}, {1, 2, 3}}), mm::item_id{0}, out, scratch), mm::shape_error);
  CHECK_THROWS_AS(model.contributions(spans({{1, 2, 3}, {1, 2, 3}}), mm::item_id{3}, std::span(out).first(2), scratch),
                  mm::unknown_id);
}

TEST_CASE("an empty catalogue has no scores") { CHECK(fuse({}, {{}, {}}).empty()); }

TEST_CASE("no allocation once the workspace is warm") {
  const scores branches = patterned(500);
  const auto given = spans(branches);
  std::vector<float> out(500);
  std::array<float, 3> parts{};
  for (const normalization scale : scales) {
    const auto model = mm::fusion::weighted_sum{.normalization = scale, .missing = missing::mean}.fit(names(3), 500);
    mm::fusion::weighted_sum_model::workspace scratch;
    model.combine(given, out, scratch);
    CHECK(test::allocations_of([&] {
            model.combine(given, out, scratch);
            model.contributions(given, mm::item_id{9}, parts, scratch);
          }) == 0);
  }
  const auto model = mm::fusion::reciprocal_rank{}.fit(names(3), 500);
  mm::fusion::reciprocal_rank_model::workspace scratch;
  model.combine(given, out, scratch);
  CHECK(test::allocations_of([&] {
          model.combine(given, out, scratch);
          model.contributions(given, mm::item_id{9}, parts, scratch);
        }) == 0);
}

#include <mmrec/core/random.hpp>
#include <mmrec/fusion/reciprocal_rank.hpp>
#include <mmrec/fusion/weighted_sum.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <fstream>
#include <limits>
#include <span>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

#include "fusion/support.hpp"
#include "support/catch.hpp"

namespace mm = mmrec;

namespace {

constexpr float nothing = std::numeric_limits<float>::quiet_NaN();
constexpr float inf = std::numeric_limits<float>::infinity();

using scores = std::vector<std::vector<float>>;

std::vector<std::span<const float>> spans(const scores& branches) { return {branches.begin(), branches.end()}; }

std::vector<std::string> names(std::size_t count) {
  return {test::modality_names.begin(), test::modality_names.begin() + std::ptrdiff_t(count)};
}

template <class Spec>
std::vector<float> fuse(const Spec& spec, const scores& branches) {
  const auto model = spec.fit(names(branches.size()), branches[0].size());
  typename std::remove_cvref_t<decltype(model)>::workspace scratch;
  std::vector<float> out(branches[0].size());
  model.combine(spans(branches), out, scratch);
  return out;
}

}  // namespace

TEST_CASE("reciprocal rank fusion by hand") {
  // Ranks: 1 2 3 and 3 1 2.
  const auto fused = fuse(mm::fusion::reciprocal_rank{}, {{9, 8, 7}, {0.1f, 0.3f, 0.2f}});
  CHECK(fused[0] == Approx(1.0 / 61 + 1.0 / 63).epsilon(1e-6));
  CHECK(fused[1] == Approx(1.0 / 62 + 1.0 / 61).epsilon(1e-6));
  CHECK(fused[2] == Approx(1.0 / 63 + 1.0 / 62).epsilon(1e-6));
  const auto weighted = fuse(mm::fusion::reciprocal_rank{.k = 0, .weights = {2, 0.5f}}, {{9, 8, 7}, {0.1f, 0.3f, 0.2f}});
  CHECK(weighted[0] == Approx(2.0 + 0.5 / 3).epsilon(1e-6));
  CHECK(weighted[1] == Approx(2.0 / 2 + 0.5).epsilon(1e-6));
  CHECK(weighted[2] == Approx(2.0 / 3 + 0.5 / 2).epsilon(1e-6));
}

TEST_CASE("equal scores share a rank, infinities have theirs, unjudged items get nothing") {
  const auto fused = fuse(mm::fusion::reciprocal_rank{.k = 0},
                          {{5, 5, inf, 1, nothing, -inf, -0.0f, 0.0f}, std::vector<float>(8, nothing)});
  CHECK(fused[2] == 1.0f);
  CHECK(fused[0] == 0.5f);
  CHECK(fused[1] == 0.5f);
  CHECK(fused[3] == 0.25f);
  CHECK(std::isnan(fused[4]));
  CHECK(fused[6] == fused[7]);
  CHECK(fused[6] == Approx(0.2));
  CHECK(fused[5] == Approx(1.0 / 7));
  CHECK(fuse(mm::fusion::reciprocal_rank{}, {{}, {}}).empty());
}

TEST_CASE("a branch of weight 0 is not there") {
  CHECK(fuse(mm::fusion::reciprocal_rank{.weights = {1, 0}}, {{1, 2, 3}, {3, 2, 1}}) ==
        fuse(mm::fusion::reciprocal_rank{}, {{1, 2, 3}}));
  CHECK(std::isnan(fuse(mm::fusion::reciprocal_rank{.weights = {1, 0}}, {{1, nothing}, {3, 2}})[1]));
}

TEST_CASE("renumbering the items renumbers the fused scores and nothing else") {
  mm::random_stream random(mm::seed{2});
  scores branches(3, std::vector<float>(100));
  for (auto& branch : branches) {
    for (float& x : branch) x = random.below(9) == 0 ? nothing : static_cast<float>(random.below(30));
  }
  scores reversed = branches;
  for (auto& branch : reversed) std::reverse(branch.begin(), branch.end());
  auto a = fuse(mm::fusion::reciprocal_rank{}, branches);
  const auto b = fuse(mm::fusion::reciprocal_rank{}, reversed);
  std::reverse(a.begin(), a.end());
  for (std::size_t item = 0; item < a.size(); ++item)
    CHECK(((std::isnan(a[item]) && std::isnan(b[item])) || a[item] == b[item]));
}

TEST_CASE("a catalogue too large for a comparison sort is ranked the same way") {
  mm::random_stream random(mm::seed{6});
  scores branch(1, std::vector<float>(5000));
  for (float& x : branch[0]) {
    x = static_cast<float>(random.normal() * std::exp(20 * random.normal()));
    if (random.below(4) == 0) x = static_cast<float>(random.below(10)) - 5;
    if (random.below(50) == 0) x = random.below(2) == 0 ? nothing : (random.below(2) == 0 ? inf : -inf);
  }
  std::vector<float> sorted;
  for (const float x : branch[0]) {
    if (!std::isnan(x)) sorted.push_back(x);
  }
  std::sort(sorted.begin(), sorted.end());
  const auto fused = fuse(mm::fusion::reciprocal_rank{.k = 0}, branch);
  std::size_t wrong = 0;
  for (std::size_t item = 0; item < fused.size(); ++item) {
    const float x = branch[0][item];
    const auto rank = static_cast<double>(sorted.end() - std::upper_bound(sorted.begin(), sorted.end(), x)) + 1;
    wrong += (std::isnan(x) ? std::isnan(fused[item]) : fused[item] == static_cast<float>(1 / rank)) ? 0 : 1;
  }
  CHECK(wrong == 0);
}

TEST_CASE("contributions of reciprocal ranks sum to the fused score") {
  const scores branches = {{3, nothing, 1, 3, nothing}, {nothing, nothing, 5, 6, 7}};
  const mm::fusion::reciprocal_rank spec{.weights = {1, 3}};
  const auto fused = fuse(spec, branches);
  const auto model = spec.fit(names(2), 5);
  mm::fusion::reciprocal_rank_model::workspace scratch;
  for (std::size_t item = 0; item < 5; ++item) {
    std::vector<float> parts(2);
    model.contributions(spans(branches), mm::item_id{item}, parts, scratch);
    if (item == 1) {
      CHECK(std::isnan(parts[0]));
      CHECK(std::isnan(fused[item]));
    } else {
      CHECK(parts[0] + parts[1] == Approx(fused[item]).epsilon(1e-6));
    }
  }
}

TEST_CASE("bad configurations of reciprocal ranks are named") {
  CHECK_THROWS_WITH(mm::fusion::reciprocal_rank{.k = -1}.fit(names(2), 3),
                    "fusion::reciprocal_rank::fit: k must be finite and not negative");
  CHECK_THROWS_AS(mm::fusion::reciprocal_rank{.k = inf}.fit(names(2), 3), mm::invalid_config);
  CHECK_THROWS_WITH(mm::fusion::reciprocal_rank{.weights = {1}}.fit(names(2), 3), test::contains("\"plot\", \"poster\""));
}

TEST_CASE("decision-level fusion agrees with SciPy") {
  std::ifstream file(MMREC_TEST_GOLDEN_DIR "/fusion.csv");
  REQUIRE(file);
  std::string line;
  std::getline(file, line);
  REQUIRE(line == "a,b,c,none,z_score,min_max,rank,rrf");
  std::vector<std::vector<double>> columns(8);
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    for (auto& column : columns) {
      std::string field;
      std::getline(fields, field, ',');
      column.push_back(std::stod(field));
    }
  }
  REQUIRE(columns[0].size() == 12);
  scores branches;
  for (std::size_t b = 0; b < 3; ++b) branches.emplace_back(columns[b].begin(), columns[b].end());
  const std::vector<float> weights = {0.5f, 2.0f, 1.0f};
  using mm::fusion::normalization;
  std::size_t column = 3;
  const auto check = [&](const std::vector<float>& fused) {
    for (std::size_t item = 0; item < 12; ++item) CHECK(fused[item] == Approx(columns[column][item]).epsilon(1e-6));
    ++column;
  };
  for (const auto scale : {normalization::none, normalization::z_score, normalization::min_max, normalization::rank}) {
    check(fuse(mm::fusion::weighted_sum{.weights = weights, .normalization = scale}, branches));
  }
  check(fuse(mm::fusion::reciprocal_rank{.weights = weights}, branches));
}

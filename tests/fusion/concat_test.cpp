#include <mmrec/exec/cpu.hpp>
#include <mmrec/fusion/concat.hpp>
#include <mmrec/fusion/weighted_concat.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "fusion/support.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"

namespace mm = mmrec;
using mm::fusion::missing;

namespace {

constexpr missing policies[] = {missing::zero, missing::mean, missing::renormalize, missing::drop};

/// What the definition says, written the long way in double.
std::vector<double> expected_row(const test::catalogue& c, const std::vector<float>& weights, missing policy,
                                 std::size_t item, bool& present) {
  double total = 0, has = 0;
  bool complete = true;
  for (std::size_t m = 0; m < 3; ++m) {
    const double square = double(weights[m]) * double(weights[m]);
    total += square;
    if (c.features[m].present[item] != 0)
      has += square;
    else if (weights[m] > 0)
      complete = false;
  }
  present = has > 0 && (policy != missing::drop || complete);
  std::vector<double> row;
  for (std::size_t m = 0; m < 3; ++m) {
    const auto& f = c.features[m];
    for (Eigen::Index d = 0; d < f.values.cols(); ++d) {
      double x = 0;
      if (f.present[item] != 0) {
        x = f.values(Eigen::Index(item), d);
        if (policy == missing::renormalize) x *= std::sqrt(total / has);
      } else if (policy == missing::mean) {
        double sum = 0, count = 0;
        for (std::size_t i = 0; i < f.items(); ++i) {
          if (f.present[i] == 0) continue;
          sum += f.values(Eigen::Index(i), d);
          ++count;
        }
        x = sum / count;
      }
      row.push_back(present ? weights[m] * x : 0.0);
    }
  }
  return row;
}

}  // namespace

TEST_CASE("every pattern of missing modalities under every policy gives what the definition says") {
  const test::catalogue c(24);
  const std::vector<std::vector<float>> weightings = {{1, 1, 1}, {2, 0.5f, 1}, {0, 1, 3}, {0, 0, 1}};
  for (const auto& weights : weightings) {
    for (const missing policy : policies) {
      const mm::fusion::weighted_concat spec{.weights = weights, .missing = policy};
      const auto model = spec.fit(mm::exec::cpu{}, c.modalities());
      const auto fused = model.fuse(mm::exec::cpu{}, c.modalities());
      REQUIRE(fused.width() == 6);
      REQUIRE(fused.items() == 24);
      for (std::size_t item = 0; item < 24; ++item) {
        bool present = false;
        const auto expected = expected_row(c, weights, policy, item, present);
        INFO("item " << item << ", policy " << static_cast<int>(policy) << ", first weight " << weights[0]);
        CHECK(bool(fused.present[item]) == present);
        for (Eigen::Index d = 0; d < 6; ++d) {
          CHECK(fused.values(Eigen::Index(item), d) == Approx(expected[std::size_t(d)]).epsilon(1e-6).margin(1e-7));
        }
      }
    }
  }
}

TEST_CASE("fuse_one gives the bits of fuse and does not allocate once warm") {
  const test::catalogue c(16);
  for (const missing policy : policies) {
    const auto model =
        mm::fusion::weighted_concat{.weights = {1, 3, 0.1f}, .missing = policy}.fit(mm::exec::cpu{}, c.modalities());
    const auto fused = model.fuse(mm::exec::cpu{}, c.modalities());
    std::vector<float> out;
    for (std::size_t item = 0; item < 16; ++item) {
      const auto parts = c.parts(item);
      bool present = model.fuse_one(parts, out);
      CHECK(present == bool(fused.present[item]));
      const auto row = mm::row_of<float>(fused.values, Eigen::Index(item));
      CHECK(std::equal(out.begin(), out.end(), row.begin(), row.end()));
      CHECK(test::allocations_of([&] { present = model.fuse_one(parts, out); }) == 0);
    }
  }
}

TEST_CASE("concat is weighted_concat with equal weights, and one modality alone is that modality") {
  const test::catalogue c(16);
  for (const missing policy : policies) {
    const auto plain = mm::fusion::concat{.missing = policy}.fit(mm::exec::cpu{}, c.modalities());
    const auto weighted = mm::fusion::weighted_concat{.missing = policy}.fit(mm::exec::cpu{}, c.modalities());
    CHECK(plain.fuse(mm::exec::cpu{}, c.modalities()).values == weighted.fuse(mm::exec::cpu{}, c.modalities()).values);
    const auto alone = c.modalities();
    const auto first = std::span(alone).first(1);
    const auto fused = mm::fusion::concat{.missing = policy}.fit(mm::exec::cpu{}, first).fuse(mm::exec::cpu{}, first);
    CHECK(fused.values == c.features[0].values);
    CHECK(fused.present == c.features[0].present);
  }
}

TEST_CASE("weight 0 is the modality not being there") {
  const test::catalogue c(16);
  const auto all = c.modalities();
  const auto two = std::span(all).first(2);
  for (const missing policy : policies) {
    const auto muted = mm::fusion::weighted_concat{.weights = {2, 1, 0}, .missing = policy}.fit(mm::exec::cpu{}, all);
    const auto without = mm::fusion::weighted_concat{.weights = {2, 1}, .missing = policy}.fit(mm::exec::cpu{}, two);
    const auto a = muted.fuse(mm::exec::cpu{}, all);
    const auto b = without.fuse(mm::exec::cpu{}, two);
    CHECK(a.present == b.present);
    CHECK(a.values.leftCols(4) == b.values);
    CHECK(a.values.rightCols(2).isZero(0));
  }
  // It may even be missing everywhere, hold anything, and lack items under the strict policy.
  test::catalogue dirty(16, true);
  dirty.features[2].present.assign(16, 0);
  dirty.features[2].values.setConstant(std::numeric_limits<float>::quiet_NaN());
  const auto model = mm::fusion::weighted_concat{.weights = {1, 1, 0}}.fit(mm::exec::cpu{}, dirty.modalities());
  CHECK(model.fuse(mm::exec::cpu{}, dirty.modalities()).values.allFinite());
}

TEST_CASE("renormalize keeps the scale of inner products") {
  // Unit vectors in each modality: every fused row has the squared length of the sum of squared weights.
  test::catalogue c(16);
  for (auto& f : c.features) {
    for (Eigen::Index item = 0; item < 16; ++item) {
      if (f.present[std::size_t(item)] != 0) f.values.row(item).normalize();
    }
  }
  const auto model = mm::fusion::weighted_concat{.weights = {1, 2, 0.5f}, .missing = missing::renormalize}.fit(
      mm::exec::cpu{}, c.modalities());
  const auto fused = model.fuse(mm::exec::cpu{}, c.modalities());
  for (std::size_t item = 0; item < 16; ++item) {
    CHECK(fused.values.row(Eigen::Index(item)).squaredNorm() == Approx(item % 8 == 0 ? 0.0 : 5.25).epsilon(1e-5));
  }
}

TEST_CASE("the strict policy counts and names what is missing") {
  const test::catalogue c(16);
  std::string message;
  try {
    static_cast<void>(mm::fusion::concat{}.fit(mm::exec::cpu{}, c.modalities()));
  } catch (const mm::data_error& error) {
    message = error.what();
  }
  CHECK(message ==
        "fusion::concat::fit: 8 of 16 items lack modality \"plot\", 8 of 16 items lack modality \"poster\", 8 of 16 items "
        "lack "
        "modality \"sound\"; choose fusion::missing::zero, mean, renormalize or drop");

  const test::catalogue complete(16, true);
  const auto model = mm::fusion::concat{}.fit(mm::exec::cpu{}, complete.modalities());
  CHECK(mm::data::count_present(model.fuse(mm::exec::cpu{}, complete.modalities()).present) == 16);
  CHECK_THROWS_AS(model.fuse(mm::exec::cpu{}, c.modalities()), mm::data_error);
  std::vector<float> out;
  CHECK_THROWS_WITH(model.fuse_one(c.parts(3), out), test::contains("the item lacks modality \"sound\""));
}

TEST_CASE("blocks say where a modality stands") {
  const test::catalogue c(8);
  const auto model = mm::fusion::concat{.missing = missing::zero}.fit(mm::exec::cpu{}, c.modalities());
  REQUIRE(model.blocks().size() == 3);
  CHECK(model.width() == 6);
  CHECK(model.blocks()[0] == mm::fusion::block{"plot", 0, 3});
  CHECK(model.blocks()[1] == mm::fusion::block{"poster", 3, 1});
  CHECK(model.blocks()[2] == mm::fusion::block{"sound", 4, 2});
}

TEST_CASE("bad weights, shapes and data are named") {
  const mm::exec::cpu cpu;
  const test::catalogue c(16);
  const auto fit = [&](std::vector<float> weights, const test::catalogue& data) {
    return mm::fusion::weighted_concat{.weights = weights, .missing = missing::zero}.fit(cpu, data.modalities());
  };
  CHECK_THROWS_AS(fit({1, 2}, c), mm::invalid_config);
  CHECK_THROWS_WITH(fit({1, 2}, c),
                    "fusion::weighted_concat::fit: weights has 2 numbers for 3 modalities: \"plot\", \"poster\", \"sound\"");
  CHECK_THROWS_WITH(fit({1, -2, 1}, c), test::contains("that of \"poster\" is -2"));
  CHECK_THROWS_AS(fit({1, std::nanf(""), 1}, c), mm::invalid_config);
  CHECK_THROWS_AS(fit({1, HUGE_VALF, 1}, c), mm::invalid_config);
  CHECK_THROWS_WITH(fit({0, 0, 0}, c), "fusion::weighted_concat::fit: weights must not all be 0");
  CHECK_THROWS_AS(mm::fusion::concat{}.fit(cpu, {}), mm::data_error);

  test::catalogue none = c;
  none.features[1].present.assign(16, 0);
  CHECK_THROWS_WITH(fit({}, none), "fusion::weighted_concat::fit: none of the 16 items has modality \"poster\"");
  CHECK_THROWS_AS(fit({}, test::catalogue(0)), mm::data_error);

  test::catalogue empty = c;
  empty.features[2].values.resize(16, 0);
  CHECK_THROWS_WITH(fit({}, empty), "fusion::weighted_concat::fit: modality \"sound\" has no features");

  test::catalogue uneven = c;
  uneven.features[2] = test::catalogue(15).features[2];
  CHECK_THROWS_AS(fit({}, uneven), mm::shape_error);
  CHECK_THROWS_WITH(fit({}, uneven), "fusion::weighted_concat::fit: items of modality \"sound\": expected 16, got 15");

  const auto model = fit({}, c);
  test::catalogue wide = c;
  wide.features[1] = c.features[2];
  CHECK_THROWS_WITH(model.fuse(cpu, wide.modalities()), test::contains("width of modality \"poster\": expected 1, got 2"));
  auto renamed = c.modalities();
  std::swap(renamed[0], renamed[1]);
  CHECK_THROWS_WITH(model.fuse(cpu, renamed), test::contains("modality 0 is \"poster\", but was \"plot\""));
  CHECK_THROWS_AS(model.fuse(cpu, std::span(renamed).first(2)), mm::shape_error);
  std::vector<float> out;
  auto parts = c.parts(7);
  parts[0] = parts[0]->first(2);
  CHECK_THROWS_WITH(model.fuse_one(parts, out), test::contains("width of modality \"plot\": expected 3, got 2"));

  test::catalogue infinite = c;
  infinite.features[0].values(7, 2) = HUGE_VALF;
  CHECK_THROWS_WITH(model.fuse(cpu, infinite.modalities()), test::contains("item 7, modality \"plot\", column 2: not finite"));
  CHECK_THROWS_WITH(model.fuse_one(infinite.parts(7), out), test::contains("the item, modality \"plot\", column 2"));
  CHECK_THROWS_AS(mm::fusion::concat{.missing = missing::mean}.fit(cpu, infinite.modalities()), mm::data_error);
  infinite.features[0].values(7, 2) = 1e38f;
  const auto doubled = fit({10, 1, 1}, infinite);
  CHECK_THROWS_WITH(doubled.fuse(cpu, infinite.modalities()), test::contains("too large once weighted"));
}

TEST_CASE("a model fuses catalogues other than the one it was fitted on") {
  const test::catalogue learned(64), fresh(5, true);
  const auto model = mm::fusion::concat{.missing = missing::mean}.fit(mm::exec::cpu{}, learned.modalities());
  CHECK(model.fuse(mm::exec::cpu{}, fresh.modalities()).items() == 5);
}

TEST_CASE("fusion has the same bits for any number of threads") {
  const test::catalogue c(5000);
  const mm::fusion::weighted_concat spec{.weights = {1, 2, 3}, .missing = missing::mean};
  const auto model = spec.fit(mm::exec::cpu{.threads = 1}, c.modalities());
  const auto fused = model.fuse(mm::exec::cpu{.threads = 1}, c.modalities());
  for (const std::size_t threads : {std::size_t{2}, std::size_t{8}}) {
    const auto again = spec.fit(mm::exec::cpu{.threads = threads}, c.modalities());
    CHECK(again == model);
    const auto other = again.fuse(mm::exec::cpu{.threads = threads}, c.modalities());
    CHECK(other.values == fused.values);
    CHECK(other.present == fused.present);
  }
}

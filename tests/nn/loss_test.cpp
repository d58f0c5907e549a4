#include <mmrec/nn/loss/bce_with_logits.hpp>
#include <mmrec/nn/loss/bpr.hpp>
#include <mmrec/nn/loss/infonce.hpp>
#include <mmrec/nn/loss/mse.hpp>
#include <mmrec/nn/loss/sampled_softmax.hpp>
#include <mmrec/nn/loss/softmax_cross_entropy.hpp>

#include <mmrec/core/error.hpp>
#include <mmrec/core/random.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "nn/golden_numbers.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;
namespace loss = mmrec::nn::loss;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

struct shape {
  std::size_t batch, width;
};
constexpr shape shapes[] = {{1, 1}, {1, 5}, {3, 1}, {2, 2}, {7, 3}, {4, 11}};

std::vector<double> normals(std::size_t count, std::uint64_t seed, std::uint64_t stream, double scale = 1.0) {
  mm::random_stream random(mm::seed{seed}, stream);
  std::vector<double> values(count);
  for (double& value : values) value = scale * random.normal();
  return values;
}

/// Largest difference between `gradient` and central differences of value(), relative to the largest component.
template <class Value>
double gradient_error(std::vector<double>& at, const std::vector<double>& gradient, const Value& value) {
  constexpr double h = 1e-5;
  double worst = 0.0, largest = 0.0;
  for (std::size_t i = 0; i < at.size(); ++i) {
    const double kept = at[i];
    at[i] = kept + h;
    const double up = value();
    at[i] = kept - h;
    const double down = value();
    at[i] = kept;
    worst = std::max(worst, std::abs((up - down) / (2 * h) - gradient[i]));
    largest = std::max(largest, std::abs(gradient[i]));
  }
  // A gradient that is zero throughout (a softmax over one class) is met absolutely.
  return largest > 0.0 ? worst / largest : worst;
}

template <class Loss, class MakeTargets>
void check_gradients(const Loss& of, const MakeTargets& make_targets) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    for (const shape& size : shapes) {
      const std::size_t batch = size.batch, width = size.width;
      CAPTURE(seed, batch, width);
      std::vector<double> outputs = normals(batch * width, seed, 1, 2.0);
      const auto targets = make_targets(batch, width, seed);
      std::vector<double> gradient(outputs.size(), 99.0), scratch(Loss::scratch(batch, width));
      const auto value = [&](double* slope) {
        return of.value_and_gradient(outputs.data(), targets.data(), batch, width, slope, scratch.data());
      };
      const double with = value(gradient.data());
      CHECK(with == value(nullptr));
      CHECK(gradient_error(outputs, gradient, [&] { return value(nullptr); }) <= 1e-7);

      // Float against double.
      const std::vector<float> few(outputs.begin(), outputs.end());
      using target = typename Loss::template target_type<float>;
      std::vector<target> few_targets;
      for (const auto t : targets) few_targets.push_back(static_cast<target>(t));
      std::vector<float> few_gradient(few.size()), few_scratch(scratch.size());
      const double in_float =
          of.value_and_gradient(few.data(), few_targets.data(), batch, width, few_gradient.data(), few_scratch.data());
      CHECK(in_float == Approx(with).epsilon(2e-6).margin(1e-7));
      double largest = 0.0;
      for (const double g : gradient) largest = std::max(largest, std::abs(g));
      for (std::size_t i = 0; i < few.size(); ++i) {
        CHECK(std::abs(static_cast<double>(few_gradient[i]) - gradient[i]) <= 2e-6 * largest);
      }
    }
  }
}

const test::golden_numbers& goldens() {
  static const test::golden_numbers all("losses.txt");
  return all;
}

void check_close(const std::vector<double>& actual, const std::vector<double>& wanted, double bound) {
  REQUIRE(actual.size() == wanted.size());
  double largest = 0.0;
  for (const double x : wanted) largest = std::max(largest, std::abs(x));
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    CAPTURE(i, actual[i], wanted[i]);
    CHECK(std::abs(actual[i] - wanted[i]) <= bound * largest);
  }
}

template <class T, class Loss>
void check_golden_as(const std::string& name, const Loss& of, std::size_t batch, double bound) {
  CAPTURE(name, sizeof(T));
  const auto outputs = goldens().as<T>(name + ".input0");
  using target = typename Loss::template target_type<T>;
  const std::vector<target> targets = name == "bpr" ? std::vector<target>{} : goldens().as<target>(name + ".targets");
  const std::size_t width = outputs.size() / batch;
  std::vector<T> gradient(outputs.size()), scratch(Loss::scratch(batch, width));
  const double value = of.value_and_gradient(outputs.data(), targets.data(), batch, width, gradient.data(), scratch.data());
  CHECK(value == Approx(goldens()[name + ".value"][0]).epsilon(bound));
  check_close({gradient.begin(), gradient.end()}, goldens()[name + ".gradient0"], bound);
}

template <class Loss>
void check_golden(const std::string& name, const Loss& of, std::size_t batch) {
  check_golden_as<double>(name, of, batch, 1e-13);
  check_golden_as<float>(name, of, batch, 1e-6);
}

std::vector<double> uniform(std::size_t batch, std::size_t width, std::uint64_t seed) {
  mm::random_stream random(mm::seed{seed}, 2);
  std::vector<double> values(batch * width);
  for (double& value : values) value = random.uniform();
  return values;
}
std::vector<std::uint32_t> classes(std::size_t batch, std::size_t width, std::uint64_t seed) {
  mm::random_stream random(mm::seed{seed}, 2);
  std::vector<std::uint32_t> values(batch);
  for (auto& value : values) value = random.below(static_cast<std::uint32_t>(width));
  return values;
}
std::vector<double> log_counts(std::size_t batch, std::size_t width, std::uint64_t seed) {
  return normals(batch * width, seed, 2);
}

bool all_finite(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float x) { return std::isfinite(x); });
}

}  // namespace

TEST_CASE("gradients of losses agree with central differences, in float with those in double") {
  check_gradients(loss::mse{}, uniform);
  check_gradients(loss::bce_with_logits{}, uniform);
  check_gradients(loss::bce_with_logits{.positive_weight = 4.0}, uniform);
  check_gradients(loss::softmax_cross_entropy{}, classes);
  check_gradients(loss::softmax_cross_entropy{.label_smoothing = 0.2}, classes);
  check_gradients(loss::sampled_softmax{}, log_counts);
  check_gradients(loss::bpr{}, uniform);
}

TEST_CASE("gradients of the contrast of two embeddings agree with central differences") {
  for (const bool symmetric : {false, true}) {
    for (const bool normalize : {false, true}) {
      const loss::infonce of{.temperature = 0.5, .symmetric = symmetric, .normalize = normalize};
      for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        for (const shape& size : shapes) {
          const std::size_t batch = size.batch, width = size.width;
          // A cosine of single numbers is flat but for its jump at 0.
          if (normalize && width == 1) continue;
          CAPTURE(symmetric, normalize, seed, batch, width);
          std::vector<double> left = normals(batch * width, seed, 1), right = normals(batch * width, seed, 2);
          std::vector<double> left_gradient(left.size()), right_gradient(left.size());
          std::vector<double> scratch(loss::infonce::scratch(batch, width));
          const auto value = [&] {
            return of.value_and_gradients<double>(left.data(), right.data(), batch, width, nullptr, nullptr, scratch.data());
          };
          const double with = of.value_and_gradients(left.data(), right.data(), batch, width, left_gradient.data(),
                                                     right_gradient.data(), scratch.data());
          CHECK(with == value());
          CHECK(gradient_error(left, left_gradient, value) <= 1e-7);
          CHECK(gradient_error(right, right_gradient, value) <= 1e-7);
        }
      }
    }
  }
}

TEST_CASE("losses agree with PyTorch") {
  check_golden("mse", loss::mse{}, 5);
  check_golden("bce", loss::bce_with_logits{}, 5);
  check_golden("bce_weighted", loss::bce_with_logits{.positive_weight = 3.0}, 5);
  check_golden("softmax", loss::softmax_cross_entropy{}, 4);
  check_golden("softmax_smoothed", loss::softmax_cross_entropy{.label_smoothing = 0.1}, 4);
  check_golden("sampled", loss::sampled_softmax{}, 4);
  check_golden("bpr", loss::bpr{}, 6);
}

TEST_CASE("the contrast of two embeddings agrees with PyTorch, at every level") {
  for (const bool symmetric : {false, true}) {
    for (const bool normalize : {false, true}) {
      const std::string name = std::string("infonce") + (symmetric ? "1" : "0") + (normalize ? "1" : "0");
      CAPTURE(name);
      const loss::infonce of{.temperature = 0.2, .symmetric = symmetric, .normalize = normalize};
      const auto check = [&](auto zero, double bound) {
        using T = decltype(zero);
        const auto left = goldens().as<T>(name + ".input0"), right = goldens().as<T>(name + ".input1");
        for (const auto level : mm::kernel::usable_simd_levels()) {
          std::vector<T> left_gradient(left.size()), right_gradient(left.size()), scratch(loss::infonce::scratch(5, 4));
          const double value = of.value_and_gradients(left.data(), right.data(), 5, 4, left_gradient.data(),
                                                      right_gradient.data(), scratch.data(), level);
          CHECK(value == Approx(goldens()[name + ".value"][0]).epsilon(bound));
          check_close({left_gradient.begin(), left_gradient.end()}, goldens()[name + ".gradient0"], bound);
          check_close({right_gradient.begin(), right_gradient.end()}, goldens()[name + ".gradient1"], bound);
        }
      };
      check(0.0, 1e-13);
      check(0.0f, 2e-6);
    }
  }
}

TEST_CASE("losses stay finite, and exact where it counts, for logits of 1e4") {
  std::vector<float> gradient(4), scratch(4);
  const std::vector<float> logits{1e4f, -1e4f, 1e4f, -1e4f};
  const std::vector<float> labels{1.0f, 0.0f, 0.0f, 1.0f};
  CHECK(loss::bce_with_logits{}.value_and_gradient(logits.data(), labels.data(), 2, 2, gradient.data()) == 5000.0);
  CHECK(gradient == std::vector<float>{0.0f, 0.0f, 0.25f, -0.25f});
  const std::uint32_t right[] = {0, 0}, wrong[] = {1, 1};
  CHECK(loss::softmax_cross_entropy{}.value_and_gradient(logits.data(), right, 2, 2, gradient.data()) == 0.0);
  CHECK(gradient == std::vector<float>{0.0f, 0.0f, 0.0f, 0.0f});
  CHECK(loss::softmax_cross_entropy{}.value_and_gradient(logits.data(), wrong, 2, 2, gradient.data()) == 20000.0);
  CHECK(gradient == std::vector<float>{0.5f, -0.5f, 0.5f, -0.5f});
  CHECK(loss::bpr{}.value_and_gradient<float>(logits.data(), nullptr, 2, 2, gradient.data()) == 0.0);
  CHECK(loss::sampled_softmax{}.value_and_gradient<float>(logits.data(), nullptr, 2, 2, gradient.data(), scratch.data()) ==
        0.0);
  CHECK(std::isfinite(loss::mse{}.value_and_gradient(logits.data(), labels.data(), 2, 2, gradient.data())));
  CHECK(all_finite(gradient));

  // Close to certainty the gradient is the small rest, not a rounded difference from 1.
  const float sure[] = {40.0f, 0.0f};
  loss::softmax_cross_entropy{}.value_and_gradient(sure, right, 1, 2, gradient.data());
  CHECK(gradient[0] == Approx(-std::exp(-40.0)).epsilon(1e-6));
  const float low = -40.0f, zero = 0.0f;
  loss::bce_with_logits{.positive_weight = 3.0}.value_and_gradient(&low, &zero, 1, 1, gradient.data());
  CHECK(gradient[0] == Approx(std::exp(-40.0)).epsilon(1e-6));

  // A zero embedding is like nothing and pulls at nothing.
  const float none[4] = {0, 0, 1, 2}, some[4] = {1, 0, 0, 1};
  std::vector<float> left(4), other(4), memory(loss::infonce::scratch(2, 2));
  CHECK(std::isfinite(loss::infonce{}.value_and_gradients(none, some, 2, 2, left.data(), other.data(), memory.data())));
  CHECK(all_finite(left));
  CHECK(all_finite(other));
  CHECK(left[0] == 0.0f);
  CHECK(left[1] == 0.0f);
}

TEST_CASE("a NaN among the outputs is a NaN of the loss") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double outputs[] = {1.0, nan}, targets[] = {0.0, 1.0};
  const std::uint32_t id = 0;
  double scratch[2];
  CHECK(std::isnan(loss::mse{}.value_and_gradient<double>(outputs, targets, 1, 2, nullptr)));
  CHECK(std::isnan(loss::bce_with_logits{}.value_and_gradient<double>(outputs, targets, 1, 2, nullptr)));
  CHECK(std::isnan(loss::softmax_cross_entropy{}.value_and_gradient<double>(outputs, &id, 1, 2, nullptr)));
  CHECK(std::isnan(loss::sampled_softmax{}.value_and_gradient<double>(outputs, targets, 1, 2, nullptr, scratch)));
  CHECK(std::isnan(loss::bpr{}.value_and_gradient<double>(outputs, nullptr, 1, 2, nullptr)));
}

TEST_CASE("empty batches have no loss") {
  CHECK(loss::mse{}.value_and_gradient<float>(nullptr, nullptr, 0, 3, nullptr) == 0.0);
  CHECK(loss::bce_with_logits{}.value_and_gradient<float>(nullptr, nullptr, 0, 3, nullptr) == 0.0);
  CHECK(loss::softmax_cross_entropy{}.value_and_gradient<float>(nullptr, nullptr, 0, 3, nullptr) == 0.0);
  CHECK(loss::sampled_softmax{}.value_and_gradient<float>(nullptr, nullptr, 0, 3, nullptr, nullptr) == 0.0);
  CHECK(loss::bpr{}.value_and_gradient<float>(nullptr, nullptr, 0, 3, nullptr) == 0.0);
  CHECK(loss::infonce{}.value_and_gradients<float>(nullptr, nullptr, 0, 3, nullptr, nullptr, nullptr) == 0.0);
  float alone = 5.0f, gradient = 1.0f;  // a positive without negatives
  CHECK(loss::bpr{}.value_and_gradient<float>(&alone, nullptr, 1, 1, &gradient) == 0.0);
  CHECK(gradient == 0.0f);
}

TEST_CASE("targets that a loss has no use for are refused with row and column") {
  const auto said = [](auto&& call) { return test::thrown<mm::data_error>(call); };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float fine[] = {0.0f, 1.0f, 0.5f, 1.0f};
  loss::mse::check_targets("f", fine, 2, 2);
  loss::bce_with_logits::check_targets("f", fine, 2, 2);
  const float holed[] = {0.0f, 1.0f, 0.5f, nan};
  CHECK(said([&] { loss::mse::check_targets("nn::train", holed, 2, 2); }) ==
        "nn::train: target of row 1, column 1 is not finite");
  CHECK(said([&] { loss::bce_with_logits::check_targets("f", holed, 2, 2); }) ==
        "f: target of row 1, column 1 is not finite");
  const float outside[] = {0.0f, 1.5f};
  CHECK_THAT(said([&] { loss::bce_with_logits::check_targets("f", outside, 1, 2); }),
             test::contains("f: target of row 0, column 1 is 1.5"));
  const std::uint32_t ids[] = {0, 2, 3};
  loss::softmax_cross_entropy::check_targets("f", ids, 3, 4);
  CHECK(said([&] { loss::softmax_cross_entropy::check_targets("f", ids, 3, 3); }) ==
        "f: target of row 2, column 0 is class 3 of 3 classes");
  const double counts[] = {0.0, infinity};
  loss::sampled_softmax::check_targets("f", counts, 1, 2);
  loss::sampled_softmax::check_targets<double>("f", nullptr, 1, 2);
  const double left_out[] = {infinity, 0.0}, never[] = {0.0, -infinity};
  CHECK_THAT(said([&] { loss::sampled_softmax::check_targets("f", left_out, 1, 2); }),
             test::contains("leaves the target out"));
  CHECK_THAT(said([&] { loss::sampled_softmax::check_targets("f", never, 1, 2); }),
             test::contains("column 1 is not the logarithm of a positive count"));
}

TEST_CASE("fields without sense are refused") {
  const auto said = [](auto&& call) { return test::thrown<mm::invalid_config>(call); };
  CHECK(said([] { loss::bce_with_logits{.positive_weight = 0.0}.validate("f"); }) ==
        "f: positive_weight must be positive and finite");
  CHECK(said([] { loss::softmax_cross_entropy{.label_smoothing = 1.1}.validate("f"); }) ==
        "f: label_smoothing must lie in 0..1");
  CHECK(said([] { loss::infonce{.temperature = -1.0}.validate("f"); }) == "f: temperature must be positive and finite");
  loss::infonce{}.validate("f");
  loss::bce_with_logits{}.validate("f");
}

TEST_CASE("a sampled softmax over all classes is the softmax, and columns can be left out") {
  // With every other class sampled once, expected counts are alike and the two losses are one.
  const double logits[] = {1.0, -2.0, 0.5, 3.0};
  double all[4], few[4], scratch[4];
  const std::uint32_t first = 0;
  CHECK(loss::sampled_softmax{}.value_and_gradient<double>(logits, nullptr, 1, 4, few, scratch) ==
        loss::softmax_cross_entropy{}.value_and_gradient(logits, &first, 1, 4, all));
  CHECK(std::equal(all, all + 4, few));
  const double counts[] = {0.0, 0.0, infinity, 0.0};
  const double shorter[] = {1.0, -2.0, 3.0};
  CHECK(loss::sampled_softmax{}.value_and_gradient(logits, counts, 1, 4, few, scratch) ==
        loss::softmax_cross_entropy{}.value_and_gradient(shorter, &first, 1, 3, all));
  CHECK(few[2] == 0.0);
}

TEST_CASE("log-uniform classes have the probabilities they are drawn with") {
  const loss::log_uniform_classes distribution{.classes = 50};
  double sum = 0.0;
  for (std::uint32_t k = 0; k < 50; ++k) sum += distribution.probability(k);
  CHECK(sum == Approx(1.0).epsilon(1e-12));
  std::vector<double> drawn(50);
  mm::random_stream random(mm::seed{3});
  constexpr std::size_t draws = 200000;
  for (std::size_t i = 0; i < draws; ++i) drawn[distribution.draw(random.uniform())] += 1.0;
  for (std::uint32_t k = 0; k < 50; ++k) {
    const double expected = std::exp(distribution.log_expected_count(k, draws));
    CAPTURE(k, expected);
    CHECK(std::abs(drawn[k] - expected) <= 5.0 * std::sqrt(expected));
  }
  CHECK(distribution.draw(0.0) == 0);
  CHECK(distribution.draw(std::nextafter(1.0, 0.0)) == 49);
}

TEST_CASE("losses allocate nothing") {
  const std::size_t batch = 4, width = 6;
  const std::vector<float> outputs(batch * width, 0.5f), targets(batch * width, 0.25f);
  const std::vector<std::uint32_t> ids(batch, 1);
  std::vector<float> gradient(batch * width), other(batch * width), scratch(loss::infonce::scratch(batch, width));
  CHECK(test::allocations_of([&] {
          loss::mse{}.value_and_gradient(outputs.data(), targets.data(), batch, width, gradient.data());
          loss::bce_with_logits{}.value_and_gradient(outputs.data(), targets.data(), batch, width, gradient.data());
          loss::softmax_cross_entropy{}.value_and_gradient(outputs.data(), ids.data(), batch, width, gradient.data());
          loss::sampled_softmax{}.value_and_gradient(outputs.data(), targets.data(), batch, width, gradient.data(),
                                                     scratch.data());
          loss::bpr{}.value_and_gradient<float>(outputs.data(), nullptr, batch, width, gradient.data());
          loss::infonce{}.value_and_gradients(outputs.data(), targets.data(), batch, width, gradient.data(), other.data(),
                                              scratch.data());
        }) == 0);
}

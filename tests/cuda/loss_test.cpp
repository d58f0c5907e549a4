#include <mmrec/nn/cuda/loss.cuh>

#include <mmrec/core/random.hpp>
#include <mmrec/exec/cuda/buffer.hpp>
#include <mmrec/exec/cuda/graph.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <vector>

#include <shim.hpp>

#include "support/catch.hpp"

namespace mm = mmrec;
namespace loss = mmrec::nn::loss;
namespace mc = mmrec::cuda;

namespace {

struct shape {
  std::size_t batch, width;
};
constexpr shape shapes[] = {{0, 3},   {1, 1},   {1, 2},   {7, 5},    {8, 31},  {9, 33},
                            {65, 10}, {3, 511}, {2, 512}, {3, 1300}, {1, 4097}};

template <class T>
std::vector<T> normals(std::size_t count, std::uint64_t stream, double scale = 2.0) {
  mm::random_stream random(mm::seed{9}, stream);
  std::vector<T> values(count);
  for (T& value : values) value = static_cast<T>(scale * random.normal());
  return values;
}
template <class T>
mc::buffer<T> uploaded(const mc::context& on, const std::vector<T>& values) {
  return {on, std::span<const T>(values)};
}
template <class T>
std::vector<T> host(const mc::context& on, const mc::buffer<T>& from) {
  std::vector<T> values(from.size());
  from.download(on, std::span<T>(values));
  return values;
}
/// Largest difference, relative to the largest number wanted.
template <class T>
double difference(const std::vector<T>& a, const std::vector<T>& wanted) {
  double worst = a.size() == wanted.size() ? 0.0 : 1.0, largest = 0.0;
  for (std::size_t i = 0; i < (std::min)(a.size(), wanted.size()); ++i) {
    const double away = std::abs(static_cast<double>(a[i]) - static_cast<double>(wanted[i]));
    if (!(away <= worst)) worst = away;
    largest = (std::max)(largest, std::abs(static_cast<double>(wanted[i])));
  }
  return largest > 0.0 ? worst / largest : worst;
}
template <class T>
constexpr double tolerance() {
  return sizeof(T) == 4 ? 2e-6 : 1e-13;
}

/// Value and gradient against the CPU's, for outputs as they are and moved by an element, so that they are not aligned.
template <class T, class Loss, class Target>
void check_one(const mc::context& gpu, const Loss& of, const std::vector<T>& outputs, const std::vector<Target>* targets,
               std::size_t batch, std::size_t width) {
  const Target* const expected = targets == nullptr ? nullptr : targets->data();
  std::vector<T> wanted(batch * width), scratch(Loss::scratch(batch, width));
  const double value = of.value_and_gradient(outputs.data(), expected, batch, width, wanted.data(), scratch.data());
  const double sum = value * static_cast<double>(batch);
  const double before = 2.5;
  for (const std::size_t moved : {0u, 1u}) {
    CAPTURE(batch, width, moved);
    std::vector<T> shifted(moved, T(7));
    shifted.insert(shifted.end(), outputs.begin(), outputs.end());
    const mc::buffer<T> given = uploaded(gpu, shifted);
    mc::buffer<Target> aims;
    if (targets != nullptr) aims = uploaded(gpu, *targets);
    const Target* const device_targets = targets == nullptr ? nullptr : aims.on(gpu);
    mc::buffer<T> gradient(gpu, batch * width);
    mc::buffer<double> total(gpu, std::span<const double>(&before, 1));
    mc::loss_and_gradient(gpu, of, given.on(gpu) + moved, device_targets, batch, width, gradient.on(gpu), total.on(gpu));
    const double found = host(gpu, total)[0];
    CHECK(std::abs(found - before - sum) <= tolerance<T>() * (std::max)(1.0, std::abs(sum)));
    CHECK(difference(host(gpu, gradient), wanted) <= tolerance<T>());
    mc::loss_and_gradient(gpu, of, given.on(gpu) + moved, device_targets, batch, width, static_cast<T*>(nullptr),
                          total.on(gpu));
    CHECK(host(gpu, total)[0] - found == Approx(found - before).margin(1e-12));
  }
}

template <class T>
void check_all() {
  const mc::context gpu;
  for (const shape& size : shapes) {
    const std::size_t batch = size.batch, width = size.width, count = batch * width;
    const std::vector<T> outputs = normals<T>(count, 1);
    const std::vector<T> numbers = normals<T>(count, 2);
    std::vector<T> shares(count), counts(count);
    for (std::size_t i = 0; i < count; ++i) {
      shares[i] = T(1) / (T(1) + std::abs(numbers[i]));
      counts[i] = i % width != 0 && i % 5 == 0 ? std::numeric_limits<T>::infinity() : numbers[i];
    }
    std::vector<std::uint32_t> classes(batch);
    for (std::size_t row = 0; row < batch; ++row) classes[row] = static_cast<std::uint32_t>((row * 7 + 2) % width);
    check_one(gpu, loss::mse{}, outputs, &numbers, batch, width);
    check_one(gpu, loss::bce_with_logits{.positive_weight = 3.0}, outputs, &shares, batch, width);
    check_one(gpu, loss::softmax_cross_entropy{}, outputs, &classes, batch, width);
    check_one(gpu, loss::softmax_cross_entropy{.label_smoothing = 0.2}, outputs, &classes, batch, width);
    check_one<T, loss::bpr, T>(gpu, loss::bpr{}, outputs, nullptr, batch, width);
    check_one<T, loss::sampled_softmax, T>(gpu, loss::sampled_softmax{}, outputs, nullptr, batch, width);
    check_one(gpu, loss::sampled_softmax{}, outputs, &counts, batch, width);
  }
}

template <class T>
void check_contrast() {
  const mc::context gpu;
  for (const shape& size : {shape{0, 3}, shape{1, 4}, shape{5, 3}, shape{32, 8}, shape{33, 40}, shape{70, 2}}) {
    for (const bool symmetric : {true, false}) {
      for (const bool normalize : {true, false}) {
        CAPTURE(size.batch, size.width, symmetric, normalize);
        const loss::infonce of{.temperature = 0.5, .symmetric = symmetric, .normalize = normalize};
        const std::size_t count = size.batch * size.width;
        std::vector<T> left = normals<T>(count, 3, 1.0), right = normals<T>(count, 4, 1.0);
        if (size.batch > 2) std::fill_n(left.begin() + static_cast<std::ptrdiff_t>(size.width), size.width, T(0));
        std::vector<T> left_slope(count), right_slope(count), scratch(loss::infonce::scratch(size.batch, size.width));
        const double value = of.value_and_gradients(left.data(), right.data(), size.batch, size.width, left_slope.data(),
                                                    right_slope.data(), scratch.data());
        const mc::buffer<T> on_left = uploaded(gpu, left), on_right = uploaded(gpu, right);
        mc::buffer<T> left_gradient(gpu, count), right_gradient(gpu, count), memory(gpu, scratch.size());
        mc::buffer<double> total(gpu, 1);
        for (const bool gradients : {true, false}) {
          total.clear(gpu);
          mc::loss_and_gradients(gpu, of, on_left.on(gpu), on_right.on(gpu), size.batch, size.width,
                                 gradients ? left_gradient.on(gpu) : nullptr, gradients ? right_gradient.on(gpu) : nullptr,
                                 total.on(gpu), memory.on(gpu));
          CHECK(host(gpu, total)[0] == Approx(value * static_cast<double>(size.batch)).epsilon(10 * tolerance<T>()));
        }
        CHECK(difference(host(gpu, left_gradient), left_slope) <= 10 * tolerance<T>());
        CHECK(difference(host(gpu, right_gradient), right_slope) <= 10 * tolerance<T>());
      }
    }
  }
}

}  // namespace

TEMPLATE_TEST_CASE("a device's losses and gradients are the CPU's", "", float, double) { check_all<TestType>(); }

TEMPLATE_TEST_CASE("a device's contrast of two embeddings is the CPU's", "", float, double) { check_contrast<TestType>(); }

TEST_CASE("threads of the losses may run in any order") {
  const cuda_shim::scope options;
  for (const auto order : {cuda_shim::order::reverse, cuda_shim::order::random}) {
    cuda_shim::options().order = order;
    check_all<float>();
    check_contrast<float>();
  }
}

TEST_CASE("rows beyond what all blocks take at once are gone round to") {
  const mc::context gpu;
  const std::size_t batch = 8 * 1024 + 9;
  const std::vector<float> outputs = normals<float>(batch * 2, 1);
  std::vector<std::uint32_t> classes(batch);
  for (std::size_t row = 0; row < batch; ++row) classes[row] = row % 3 == 0 ? 1 : 0;
  check_one(gpu, loss::softmax_cross_entropy{}, outputs, &classes, batch, 2);
  check_one<float, loss::bpr, float>(gpu, loss::bpr{}, outputs, nullptr, batch, 2);
}

TEST_CASE("a device's losses stay finite for every finite logit, and say where one is not") {
  const mc::context gpu;
  const float huge = std::numeric_limits<float>::max() / 4;
  for (const std::size_t width : {5u, 600u}) {
    std::vector<float> outputs(3 * width, -1.0f);
    outputs[0] = huge;
    outputs[width] = -huge;
    outputs[2 * width] = 90.0f;
    std::vector<std::uint32_t> classes{1, 0, 0};
    const std::vector<float> ones(3 * width, 1.0f);
    check_one(gpu, loss::softmax_cross_entropy{}, outputs, &classes, 3, width);
    check_one(gpu, loss::bce_with_logits{}, outputs, &ones, 3, width);
    check_one<float, loss::bpr, float>(gpu, loss::bpr{}, outputs, nullptr, 3, width);
    outputs[width + 1] = std::numeric_limits<float>::quiet_NaN();
    const mc::buffer<float> given = uploaded(gpu, outputs);
    const mc::buffer<std::uint32_t> aims = uploaded(gpu, classes);
    mc::buffer<double> total(gpu, 1);
    total.clear(gpu);
    mc::loss_and_gradient<float>(gpu, loss::softmax_cross_entropy{}, given.on(gpu), aims.on(gpu), 3, width, nullptr,
                                 total.on(gpu));
    CHECK(std::isnan(host(gpu, total)[0]));
  }
}

TEST_CASE("right answers are counted as the CPU finds the largest output") {
  const mc::context gpu;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const std::size_t width : {1u, 2u, 31u, 33u, 70u}) {
    const std::size_t batch = 41;
    std::vector<float> outputs = normals<float>(batch * width, 6);
    for (float& x : outputs) x = std::round(x);  // ties
    outputs[3 * width] = nan;
    outputs[4 * width + width / 2] = nan;
    std::vector<std::uint32_t> classes(batch);
    std::uint32_t wanted = 100;
    for (std::size_t row = 0; row < batch; ++row) {
      const auto* const own = outputs.data() + row * width;
      const auto best = static_cast<std::uint32_t>(std::max_element(own, own + width) - own);
      classes[row] = row % 4 == 1 ? static_cast<std::uint32_t>((best + 1) % width) : best;
      wanted += classes[row] == best ? 1 : 0;
    }
    const mc::buffer<float> given = uploaded(gpu, outputs);
    const mc::buffer<std::uint32_t> aims = uploaded(gpu, classes);
    mc::buffer<std::uint32_t> right = uploaded(gpu, std::vector<std::uint32_t>{100});
    mc::count_right(gpu, given.on(gpu), aims.on(gpu), batch, width, right.on(gpu));
    CHECK(host(gpu, right)[0] == wanted);
    mc::count_right(gpu, given.on(gpu), aims.on(gpu), 0, width, right.on(gpu));
    CHECK(host(gpu, right)[0] == wanted);
  }
}

TEST_CASE("a captured loss follows outputs and targets, and goes on adding") {
  const mc::context gpu;
  const std::size_t batch = 20, width = 6;
  std::vector<float> outputs = normals<float>(batch * width, 1);
  std::vector<std::uint32_t> classes(batch, 2);
  mc::buffer<float> given = uploaded(gpu, outputs);
  mc::buffer<std::uint32_t> aims = uploaded(gpu, classes);
  mc::buffer<float> gradient(gpu, batch * width);
  mc::buffer<double> total(gpu, 1);
  const loss::softmax_cross_entropy of;
  const auto queue = [&] {
    mc::loss_and_gradient(gpu, of, given.on(gpu), aims.on(gpu), batch, width, gradient.on(gpu), total.on(gpu));
  };
  queue();  // makes the workspace, which a capture may not
  total.clear(gpu);
  mc::graph step;
  step.capture(gpu, queue);
  double wanted = 0.0;
  for (std::uint32_t round = 0; round < 3; ++round) {
    for (float& x : outputs) x *= -0.7f;
    std::fill(classes.begin(), classes.end(), round);
    given.upload(gpu, outputs);
    aims.upload(gpu, classes);
    step.launch(gpu);
    std::vector<float> slope(batch * width);
    wanted += static_cast<double>(batch) * of.value_and_gradient(outputs.data(), classes.data(), batch, width, slope.data());
    CHECK(difference(host(gpu, gradient), slope) <= tolerance<float>());
  }
  CHECK(host(gpu, total)[0] == Approx(wanted).epsilon(1e-6));
}

TEST_CASE("losses of batches that kernels cannot count are refused") {
  const mc::context gpu;
  float* const nothing = nullptr;
  const std::size_t most = std::size_t{1} << 31;
  CHECK_THROWS_AS(mc::loss_and_gradient<float>(gpu, loss::mse{}, nothing, nothing, 1 << 16, 1 << 15, nothing, nullptr),
                  mm::limit_error);
  CHECK_THROWS_AS(mc::loss_and_gradient<float>(gpu, loss::bpr{}, nothing, nothing, most, 2, nothing, nullptr),
                  mm::limit_error);
  CHECK_THROWS_AS(mc::count_right<float>(gpu, nothing, nullptr, 2, most, nullptr), mm::limit_error);
}

#include <mmrec/kernel/cuda/norm.cuh>

#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/norm.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "device_array.hpp"
#include "support/catch.hpp"

namespace mm = mmrec;
namespace mc = mmrec::cuda;
namespace kernel = mmrec::kernel;

namespace {

const mm::exec::cpu cpu;
constexpr double epsilon = 1e-3;

struct problem {
  std::size_t examples, steps, width;
  std::size_t offset = 0;
  bool masked = false;
};

template <class T>
struct norm_inputs {
  std::vector<std::uint32_t> lengths;
  kernel::norm_shape shape;
  std::vector<T> x, dy, gamma, beta;

  explicit norm_inputs(const problem& p)
      : lengths(test::random_lengths(p.examples, p.steps, 1)),
        shape{p.examples, p.steps, p.width, p.masked ? lengths.data() : nullptr},
        x(test::random_values<T>(shape.rows() * p.width, 2, 3.0)),
        dy(test::random_values<T>(shape.rows() * p.width, 3)),
        gamma(test::random_values<T>(p.width, 4, 1.0)),
        beta(test::random_values<T>(p.width, 5)) {
    if (!p.masked) return;
    for (std::size_t row = 0; row < shape.rows(); ++row) {
      if (row % p.steps < lengths[row / p.steps]) continue;
      const auto at = static_cast<std::ptrdiff_t>(row * p.width);
      std::fill_n(x.begin() + at, p.width, std::numeric_limits<T>::quiet_NaN());
      std::fill_n(dy.begin() + at, p.width, T(0));
    }
  }
};

/// What a normalisation and its gradients compute.
template <class T>
struct norm_results {
  std::vector<T> y, mean, inverse, dx, by_gamma, by_beta, running_mean, running_variance;
  friend bool operator==(const norm_results&, const norm_results&) = default;
};

template <class T>
norm_results<T> on_cpu(const norm_inputs<T>& in, bool batch, bool wants_dx) {
  const std::size_t size = in.x.size(), width = in.shape.width, kept = batch ? width : in.shape.rows();
  norm_results<T> r{std::vector<T>(size, T(7)),  std::vector<T>(kept, T(7)),  std::vector<T>(kept, T(7)),
                    std::vector<T>(size, T(7)),  std::vector<T>(width, T(1)), std::vector<T>(width, T(2)),
                    std::vector<T>(width, T(3)), std::vector<T>(width, T(4))};
  std::vector<double> scratch(kernel::norm_scratch(in.shape));
  T* const dx = wants_dx ? r.dx.data() : nullptr;
  if (batch) {
    kernel::batch_norm_forward<mm::exec::cpu, T>(cpu, in.shape, T(epsilon), T(0.25), in.x.data(), in.gamma.data(),
                                                 in.beta.data(), r.running_mean.data(), r.running_variance.data(),
                                                 r.y.data(), r.mean.data(), r.inverse.data(), scratch.data());
    kernel::batch_norm_backward<mm::exec::cpu, T>(cpu, in.shape, in.x.data(), in.dy.data(), in.gamma.data(), r.mean.data(),
                                                  r.inverse.data(), r.by_gamma.data(), r.by_beta.data(), dx, scratch.data());
  } else {
    kernel::layer_norm_forward<mm::exec::cpu, T>(cpu, in.shape, T(epsilon), in.x.data(), in.gamma.data(), in.beta.data(),
                                                 r.y.data(), r.mean.data(), r.inverse.data());
    kernel::layer_norm_backward<mm::exec::cpu, T>(cpu, in.shape, in.x.data(), in.dy.data(), in.gamma.data(), r.mean.data(),
                                                  r.inverse.data(), r.by_gamma.data(), r.by_beta.data(), dx, scratch.data());
  }
  return r;
}

/// The same on a device. The backward pass is given the CPU's mean and inverse, for each pass to be held to its own account.
template <class T>
norm_results<T> on_device(const mc::context& gpu, const norm_inputs<T>& in, const norm_results<T>& cpu_results, bool batch,
                          bool wants_dx, std::size_t offset) {
  const std::size_t size = in.x.size(), width = in.shape.width, kept = batch ? width : in.shape.rows();
  test::device_array<std::uint32_t> lengths(gpu, in.lengths);
  test::device_array<T> x(gpu, in.x, offset), dy(gpu, in.dy, offset), gamma(gpu, in.gamma, offset),
      beta(gpu, in.beta, offset);
  test::device_array<T> y(gpu, size, offset), dx(gpu, std::vector<T>(size, T(7)), offset);
  test::device_array<T> mean(gpu, std::vector<T>(kept, T(7)), offset), inverse(gpu, std::vector<T>(kept, T(7)), offset);
  test::device_array<T> given_mean(gpu, cpu_results.mean, offset), given_inverse(gpu, cpu_results.inverse, offset);
  test::device_array<T> by_gamma(gpu, std::vector<T>(width, T(1)), offset),
      by_beta(gpu, std::vector<T>(width, T(2)), offset);
  test::device_array<T> running_mean(gpu, std::vector<T>(width, T(3)), offset);
  test::device_array<T> running_variance(gpu, std::vector<T>(width, T(4)), offset);
  kernel::norm_shape shape = in.shape;
  if (shape.lengths != nullptr) shape.lengths = lengths.get();
  T* const to_dx = wants_dx ? dx.get() : nullptr;
  if (batch) {
    mc::batch_norm_forward<T>(gpu, shape, T(epsilon), T(0.25), x.get(), gamma.get(), beta.get(), running_mean.get(),
                              running_variance.get(), y.get(), mean.get(), inverse.get(), nullptr);
    mc::batch_norm_backward<T>(gpu, shape, x.get(), dy.get(), gamma.get(), given_mean.get(), given_inverse.get(),
                               by_gamma.get(), by_beta.get(), to_dx, nullptr);
  } else {
    mc::layer_norm_forward<T>(gpu, shape, T(epsilon), x.get(), gamma.get(), beta.get(), y.get(), mean.get(), inverse.get());
    mc::layer_norm_backward<T>(gpu, shape, x.get(), dy.get(), gamma.get(), given_mean.get(), given_inverse.get(),
                               by_gamma.get(), by_beta.get(), to_dx, nullptr);
  }
  CHECK(test::difference(x.values(), in.x) == 0.0);
  return {y.values(),        mean.values(),    inverse.values(),      dx.values(),
          by_gamma.values(), by_beta.values(), running_mean.values(), running_variance.values()};
}

template <class T>
void compare(const norm_results<T>& got, const norm_results<T>& expected) {
  constexpr double limit = 4 * test::tolerance<T>;  // means of a row are sums in T on both sides, in orders of their own
  CHECK(test::difference(got.y, expected.y) < limit);
  CHECK(test::difference(got.mean, expected.mean) < limit);
  CHECK(test::difference(got.inverse, expected.inverse) < limit);
  CHECK(test::difference(got.dx, expected.dx) < limit);
  CHECK(test::difference(got.by_gamma, expected.by_gamma) < limit);
  CHECK(test::difference(got.by_beta, expected.by_beta) < limit);
  CHECK(test::difference(got.running_mean, expected.running_mean) < limit);
  CHECK(test::difference(got.running_variance, expected.running_variance) < limit);
}

template <class T>
void check(const mc::context& gpu, const problem& p, bool batch) {
  INFO("batch " << batch << ", " << p.examples << " x " << p.steps << " x " << p.width << ", offset " << p.offset
                << ", masked " << p.masked);
  const norm_inputs<T> in(p);
  const norm_results<T> expected = on_cpu(in, batch, p.offset != 1);
  compare(on_device(gpu, in, expected, batch, p.offset != 1, p.offset), expected);
}

}  // namespace

TEMPLATE_TEST_CASE("Batch normalisation of a device is that of the CPU", "[cuda][norm]", float, double) {
  const mc::context gpu;
  for (const std::size_t width : {1u, 3u, 4u, 8u, 20u, 127u, 128u, 129u, 260u}) {
    for (const std::size_t offset : {0u, 1u, 2u}) check<TestType>(gpu, {37, 1, width, offset}, true);
    check<TestType>(gpu, {9, 7, width, 0, true}, true);
    check<TestType>(gpu, {9, 7, width, 1, true}, true);
  }
  // Rows around what a block's threads take at once, and more slabs than one share of the last sums.
  for (const std::size_t rows : {0u, 1u, 2u, 31u, 32u, 33u, 1023u, 1024u, 1025u, 20000u})
    check<TestType>(gpu, {rows, 1, 8}, true);
  check<TestType>(gpu, {40000, 1, 1}, true);
  check<TestType>(gpu, {700, 9, 12, 0, true}, true);
  check<TestType>(gpu, {1, 5, 4, 0, true}, true);  // a batch whose only length is 0
  check<TestType>(gpu, {0, 5, 4, 0, true}, true);
}

TEMPLATE_TEST_CASE("Layer normalisation of a device is that of the CPU", "[cuda][norm]", float, double) {
  const mc::context gpu;
  for (const std::size_t width : {1u, 3u, 31u, 32u, 33u, 127u, 128u, 129u, 511u, 512u, 513u, 4096u, 4097u}) {
    for (const std::size_t offset : {0u, 1u, 2u}) check<TestType>(gpu, {width > 600 ? 3u : 19u, 1, width, offset}, false);
    check<TestType>(gpu, {4, 5, width, 0, true}, false);
    check<TestType>(gpu, {4, 3, width, 1, true}, false);
  }
  for (const std::size_t rows : {0u, 1u, 15u, 16u, 17u}) check<TestType>(gpu, {rows, 1, 30}, false);
}

TEMPLATE_TEST_CASE("Layer normalisation need not keep its statistics", "[cuda][norm]", float, double) {
  using T = TestType;
  const mc::context gpu;
  for (const std::size_t width : {20u, 5000u}) {
    const norm_inputs<T> in(problem{3, 1, width});
    const norm_results<T> expected = on_cpu(in, false, false);
    test::device_array<T> x(gpu, in.x), gamma(gpu, in.gamma), beta(gpu, in.beta);
    mc::layer_norm_forward<T>(gpu, in.shape, T(epsilon), x.get(), gamma.get(), beta.get(), x.get(), nullptr, nullptr);
    CHECK(test::difference(x.values(), expected.y) < 2 * test::tolerance<T>);
  }
}

TEMPLATE_TEST_CASE("Scaled columns of a device are those of the CPU", "[cuda][norm]", float, double) {
  using T = TestType;
  const mc::context gpu;
  for (const std::size_t width : {1u, 6u, 8u, 200u}) {
    for (const std::size_t offset : {0u, 1u}) {
      const norm_inputs<T> in(problem{30, 4, width, offset, true});
      std::vector<T> y(in.x.size(), T(7)), variance = test::random_values<T>(width, 9, 6.0), scale(width), shift(width);
      for (T& value : variance) value = (std::max)(value, T(0));
      kernel::statistics_scale<mm::exec::cpu, T>(cpu, width, epsilon, in.gamma.data(), in.beta.data(), in.gamma.data(),
                                                 variance.data(), scale.data(), shift.data());
      kernel::scale_and_shift<mm::exec::cpu, T>(cpu, in.shape, in.x.data(), scale.data(), shift.data(), y.data());
      test::device_array<std::uint32_t> lengths(gpu, in.lengths);
      test::device_array<T> x(gpu, in.x, offset), gamma(gpu, in.gamma, offset), beta(gpu, in.beta, offset);
      test::device_array<T> variances(gpu, variance, offset), scales(gpu, width, offset), shifts(gpu, width, offset);
      mc::statistics_scale<T>(gpu, width, epsilon, gamma.get(), beta.get(), gamma.get(), variances.get(), scales.get(),
                              shifts.get());
      CHECK(test::difference(scales.values(), scale) < test::tolerance<T>);
      CHECK(test::difference(shifts.values(), shift) < test::tolerance<T>);
      mc::scale_and_shift<T>(gpu, {30, 4, width, lengths.get()}, x.get(), scales.get(), shifts.get(), x.get());
      CHECK(test::difference(x.values(), y) < 2 * test::tolerance<T>);
    }
  }
}

TEST_CASE("Normalisations do not depend on the order of threads", "[cuda][norm]") {
  std::vector<norm_results<float>> batch, layer;
  const norm_inputs<float> in(problem{60, 5, 12, 0, true});
  const norm_results<float> batch_expected = on_cpu(in, true, true), layer_expected = on_cpu(in, false, true);
  test::in_all_orders([&] {
    const mc::context gpu;
    batch.push_back(on_device(gpu, in, batch_expected, true, true, 0));
    layer.push_back(on_device(gpu, in, layer_expected, false, true, 0));
  });
  for (std::size_t i = 1; i < batch.size(); ++i) {
    CHECK(batch[i] == batch[0]);
    CHECK(layer[i] == layer[0]);
  }
}

TEST_CASE("Normalisations refuse more than they can count", "[cuda][norm]") {
  const mc::context gpu;
  float* const none = nullptr;
  const kernel::norm_shape large{std::size_t{1} << 20, 1, std::size_t{1} << 12};
  CHECK_THROWS_AS(mc::scale_and_shift<float>(gpu, large, none, none, none, none), mm::limit_error);
  CHECK_THROWS_AS(mc::layer_norm_forward<float>(gpu, large, 1.0f, none, none, none, none, none, none), mm::limit_error);
}

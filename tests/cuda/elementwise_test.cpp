#include <mmrec/kernel/cuda/elementwise.cuh>

#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/elementwise.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include "device_array.hpp"
#include "support/catch.hpp"

namespace mm = mmrec;
namespace mc = mmrec::cuda;
namespace kernel = mmrec::kernel;

namespace {

const mm::exec::cpu cpu;

/// Sizes around a pack, a thread's packs, a block's share, and beyond.
const std::size_t counts[] = {0, 1, 3, 4, 5, 255, 1023, 1024, 4095, 4096, 4097, 9001};

/// One activation on the CPU and on the device: Forward and Backward take (executor or context, count, arrays...).
template <class T, class Forward, class Backward>
void check_activation(const mc::context& gpu, bool reads_output, Forward&& forward, Backward&& backward) {
  for (const std::size_t count : counts) {
    for (const std::size_t offset : {0u, 1u, 2u}) {
      std::vector<T> x = test::random_values<T>(count, 1), dy = test::random_values<T>(count, 2);
      for (T& value : x) value *= T(3);
      if (count > 4) {
        x[1] = T(0);
        x[2] = std::numeric_limits<T>::quiet_NaN();
        x[3] = T(-40);
        x[4] = T(40);
      }
      std::vector<T> y(count), dx(count);
      forward(cpu, count, x.data(), y.data());
      const std::vector<T>& kept = reads_output ? y : x;
      backward(cpu, count, kept.data(), dy.data(), dx.data());
      // The two inputs of a gradient begin at different places at offset 2.
      test::device_array<T> from(gpu, x, offset), to(gpu, count, offset), value(gpu, kept, offset);
      test::device_array<T> slope(gpu, dy, offset == 2 ? 1 : offset), result(gpu, count, offset);
      forward(gpu, count, from.get(), to.get());
      backward(gpu, count, value.get(), slope.get(), result.get());
      INFO("count " << count << ", offset " << offset);
      CHECK(test::difference(to.values(), y, 0.5) < test::tolerance<T>);
      CHECK(test::difference(result.values(), dx, 1.0) < test::tolerance<T>);
      forward(gpu, count, from.get(), from.get());
      CHECK(test::difference(from.values(), y, 0.5) < test::tolerance<T>);
    }
  }
}

}  // namespace

TEMPLATE_TEST_CASE("Activations of a device are those of the CPU", "[cuda][elementwise]", float, double) {
  using T = TestType;
  const mc::context gpu;
  const auto forward = [](auto on_cpu, auto on_device) {
    return [=](const auto& on, std::size_t count, const T* x, T* y) {
      if constexpr (mm::executor<std::remove_cvref_t<decltype(on)>>) {
        on_cpu(on, count, x, y);
      } else {
        on_device(on, count, x, y);
      }
    };
  };
  const auto backward = [](auto on_cpu, auto on_device) {
    return [=](const auto& on, std::size_t count, const T* value, const T* dy, T* dx) {
      if constexpr (mm::executor<std::remove_cvref_t<decltype(on)>>) {
        on_cpu(on, count, value, dy, dx);
      } else {
        on_device(on, count, value, dy, dx);
      }
    };
  };
#define MMREC_CHECK_ACTIVATION(name, reads_output)                                                   \
  SECTION(#name)                                                                                     \
  check_activation<T>(gpu, reads_output,                                                             \
                      forward([](const auto& on, auto... a) { kernel::name##_forward(on, a...); },   \
                              [](const auto& on, auto... a) { mc::name##_forward(on, a...); }),      \
                      backward([](const auto& on, auto... a) { kernel::name##_backward(on, a...); }, \
                               [](const auto& on, auto... a) { mc::name##_backward(on, a...); }))
  MMREC_CHECK_ACTIVATION(relu, true);
  MMREC_CHECK_ACTIVATION(sigmoid, true);
  MMREC_CHECK_ACTIVATION(tanh, true);
  MMREC_CHECK_ACTIVATION(gelu, false);
  MMREC_CHECK_ACTIVATION(gelu_tanh, false);
#undef MMREC_CHECK_ACTIVATION
  SECTION("leaky_relu") {
    check_activation<T>(
        gpu, false,
        forward([](const auto& on, std::size_t n, const T* x, T* y) { kernel::leaky_relu_forward(on, n, T(0.1), x, y); },
                [](const auto& on, std::size_t n, const T* x, T* y) { mc::leaky_relu_forward(on, n, T(0.1), x, y); }),
        backward([](const auto& on, std::size_t n, const T* x, const T* dy,
                    T* dx) { kernel::leaky_relu_backward(on, n, T(0.1), x, dy, dx); },
                 [](const auto& on, std::size_t n, const T* x, const T* dy, T* dx) {
                   mc::leaky_relu_backward(on, n, T(0.1), x, dy, dx);
                 }));
  }
}

TEMPLATE_TEST_CASE("Softmax of a device is that of the CPU", "[cuda][elementwise]", float, double) {
  using T = TestType;
  const mc::context gpu;
  const auto check = [&](std::size_t rows, std::size_t width, std::size_t offset, bool masked) {
    INFO("rows " << rows << ", width " << width << ", offset " << offset << ", masked " << masked);
    const std::size_t size = rows * width;
    std::vector<T> x = test::random_values<T>(size, 3);
    for (T& value : x) value *= T(4);
    const std::vector<T> dy = test::random_values<T>(size, 4);
    const std::vector<std::uint32_t> lengths = test::random_lengths(rows, width + 2, 5);
    if (masked) {  // what is masked is not read
      for (std::size_t row = 0; row < rows; ++row) {
        for (std::size_t c = lengths[row]; c < width; ++c) x[row * width + c] = std::numeric_limits<T>::quiet_NaN();
      }
    }
    std::vector<T> y(size), logs(size), dx(size), log_dx(size), sums(rows);
    kernel::softmax_forward(cpu, rows, width, masked ? lengths.data() : nullptr, x.data(), y.data());
    kernel::softmax_backward<mm::exec::cpu, T>(cpu, rows, width, y.data(), dy.data(), dx.data());
    kernel::log_softmax_forward<mm::exec::cpu, T>(cpu, rows, width, x.data(), logs.data());
    kernel::log_softmax_backward<mm::exec::cpu, T>(cpu, rows, width, logs.data(), dy.data(), log_dx.data());
    kernel::log_sum_exp<mm::exec::cpu, T>(cpu, rows, width, x.data(), sums.data());
    test::device_array<std::uint32_t> limits(gpu, lengths);
    test::device_array<T> from(gpu, x, offset), powers(gpu, y, offset), logarithms(gpu, logs, offset),
        slope(gpu, dy, offset);
    test::device_array<T> to(gpu, size, offset), log_to(gpu, size, offset), to_dx(gpu, size, offset),
        to_log_dx(gpu, size, offset);
    test::device_array<T> to_sums(gpu, rows, offset);
    mc::softmax_forward<T>(gpu, rows, width, masked ? limits.get() : nullptr, from.get(), to.get());
    mc::softmax_backward<T>(gpu, rows, width, powers.get(), slope.get(), to_dx.get());
    mc::log_softmax_forward<T>(gpu, rows, width, from.get(), log_to.get());
    mc::log_softmax_backward<T>(gpu, rows, width, logarithms.get(), slope.get(), to_log_dx.get());
    mc::log_sum_exp<T>(gpu, rows, width, from.get(), to_sums.get());
    // A sum of many terms may come in another order.
    const double limit = 4 * test::tolerance<T>;
    CHECK(test::difference(to.values(), y, 1e-3) < limit);
    CHECK(test::difference(to_dx.values(), dx, 0.1) < limit);
    CHECK(test::difference(log_to.values(), logs) < limit);
    CHECK(test::difference(to_log_dx.values(), log_dx, 0.1 * static_cast<double>(width + 10)) < limit);
    CHECK(test::difference(to_sums.values(), sums) < limit);
  };
  for (const std::size_t width : {1u, 3u, 4u, 31u, 32u, 33u, 127u, 128u, 129u, 511u, 512u, 513u, 4095u, 4096u, 4097u}) {
    for (const std::size_t offset : {0u, 1u}) {
      check(width > 600 ? 3 : 7, width, offset, false);
      check(width > 600 ? 3 : 7, width, offset, true);
    }
  }
  for (const std::size_t rows : {0u, 1u, 15u, 16u, 17u, 33u}) check(rows, 20, 0, true);
  check(5, 0, 0, false);
}

TEMPLATE_TEST_CASE("Softmax of a device keeps what is not a number to its row", "[cuda][elementwise]", float, double) {
  using T = TestType;
  const mc::context gpu;
  const T nan = std::numeric_limits<T>::quiet_NaN(), none = -std::numeric_limits<T>::infinity();
  for (const std::size_t width : {6u, 100u, 300u, 1000u, 5000u}) {
    std::vector<T> x = test::random_values<T>(4 * width, 7), y(4 * width);
    x[width + 2] = nan;
    x[2 * width + 1] = none;
    for (std::size_t c = 0; c < width; ++c) x[3 * width + c] = none;
    kernel::softmax_forward<mm::exec::cpu, T>(cpu, 4, width, nullptr, x.data(), y.data());
    test::device_array<T> from(gpu, x), to(gpu, x.size());
    mc::softmax_forward<T>(gpu, 4, width, nullptr, from.get(), to.get());
    CHECK(test::difference(to.values(), y, 1e-3) < 4 * test::tolerance<T>);
  }
}

TEST_CASE("Elementwise kernels do not depend on the order of threads", "[cuda][elementwise]") {
  std::vector<std::vector<float>> all;
  test::in_all_orders([&] {
    const mc::context gpu;
    for (const std::size_t width : {30u, 700u, 4500u}) {
      test::device_array<float> x(gpu, test::random_values<float>(3 * width, 8)), y(gpu, 3 * width);
      mc::softmax_forward<float>(gpu, 3, width, nullptr, x.get(), y.get());
      mc::gelu_forward<float>(gpu, 3 * width, y.get(), y.get());
      all.push_back(y.values());
    }
  });
  for (std::size_t i = 3; i < all.size(); ++i) CHECK(all[i] == all[i % 3]);
}

TEST_CASE("Elementwise kernels refuse more than they can count", "[cuda][elementwise]") {
  const mc::context gpu;
  float* const none = nullptr;
  CHECK_THROWS_AS(mc::relu_forward<float>(gpu, std::size_t{1} << 31, none, none), mm::limit_error);
  CHECK_THROWS_AS(mc::softmax_forward<float>(gpu, std::size_t{1} << 16, std::size_t{1} << 16, nullptr, none, none),
                  mm::limit_error);
}

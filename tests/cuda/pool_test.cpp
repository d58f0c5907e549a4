#include <mmrec/kernel/cuda/pool.cuh>

#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/pool.hpp>

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
using kernel::pool2d_shape;
using kernel::pool_divisor;

namespace {

const mm::exec::cpu cpu;

/// Numbers of which many are equal, and some none.
template <class T>
std::vector<T> coarse_values(std::size_t count, std::uint64_t stream) {
  mm::random_stream random(mm::seed{8}, stream);
  std::vector<T> values(count);
  for (T& value : values) {
    const std::uint32_t draw = random.below(60);
    value = draw == 0   ? std::numeric_limits<T>::quiet_NaN()
            : draw == 1 ? -std::numeric_limits<T>::infinity()
                        : static_cast<T>(draw % 5);
  }
  return values;
}

template <class T>
struct pool_results {
  std::vector<T> largest, largest_dx, average, average_dx;
};

/// What the layers compute: each sequence is pooled as if it were as long as its length.
template <class T>
pool_results<T> on_cpu(const pool2d_shape& shape, std::size_t images, const std::vector<std::uint32_t>* lengths,
                       pool_divisor divisor, const std::vector<T>& x, const std::vector<T>& numbers,
                       const std::vector<T>& dy) {
  pool_results<T> r{std::vector<T>(images * shape.out_size()), std::vector<T>(images * shape.in_size()),
                    std::vector<T>(images * shape.out_size()), std::vector<T>(images * shape.in_size())};
  const auto part = [&](std::size_t image, std::size_t count, const pool2d_shape& own) {
    const std::size_t in = image * shape.in_size(), out = image * shape.out_size();
    if (own.out_size() == 0) return;
    kernel::max_pool2d_forward<mm::exec::cpu, T>(cpu, own, count, x.data() + in, r.largest.data() + out);
    kernel::max_pool2d_backward<mm::exec::cpu, T>(cpu, own, count, x.data() + in, dy.data() + out, r.largest_dx.data() + in);
    kernel::average_pool2d_forward<mm::exec::cpu, T>(cpu, own, count, numbers.data() + in, r.average.data() + out, divisor);
    kernel::average_pool2d_backward<mm::exec::cpu, T>(cpu, own, count, dy.data() + out, r.average_dx.data() + in, divisor);
  };
  if (lengths == nullptr) {
    part(0, images, shape);
  } else {
    for (std::size_t image = 0; image < images; ++image) {
      pool2d_shape own = shape;
      own.in_width = (std::min)(shape.in_width, std::size_t{(*lengths)[image]});
      part(image, 1, own);
    }
  }
  return r;
}

/// Shape is kernel::pool2d_shape or kernel::constant_pool2d.
template <class T, class Shape>
void check(const mc::context& gpu, const Shape& given, std::size_t images, std::size_t offset, bool masked,
           pool_divisor divisor = pool_divisor::window) {
  const pool2d_shape shape = given;
  INFO(images << " images of " << shape.in_height << " x " << shape.in_width << " x " << shape.channels << ", window "
              << shape.window_height << " x " << shape.window_width << ", stride " << shape.stride_height << ", padding "
              << shape.padding_width << ", offset " << offset << ", masked " << masked);
  const std::vector<T> x = coarse_values<T>(images * shape.in_size(), 1);
  const std::vector<T> numbers = test::random_values<T>(images * shape.in_size(), 2);
  const std::vector<T> dy = test::random_values<T>(images * shape.out_size(), 3);
  const auto lengths = test::random_lengths(images, shape.in_width + 1, 4);
  const pool_results<T> expected = on_cpu(shape, images, masked ? &lengths : nullptr, divisor, x, numbers, dy);
  test::device_array<std::uint32_t> limits(gpu, lengths);
  test::device_array<T> from(gpu, x, offset), averaged(gpu, numbers, offset), slope(gpu, dy, offset);
  test::device_array<T> largest(gpu, dy.size(), offset), largest_dx(gpu, x.size(), offset);
  test::device_array<T> average(gpu, dy.size(), offset), average_dx(gpu, x.size(), offset);
  const T *const input = from.get(), *const smooth = averaged.get(), *const gradient = slope.get();
  if (masked) {
    mc::max_pool2d_forward(gpu, shape, images, input, largest.get(), limits.get());
    mc::max_pool2d_backward(gpu, shape, images, input, gradient, largest_dx.get(), limits.get());
    mc::average_pool2d_forward(gpu, shape, images, smooth, average.get(), divisor, limits.get());
    mc::average_pool2d_backward(gpu, shape, images, gradient, average_dx.get(), divisor, limits.get());
  } else {
    mc::max_pool2d_forward(gpu, given, images, input, largest.get());
    mc::max_pool2d_backward(gpu, given, images, input, gradient, largest_dx.get());
    mc::average_pool2d_forward(gpu, given, images, smooth, average.get(), divisor);
    mc::average_pool2d_backward(gpu, given, images, gradient, average_dx.get(), divisor);
  }
  CHECK(test::difference(largest.values(), expected.largest) == 0.0);
  CHECK(test::difference(largest_dx.values(), expected.largest_dx) == 0.0);
  CHECK(test::difference(average.values(), expected.average) < test::tolerance<T>);
  CHECK(test::difference(average_dx.values(), expected.average_dx) < test::tolerance<T>);
  mc::max_pool2d_backward<T>(gpu, shape, images, input, gradient, nullptr);
  mc::average_pool2d_backward<T>(gpu, shape, images, gradient, nullptr);
}

}  // namespace

TEMPLATE_TEST_CASE("Windows are pooled on a device as on the CPU", "[cuda][pool]", float, double) {
  const mc::context gpu;
  const pool2d_shape shapes[] = {
      {.channels = 1, .in_height = 7, .in_width = 5},
      {.channels = 3,
       .in_height = 9,
       .in_width = 8,
       .window_height = 2,
       .window_width = 2,
       .stride_height = 2,
       .stride_width = 2},
      {8, 9, 11, 3, 3, 2, 2, 1, 1},
      {4, 6, 7, 3, 2, 1, 1, 1, 1},
      {5, 10, 12, 2, 4, 3, 3, 0, 2},  // pixels that no window holds
      {12, 4, 4, 4, 4, 1, 1, 2, 2},
      {4, 2, 2, 3, 3, 1, 1, 0, 0},  // no window fits
  };
  for (const pool2d_shape& shape : shapes) {
    for (const std::size_t images : {0u, 1u, 4u}) {
      check<TestType>(gpu, shape, images, 0, false);
      check<TestType>(gpu, shape, images, 1, false, pool_divisor::inside);
    }
  }
  check<TestType>(gpu, pool2d_shape{4, 40, 40, 3, 3, 2, 2, 1, 1}, 5, 0, false);  // several blocks
}

TEMPLATE_TEST_CASE("Sequences are pooled on a device up to their lengths", "[cuda][pool]", float, double) {
  const mc::context gpu;
  for (const std::size_t channels : {3u, 8u}) {
    for (const std::size_t window : {1u, 2u, 3u, 4u}) {
      for (const std::size_t stride : {1u, 2u, 3u}) {
        const pool2d_shape shape{channels, 1, 13, 1, window, 1, stride, 0, window / 2};
        check<TestType>(gpu, shape, 9, channels % 2, true, stride == 2 ? pool_divisor::inside : pool_divisor::window);
      }
    }
  }
}

TEMPLATE_TEST_CASE("Windows of a shape that the compiler knows are pooled alike", "[cuda][pool]", float, double) {
  const mc::context gpu;
  check<TestType>(gpu, kernel::constant_pool2d<pool2d_shape{8, 9, 11, 3, 3, 2, 2, 1, 1}>{}, 3, 0, false);
  check<TestType>(gpu, kernel::constant_pool2d<pool2d_shape{8, 9, 11, 3, 3, 2, 2, 1, 1}>{}, 3, 1, false,
                  pool_divisor::inside);
  check<TestType>(gpu, kernel::constant_pool2d<pool2d_shape{3, 8, 8, 2, 2, 2, 2, 0, 0}>{}, 3, 0, false);
  check<TestType>(gpu, kernel::constant_pool2d<pool2d_shape{3, 8, 8, 2, 2, 2, 2, 0, 0}>{}, 0, 0, false);
}

TEMPLATE_TEST_CASE("Whole images are pooled on a device as on the CPU", "[cuda][pool]", float, double) {
  using T = TestType;
  const mc::context gpu;
  const auto check_global = [&](std::size_t images, std::size_t positions, std::size_t channels, std::size_t offset,
                                bool masked) {
    INFO(images << " x " << positions << " x " << channels << ", offset " << offset << ", masked " << masked);
    const std::size_t size = images * positions * channels, results = images * channels;
    const std::vector<T> x = coarse_values<T>(size, 1), numbers = test::random_values<T>(size, 2);
    const std::vector<T> dy = test::random_values<T>(results, 3);
    const auto lengths = test::random_lengths(images, positions, 5);
    const std::uint32_t* const own = masked ? lengths.data() : nullptr;
    pool_results<T> r{std::vector<T>(results), std::vector<T>(size), std::vector<T>(results), std::vector<T>(size)};
    kernel::global_max_pool_forward<mm::exec::cpu, T>(cpu, images, positions, channels, own, x.data(), r.largest.data());
    kernel::global_max_pool_backward<mm::exec::cpu, T>(cpu, images, positions, channels, own, x.data(), dy.data(),
                                                       r.largest_dx.data());
    kernel::global_average_pool_forward<mm::exec::cpu, T>(cpu, images, positions, channels, own, numbers.data(),
                                                          r.average.data());
    kernel::global_average_pool_backward<mm::exec::cpu, T>(cpu, images, positions, channels, own, dy.data(),
                                                           r.average_dx.data());
    test::device_array<std::uint32_t> limits(gpu, lengths);
    const std::uint32_t* const device_lengths = masked ? limits.get() : nullptr;
    test::device_array<T> from(gpu, x, offset), averaged(gpu, numbers, offset), slope(gpu, dy, offset);
    test::device_array<T> largest(gpu, results, offset), largest_dx(gpu, size, offset);
    test::device_array<T> average(gpu, results, offset), average_dx(gpu, size, offset);
    mc::global_max_pool_forward<T>(gpu, images, positions, channels, device_lengths, from.get(), largest.get());
    mc::global_max_pool_backward<T>(gpu, images, positions, channels, device_lengths, from.get(), slope.get(),
                                    largest_dx.get());
    mc::global_average_pool_forward<T>(gpu, images, positions, channels, device_lengths, averaged.get(), average.get());
    mc::global_average_pool_backward<T>(gpu, images, positions, channels, device_lengths, slope.get(), average_dx.get());
    CHECK(test::difference(largest.values(), r.largest) == 0.0);
    CHECK(test::difference(largest_dx.values(), r.largest_dx) == 0.0);
    CHECK(test::difference(average.values(), r.average) < test::tolerance<T>);
    CHECK(test::difference(average_dx.values(), r.average_dx) < test::tolerance<T>);
    mc::global_max_pool_backward<T>(gpu, images, positions, channels, device_lengths, from.get(), slope.get(), nullptr);
    mc::global_average_pool_backward<T>(gpu, images, positions, channels, device_lengths, slope.get(), nullptr);
  };
  for (const std::size_t channels : {1u, 3u, 4u, 8u, 127u, 128u, 129u, 260u}) {
    for (const std::size_t offset : {0u, 1u}) {
      check_global(4, 49, channels, offset, false);
      check_global(6, 30, channels, offset, true);
    }
  }
  check_global(0, 5, 4, 0, false);
  check_global(2, 1, 4, 0, true);
  check_global(1, 5000, 3, 0, false);
  check_global(3, 300, 130, 0, true);
}

TEST_CASE("Poolings do not depend on the order of threads", "[cuda][pool]") {
  const auto lengths = test::random_lengths(3, 40, 6);
  const pool2d_shape shape{8, 1, 40, 1, 3, 1, 2, 0, 1};
  std::vector<std::vector<float>> all;
  test::in_all_orders([&] {
    const mc::context gpu;
    const std::size_t size = 3 * shape.in_size();
    test::device_array<std::uint32_t> limits(gpu, lengths);
    test::device_array<float> x(gpu, coarse_values<float>(size, 7)), windows(gpu, 3 * shape.out_size()), sums(gpu, 3 * 8);
    test::device_array<float> dx(gpu, size), global_dx(gpu, size),
        dy(gpu, test::random_values<float>(3 * shape.out_size(), 8));
    const float* const input = x.get();
    mc::max_pool2d_forward(gpu, shape, 3, input, windows.get(), limits.get());
    mc::max_pool2d_backward<float>(gpu, shape, 3, input, dy.get(), dx.get(), limits.get());
    mc::global_average_pool_forward<float>(gpu, 3, 40, 8, limits.get(), dx.get(), sums.get());
    mc::global_max_pool_backward<float>(gpu, 3, 40, 8, limits.get(), input, sums.get(), global_dx.get());
    std::vector<float> results = sums.values(), more = global_dx.values(), most = windows.values();
    for (float& value : most) value = value != value ? -9.0f : value;
    results.insert(results.end(), more.begin(), more.end());
    results.insert(results.end(), most.begin(), most.end());
    all.push_back(results);
  });
  for (const auto& results : all) CHECK(results == all[0]);
}

TEST_CASE("Poolings refuse more than they can count", "[cuda][pool]") {
  const mc::context gpu;
  float* const none = nullptr;
  const float* const input = nullptr;
  CHECK_THROWS_AS(mc::max_pool2d_forward(gpu, pool2d_shape{64, 256, 256}, 1024, input, none), mm::limit_error);
  CHECK_THROWS_AS(mc::global_average_pool_forward<float>(gpu, 1 << 11, 1 << 10, 1 << 10, nullptr, input, none),
                  mm::limit_error);
}

#include <mmrec/kernel/cuda/affine.cuh>

#include <mmrec/core/error.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/exec/cuda/buffer.hpp>
#include <mmrec/exec/cuda/context.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include <support/catch.hpp>
#include <support/thrown.hpp>

#include "shim.hpp"

namespace mm = mmrec;
namespace mc = mmrec::cuda;

namespace {

template <class T>
std::vector<T> random_values(std::size_t count, std::uint64_t stream) {
  mm::random_stream random(mm::seed{5}, stream);
  std::vector<T> values(count);
  for (T& value : values) value = static_cast<T>(random.normal());
  return values;
}

template <class T>
mc::buffer<T> up(const mc::context& gpu, const std::vector<T>& values) {
  return {gpu, std::span<const T>(values)};
}
template <class T>
std::vector<T> down(const mc::context& gpu, const mc::buffer<T>& from) {
  std::vector<T> values(from.size());
  from.download(gpu, values);
  return values;
}

/// Sums in long double with the sums of the magnitudes of their terms.
struct reference {
  std::vector<long double> sums, sizes;
  explicit reference(std::size_t count) : sums(count), sizes(count) {}
  void add(std::size_t at, long double term) {
    sums[at] += term;
    sizes[at] += std::abs(term);
  }
};
template <class T>
double worst_error(const std::vector<T>& values, const reference& expected) {
  REQUIRE(values.size() == expected.sums.size());
  double worst = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto error = static_cast<double>(std::abs(values[i] - expected.sums[i]));
    if (!(error == 0)) worst = std::max(worst, error >= 0 ? error / static_cast<double>(expected.sizes[i] + 1e-30L) : 1e30);
  }
  return worst / static_cast<double>(std::numeric_limits<T>::epsilon());
}

struct sizes {
  std::size_t rows, inner, columns;
};
const std::vector<sizes>& samples() {
  static const std::vector<sizes> all = {{1, 1, 1},  {3, 5, 7},  {64, 33, 32}, {65, 16, 33},
                                         {9, 40, 1}, {1, 7, 70}, {4, 0, 5},    {1300, 3, 10}};
  return all;
}

}  // namespace

TEMPLATE_TEST_CASE("dense layers and their gradients agree with long double sums", "", float, double) {
  using T = TestType;
  const mc::context gpu;
  for (const auto& [rows, inner, columns] : samples()) {
    CAPTURE(rows, inner, columns);
    const auto x = random_values<T>(rows * inner, 1), w = random_values<T>(inner * columns, 2),
               dy = random_values<T>(rows * columns, 3), b = random_values<T>(columns, 4);
    reference y(rows * columns), dx(rows * inner), dw(inner * columns), db(columns);
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t j = 0; j < columns; ++j) {
        for (std::size_t k = 0; k < inner; ++k) {
          y.add(i * columns + j, static_cast<long double>(x[i * inner + k]) * w[k * columns + j]);
          dx.add(i * inner + k, static_cast<long double>(dy[i * columns + j]) * w[k * columns + j]);
          dw.add(k * columns + j, static_cast<long double>(dy[i * columns + j]) * x[i * inner + k]);
        }
        y.add(i * columns + j, b[j]);
        db.add(j, dy[i * columns + j]);
      }
    }
    for (std::size_t i = 0; i < dw.sums.size(); ++i) dw.add(i, 2);
    for (std::size_t j = 0; j < columns; ++j) db.add(j, 3);
    const auto device_x = up(gpu, x), device_w = up(gpu, w), device_dy = up(gpu, dy), device_b = up(gpu, b);
    mc::buffer<T> device_y(gpu, rows * columns), device_dx(gpu, rows * inner);
    auto device_dw = up(gpu, std::vector<T>(inner * columns, T(2))), device_db = up(gpu, std::vector<T>(columns, T(3)));
    T* const none = nullptr;
    mc::affine(gpu, rows, inner, columns, device_x.on(gpu), device_w.on(gpu), device_b.on(gpu), false, device_y.on(gpu),
               none);
    mc::affine_backward_input(gpu, rows, inner, columns, device_dy.on(gpu), device_w.on(gpu), device_dx.on(gpu), none);
    mc::affine_backward_weights(gpu, rows, inner, columns, device_x.on(gpu), device_dy.on(gpu), device_dw.on(gpu),
                                device_db.on(gpu), none);
    const auto plain = down(gpu, device_y);
    CHECK(worst_error(plain, y) < 12);
    CHECK(worst_error(down(gpu, device_dx), dx) < 12);
    CHECK(worst_error(down(gpu, device_dw), dw) < 12);
    CHECK(worst_error(down(gpu, device_db), db) < 12);

    mc::affine(gpu, rows, inner, columns, device_x.on(gpu), device_w.on(gpu), device_b.on(gpu), true, device_y.on(gpu),
               none);
    const auto cut = down(gpu, device_y);
    for (std::size_t i = 0; i < cut.size(); ++i) CHECK(cut[i] == (plain[i] < 0 ? T(0) : plain[i]));
    const T* const no_bias = nullptr;
    mc::affine(gpu, rows, inner, columns, device_x.on(gpu), device_w.on(gpu), no_bias, false, device_y.on(gpu), none);
    const auto bare = down(gpu, device_y);
    for (std::size_t i = 0; i < bare.size(); ++i) CHECK(bare[i] + b[i % columns] == plain[i]);
    mc::affine_backward_weights(gpu, rows, inner, columns, device_x.on(gpu), device_dy.on(gpu), device_dw.on(gpu), none,
                                none);
  }
}

TEST_CASE("not-a-number passes a dense layer's relu") {
  const mc::context gpu;
  const auto x = up(gpu, std::vector<float>{1, std::numeric_limits<float>::quiet_NaN()}),
             w = up(gpu, std::vector<float>{-2});
  mc::buffer<float> y(gpu, 2);
  const float* const bias = nullptr;
  float* const none = nullptr;
  mc::affine(gpu, 2, 1, 1, x.on(gpu), w.on(gpu), bias, true, y.on(gpu), none);
  const auto values = down(gpu, y);
  CHECK(values[0] == 0);
  CHECK(std::isnan(values[1]));
}

TEST_CASE("precision is passed on to products of dense layers") {
  const auto x = random_values<float>(64, 1), w = random_values<float>(64, 2);
  std::vector<std::vector<float>> results;
  for (const auto precision : {mc::math::float32, mc::math::tf32, mc::math::bf16}) {
    const mc::context gpu(0, precision);
    const auto device_x = up(gpu, x), device_w = up(gpu, w);
    mc::buffer<float> y(gpu, 1);
    const float* const bias = nullptr;
    float* const none = nullptr;
    mc::affine(gpu, 1, 64, 1, device_x.on(gpu), device_w.on(gpu), bias, false, y.on(gpu), none);
    results.push_back(down(gpu, y));
  }
  CHECK(results[1][0] == Approx(results[0][0]).margin(0.02));
  CHECK(results[2][0] == Approx(results[0][0]).margin(0.2));
}

TEST_CASE("a dense layer without rows does nothing, one beyond 32 bits is refused") {
  const cuda_shim::scope scope;
  const mc::context gpu;
  const float* const none = nullptr;
  float* const nowhere = nullptr;
  cuda_shim::reset_counters();
  mc::affine(gpu, 0, 4, 4, none, none, none, true, nowhere, nowhere);
  mc::affine_backward_input(gpu, 0, 4, 4, none, none, nowhere, nowhere);
  mc::affine_backward_weights(gpu, 0, 4, 4, none, none, nowhere, nowhere, nowhere);
  CHECK(cuda_shim::counters().launches == 0);
  CHECK(cuda_shim::counters().library_calls == 0);
  CHECK_THAT(
      test::thrown<mm::limit_error>([&] { mc::affine(gpu, 65536, 65536, 1, none, none, none, false, nowhere, nowhere); }),
      test::contains("cuda::affine: elements of the input 4294967296 exceeds the limit of 2147483647"));
  CHECK_THAT(test::thrown<mm::limit_error>(
                 [&] { mc::affine_backward_weights(gpu, 1, 65536, 65536, none, none, nowhere, nowhere, nowhere); }),
             test::contains("cuda::affine_backward_weights: weights"));
}

#include <mmrec/kernel/affine.hpp>

#include <mmrec/core/random.hpp>
#include <mmrec/exec/cpu.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "support/allocations.hpp"
#include "support/catch.hpp"

namespace kernel = mmrec::kernel;

namespace {

template <class T>
struct layer {
  std::size_t rows, inner, columns;
  std::vector<T> x, weights, bias, gradient;
  layer(std::size_t n, std::size_t d, std::size_t out) : rows(n), inner(d), columns(out) {
    mmrec::random_stream random(mmrec::seed{n * 31 + d * 7 + out});
    const auto fill = [&](std::vector<T>& values, std::size_t count) {
      values.resize(count);
      for (T& value : values) value = static_cast<T>(random.normal());
    };
    fill(x, n * d), fill(weights, d * out), fill(bias, out), fill(gradient, n * out);
  }
  double expected(std::size_t row, std::size_t column, bool with_bias, bool relu) const {
    double sum = with_bias ? static_cast<double>(bias[column]) : 0.0;
    for (std::size_t k = 0; k < inner; ++k) {
      sum += static_cast<double>(x[row * inner + k]) * static_cast<double>(weights[k * columns + column]);
    }
    return relu ? (std::max)(sum, 0.0) : sum;
  }
};

template <class T>
void check(std::size_t rows, std::size_t inner, std::size_t columns) {
  const layer<T> l(rows, inner, columns);
  const double bound = 4.0 * std::sqrt(static_cast<double>(inner) + 1.0) * (sizeof(T) == 4 ? 0x1p-24 : 0x1p-53) * 20.0;
  std::vector<T> packed(kernel::gemm_packed_size<T>(inner, columns));
  kernel::gemm_pack(inner, columns, kernel::as_stored<T>(l.weights.data(), columns), packed.data());
  for (const kernel::simd_level level : kernel::usable_simd_levels()) {
    for (const std::size_t threads : {1u, 2u, 8u}) {
      const mmrec::exec::cpu_session session(mmrec::exec::cpu{.threads = threads});
      std::vector<T> scratch(kernel::affine_scratch<T>(rows, inner, columns, threads) + 16), y(rows * columns), other(y);
      for (const bool with_bias : {false, true}) {
        for (const bool relu : {false, true}) {
          const T* const bias = with_bias ? l.bias.data() : nullptr;
          kernel::affine(session.executor(), rows, inner, columns, l.x.data(), l.weights.data(), bias, relu, y.data(),
                         scratch.data(), level);
          double error = 0.0;
          for (std::size_t i = 0; i < y.size(); ++i) {
            error = (std::max)(error,
                               std::abs(static_cast<double>(y[i]) - l.expected(i / columns, i % columns, with_bias, relu)));
          }
          CHECK(error <= bound);
          kernel::affine_packed(session.executor(), rows, inner, columns, l.x.data(), packed.data(), bias, relu,
                                other.data(), scratch.data(), level);
          CHECK(other == y);
          // A row alone has the bits of the same row among others.
          std::vector<T> alone(columns);
          for (const std::size_t row : {std::size_t{0}, rows - 1}) {
            kernel::affine_packed(mmrec::exec::cpu{}, 1, inner, columns, l.x.data() + row * inner, packed.data(), bias, relu,
                                  alone.data(), scratch.data(), level);
            CHECK(std::equal(alone.begin(), alone.end(), y.begin() + static_cast<std::ptrdiff_t>(row * columns)));
          }
        }
      }
    }
  }
}

}  // namespace

TEST_CASE("fully connected layers agree with sums in double, packed or not") {
  check<float>(1, 1, 1);
  check<float>(3, 5, 7);
  check<float>(8, 64, 48);
  check<float>(9, 300, 49);
  check<float>(100, 257, 130);
  check<double>(20, 513, 31);
  check<float>(12, 30, 6200);  // more columns than are packed at a time
}

TEST_CASE("gradients of a fully connected layer are products, added and overwritten") {
  const layer<double> l(11, 37, 29);
  const mmrec::exec::cpu exec;
  std::vector<double> scratch(kernel::affine_backward_input_scratch<double>(11, 37, 29, 1) +
                              kernel::affine_backward_weights_scratch<double>(11, 37, 29, 1));
  std::vector<double> dx(11 * 37, 9.0), dw(37 * 29, 1.0), db(29, 2.0);
  const auto work = [&] {
    kernel::affine_backward_input(exec, 11, 37, 29, l.gradient.data(), l.weights.data(), dx.data(), scratch.data());
    kernel::affine_backward_weights(exec, 11, 37, 29, l.x.data(), l.gradient.data(), dw.data(), db.data(), scratch.data());
  };
  CHECK(test::allocations_of(work) == 0);
  for (std::size_t row = 0; row < 11; ++row) {
    for (std::size_t k = 0; k < 37; ++k) {
      double sum = 0.0;
      for (std::size_t j = 0; j < 29; ++j) sum += l.gradient[row * 29 + j] * l.weights[k * 29 + j];
      CHECK(dx[row * 37 + k] == Approx(sum).epsilon(1e-12).margin(1e-12));
    }
  }
  for (std::size_t j = 0; j < 29; ++j) {
    double sum = 2.0;
    for (std::size_t row = 0; row < 11; ++row) sum += l.gradient[row * 29 + j];
    CHECK(db[j] == Approx(sum).epsilon(1e-12));
    double weight = 1.0;
    for (std::size_t row = 0; row < 11; ++row) weight += l.x[row * 37 + 5] * l.gradient[row * 29 + j];
    CHECK(dw[5 * 29 + j] == Approx(weight).epsilon(1e-12));
  }
}

#include <mmrec/kernel/gru.hpp>

#include "recurrent_checks.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"

namespace kernel = mmrec::kernel;

namespace {

struct gru_layer {
  static constexpr std::size_t gates = 3, biases = 4;
  static constexpr bool cell = false;
  static double step(const double* x, const double* h, const double* b, double before, double& c) {
    c = 0;
    const double r = test::sigmoid(x[0] + h[0] + b[0]), z = test::sigmoid(x[1] + h[1] + b[1]);
    return (1 - z) * std::tanh(x[2] + b[2] + r * (h[2] + b[3])) + z * before;
  }
  template <class T>
  static std::size_t packed_size(std::size_t inputs, std::size_t hidden) {
    return kernel::gru_packed_size<T>(inputs, hidden);
  }
  template <class T>
  static std::size_t packed_scratch(const kernel::recurrent_shape& shape, bool training, std::size_t threads) {
    return kernel::gru_packed_scratch<T>(shape, training, threads);
  }
  template <class T>
  static std::size_t forward_scratch(const kernel::recurrent_shape& shape, bool training, std::size_t threads) {
    return kernel::gru_forward_scratch<T>(shape, training, threads);
  }
  template <class T>
  static std::size_t backward_scratch(const kernel::recurrent_shape& shape, std::size_t threads) {
    return kernel::gru_backward_scratch<T>(shape, threads);
  }
  template <class T>
  static std::size_t state_size(const kernel::recurrent_shape& shape) {
    return kernel::gru_state_size<T>(shape);
  }
  static void pack(const auto&... arguments) { kernel::gru_pack(arguments...); }
  static void forward(const auto&... arguments) { kernel::gru_forward(arguments...); }
  static void forward_packed(const auto&... arguments) { kernel::gru_forward_packed(arguments...); }
  static void backward(const auto&... arguments) { kernel::gru_backward(arguments...); }
};

}  // namespace

TEST_CASE("gru: forward agrees with plain loops at every level, packed or not, with a state or without") {
  test::check_forward<gru_layer>();
}

TEST_CASE("gru: gradients agree with central differences") { test::check_gradients<gru_layer>(); }

TEST_CASE("gru: gradients in float are those in double, rounded") { test::check_float_gradients<gru_layer>(); }

TEST_CASE("gru: same bits for any number of threads and in any batch") { test::check_bits<gru_layer>(); }

TEST_CASE("gru: outputs and gradients are PyTorch's, variable lengths in both directions") {
  test::check_golden<gru_layer>("gru.csv", "gru");
}

TEST_CASE("gru: no allocation") { test::check_allocations<gru_layer>(); }

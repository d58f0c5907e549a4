#include <mmrec/kernel/lstm.hpp>

#include "recurrent_checks.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"

namespace kernel = mmrec::kernel;

namespace {

struct lstm_layer {
  static constexpr std::size_t gates = 4, biases = 4;
  static constexpr bool cell = true;
  static double step(const double* x, const double* h, const double* b, double, double& c) {
    const auto sum = [&](std::size_t gate) { return x[gate] + h[gate] + b[gate]; };
    c = test::sigmoid(sum(1)) * c + test::sigmoid(sum(0)) * std::tanh(sum(2));
    return test::sigmoid(sum(3)) * std::tanh(c);
  }
  template <class T>
  static std::size_t packed_size(std::size_t inputs, std::size_t hidden) {
    return kernel::lstm_packed_size<T>(inputs, hidden);
  }
  template <class T>
  static std::size_t packed_scratch(const kernel::recurrent_shape& shape, bool training, std::size_t threads) {
    return kernel::lstm_packed_scratch<T>(shape, training, threads);
  }
  template <class T>
  static std::size_t forward_scratch(const kernel::recurrent_shape& shape, bool training, std::size_t threads) {
    return kernel::lstm_forward_scratch<T>(shape, training, threads);
  }
  template <class T>
  static std::size_t backward_scratch(const kernel::recurrent_shape& shape, std::size_t threads) {
    return kernel::lstm_backward_scratch<T>(shape, threads);
  }
  template <class T>
  static std::size_t state_size(const kernel::recurrent_shape& shape) {
    return kernel::lstm_state_size<T>(shape);
  }
  static void pack(const auto&... arguments) { kernel::lstm_pack(arguments...); }
  static void forward(const auto&... arguments) { kernel::lstm_forward(arguments...); }
  static void forward_packed(const auto&... arguments) { kernel::lstm_forward_packed(arguments...); }
  static void backward(const auto&... arguments) { kernel::lstm_backward(arguments...); }
};

}  // namespace

TEST_CASE("lstm: forward agrees with plain loops at every level, packed or not, with a state or without") {
  test::check_forward<lstm_layer>();
}

TEST_CASE("lstm: gradients agree with central differences") { test::check_gradients<lstm_layer>(); }

TEST_CASE("lstm: gradients in float are those in double, rounded") { test::check_float_gradients<lstm_layer>(); }

TEST_CASE("lstm: same bits for any number of threads and in any batch") { test::check_bits<lstm_layer>(); }

TEST_CASE("lstm: outputs and gradients are PyTorch's, variable lengths in both directions") {
  test::check_golden<lstm_layer>("lstm.csv", "lstm");
}

TEST_CASE("lstm: no allocation") { test::check_allocations<lstm_layer>(); }

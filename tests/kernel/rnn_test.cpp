#include <mmrec/kernel/rnn.hpp>

#include "recurrent_checks.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"

namespace kernel = mmrec::kernel;

namespace {

template <kernel::rnn_activation Activation>
struct rnn_layer {
  static constexpr std::size_t gates = 1, biases = 1;
  static constexpr bool cell = false;
  static double step(const double* x, const double* h, const double* b, double, double& c) {
    c = 0;
    const double sum = x[0] + h[0] + b[0];
    return Activation == kernel::rnn_activation::tanh ? std::tanh(sum) : std::max(0.0, sum);
  }
  template <class T>
  static std::size_t packed_size(std::size_t inputs, std::size_t hidden) {
    return kernel::rnn_packed_size<T>(inputs, hidden);
  }
  template <class T>
  static std::size_t packed_scratch(const kernel::recurrent_shape& shape, bool training, std::size_t threads) {
    return kernel::rnn_packed_scratch<T>(shape, training, threads);
  }
  template <class T>
  static std::size_t forward_scratch(const kernel::recurrent_shape& shape, bool training, std::size_t threads) {
    return kernel::rnn_forward_scratch<T>(shape, training, threads);
  }
  template <class T>
  static std::size_t backward_scratch(const kernel::recurrent_shape& shape, std::size_t threads) {
    return kernel::rnn_backward_scratch<T>(shape, threads);
  }
  template <class T>
  static std::size_t state_size(const kernel::recurrent_shape& shape) {
    return kernel::rnn_state_size<T>(shape);
  }
  static void pack(const auto&... arguments) { kernel::rnn_pack(arguments...); }
  static void forward(const auto& exec, const auto&... rest) { kernel::rnn_forward(exec, Activation, rest...); }
  static void forward_packed(const auto& exec, const auto&... rest) {
    kernel::rnn_forward_packed(exec, Activation, rest...);
  }
  static void backward(const auto& exec, const auto&... rest) { kernel::rnn_backward(exec, Activation, rest...); }
};
using tanh_layer = rnn_layer<kernel::rnn_activation::tanh>;
using relu_layer = rnn_layer<kernel::rnn_activation::relu>;

}  // namespace

TEST_CASE("rnn: forward agrees with plain loops at every level, packed or not, with a state or without") {
  test::check_forward<tanh_layer>();
  test::check_forward<relu_layer>();
}

TEST_CASE("rnn: gradients agree with central differences") {
  test::check_gradients<tanh_layer>();
  test::check_gradients<relu_layer>();
}

TEST_CASE("rnn: gradients in float are those in double, rounded") {
  test::check_float_gradients<tanh_layer>();
  test::check_float_gradients<relu_layer>();
}

TEST_CASE("rnn: same bits for any number of threads and in any batch") {
  test::check_bits<tanh_layer>();
  test::check_bits<relu_layer>();
}

TEST_CASE("rnn: outputs and gradients are PyTorch's, variable lengths in both directions") {
  test::check_golden<tanh_layer>("rnn.csv", "tanh");
  test::check_golden<relu_layer>("rnn.csv", "relu");
}

TEST_CASE("rnn: no allocation") { test::check_allocations<tanh_layer>(); }

#include <mmrec/nn/layers/batch_norm.hpp>
#include <mmrec/nn/layers/conv1d.hpp>
#include <mmrec/nn/layers/conv2d.hpp>
#include <mmrec/nn/layers/relu.hpp>
#include <mmrec/nn/residual.hpp>

#include "support/catch.hpp"
#include "support/network.hpp"

namespace nn = mmrec::nn;
using nn::chw;
using nn::conv;
using nn::conv1d;
using nn::conv2d;
using nn::hw;

template <class In, class... Layers>
using net = nn::sequential<In, Layers...>;

static_assert(net<chw<3, 48, 32>, conv2d<32, 3>>::output_shape == chw<32, 48, 32>{});
static_assert(net<chw<3, 224, 224>, conv2d<64, 7, conv{.stride = 2, .bias = false}>>::output_shape == chw<64, 112, 112>{});
static_assert(net<chw<3, 8, 8>, conv2d<4, hw{1, 3}, conv{.padding = 0}>>::output_shape == chw<4, 8, 6>{});
static_assert(net<chw<6, 8, 8>, conv2d<6, 3, conv{.groups = 6}>>::parameter_count == 6 * 9 + 6);
static_assert(net<chw<6, 8, 9>, conv2d<4, 3, conv{.stride = {1, 2}, .bias = false}>>::multiply_adds() == 8 * 5 * 4 * 6 * 9);
static_assert(net<nn::sequence<5>, conv1d<7, 3>>::parameter_count == 3 * 5 * 7 + 7);
static_assert(net<nn::sequence<5>, conv1d<7, 4, conv{.padding = 0}>>::bound::steps(3) == 0);
static_assert(net<nn::sequence<5>, conv1d<7, 4, conv{.padding = 0}>>::multiply_adds(std::size_t{6}) == 3 * 4 * 5 * 7);

using plain = net<chw<3, 6, 5>, conv2d<5, 3>>;
using strided = net<chw<2, 7, 8>, conv2d<3, 5, conv{.stride = 2, .bias = false}>>;
using dilated = net<chw<2, 6, 7>, conv2d<4, 3, conv{.dilation = 2}>>;
using grouped = net<chw<4, 5, 5>, conv2d<6, 3, conv{.padding = 0, .groups = 2}>>;
using depthwise = net<chw<4, 5, 4>, conv2d<4, 3, conv{.groups = 4}>>;
using rectangular = net<chw<2, 5, 6>, conv2d<3, hw{1, 4}, conv{.stride = {2, 1}, .padding = {0, 1}}>>;
using pointwise = net<chw<3, 5, 5>, conv2d<7, 1, conv{.stride = 2}>>;
using single = net<chw<1, 1, 1>, conv2d<1, 1>>;
using deep = net<chw<2, 6, 6>, conv2d<3, 3>, nn::relu, nn::residual<nn::chain<conv2d<3, 3>, nn::relu>>,
                 conv2d<2, 3, conv{.stride = 2, .padding = 0}>, nn::relu>;
using steps = net<nn::sequence<3>, conv1d<5, 3>>;
using steps_valid = net<nn::sequence<3>, conv1d<4, 4, conv{.stride = 2, .padding = 0}>>;
using steps_dilated = net<nn::sequence<4>, conv1d<4, 3, conv{.dilation = 2, .groups = 2, .bias = false}>>;
using steps_wide = net<nn::sequence<2>, conv1d<3, 3, conv{.padding = 3}>>;
using steps_deep = net<nn::sequence<3>, conv1d<4, 3, conv{.stride = 2}>, nn::relu, conv1d<2, 2, conv{.padding = 0}>>;

TEMPLATE_TEST_CASE("convolutions have the gradients that differences give", "", plain, strided, dilated, grouped, depthwise,
                   rectangular, pointwise, single, deep, steps, steps_valid, steps_dilated, steps_wide, steps_deep) {
  CHECK(test::worst_gradient_error<TestType>() <= 1e-7);
}

TEMPLATE_TEST_CASE("convolutions of pictures hold what every layer promises", "", plain, strided, dilated, grouped,
                   depthwise, rectangular, pointwise, single, deep) {
  test::check_network<TestType>(3);
  test::check_network<TestType>(1);
  test::check_network<TestType>(0);
}

TEMPLATE_TEST_CASE("convolutions of sequences hold what every layer promises", "", steps, steps_valid, steps_dilated,
                   steps_wide, steps_deep) {
  test::check_network<TestType>(5, 9, true);
  test::check_network<TestType>(2, 1);
  test::check_network<TestType>(2, 0);
  test::check_network<TestType>(0, 4);
}

TEST_CASE("convolutions of more than one task") {
  test::check_network<net<chw<16, 24, 24>, conv2d<48, 3>, nn::relu, conv2d<32, 3, conv{.stride = 2}>>>(4, 1, false,
                                                                                                       48 * 24 * 24);
  test::check_network<net<nn::sequence<16>, conv1d<48, 5>, nn::relu>>(6, 60, true, 360);
}

TEST_CASE("convolutions give what PyTorch gives") {
  const test::golden_numbers golden("nn_conv.txt");
  test::check_golden<plain>(golden, "plain", 2);
  test::check_golden<strided>(golden, "strided", 2);
  test::check_golden<dilated>(golden, "dilated", 2);
  test::check_golden<grouped>(golden, "grouped", 2);
  test::check_golden<depthwise>(golden, "depthwise", 2);
  test::check_golden<rectangular>(golden, "rectangular", 2);
  test::check_golden<pointwise>(golden, "pointwise", 2);
  test::check_golden<steps>(golden, "steps", 4, 6);
  test::check_golden<steps_valid>(golden, "steps_valid", 4, 7);
  test::check_golden<steps_dilated>(golden, "steps_dilated", 3, 6);
}

TEST_CASE("a convolution takes the normalisation and the rectifier behind it into itself when frozen") {
  using folded = net<chw<3, 7, 6>, conv2d<5, 3, conv{.stride = 2, .bias = false}>, nn::batch_norm, nn::relu>;
  using with_bias =
      net<chw<4, 7, 6>, conv2d<4, 3, conv{.groups = 4}>, nn::batch_norm, nn::relu, conv2d<2, 1>, nn::batch_norm>;
  using along_steps = net<nn::sequence<3>, conv1d<5, 3>, nn::batch_norm, nn::relu>;
  // Nothing of the norm is left over.
  CHECK(folded::bound::frozen_size<float>() ==
        net<chw<3, 7, 6>, conv2d<5, 3, conv{.stride = 2}>>::bound::frozen_size<float>());
  const auto check = [&]<class Net>(std::size_t longest) {
    const auto given = test::random_case<Net>(4, longest, true);
    const auto expected = test::run<double>(given, {}, false).outputs;
    const nn::frozen<Net, double> frozen(given.weights);
    typename nn::frozen<Net, double>::workspace memory;
    const auto outputs = frozen(
        mmrec::exec::cpu{},
        {given.values.data(), given.count, given.steps, given.lengths.empty() ? nullptr : given.lengths.data()}, memory);
    CHECK(test::relative_error(outputs, expected) <= 1e-13);
  };
  check.operator()<folded>(1);
  check.operator()<with_bias>(1);
  check.operator()<along_steps>(6);
}

TEST_CASE("a convolution is named after what is not as usual in it") {
  CHECK(plain::bound::at<0>::name() == "conv2d<5, 3>");
  CHECK(rectangular::bound::at<0>::name() == "conv2d<3, 1 x 4, stride 2 x 1, padding 0 x 1>");
  CHECK(depthwise::bound::at<0>::name() == "conv2d<4, 3, groups 4>");
  CHECK(steps_valid::bound::at<0>::name() == "conv1d<4, 4, stride 2, padding 0>");
  CHECK(steps_dilated::bound::at<0>::name() == "conv1d<4, 3, dilation 2, groups 2>");
}

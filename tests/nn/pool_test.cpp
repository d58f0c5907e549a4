#include <mmrec/nn/layers/avg_pool.hpp>
#include <mmrec/nn/layers/conv1d.hpp>
#include <mmrec/nn/layers/conv2d.hpp>
#include <mmrec/nn/layers/dense.hpp>
#include <mmrec/nn/layers/global_pool.hpp>
#include <mmrec/nn/layers/max_pool.hpp>
#include <mmrec/nn/layers/relu.hpp>

#include "support/catch.hpp"
#include "support/network.hpp"

namespace nn = mmrec::nn;
using nn::avg_pool;
using nn::chw;
using nn::hw;
using nn::max_pool;
using nn::pool;
using nn::sequence;

template <class In, class... Layers>
using net = nn::sequential<In, Layers...>;

static_assert(net<chw<3, 48, 32>, nn::conv2d<32, 3>, nn::relu, max_pool<2>, nn::conv2d<64, 3>, nn::global_avg_pool,
                  nn::dense<128>>::output_shape == nn::flat<128>{});
static_assert(net<chw<3, 9, 8>, max_pool<3, pool{.stride = 2, .padding = 1}>>::output_shape == chw<3, 5, 4>{});
static_assert(net<chw<3, 9, 8>, avg_pool<hw{3, 2}>>::output_shape == chw<3, 3, 4>{});
static_assert(net<sequence<3>, max_pool<2>>::bound::steps(7) == 3);

using max2 = net<chw<3, 6, 5>, max_pool<2>>;
using max_overlapping = net<chw<2, 7, 6>, max_pool<3, pool{.stride = 2, .padding = 1}>>;
using average = net<chw<3, 6, 5>, avg_pool<hw{3, 2}, pool{.stride = {2, 1}, .padding = 1}>>;
using global_max = net<chw<3, 4, 5>, nn::global_max_pool>;
using global_average = net<chw<3, 4, 5>, nn::global_avg_pool>;
using one_pixel = net<chw<1, 1, 1>, max_pool<1>, avg_pool<1>, nn::global_max_pool>;
using wide = net<chw<70, 3, 3>, nn::conv2d<70, 1>, max_pool<2, pool{.stride = 1}>, nn::global_max_pool>;
using steps_max = net<sequence<3>, max_pool<2>>;
using steps_max_overlapping = net<sequence<3>, max_pool<3, pool{.stride = 2, .padding = 1}>>;
using steps_average = net<sequence<2>, avg_pool<3, pool{.stride = 1, .padding = 1}>>;
using steps_global_max = net<sequence<3>, nn::global_max_pool>;
using steps_global_average = net<sequence<3>, nn::global_avg_pool>;
using titles = net<sequence<3>, nn::conv1d<4, 3, nn::conv{.padding = 0}>, nn::relu, avg_pool<2, pool{.stride = 1}>,
                   nn::global_max_pool, nn::dense<2>>;

TEMPLATE_TEST_CASE("poolings have the gradients that differences give", "", max2, max_overlapping, average, global_max,
                   global_average, one_pixel, wide, steps_max, steps_max_overlapping, steps_average, steps_global_max,
                   steps_global_average, titles) {
  CHECK(test::worst_gradient_error<TestType>() <= 1e-7);
}

TEMPLATE_TEST_CASE("poolings of pictures hold what every layer promises", "", max2, max_overlapping, average, global_max,
                   global_average, one_pixel, wide) {
  test::check_network<TestType>(3);
  test::check_network<TestType>(1);
  test::check_network<TestType>(0);
}

TEMPLATE_TEST_CASE("poolings of sequences hold what every layer promises", "", steps_max, steps_max_overlapping,
                   steps_average, steps_global_max, steps_global_average, titles) {
  test::check_network<TestType>(5, 9, true);
  test::check_network<TestType>(2, 1);
  test::check_network<TestType>(2, 0);
  test::check_network<TestType>(0, 4);
}

TEST_CASE("poolings give what PyTorch gives") {
  const test::golden_numbers golden("nn_pool.txt");
  test::check_golden<max2>(golden, "max", 2);
  test::check_golden<max_overlapping>(golden, "max_overlapping", 2);
  test::check_golden<average>(golden, "average", 2);
  test::check_golden<global_max>(golden, "global_max", 2);
  test::check_golden<global_average>(golden, "global_average", 2);
  test::check_golden<steps_max>(golden, "steps_max", 4, 7);
  test::check_golden<steps_max_overlapping>(golden, "steps_max_overlapping", 3, 6);
  test::check_golden<steps_average>(golden, "steps_average", 4, 6);
  test::check_golden<steps_global_max>(golden, "steps_global_max", 4, 6);
  test::check_golden<steps_global_average>(golden, "steps_global_average", 4, 6);
}

TEST_CASE("what pads a batch is not part of a window") {
  // All numbers are negative: a zero beyond the length would be the largest.
  const float values[] = {-1, -2, -3, 0, 0, 0};
  const std::uint32_t length = 3;
  using net1 = net<sequence<1>, max_pool<3, pool{.stride = 2, .padding = 1}>>;
  const nn::frozen<net1> frozen(nn::weights<net1>{});
  nn::frozen<net1>::workspace memory;
  const auto outputs = frozen(mmrec::exec::cpu{}, {values, 1, 6, &length}, memory);
  CHECK(std::vector<float>(outputs.begin(), outputs.end()) == std::vector<float>{-1, -2, 0});
}

TEST_CASE("a pooling is named after its window") {
  CHECK(max2::bound::at<0>::name() == "max_pool<2>");
  CHECK(average::bound::at<0>::name() == "avg_pool<3 x 2, stride 2 x 1, padding 1>");
  CHECK(steps_max_overlapping::bound::at<0>::name() == "max_pool<3, stride 2, padding 1>");
}

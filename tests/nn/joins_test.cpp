#include <mmrec/nn/branches.hpp>
#include <mmrec/nn/layers/dense.hpp>
#include <mmrec/nn/layers/gated_sum.hpp>
#include <mmrec/nn/layers/product.hpp>
#include <mmrec/nn/layers/sum.hpp>

#include "support/layer_checks.hpp"

namespace nn = mmrec::nn;

template <class Join>
using two = nn::sequential<nn::branches<Join, nn::branch<"left", nn::sequential<nn::flat<3>, nn::dense<4>>>,
                                        nn::branch<"right", nn::sequential<nn::flat<2>, nn::dense<4>>>>,
                           nn::dense<2>>;
static_assert(two<nn::sum>::output_shape == nn::flat<2>{});
static_assert(nn::joins<nn::sum, nn::flat<3>, nn::flat<3>, nn::flat<3>>);
static_assert(!nn::joins<nn::sum, nn::flat<3>, nn::flat<4>>);
static_assert(!nn::joins<nn::gated_sum, nn::flat<3>, nn::flat<4>>);
static_assert(two<nn::gated_sum>::parameter_count == two<nn::sum>::parameter_count + 8 * 2 + 2);

TEST_CASE("joins have the gradients that differences give") {
  CHECK(test::worst_gradient_error<two<nn::sum>>() <= 1e-7);
  CHECK(test::worst_gradient_error<two<nn::product>>() <= 1e-7);
  CHECK(test::worst_gradient_error<two<nn::gated_sum>>() <= 1e-7);
}

TEST_CASE("joins keep the promises of layers") {
  test::check_layer_promises<two<nn::sum>>(5, 1);
  test::check_layer_promises<two<nn::product>>(5, 1);
  test::check_layer_promises<two<nn::gated_sum>>(5, 1);
}

TEST_CASE("joins add, multiply and weigh") {
  const double a[] = {1.0, 2.0}, b[] = {3.0, 5.0}, c[] = {0.0, -1.0};
  const std::array<const double*, 3> inputs{a, b, c};
  const mmrec::exec::cpu exec;
  const nn::context<mmrec::exec::cpu> pass{exec};
  double out[2];
  nn::layer_memory<double> memory;
  nn::sum::join<nn::flat<2>, nn::flat<2>, nn::flat<2>>::forward(pass, 1, inputs, out, memory);
  CHECK((out[0] == 4.0 && out[1] == 6.0));
  using times = nn::product::join<nn::flat<2>, nn::flat<2>, nn::flat<2>>;
  times::forward(pass, 1, inputs, out, memory);
  CHECK((out[0] == 0.0 && out[1] == -10.0));
  double da[2], db[2], dc[2];
  const double one[] = {1.0, 1.0};
  times::backward(pass, 1, inputs, out, one, std::array<double*, 3>{da, db, dc}, memory);
  CHECK((da[0] == 0.0 && db[0] == 0.0 && dc[0] == 3.0));

  using gated = nn::gated_sum::join<nn::flat<2>, nn::flat<2>, nn::flat<2>>;
  std::vector<double> parameters(mmrec::nn::total_size(gated::parameters), 0.0);
  memory.parameters = parameters.data();
  std::vector<std::byte> scratch(gated::scratch_bytes<double>(1, 1));
  memory.scratch = scratch.data();
  gated::forward(pass, 1, inputs, out, memory);
  CHECK(out[0] == Approx(4.0 / 3.0));
  CHECK(out[1] == Approx(2.0));
  parameters[parameters.size() - 2] = 50.0;  // all weight on the second
  gated::forward(pass, 1, inputs, out, memory);
  CHECK(out[0] == Approx(3.0));
  CHECK(out[1] == Approx(5.0));
}

#include <mmrec/nn/layers/conv1d.hpp>
#include <mmrec/nn/layers/conv2d.hpp>
#include <mmrec/nn/layers/dense.hpp>
#include <mmrec/nn/layers/global_pool.hpp>
#include <mmrec/nn/layers/lstm.hpp>
#include <mmrec/nn/training_pass.hpp>

#include <cstddef>
#include <vector>

#include "support/catch.hpp"

namespace nn = mmrec::nn;

using pictures = nn::sequential<nn::chw<32, 12, 12>, nn::conv2d<64, 3, nn::conv{.stride = 2}>, nn::global_avg_pool>;
using steps = nn::sequential<nn::sequence<16>, nn::conv1d<24, 5>, nn::lstm<8>, nn::dense<2>>;

/// The memory that a layer is given ends where it says: a wrong plan is found here with the address sanitizer.
template <class Net>
void run(nn::training_pass<Net>& pass, std::size_t count, std::size_t most_steps, std::size_t threads) {
  using shape = typename Net::bound::input_shape;
  static const auto start = nn::initialize<Net>(mmrec::seed{1});
  auto weights = start;
  const mmrec::exec::cpu_session exec(mmrec::exec::cpu{.threads = threads});
  const nn::dims<shape> size{count, most_steps};
  const std::vector<float> values(size.size(), 0.5f);
  const nn::batch_view<shape, float> in{values.data(), count, most_steps};
  const std::vector<float> gradient(pass.forward(exec.executor(), weights, in).size(), 1.0f);
  pass.backward(exec.executor(), weights, in, gradient);
}

TEST_CASE("a pass planned for a large batch takes every smaller one without further memory") {
  nn::training_pass<pictures> pass({11, 1}, 8);
  const std::size_t planned = pass.bytes();
  for (std::size_t count = 0; count <= 11; ++count) run<pictures>(pass, count, 1, 8);
  CHECK(pass.bytes() == planned);
}

TEST_CASE("a pass takes shorter sequences and fewer threads than planned for") {
  nn::training_pass<steps> pass({70, 9}, 8);
  for (std::size_t count = 0; count <= 70; count += 7) {
    for (std::size_t length = 0; length <= 9; length += 3) {
      for (const std::size_t threads : {std::size_t{1}, std::size_t{7}, std::size_t{8}})
        run<steps>(pass, count, length, threads);
    }
  }
}

TEST_CASE("a pass refuses more than was planned for") {
  nn::training_pass<steps> pass({4, 9}, 2);
  CHECK_THROWS_AS(run<steps>(pass, 5, 9, 1), mmrec::shape_error);
  CHECK_THROWS_AS(run<steps>(pass, 4, 10, 1), mmrec::shape_error);
  CHECK_THROWS_AS(run<steps>(pass, 4, 9, 3), mmrec::shape_error);
}

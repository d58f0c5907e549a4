#include <mmrec/nn/layers/bert_embeddings.hpp>
#include <mmrec/nn/layers/dense.hpp>
#include <mmrec/nn/layers/first_token.hpp>
#include <mmrec/nn/layers/mean_pool.hpp>

#include "support/layer_checks.hpp"

namespace nn = mmrec::nn;

using net = nn::sequential<nn::ids, nn::named<"embeddings", nn::bert_embeddings<7, 6, 2, 5>>>;
using mean_net = nn::sequential<nn::sequence<3>, nn::dense<40>, nn::mean_pool>;
using first_net = nn::sequential<nn::sequence<3>, nn::dense<4>, nn::first_token>;
static_assert(net::output_shape == nn::sequence<5>{});
static_assert(mean_net::output_shape == nn::flat<40>{});

TEST_CASE("BERT's embeddings have the names of its files") {
  std::vector<std::string> names;
  for (const auto& tensor : nn::tensors_of<net>()) names.push_back(tensor.name);
  CHECK(names == std::vector<std::string>{"embeddings.word_embeddings.weight", "embeddings.position_embeddings.weight",
                                          "embeddings.token_type_embeddings.weight", "embeddings.LayerNorm.weight",
                                          "embeddings.LayerNorm.bias"});
}

TEST_CASE("BERT's embeddings are normalised sums of word, position and first type") {
  const auto weights = nn::initialize<net, double>(mmrec::seed{2});
  const std::int32_t ids[] = {3, 6, 0, 3, 99, 99};
  const std::uint32_t lengths[] = {3, 1};
  const std::vector<double> nothing(30, 0.0);
  const auto step = test::one_step<net, double>(mmrec::exec::cpu{}, weights, {ids, 2, 3, lengths}, nothing);
  const double* const words = weights.parameters.data();
  const double *const positions = words + 7 * 5, *const type = positions + 6 * 5;
  for (std::size_t at = 0; at < 6; ++at) {
    const std::size_t position = at % 3;
    double sums[5], mean = 0.0, variance = 0.0;
    for (std::size_t i = 0; i < 5; ++i) {
      const auto id = static_cast<std::size_t>(at < 4 ? ids[at] : 0);
      sums[i] = words[id * 5 + i] + positions[position * 5 + i] + type[i];
      mean += sums[i] / 5.0;
    }
    for (const double sum : sums) variance += (sum - mean) * (sum - mean) / 5.0;
    for (std::size_t i = 0; i < 5; ++i) {
      const double expected = at < 4 ? (sums[i] - mean) / std::sqrt(variance + 1e-12) : 0.0;
      CHECK(step.outputs[at * 5 + i] == Approx(expected).margin(1e-12));
    }
  }
}

TEST_CASE("BERT's embeddings and poolings have the gradients that differences give") {
  for (std::uint64_t key = 1; key <= 5; ++key) {
    // The normalisation of numbers of 0.02 bends within the usual step.
    CHECK(test::gradient_error<net>({.batch = 3, .steps = 6, .ragged = true, .seed = key, .step = 1e-6}) <= 1e-7);
  }
  CHECK(test::worst_gradient_error<mean_net>() <= 1e-7);
  CHECK(test::worst_gradient_error<first_net>() <= 1e-7);
}

TEST_CASE("BERT's embeddings and poolings keep the promises of layers") {
  test::check_layer_promises<net>(5, 4);
  test::check_layer_promises<mean_net>(5, 4);
  test::check_layer_promises<first_net>(5, 4);
}

TEST_CASE("more tokens than positions, and ids outside the vocabulary, are refused") {
  const nn::frozen<net> frozen(nn::initialize<net, float>({}));
  nn::frozen<net>::workspace memory;
  const mmrec::exec::cpu exec;
  const std::int32_t ids[14] = {};
  const std::uint32_t lengths[] = {6, 2};
  CHECK_THROWS_WITH(frozen(exec, {ids, 2, 7, nullptr}, memory),
                    "nn::frozen: example 0 has 7 tokens, more than the 6 positions there are");
  CHECK_NOTHROW(frozen(exec, {ids, 2, 7, lengths}, memory));
  const std::int32_t unknown[] = {0, 7};
  CHECK_THROWS_AS(frozen(exec, {unknown, 1, 2, nullptr}, memory), mmrec::data_error);
}

TEST_CASE("poolings look at the steps within the length, and give zeros without any") {
  const double x[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  const std::uint32_t lengths[] = {2, 0};
  const nn::batch_view<nn::sequence<2>, double> in{x, 2, 3, lengths};
  const std::vector<double> dy{1, 10, 2, 20};
  const mmrec::exec::cpu exec;
  const auto mean = test::one_step<nn::sequential<nn::sequence<2>, nn::mean_pool>, double>(exec, {}, in, dy);
  CHECK(mean.outputs == std::vector<double>{2, 3, 0, 0});
  CHECK(mean.input_gradient == std::vector<double>{0.5, 5, 0.5, 5, 0, 0, 0, 0, 0, 0, 0, 0});
  const auto first = test::one_step<nn::sequential<nn::sequence<2>, nn::first_token>, double>(exec, {}, in, dy);
  CHECK(first.outputs == std::vector<double>{1, 2, 0, 0});
  CHECK(first.input_gradient == std::vector<double>{1, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
}

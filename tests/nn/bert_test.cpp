#include <string>
#include <vector>

#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/memory.hpp>
#include <mmrec/nn/frozen.hpp>
#include <mmrec/nn/model/bert.hpp>
#include <mmrec/nn/training_pass.hpp>

#include "nn/formula.hpp"
#include "nn/golden_numbers.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/gradient.hpp"
#include "support/network.hpp"

namespace nn = mmrec::nn;

// The published numbers of parameters; BERT-base's include the pooler.
static_assert(nn::bert_pooled<>::parameter_count == 109'482'240);
static_assert(nn::bert_pooled<nn::bert_large>::parameter_count == 335'141'888);
static_assert(nn::sentence_encoder<>::parameter_count == 22'565'376);
static_assert(nn::bert_encoder<>::output_shape == nn::sequence<768>{});
static_assert(nn::sentence_encoder<>::output_shape == nn::flat<384>{});

namespace {

constexpr nn::bert_config two_layers{
    .layers = 2, .hidden = 128, .heads = 4, .intermediate = 512, .vocabulary = 1000, .positions = 64};

const test::golden_numbers& golden() {
  static const test::golden_numbers numbers("nn_bert.txt");
  return numbers;
}

/// The outputs of a frozen network for three texts of 20, 7 and 1 tokens; it allocates nothing.
template <class Net, class T>
std::vector<double> outputs_of() {
  const auto tokens = test::formula_tokens("bert", 60, 1000);
  const std::vector<std::uint32_t> lengths{20, 7, 1};
  const nn::batch_view<nn::ids, T> view{tokens.data(), 3, 20, lengths.data()};
  const nn::frozen<Net, T> frozen(test::formula_weights<Net, T>());
  typename nn::frozen<Net, T>::workspace memory(view.size());
  std::vector<double> outputs(nn::output_dims<typename Net::bound>(view.size()).size());
  CHECK(test::allocations_of([&] {
          const auto result = frozen(mmrec::exec::cpu{}, view, memory);
          std::copy(result.begin(), result.end(), outputs.begin());
        }) == 0);
  return outputs;
}

}  // namespace

TEST_CASE("a BERT gives what the transformers package gives") {
  using states = nn::bert_encoder<two_layers>;
  CHECK(test::relative_error(test::sample(outputs_of<states, float>(), 13), golden()["bert.states"]) <= 1e-4);
  CHECK(test::relative_error(test::sample(outputs_of<states, double>(), 13), golden()["bert.states"]) <= 1e-8);
  using pooled = nn::bert_pooled<two_layers>;
  CHECK(test::relative_error(test::sample(outputs_of<pooled, float>(), 3), golden()["bert.pooled"]) <= 1e-4);
  using sentences = nn::sentence_encoder<two_layers>;
  CHECK(test::relative_error(test::sample(outputs_of<sentences, float>(), 3), golden()["bert.sentences"]) <= 1e-4);
}

TEST_CASE("a training pass of a BERT is PyTorch's") {
  using net = nn::bert_encoder<nn::bert_config{
      .layers = 2, .hidden = 8, .heads = 2, .intermediate = 16, .vocabulary = 30, .positions = 10}>;
  const auto tokens = test::formula_tokens("training", 18, 30);
  const std::vector<std::uint32_t> lengths{6, 4, 1};
  const nn::batch_view<nn::ids, double> view{tokens.data(), 3, 6, lengths.data()};
  auto gradient = test::formula("training.gradient", 18 * 8);
  mmrec::kernel::zero_beyond(mmrec::exec::cpu{}, 3, 6, lengths.data(), 8, gradient.data());
  auto weights = test::formula_weights<net, double>();
  nn::training_pass<net, double> pass(view.size(), 1);
  const mmrec::exec::cpu exec;
  CHECK(test::relative_error(pass.forward(exec, weights, view), golden()["training.states"]) <= 1e-8);
  pass.backward(exec, weights, view, gradient);
  CHECK(test::relative_error(test::sample(test::as_torch<net>(pass.gradients().data()), 5), golden()["training.gradient"]) <=
        1e-8);
}

TEST_CASE("the gradients of a sentence encoder are those that differences give") {
  using net = nn::sentence_encoder<nn::bert_config{
      .layers = 1, .hidden = 4, .heads = 2, .intermediate = 6, .vocabulary = 7, .positions = 6}>;
  CHECK(test::worst_gradient_error<net>() <= 1e-6);
  test::check_network<net>(4, 6, true, 1024);
}

TEST_CASE("dropout in a BERT keeps its tensors' names") {
  const auto plain = nn::tensors_of<nn::bert_pooled<nn::bert_config{.layers = 2}>>();
  const auto dropping = nn::tensors_of<nn::bert_pooled<nn::bert_config{.layers = 2, .dropout_percent = 10}>>();
  REQUIRE(plain.size() == 5 + 2 * 16 + 2);
  REQUIRE(dropping.size() == plain.size());
  for (std::size_t i = 0; i < plain.size(); ++i) CHECK(dropping[i].name == plain[i].name);
  CHECK(plain[0].name == "embeddings.word_embeddings.weight");
  CHECK(plain[4].name == "embeddings.LayerNorm.bias");
  CHECK(plain[21].name == "encoder.layer.1.attention.self.query.weight");
  CHECK(plain.back().name == "pooler.dense.bias");
}

#include <mmrec/nn/layers/bert_layer.hpp>
#include <mmrec/nn/layers/gelu.hpp>
#include <mmrec/nn/layers/multi_head_attention.hpp>
#include <mmrec/nn/layers/transformer_encoder.hpp>

#include <map>

#include "support/layer_checks.hpp"

namespace nn = mmrec::nn;

template <class Layer>
using net_of = nn::sequential<nn::sequence<6>, nn::named<"", Layer>>;
using attention_net = net_of<nn::multi_head_attention<2>>;
using post_net = net_of<nn::transformer_encoder<3, 10>>;
using pre_net = net_of<nn::transformer_encoder<3, 10, nn::gelu, nn::norm_position::pre>>;
using bert_net = net_of<nn::bert_layer<3, 10>>;
static_assert(attention_net::parameter_count == 6 * 18 + 18 + 6 * 6 + 6);
static_assert(bert_net::parameter_count == post_net::parameter_count);

namespace {

/// A tensor of PyTorch's layer under the name, and of the columns, that a layer of BERT has it.
struct source {
  std::string name;
  std::size_t part = 0, parts = 1;
};
source torch_source(const std::string& name) {
  static const std::map<std::string, source> bert{{"attention.self.query.weight", {"self_attn.in_proj_weight", 0, 3}},
                                                  {"attention.self.key.weight", {"self_attn.in_proj_weight", 1, 3}},
                                                  {"attention.self.value.weight", {"self_attn.in_proj_weight", 2, 3}},
                                                  {"attention.self.query.bias", {"self_attn.in_proj_bias", 0, 3}},
                                                  {"attention.self.key.bias", {"self_attn.in_proj_bias", 1, 3}},
                                                  {"attention.self.value.bias", {"self_attn.in_proj_bias", 2, 3}},
                                                  {"attention.output.dense.weight", {"self_attn.out_proj.weight"}},
                                                  {"attention.output.dense.bias", {"self_attn.out_proj.bias"}},
                                                  {"attention.output.LayerNorm.weight", {"norm1.weight"}},
                                                  {"attention.output.LayerNorm.bias", {"norm1.bias"}},
                                                  {"intermediate.dense.weight", {"linear1.weight"}},
                                                  {"intermediate.dense.bias", {"linear1.bias"}},
                                                  {"output.dense.weight", {"linear2.weight"}},
                                                  {"output.dense.bias", {"linear2.bias"}},
                                                  {"output.LayerNorm.weight", {"norm2.weight"}},
                                                  {"output.LayerNorm.bias", {"norm2.bias"}}};
  const auto found = bert.find(name);
  return found == bert.end() ? source{name} : found->second;
}
std::vector<double> columns_of(const std::vector<double>& whole, std::size_t rows, const source& from) {
  std::vector<double> part;
  const std::size_t width = whole.size() / rows, each = width / from.parts;
  for (std::size_t row = 0; row < rows; ++row) {
    const auto first = whole.begin() + static_cast<std::ptrdiff_t>(row * width + from.part * each);
    part.insert(part.end(), first, first + static_cast<std::ptrdiff_t>(each));
  }
  return part;
}

}  // namespace

TEMPLATE_TEST_CASE("attention and transformer layers compute what PyTorch's do, under its names", "", float, double) {
  const test::golden_numbers golden("nn_attention.txt");
  const auto check = [&]<class Net>(const std::string& name) {
    CAPTURE(name);
    nn::weights<Net, TestType> weights;
    const auto part = [&](const nn::tensor_info& tensor, const std::string& prefix) {
      const source from = torch_source(tensor.name);
      const std::size_t rows = tensor.spec.rank == 2 ? tensor.spec.extents[0] : 1;
      return columns_of(golden[name + prefix + from.name], rows, from);
    };
    for (const auto& tensor : nn::tensors_of<Net>()) {
      const auto values = part(tensor, ".");
      REQUIRE(values.size() == tensor.spec.size());
      for (std::size_t i = 0; i < values.size(); ++i) {
        weights.parameters[tensor.offset + i] = static_cast<TestType>(values[i]);
      }
    }
    const auto x = golden.as<TestType>(name + ".x"), dy = golden.as<TestType>(name + ".dy");
    const std::uint32_t lengths[] = {5, 3, 1};
    const nn::batch_view<nn::sequence<6>, TestType> in{x.data(), 3, 5, lengths};
    const auto step = test::one_step<Net, TestType>(mmrec::exec::cpu{}, weights, in, dy);
    const double bound = sizeof(TestType) == 4 ? 1e-5 : 1e-8;
    CHECK(test::relative_error(step.outputs, golden[name + ".y"]) <= bound);
    CHECK(test::relative_error(step.input_gradient, golden[name + ".dx"]) <= bound);
    std::vector<double> all;
    for (const auto& tensor : nn::tensors_of<Net>()) {
      const auto values = part(tensor, ".d.");
      all.insert(all.end(), values.begin(), values.end());
    }
    CHECK(test::relative_error(step.gradients, all) <= bound);
    typename nn::frozen<Net, TestType>::workspace memory;
    const nn::frozen<Net, TestType> frozen(weights);
    CHECK(test::relative_error(frozen(mmrec::exec::cpu{}, in, memory), golden[name + ".y"]) <= bound);
  };
  check.template operator()<attention_net>("attention");
  check.template operator()<post_net>("post");
  check.template operator()<pre_net>("pre");
  check.template operator()<bert_net>("bert");
}

TEST_CASE("attention has the gradients that differences give") {
  CHECK(test::worst_gradient_error<attention_net>() <= 1e-7);
  CHECK(test::worst_gradient_error<net_of<nn::self_attention<1, nn::projection_names::bert>>>() <= 1e-7);
  CHECK(test::worst_gradient_error<pre_net>() <= 1e-7);
  CHECK(test::worst_gradient_error<net_of<nn::transformer_encoder<2, 8, nn::gelu>>>() <= 1e-7);
}

TEST_CASE("attention keeps the promises of layers") {
  test::check_layer_promises<attention_net>(5, 4);
  test::check_layer_promises<post_net>(3, 7);
  test::check_layer_promises<bert_net>(3, 4);
}

TEST_CASE("dropout in a transformer changes no names and nothing outside training") {
  using dropping = net_of<nn::transformer_encoder<3, 10, nn::relu, nn::norm_position::post, 20>>;
  const auto plain = nn::tensors_of<post_net>(), other = nn::tensors_of<dropping>();
  REQUIRE(plain.size() == other.size());
  for (std::size_t i = 0; i < plain.size(); ++i) CHECK(plain[i].name == other[i].name);
  nn::weights<dropping, double> weights = nn::initialize<dropping, double>({});
  nn::weights<post_net, double> same;
  same.parameters = weights.parameters;
  mmrec::random_stream random(mmrec::seed{1});
  const test::random_batch<nn::sequence<6>> batch(2, 5, true, random);
  nn::training_pass<dropping, double> first({2, 5}, 1);
  nn::training_pass<post_net, double> second({2, 5}, 1);
  const mmrec::exec::cpu exec;
  const auto expected = second.forward(exec, same, batch.view(), {}, false);
  const auto actual = first.forward(exec, weights, batch.view(), {}, false);
  CHECK(std::equal(actual.begin(), actual.end(), expected.begin(), expected.end()));
  const auto trained = first.forward(exec, weights, batch.view());
  CHECK(!std::equal(trained.begin(), trained.end(), expected.begin(), expected.end()));
}

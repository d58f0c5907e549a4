// One layer of a network: inference of a frozen network, or a forward and backward pass of training.
// layers_ours LAYER infer|train INPUT.f32 PARAMETERS.f32 EXAMPLES STEPS
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <mmrec/exec/cpu.hpp>
#include <mmrec/exec/thread_pool.hpp>
#include <mmrec/nn/frozen.hpp>
#include <mmrec/nn/layers/batch_norm.hpp>
#include <mmrec/nn/layers/embedding_bag.hpp>
#include <mmrec/nn/layers/gelu.hpp>
#include <mmrec/nn/layers/layer_norm.hpp>
#include <mmrec/nn/layers/transformer_encoder.hpp>
#include <mmrec/nn/training_pass.hpp>

#include "peers/serve.hpp"

namespace {
namespace nn = mmrec::nn;

template <class T>
std::vector<T> read_values(const char* path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) throw std::runtime_error("cannot read " + std::string(path));
  std::vector<T> values(static_cast<std::size_t>(file.tellg()) / sizeof(T));
  file.seekg(0);
  file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(T)));
  return values;
}

/// A sum of magnitudes of 64 elements: enough to see a wrong result, too few to cost time.
double check_of(std::span<const float> values) {
  double sum = 0.0;
  for (std::size_t i = 0; i < 64; ++i) sum += std::abs(double{values[i * (values.size() - 1) / 63]});
  return sum;
}

template <class Net>
int serve(char** argv) {
  using shape = typename Net::bound::input_shape;
  using view = nn::batch_view<shape, float>;
  const char* asked = std::getenv("MMREC_PEER_THREADS");
  const std::size_t threads = asked == nullptr ? 1 : std::stoul(asked);
  std::optional<mmrec::exec::thread_pool> pool;
  if (threads > 1) pool.emplace(threads);
  const mmrec::exec::cpu exec{.pool = pool ? &*pool : nullptr};

  const auto input = read_values<typename view::element>(argv[3]);
  auto weights = nn::initialize<Net>({});
  const auto parameters = read_values<float>(argv[4]);
  if (parameters.size() != weights.parameters.size()) throw std::runtime_error("other parameters than the layer's");
  std::copy(parameters.begin(), parameters.end(), weights.parameters.begin());
  const view in{input.data(), std::stoul(argv[5]), std::stoul(argv[6]), nullptr};
  if (input.size() != in.size().size()) throw std::runtime_error("another input than the layer's");
  if (argv[2] == std::string("infer")) {
    const nn::frozen<Net> frozen(weights);
    typename nn::frozen<Net>::workspace memory(in.size(), threads);
    return peers::serve([&] { return check_of(frozen(exec, in, memory)); });
  }
  nn::training_pass<Net> pass(in.size(), threads);
  mmrec::kernel::aligned_vector<float> input_gradient(std::is_same_v<shape, nn::ids> ? 0 : input.size());
  // That of the output itself vanishes behind a normalisation.
  mmrec::kernel::aligned_vector<float> gradient(nn::output_dims<typename Net::bound>(in.size()).size());
  for (std::size_t i = 0; i < gradient.size(); ++i) gradient[i] = static_cast<float>(i * 7919 % 101) / 50.0f - 1.0f;
  return peers::serve([&] {
    pass.forward(exec, weights, in);
    pass.clear_gradients();
    pass.backward(exec, weights, in, gradient, {}, input_gradient.empty() ? nullptr : input_gradient.data());
    return check_of(input_gradient.empty() ? std::span<const float>(pass.gradients())
                                           : std::span<const float>(input_gradient));
  });
}

template <std::size_t D, std::size_t Heads>
using transformer = nn::sequential<nn::sequence<D>, nn::named<"", nn::transformer_encoder<Heads, 4 * D, nn::gelu>>>;

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) return 2;
  const std::string layer = argv[1];
  if (layer == "batch_norm_64_56") return serve<nn::sequential<nn::chw<64, 56, 56>, nn::batch_norm>>(argv);
  if (layer == "batch_norm_512_7") return serve<nn::sequential<nn::chw<512, 7, 7>, nn::batch_norm>>(argv);
  if (layer == "layer_norm_384") return serve<nn::sequential<nn::sequence<384>, nn::layer_norm>>(argv);
  if (layer == "layer_norm_64") return serve<nn::sequential<nn::sequence<64>, nn::layer_norm>>(argv);
  if (layer == "bag_30000_128") return serve<nn::sequential<nn::ids, nn::embedding_bag<30000, 128>>>(argv);
  if (layer == "transformer_64_4") return serve<transformer<64, 4>>(argv);
  if (layer == "transformer_384_12") return serve<transformer<384, 12>>(argv);
  return 2;
}

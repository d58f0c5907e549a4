// One training step of mini_resnet: forward, cross-entropy, backward, Adam. The check value is the loss before the step.
// train_step_ours WEIGHTS.safetensors BATCH PICTURES.f32 (channels last; picture i is of class i mod 10)
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include <mmrec/exec/cpu.hpp>
#include <mmrec/exec/thread_pool.hpp>
#include <mmrec/io/weights.hpp>
#include <mmrec/nn/loss/softmax_cross_entropy.hpp>
#include <mmrec/nn/model/mini_resnet.hpp>
#include <mmrec/nn/optimizer/adam.hpp>
#include <mmrec/nn/optimizer/state.hpp>
#include <mmrec/nn/training_pass.hpp>

#include "peers/serve.hpp"

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  using namespace mmrec;
  using net = nn::mini_resnet<10>;
  const std::size_t batch = std::stoul(argv[2]);
  std::vector<float> pictures(batch * 3 * 32 * 32);
  std::ifstream(argv[3], std::ios::binary)
      .read(reinterpret_cast<char*>(pictures.data()), static_cast<std::streamsize>(pictures.size() * sizeof(float)));
  std::vector<std::uint32_t> classes(batch);
  for (std::size_t i = 0; i < batch; ++i) classes[i] = static_cast<std::uint32_t>(i % 10);

  const char* asked = std::getenv("MMREC_PEER_THREADS");
  const std::size_t threads = asked == nullptr ? 1 : std::stoul(asked);
  exec::thread_pool pool(threads);
  const exec::cpu exec{.pool = &pool};

  auto weights = io::read_weights<net>(argv[1]);
  const nn::batch_view<nn::chw<3, 32, 32>, float> in{pictures.data(), batch};
  nn::training_pass<net> pass(in.size(), exec.concurrency());
  const nn::adam optimizer;
  nn::optimizer_state<float> state(optimizer, net::parameter_count);
  std::vector<float> gradient(batch * 10);
  return peers::serve([&] {
    pass.clear_gradients();
    const auto outputs = pass.forward(exec, weights, in);
    const double loss =
        nn::loss::softmax_cross_entropy{}.value_and_gradient(outputs.data(), classes.data(), batch, 10, gradient.data());
    pass.backward(exec, weights, in, gradient);
    nn::detail::update_weights(exec, optimizer, state, weights, pass, 1.0);
    return loss;
  });
}

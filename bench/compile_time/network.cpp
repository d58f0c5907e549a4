// A network of 20 layers, trained and frozen: what it costs a user's translation unit. See scripts/bench_compile_time.sh.
#include <cstdint>
#include <vector>

#include <mmrec/exec/cpu.hpp>
#include <mmrec/nn/frozen.hpp>
#include <mmrec/nn/loss/softmax_cross_entropy.hpp>
#include <mmrec/nn/model/mini_resnet.hpp>
#include <mmrec/nn/optimizer/adam.hpp>
#include <mmrec/nn/train/examples.hpp>
#include <mmrec/nn/train/train.hpp>

using net = mmrec::nn::mini_resnet<10, 16, 3>;

int main() {
  namespace nn = mmrec::nn;
  const mmrec::exec::cpu exec;
  const std::vector<float> pictures(64 * 3 * 32 * 32);
  const std::vector<std::uint32_t> classes(64);
  const nn::labelled<nn::contiguous<float>, std::uint32_t> data{{pictures, 3 * 32 * 32}, classes};
  const nn::training<nn::loss::softmax_cross_entropy, nn::adam> how{.epochs = 1};
  auto state = nn::start_training<net>(how, mmrec::seed{1});
  nn::train(exec, how, state, data, &data);
  const nn::frozen<net> frozen(state.current);
  nn::frozen<net>::workspace memory;
  return frozen(exec, {pictures.data(), 1}, memory)[0] > 0.0f ? 1 : 0;
}

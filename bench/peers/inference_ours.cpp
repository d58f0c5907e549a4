// One forward pass of a frozen network, with the weights of the peer.
// inference_ours mini_resnet|resnet18|mmn WEIGHTS.safetensors BATCH INPUT.f32
// An input of pictures is channels last; that of mmn: tokens (int32), picture, frames. The check value is the sum of the
// absolute outputs.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <mmrec/exec/cpu.hpp>
#include <mmrec/exec/thread_pool.hpp>
#include <mmrec/io/weights.hpp>
#include <mmrec/nn/frozen.hpp>
#include <mmrec/nn/model/mini_resnet.hpp>
#include <mmrec/nn/model/multimodal.hpp>
#include <mmrec/nn/model/resnet.hpp>

#include "peers/serve.hpp"

namespace {

using namespace mmrec;

template <class T>
std::vector<T> read(std::ifstream& file, std::size_t count) {
  std::vector<T> values(count);
  if (!file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(count * sizeof(T)))) {
    throw std::runtime_error("the file is too short");
  }
  return values;
}

template <class Net, class Exec, class View>
int serve(const Exec& exec, const char* weights, const View& in) {
  const nn::frozen<Net> frozen(io::read_weights<Net>(weights));
  typename nn::frozen<Net>::workspace memory(in.size(), exec.concurrency());
  return peers::serve([&] {
    double sum = 0.0;
    for (const float value : frozen(exec, in, memory)) sum += std::abs(static_cast<double>(value));
    return sum;
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const std::string net = argv[1];
  const std::size_t batch = std::stoul(argv[3]);
  std::ifstream file(argv[4], std::ios::binary);
  const char* asked = std::getenv("MMREC_PEER_THREADS");
  const std::size_t threads = asked == nullptr ? 1 : std::stoul(asked);
  exec::thread_pool pool(threads);
  const exec::cpu exec{.pool = &pool};

  if (net == "mini_resnet" || net == "resnet18") {
    const std::size_t side = net == "resnet18" ? 224 : 32;
    const auto pictures = read<float>(file, batch * side * side * 3);
    if (net == "resnet18") {
      return serve<nn::resnet18<>>(exec, argv[2], nn::batch_view<nn::chw<3, 224, 224>, float>{pictures.data(), batch});
    }
    return serve<nn::mini_resnet<10>>(exec, argv[2], nn::batch_view<nn::chw<3, 32, 32>, float>{pictures.data(), batch});
  }
  if (net == "mmn") {
    constexpr std::size_t tokens = 32, frames = 100;
    const auto text = read<std::int32_t>(file, batch * tokens);
    const auto picture = read<float>(file, batch * 48 * 48 * 3), sound = read<float>(file, batch * frames * 40);
    const nn::batch_view<nn::mmn<>::bound::input_shape, float> in{
        {{text.data(), batch, tokens}, {picture.data(), batch}, {sound.data(), batch, frames}}};
    return serve<nn::mmn<>>(exec, argv[2], in);
  }
  return 2;
}

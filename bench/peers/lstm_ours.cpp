// One LSTM layer over a batch of sequences, forward or forward and backward (of the sum of the outputs).
// lstm_ours INPUT.f32 B T I H forward|both [LEVEL]
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <mmrec/exec/cpu.hpp>
#include <mmrec/exec/thread_pool.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/lstm.hpp>

#include "peers/serve.hpp"

namespace {

using mmrec::kernel::aligned_vector;

/// x, then the weights of the three blocks, in our layout.
aligned_vector<float> read_floats(std::ifstream& file, std::size_t count) {
  aligned_vector<float> values(count);
  if (!file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(count * sizeof(float)))) {
    throw std::runtime_error("the file is too short");
  }
  return values;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7 && argc != 8) return 2;
  using namespace mmrec;
  const std::size_t batch = std::stoul(argv[2]), steps = std::stoul(argv[3]), inputs = std::stoul(argv[4]),
                    hidden = std::stoul(argv[5]);
  const bool both = std::string(argv[6]) == "both";
  kernel::simd_level level = kernel::best_simd_level();
  for (const kernel::simd_level usable : kernel::usable_simd_levels()) {
    if (argc == 8 && std::string(argv[7]) == kernel::name_of(usable)) level = usable;
  }
  const char* asked = std::getenv("MMREC_PEER_THREADS");
  const std::size_t threads = asked == nullptr ? 1 : std::stoul(asked);
  exec::thread_pool pool(threads);
  const exec::cpu exec{.pool = &pool};

  std::ifstream file(argv[1], std::ios::binary);
  const auto x = read_floats(file, batch * steps * inputs);
  const auto input = read_floats(file, inputs * 4 * hidden), recurrent = read_floats(file, hidden * 4 * hidden),
             bias = read_floats(file, 4 * hidden);
  const kernel::recurrent_weights<float> weights{input.data(), recurrent.data(), bias.data()};
  const kernel::recurrent_shape shape{batch, steps, inputs, hidden};

  aligned_vector<float> y(batch * steps * hidden), packed(kernel::lstm_packed_size<float>(inputs, hidden));
  kernel::lstm_pack(exec, inputs, hidden, weights, packed.data());
  kernel::recurrent_forward_task<float> forward{
      .shape = shape, .x = {x.data(), steps * inputs, inputs}, .y = {y.data(), steps * hidden, hidden}};
  if (!both) {
    aligned_vector<float> scratch(kernel::lstm_packed_scratch<float>(shape, false, threads));
    return peers::serve([&] {
      kernel::lstm_forward_packed(exec, forward, static_cast<const float*>(packed.data()), scratch.data(), level);
      return y[(batch * steps - 1) * hidden];
    });
  }
  aligned_vector<float> state(kernel::lstm_state_size<float>(shape));
  aligned_vector<float> forward_scratch(kernel::lstm_forward_scratch<float>(shape, true, threads));
  aligned_vector<float> backward_scratch(kernel::lstm_backward_scratch<float>(shape, threads));
  const aligned_vector<float> ones(batch * steps * hidden, 1.0f);
  aligned_vector<float> dx(x.size()), d_input(input.size()), d_recurrent(recurrent.size()), d_bias(bias.size());
  forward.state = state.data();
  const kernel::recurrent_backward_task<float> backward{.shape = shape,
                                                        .x = forward.x,
                                                        .y = {y.data(), steps * hidden, hidden},
                                                        .state = state.data(),
                                                        .dy = {ones.data(), steps * hidden, hidden},
                                                        .dx = {dx.data(), steps * inputs, inputs},
                                                        .input_gradient = d_input.data(),
                                                        .recurrent_gradient = d_recurrent.data(),
                                                        .bias_gradient = d_bias.data()};
  return peers::serve([&] {
    kernel::lstm_forward(exec, forward, weights, forward_scratch.data(), level);
    for (auto* gradient : {&d_input, &d_recurrent, &d_bias}) gradient->assign(gradient->size(), 0.0f);
    kernel::lstm_backward(exec, backward, weights, backward_scratch.data(), level);
    double sum = 0.0;
    for (const float value : d_bias) sum += static_cast<double>(value);
    return sum;
  });
}

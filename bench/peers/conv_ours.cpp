// One convolution layer: inference with the weights as they are (plain) or packed once before (packed), or a forward pass
// and both gradients (train; without the gradient of the input for pictures of 3 channels).
// conv_ours plain|packed|train INPUT.f32 WEIGHTS.f32 IMAGES CHANNELS SIZE OUT_CHANNELS KERNEL STRIDE
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>

#include <mmrec/exec/cpu.hpp>
#include <mmrec/exec/thread_pool.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/kernel/conv2d.hpp>

#include "peers/serve.hpp"

namespace {

using floats = mmrec::kernel::aligned_vector<float>;

floats read_floats(const char* path, std::size_t count) {
  floats values(count);
  std::ifstream file(path, std::ios::binary);
  if (!file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(count * sizeof(float)))) {
    throw std::runtime_error("cannot read " + std::string(path));
  }
  return values;
}

/// A sum of magnitudes of 64 elements: enough to see a wrong result, too few to cost time.
double check_of(const floats& values) {
  double sum = 0.0;
  for (std::size_t i = 0; i < 64; ++i) sum += std::abs(double{values[i * (values.size() - 1) / 63]});
  return sum;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 10) return 2;
  using namespace mmrec;
  const std::string mode = argv[1];
  const auto number = [&](int index) { return std::size_t{std::stoul(argv[index])}; };
  const std::size_t images = number(4), kernel_size = number(8);
  const kernel::conv2d_shape shape{.in_channels = number(5),
                                   .in_height = number(6),
                                   .in_width = number(6),
                                   .out_channels = number(7),
                                   .kernel_height = kernel_size,
                                   .kernel_width = kernel_size,
                                   .stride_height = number(9),
                                   .stride_width = number(9),
                                   .padding_height = kernel_size / 2,
                                   .padding_width = kernel_size / 2};
  const char* asked = std::getenv("MMREC_PEER_THREADS");
  const std::size_t threads = asked == nullptr ? 1 : std::stoul(asked);
  std::optional<exec::thread_pool> pool;
  if (threads > 1) pool.emplace(threads);
  const exec::cpu exec{.pool = pool ? &*pool : nullptr};

  const floats input = read_floats(argv[2], images * shape.in_size()), weights = read_floats(argv[3], shape.weights());
  floats output(images * shape.out_size());
  floats scratch((std::max)({kernel::conv2d_forward_scratch<float>(shape, images, threads),
                             kernel::conv2d_backward_input_scratch<float>(shape, images, threads),
                             kernel::conv2d_backward_weights_scratch<float>(shape, images, threads)}));
  if (mode == "packed") {
    floats packed(kernel::conv2d_packed_size<float>(shape));
    kernel::conv2d_pack(exec, shape, weights.data(), packed.data());
    return peers::serve([&] {
      kernel::conv2d_forward_packed(exec, shape, images, input.data(), packed.data(), {}, output.data(), scratch.data());
      return check_of(output);
    });
  }
  if (mode == "plain") {
    return peers::serve([&] {
      kernel::conv2d_forward(exec, shape, images, input.data(), weights.data(), {}, output.data(), scratch.data());
      return check_of(output);
    });
  }
  floats input_gradient(input.size()), weight_gradient(weights.size());
  return peers::serve([&] {
    kernel::conv2d_forward(exec, shape, images, input.data(), weights.data(), {}, output.data(), scratch.data());
    if (shape.in_channels > 3) {
      kernel::conv2d_backward_input(exec, shape, images, weights.data(), output.data(), input_gradient.data(),
                                    scratch.data());
    }
    std::fill(weight_gradient.begin(), weight_gradient.end(), 0.0f);
    kernel::conv2d_backward_weights(exec, shape, images, input.data(), output.data(), weight_gradient.data(), nullptr,
                                    scratch.data());
    return check_of(weight_gradient);
  });
}

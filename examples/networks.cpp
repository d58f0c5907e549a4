// A network is a type; its weights are a value; training, saving and serving are functions. tests/docs keeps docs/networks.md
// in step with this program.
// [readme]
#include <mmrec/io/weights.hpp>
#include <mmrec/nn.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <vector>

namespace mm = mmrec;
namespace nn = mmrec::nn;

// Every size is worked out by the compiler; a layer that does not fit is one error that names both sides.
using spiral_net = nn::sequential<nn::flat<2>, nn::dense<32>, nn::relu, nn::dense<32>, nn::relu, nn::dense<3>>;
static_assert(spiral_net::output_shape == nn::flat<3>{});
static_assert(spiral_net::parameter_count == 2 * 32 + 32 + 32 * 32 + 32 + 32 * 3 + 3);

/// Three arms of a spiral.
struct spirals {
  std::vector<float> points;
  std::vector<std::uint32_t> arms;
  spirals(std::size_t count, mm::seed key) {
    mm::random_stream random(key);
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t arm = random.below(3);
      const double radius = random.uniform(), angle = 4.0 * radius + 2.1 * arm + 0.1 * random.normal();
      points.push_back(static_cast<float>(radius * std::cos(angle)));
      points.push_back(static_cast<float>(radius * std::sin(angle)));
      arms.push_back(arm);
    }
  }
  auto labelled() const { return nn::labelled(nn::contiguous<float>{points, 2}, arms); }
};

int main() {
  std::printf("%s", nn::describe<spiral_net>().c_str());

  // How to train is a value, and so is all that a training remembers: stop it, save it, go on with the same bits.
  const nn::training<nn::loss::softmax_cross_entropy, nn::adam, nn::schedule::cosine> how{
      .optimizer = {.learning_rate = 0.02}, .epochs = 40, .batch_size = 32};
  const spirals known(600, mm::seed{1}), unknown(300, mm::seed{2});
  const auto validation = unknown.labelled();
  auto training = nn::start_training<spiral_net>(how, mm::seed{42});
  nn::train(mm::exec::cpu{.threads = 2}, how, training, known.labelled(), &validation);
  std::printf("%.0f %% of the new points lie on the arm that the network says\n",
              std::round(100.0 * nn::accuracy(mm::exec::cpu{}, training.current, validation)));

  // PyTorch's names and layouts.
  const auto file = std::filesystem::temp_directory_path() / "mmrec-spiral.safetensors";
  mm::io::write_weights(file, training.current);
  const auto weights = mm::io::read_weights<spiral_net>(file);
  std::filesystem::remove(file);

  // Ready to serve: folded and packed, const, no allocation in a call.
  const nn::frozen<spiral_net> ready(weights);
  nn::frozen<spiral_net>::workspace memory({.count = 1});
  const float point[2]{-0.4f, 0.3f};
  const auto scores = ready(mm::exec::cpu{}, {point, 1}, memory);
  std::printf("one point lies on arm %d\n", static_cast<int>(std::max_element(scores.begin(), scores.end()) - scores.begin()));
}
// [readme]

// train_posters - what is in the picture? A small residual network against a linear classifier on the same pixels.
#include <cstdio>
#include <utility>

#include <CLI/CLI.hpp>

#include <mmrec/io/weights.hpp>
#include <mmrec/nn.hpp>
#include <mmrec/nn/model/mini_resnet.hpp>

#include "pictures.hpp"
#include "training/options.hpp"
#include "training/run.hpp"

namespace mm = mmrec;
namespace nn = mmrec::nn;

/// Eight layers of convolutions with shortcuts.
using residual_net = nn::mini_resnet<10>;
/// One weight for each class and number.
using linear_net = nn::sequential<posters::picture_shape, nn::flatten, nn::dense<10>>;

using how_to_train = nn::training<nn::loss::softmax_cross_entropy, nn::adamw, nn::schedule::one_cycle>;

int main(int argc, char** argv) {
  training::options asked;
  CLI::App app{"Trains a residual network on small pictures, and a linear classifier to compare it with."};
  training::add_options(app, asked,
                        "a folder with CIFAR-10's train_batch* or data_batch*, and test_batch*, in the binary version");
  CLI11_PARSE(app, argc, argv);

  return training::guarded("train_posters", [&] {
    posters::parts pictures = asked.made_up()
                                  ? posters::divided(posters::draw_pictures(800, mm::seed{asked.seed}.derive(0)),
                                                     posters::draw_pictures(200, mm::seed{asked.seed}.derive(1)))
                                  : posters::divided(posters::read_pictures(asked.data, {"data_batch", "train_batch"}),
                                                     posters::read_pictures(asked.data, {"test_batch"}));
    if (asked.all) pictures.train_on_validation();
    pictures = posters::standardised(std::move(pictures));
    std::printf("%zu %s to train on, %zu to choose the best epoch by, %zu to test\n", pictures.known.kinds.size(),
                asked.made_up() ? "made-up pictures (coloured shapes)" : "pictures", pictures.validation.kinds.size(),
                pictures.test.kinds.size());
    const auto known = pictures.known.varied();
    const auto validation = pictures.validation.as_they_are(), test = pictures.test.as_they_are();

    // The same loop, data and variation for both; only the rate suits each.
    how_to_train how{.optimizer = {.learning_rate = 2e-4, .weight_decay = 1e-2},
                     .epochs = asked.epochs_or(asked.made_up() ? 8 : 60),
                     .batch_size = asked.made_up() ? 16u : 32u};
    training::options beside = asked;
    beside.checkpoint.clear();
    const auto linear = training::run<linear_net>(beside, "Linear classifier", how, known, validation);
    how.optimizer = {.learning_rate = 5e-3, .weight_decay = 5e-2};
    const auto residual = training::run<residual_net>(asked, "Residual network", how, known, validation);

    std::printf("\n");
    const double before = training::judge(asked, "Linear classifier", linear.current, test);
    const double after = training::judge(asked, "Residual network", residual.current, test);
    std::printf("The residual network gets %.1f points more right than the linear classifier.\n", 100.0 * (after - before));
    training::write_curves(asked, "Small pictures of ten kinds",
                           {{"Linear classifier", linear.history}, {"Residual network", residual.history}});
    if (!asked.save.empty()) mm::io::write_weights(asked.save, residual.current);
  });
}

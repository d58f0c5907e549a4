// train_digits - which digit is spoken? Logarithmic mel spectra go into a recurrent or a convolutional network.
#include <cstdio>
#include <string>

#include <CLI/CLI.hpp>

#include <mmrec/io/weights.hpp>
#include <mmrec/nn.hpp>

#include "recordings.hpp"
#include "spectra.hpp"
#include "training/options.hpp"
#include "training/run.hpp"

namespace mm = mmrec;
namespace nn = mmrec::nn;

/// Reads the frames forwards and backwards, and remembers.
using lstm_net = nn::sequential<nn::sequence<digits::bands>, nn::lstm<96, nn::recurrent{.bidirectional = true}>,
                                nn::dropout<40>, nn::dense<10>>;

/// Looks at neighbouring frames, then at neighbours of what it saw there; a digit is where it is loudest.
using conv_net = nn::sequential<nn::sequence<digits::bands>,                                                            //
                                nn::conv1d<64, 5, nn::conv{.bias = false}>, nn::batch_norm, nn::relu, nn::max_pool<2>,  //
                                nn::conv1d<96, 3, nn::conv{.bias = false}>, nn::batch_norm, nn::relu, nn::max_pool<2>,  //
                                nn::conv1d<128, 3, nn::conv{.bias = false}>, nn::batch_norm, nn::relu,                  //
                                nn::global_avg_pool, nn::dropout<30>, nn::dense<10>>;

using how_to_train = nn::training<nn::loss::softmax_cross_entropy, nn::adamw, nn::schedule::one_cycle>;

template <class Net>
void train(const training::options& asked, const std::string& name, const how_to_train& how) {
  const mm::exec::cpu exec{.threads = asked.threads};
  digits::parts sounds = asked.made_up() ? digits::make_parts(mm::seed{asked.seed}) : digits::read_recordings(asked.data);
  if (asked.all) sounds.train_on_validation();
  const auto front_end = mm::audio::log_mel{.bands = digits::bands}.fit(exec, sounds.known.sounds);
  digits::spectra known(exec, front_end, sounds.known), validation(exec, front_end, sounds.validation),
      test(exec, front_end, sounds.test);
  const digits::band_scaling scaled(known.frames);
  for (digits::spectra* part : {&known, &validation, &test}) scaled(part->frames.all());
  std::printf("%zu %s to train on, %zu to choose the best epoch by, %zu to test\n", known.digits.size(),
              asked.made_up() ? "made-up digits (gliding voices)" : "spoken digits", validation.digits.size(),
              test.digits.size());

  const auto trained = training::run<Net>(asked, name, how, known.varied(), validation.as_they_are());
  training::judge(asked, name, trained.current, test.as_they_are());
  training::write_curves(asked, "Spoken digits", {{name, trained.history}});
  if (!asked.save.empty()) mm::io::write_weights(asked.save, trained.current);
}

int main(int argc, char** argv) {
  training::options asked;
  std::string net = "conv";
  CLI::App app{"Trains a network to tell spoken digits apart."};
  training::add_options(app, asked, "a folder of {digit}_{speaker}_{index}.wav, as the Free Spoken Digit Dataset has them");
  app.add_option("--net", net, "which network")->check(CLI::IsMember({"conv", "lstm"}));
  CLI11_PARSE(app, argc, argv);

  return training::guarded("train_digits", [&] {
    if (net == "lstm") {
      train<lstm_net>(asked, "LSTM",
                      {.optimizer = {.learning_rate = 4e-3},
                       .epochs = asked.epochs_or(asked.made_up() ? 8 : 40),
                       .batch_size = 16,
                       .clip_norm = 1.0});
    } else {
      train<conv_net>(asked, "Convolutions",
                      {.optimizer = {.learning_rate = 3e-3, .weight_decay = 1e-2},
                       .epochs = asked.epochs_or(asked.made_up() ? 6 : 40),
                       .batch_size = 16});
    }
  });
}

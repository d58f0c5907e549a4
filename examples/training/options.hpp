// options.hpp - what every training program can be asked for.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <thread>

#include <CLI/CLI.hpp>

namespace training {

struct options {
  std::filesystem::path data = {};        ///< a folder of real data; empty: made up by a seeded generator
  std::uint64_t seed = 1;                 ///< of weights, shuffling, variation and made-up data
  std::size_t threads = 1;                ///< the numbers do not depend on it
  std::string device = "cpu";             ///< or "cuda", whose numbers are the same but for rounding
  std::size_t epochs = 0;                 ///< 0: what the program finds right for its data
  bool all = false;                       ///< train on the validation examples, too
  std::filesystem::path checkpoint = {};  ///< written after each epoch; gone on from if it exists
  std::filesystem::path csv = {}, svg = {};
  std::filesystem::path save = {};

  bool made_up() const { return data.empty(); }
  std::size_t epochs_or(std::size_t usual) const { return epochs == 0 ? usual : epochs; }
};

inline void add_options(CLI::App& app, options& asked, const std::string& data) {
  asked.threads = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 64);
  app.add_option("--data", asked.data, data + "; without it, small data are made up")->check(CLI::ExistingDirectory);
  app.add_option("--seed", asked.seed, "of everything random");
  app.add_option("--threads", asked.threads, "the numbers do not depend on it")->check(CLI::Range(1, 256));
  app.add_option("--device", asked.device, "what to train and judge on")->check(CLI::IsMember({"cpu", "cuda"}));
  app.add_option("--epochs", asked.epochs, "passes over the training examples")->check(CLI::Range(1, 100000));
  app.add_flag("--all", asked.all, "train on the validation examples, too, once all is chosen; the last epoch is kept then");
  app.add_option("--checkpoint", asked.checkpoint, "written after each epoch; training goes on from it if it exists");
  app.add_option("--csv", asked.csv, "write the losses of all epochs to this file");
  app.add_option("--svg", asked.svg, "draw them into this file");
  app.add_option("--save", asked.save, "write the trained weights to this file, as safetensors with PyTorch's names");
}

/// Runs the program's work; what goes wrong becomes one line on standard error.
template <class Work>
int guarded(const char* program, Work&& work) {
  try {
    work();
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s: %s\n", program, problem.what());
    return 1;
  }
  return 0;
}

}  // namespace training

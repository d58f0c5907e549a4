#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include <mmrec/io/checkpoint.hpp>
#include <mmrec/nn/layers/dense.hpp>
#include <mmrec/nn/loss/softmax_cross_entropy.hpp>
#include <mmrec/nn/optimizer/adam.hpp>
#include <mmrec/nn/optimizer/sgd.hpp>
#include <mmrec/nn/train/train.hpp>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace io = mmrec::io;
namespace nn = mmrec::nn;
using net = nn::sequential<nn::flat<4>, nn::dense<8>, nn::dense<3>>;
using state_type = nn::training_state<net>;

namespace {

struct task {
  std::vector<float> points;
  std::vector<std::uint32_t> classes;
  nn::training<nn::loss::softmax_cross_entropy, nn::adam> how{.epochs = 4, .batch_size = 8};

  task() {
    mmrec::random_stream random(mmrec::seed{1});
    for (int i = 0; i < 200; ++i) {
      classes.push_back(random.below(3));
      for (int d = 0; d < 4; ++d) points.push_back(static_cast<float>(random.normal()));
    }
  }
  state_type fresh() const { return nn::start_training<net>(how, mmrec::seed{3}); }
  /// Trains on, saving after each mini-batch if there is a path; stops after `most` of them.
  void train(state_type& state, const std::filesystem::path& path = {}, std::size_t most = 1000000) const {
    const auto data = nn::labelled(nn::contiguous<float>{points, 4}, classes);
    std::size_t done = 0;
    const auto save = [&](const state_type& now) {
      if (!path.empty()) io::save_checkpoint(path, now);
      return ++done < most;
    };
    nn::checkpoint_function<net, float> checkpoint(save);
    nn::train(mmrec::exec::cpu{}, how, state, data, &data, &checkpoint);
  }
};

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

TEST_CASE("a training goes on from a file with the same bits") {
  const test::temporary_folder folder;
  const auto path = folder.path() / "training.safetensors";
  const task work;
  auto whole = work.fresh();
  work.train(whole);
  for (const std::size_t most : {1u, 24u, 25u, 26u, 60u, 100u}) {
    auto state = work.fresh();
    work.train(state, path, most);
    auto restored = io::load_checkpoint(path, work.fresh());
    REQUIRE(restored == state);
    work.train(restored);
    CHECK(restored == whole);
  }
}

TEST_CASE("a training that is killed again and again ends as if it never was") {
  const test::temporary_folder folder;
  const auto path = folder.path() / "training.safetensors";
  const task work;
  auto whole = work.fresh();
  work.train(whole);

  mmrec::random_stream random(mmrec::seed{11});
  std::size_t kills = 0;
  for (bool finished = false; !finished;) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      auto state = work.fresh();
      if (std::filesystem::exists(path)) state = io::load_checkpoint(path, std::move(state));
      work.train(state, path);
      ::_exit(0);
    }
    if (kills < 20) {
      ::usleep(500 + random.below(8000));
      ::kill(child, SIGKILL);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    if (WIFSIGNALED(status)) ++kills;
    // Where the training was quicker than the signal, it begins anew.
    if (WIFEXITED(status)) {
      REQUIRE(WEXITSTATUS(status) == 0);
      CHECK(io::load_checkpoint(path, work.fresh()) == whole);
      if (kills >= 20) finished = true;
      std::filesystem::remove(path);
    }
  }
  CHECK(kills >= 20);
}

TEST_CASE("a checkpoint that was cut off or changed anywhere is refused") {
  const test::temporary_folder folder;
  const auto path = folder.path() / "training.safetensors";
  const task work;
  auto state = work.fresh();
  work.train(state, path, 30);
  const std::string good = bytes_of(path);
  const auto refused = [&](const std::string& bytes) {
    const auto bad = folder.write("bad.safetensors", bytes);
    try {
      io::load_checkpoint(bad, work.fresh());
      return false;
    } catch (const mmrec::data_error&) {
      return true;
    }
  };
  for (std::size_t size = 0; size < good.size(); size += size < 2000 ? 7 : 97) CHECK(refused(good.substr(0, size)));
  for (std::size_t at = 0; at < good.size(); at += at < 4000 ? 3 : 41) {
    std::string bytes = good;
    bytes[at] = static_cast<char>(~bytes[at]);
    INFO(at);
    CHECK(refused(bytes));
  }
}

TEST_CASE("the checkpoint of another training is refused with all differences") {
  const test::temporary_folder folder;
  const auto path = folder.path() / "training.safetensors";
  const task work;
  auto state = work.fresh();
  work.train(state, path, 2);
  using other = nn::sequential<nn::flat<4>, nn::dense<3>>;
  CHECK_THROWS_AS(io::load_checkpoint(path, nn::start_training<other>(work.how, mmrec::seed{3})), io::weights_mismatch);
  const nn::training<nn::loss::softmax_cross_entropy, nn::sgd> plain;
  CHECK_THROWS_AS(io::load_checkpoint(path, nn::start_training<net>(plain, mmrec::seed{3})), io::weights_mismatch);
}

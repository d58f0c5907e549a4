#include <mmrec/nn/layers/dense.hpp>
#include <mmrec/nn/loss/mse.hpp>
#include <mmrec/nn/loss/softmax_cross_entropy.hpp>
#include <mmrec/nn/optimizer/adam.hpp>
#include <mmrec/nn/optimizer/sgd.hpp>
#include <mmrec/nn/schedule/cosine.hpp>
#include <mmrec/nn/train/train.hpp>

#include "support/allocations.hpp"
#include "support/catch.hpp"

namespace nn = mmrec::nn;
using mmrec::seed;
using net = nn::sequential<nn::flat<4>, nn::dense<8>, nn::dense<3>>;
using how_type = nn::training<nn::loss::softmax_cross_entropy, nn::adam, nn::schedule::cosine>;

namespace {

/// Points around three centres.
struct blobs {
  std::vector<float> points;
  std::vector<std::uint32_t> classes;
  explicit blobs(std::size_t count, std::uint64_t key = 1) {
    mmrec::random_stream random(seed{key});
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t c = random.below(3);
      classes.push_back(c);
      for (std::uint32_t d = 0; d < 4; ++d) points.push_back(static_cast<float>(random.normal() + (d == c ? 3.0 : 0.0)));
    }
  }
  auto labelled() const { return nn::labelled(nn::contiguous<float>{points, 4}, classes); }
};

}  // namespace

TEST_CASE("training learns what there is to learn") {
  const blobs known(300), unknown(200, 2);
  const how_type how{.optimizer = {.learning_rate = 0.02}, .epochs = 20, .batch_size = 16};
  auto state = nn::start_training<net>(how, seed{7});
  const auto validation = unknown.labelled();
  nn::train(mmrec::exec::cpu{}, how, state, known.labelled(), &validation);
  CHECK(state.epoch == 20);
  CHECK(state.history.size() == 20);
  CHECK(state.history.back().training_loss < 0.3 * state.history.front().training_loss);
  CHECK(nn::accuracy(mmrec::exec::cpu{}, state.current, validation) > 0.9);
  CHECK(state.current == state.best);
}

TEST_CASE("a training that was interrupted anywhere ends with the same bits") {
  const blobs known(100), unknown(50, 2);
  const auto data = known.labelled(), validation = unknown.labelled();
  const how_type how{.epochs = 4, .batch_size = 16};
  auto whole = nn::start_training<net>(how, seed{3});
  nn::train(mmrec::exec::cpu{}, how, whole, data, &validation);
  for (std::size_t after = 1; after < 28; after += 3) {
    auto state = nn::start_training<net>(how, seed{3});
    std::size_t steps = 0;
    const auto stop = [&](const nn::training_state<net>&) { return ++steps < after; };
    nn::checkpoint_function<net, float> interrupt(stop);
    nn::train(mmrec::exec::cpu{}, how, state, data, &validation, &interrupt);
    REQUIRE(state.epoch * 7 + state.batch == after);
    auto copy = state;
    nn::train(mmrec::exec::cpu{.threads = 1 + after % 3}, how, copy, data, &validation);
    CHECK(copy == whole);
  }
}

TEST_CASE("training gives the same bits for any number of threads") {
  const blobs known(200);
  const how_type how{.epochs = 3, .batch_size = 64, .clip_norm = 0.5};
  auto one = nn::start_training<net>(how, seed{3});
  nn::train(mmrec::exec::cpu{}, how, one, known.labelled());
  for (const std::size_t threads : {2u, 8u}) {
    auto other = nn::start_training<net>(how, seed{3});
    nn::train(mmrec::exec::cpu{.threads = threads}, how, other, known.labelled());
    CHECK(other == one);
  }
}

TEST_CASE("a training step allocates nothing") {
  const blobs known(128);
  const how_type how{.epochs = 3, .batch_size = 16};
  auto state = nn::start_training<net>(how, seed{3});
  std::size_t at_first = 0, at_last = 0;
  const auto count = [&](const nn::training_state<net>& now) {
    if (now.epoch == 0 && now.batch == 1) at_first = test::allocations_so_far;
    if (now.epoch == 2 && now.batch == 7) at_last = test::allocations_so_far;
    return true;
  };
  nn::checkpoint_function<net, float> counting(count);
  const auto data = known.labelled();
  nn::train(mmrec::exec::cpu{}, how, state, data, static_cast<const decltype(data)*>(nullptr), &counting);
  REQUIRE(at_last != 0);
  CHECK(at_last == at_first);
}

TEST_CASE("a training that diverges says so and keeps the last sound weights") {
  std::vector<float> points(64, 1.0f), targets(64);
  for (std::size_t i = 0; i < 64; ++i) points[i] = static_cast<float>(i % 7), targets[i] = static_cast<float>(i % 5);
  using line = nn::sequential<nn::flat<1>, nn::dense<1>>;
  nn::training<nn::loss::mse, nn::sgd> how{.optimizer = {.learning_rate = 0.01}, .epochs = 2};
  auto state = nn::start_training<line>(how, seed{1});
  const auto data = nn::labelled(nn::contiguous<float>{points, 1}, targets);
  nn::train(mmrec::exec::cpu{}, how, state, data);
  const auto sound = state.current;
  how.optimizer.learning_rate = 10.0;
  how.epochs = 50;
  try {
    nn::train(mmrec::exec::cpu{}, how, state, data);
    FAIL("did not diverge");
  } catch (const nn::diverged& error) {
    CHECK(error.epoch() >= 2);
    for (const float value : state.current.parameters) CHECK(std::isfinite(value));
    if (error.epoch() == 2) CHECK(state.current == sound);
  }
}

TEST_CASE("a training refuses data that do not fit") {
  const blobs known(20);
  const how_type how{.epochs = 1};
  auto state = nn::start_training<net>(how, seed{1});
  std::vector<std::uint32_t> short_of_one(known.classes.begin(), known.classes.end() - 1);
  CHECK_THROWS_AS(
      nn::train(mmrec::exec::cpu{}, how, state, nn::labelled(nn::contiguous<float>{known.points, 4}, short_of_one)),
      mmrec::shape_error);
  auto classes = known.classes;
  classes[3] = 3;
  CHECK_THROWS_AS(nn::train(mmrec::exec::cpu{}, how, state, nn::labelled(nn::contiguous<float>{known.points, 4}, classes)),
                  mmrec::data_error);
  auto points = known.points;
  points[5] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_AS(nn::train(mmrec::exec::cpu{}, how, state, nn::labelled(nn::contiguous<float>{points, 4}, known.classes)),
                  mmrec::data_error);
  auto begun = nn::start_training<net>(how, seed{1});
  nn::train(mmrec::exec::cpu{}, how, begun, known.labelled());
  CHECK_THROWS_AS(nn::train(mmrec::exec::cpu{}, how, begun, blobs(21).labelled()), mmrec::data_error);
  CHECK_THROWS_AS(nn::start_training<net>(how_type{.batch_size = 0}, seed{1}), mmrec::invalid_config);
}

TEST_CASE("training stops early when validation no longer improves, and can go on for more epochs") {
  const blobs known(30), unknown(100, 2);
  const auto data = known.labelled(), validation = unknown.labelled();
  const how_type how{.optimizer = {.learning_rate = 0.1}, .epochs = 200, .batch_size = 8, .patience = 3};
  auto state = nn::start_training<net>(how, seed{1});
  nn::train(mmrec::exec::cpu{}, how, state, data, &validation);
  CHECK(state.epoch < 200);
  CHECK(state.finished == 2);
  CHECK(state.current == state.best);
  const auto kept = state;
  nn::train(mmrec::exec::cpu{}, how, state, data, &validation);
  CHECK(state == kept);

  how_type some{.epochs = 2, .batch_size = 8}, more = some;
  more.epochs = 4;
  more.schedule = some.schedule = {.minimum = 1.0};
  auto first = nn::start_training<net>(some, seed{1}), second = nn::start_training<net>(more, seed{1});
  nn::train(mmrec::exec::cpu{}, some, first, data, &validation);
  nn::train(mmrec::exec::cpu{}, more, first, data, &validation);
  nn::train(mmrec::exec::cpu{}, more, second, data, &validation);
  CHECK(first == second);
}

TEST_CASE("targets are checked wherever they come in") {
  const blobs known(20), unknown(20, 2);
  const how_type how{.epochs = 1};
  auto state = nn::start_training<net>(how, seed{1});
  auto classes = unknown.classes;
  classes[4] = 100000000;
  const auto bad = nn::labelled(nn::contiguous<float>{unknown.points, 4}, classes);
  CHECK_THROWS_AS(nn::train(mmrec::exec::cpu{}, how, state, known.labelled(), &bad), mmrec::data_error);
  CHECK_THROWS_AS(nn::evaluate(mmrec::exec::cpu{}, state.current, how.loss, bad), mmrec::data_error);
  const std::vector<std::uint32_t> none;
  CHECK_THROWS_AS(nn::train(mmrec::exec::cpu{}, how, state, nn::labelled(nn::contiguous<float>{known.points, 4}, none)),
                  mmrec::shape_error);
  CHECK(state.epoch == 0);
}

TEST_CASE("weights that overflow in the last step of an epoch are no sound weights") {
  std::vector<float> points(8, 1e30f), targets(8, 1e30f);
  using line = nn::sequential<nn::flat<1>, nn::dense<1, false>>;
  const nn::training<nn::loss::mse, nn::sgd> how{
      .optimizer = {.learning_rate = 1e10}, .epochs = 1, .batch_size = 8, .divergence = 1e300};
  auto single = nn::start_training<line>(how, seed{1});
  single.current.parameters[0] = 0.5f;
  single.sound = single.current;
  CHECK_THROWS_AS(nn::train(mmrec::exec::cpu{}, how, single, nn::labelled(nn::contiguous<float>{points, 1}, targets)),
                  nn::diverged);
  CHECK(single.current.parameters[0] == 0.5f);
}

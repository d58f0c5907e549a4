// Training on a device against training on the CPU.
#include <mmrec/cuda.hpp>
#include <mmrec/nn/layers/batch_norm.hpp>
#include <mmrec/nn/layers/conv2d.hpp>
#include <mmrec/nn/layers/dense.hpp>
#include <mmrec/nn/layers/dropout.hpp>
#include <mmrec/nn/layers/embedding.hpp>
#include <mmrec/nn/layers/global_pool.hpp>
#include <mmrec/nn/layers/relu.hpp>
#include <mmrec/nn/loss/mse.hpp>
#include <mmrec/nn/loss/softmax_cross_entropy.hpp>
#include <mmrec/nn/model/text_cnn.hpp>
#include <mmrec/nn/optimizer/adam.hpp>
#include <mmrec/nn/optimizer/sgd.hpp>
#include <mmrec/nn/schedule/cosine.hpp>
#include <mmrec/nn/train/train.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "support/catch.hpp"
#include "support/thrown.hpp"

#if defined(MMREC_CUDA_ON_HOST)
#include <shim.hpp>
#endif

namespace nn = mmrec::nn;
namespace mc = mmrec::cuda;
using Catch::Matchers::Contains;
using mmrec::seed;
using net = nn::sequential<nn::flat<4>, nn::dense<8>, nn::relu, nn::dropout<20>, nn::dense<3>>;
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
  /// Each point moved at random whenever it is taken.
  auto varied() const {
    const auto move = [](float* out, std::size_t, mmrec::random_stream& random) {
      for (std::size_t i = 0; i < 4; ++i) out[i] += 0.1f * static_cast<float>(random.normal());
    };
    return nn::labelled(nn::augmented(nn::contiguous<float>{points, 4}, move), classes);
  }
};

template <class Numbers>
double difference(const Numbers& a, const Numbers& b) {
  double worst = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(static_cast<double>(a[i] - b[i])));
  return worst;
}

/// The two trainings have gone the same way, rounding apart.
template <class Net>
void check_same(const nn::training_state<Net>& device, const nn::training_state<Net>& cpu, double bound = 1e-4) {
  REQUIRE(device.history.size() == cpu.history.size());
  for (std::size_t epoch = 0; epoch < cpu.history.size(); ++epoch) {
    CHECK(device.history[epoch].training_loss == Approx(cpu.history[epoch].training_loss).epsilon(bound));
    CHECK(device.history[epoch].learning_rate == cpu.history[epoch].learning_rate);
    if (!std::isnan(cpu.history[epoch].validation_loss)) {
      CHECK(device.history[epoch].validation_loss == Approx(cpu.history[epoch].validation_loss).epsilon(bound));
    }
  }
  CHECK(difference(device.current.parameters, cpu.current.parameters) <= 10 * bound);
  CHECK(difference(device.current.statistics, cpu.current.statistics) <= 10 * bound);
  CHECK(device.epoch == cpu.epoch);
  CHECK(device.finished == cpu.finished);
  CHECK(device.optimizer.steps() == cpu.optimizer.steps());
  CHECK(device.fingerprint == cpu.fingerprint);
}

}  // namespace

TEST_CASE("training on a device goes the way it goes on the CPU") {
  const blobs known(110), unknown(50, 2);
  const auto validation = unknown.labelled();
  const mc::context gpu;
  const auto check = [&](const auto& how, const auto& data) {
    auto expected = nn::start_training<net>(how, seed{7});
    nn::train(mmrec::exec::cpu{}, how, expected, data, &validation);
    auto state = nn::start_training<net>(how, seed{7});
    nn::train(gpu, how, state, data, &validation);
    check_same(state, expected);
    auto again = nn::start_training<net>(how, seed{7});
    nn::train(gpu, how, again, data, &validation);
    CHECK(again == state);
    CHECK(nn::accuracy(gpu, state.current, validation) == nn::accuracy(mmrec::exec::cpu{}, state.current, validation));
    CHECK(nn::evaluate(gpu, state.current, how.loss, validation) ==
          Approx(nn::evaluate(mmrec::exec::cpu{}, state.current, how.loss, validation)).epsilon(1e-5));
  };
  check(how_type{.optimizer = {.learning_rate = 0.02}, .epochs = 4, .batch_size = 16}, known.labelled());
  check(how_type{.epochs = 2, .batch_size = 200, .clip_norm = 0.3}, known.labelled());
  check(how_type{.optimizer = {.learning_rate = 0.02}, .epochs = 3, .batch_size = 16}, known.varied());
  check(nn::training<nn::loss::softmax_cross_entropy, nn::momentum>{.epochs = 2, .batch_size = 32, .keep_best = false},
        known.labelled());
}

TEST_CASE("a training goes on where it stopped, on the other side, too") {
  const blobs known(100);
  const auto data = known.labelled();
  const how_type how{.optimizer = {.learning_rate = 0.02}, .epochs = 4, .batch_size = 16};
  auto expected = nn::start_training<net>(how, seed{3});
  nn::train(mmrec::exec::cpu{}, how, expected, data);
  const mc::context gpu;

  // On the CPU into the middle of an epoch, then on the device; and the other way round, where states come by epochs.
  for (const std::size_t stop_after : {2u, 7u, 10u}) {
    auto state = nn::start_training<net>(how, seed{3});
    std::size_t calls = 0;
    const auto stop = [&](const nn::training_state<net>&) { return ++calls < stop_after; };
    nn::checkpoint_function<net, float> interrupt(stop);
    nn::train(mmrec::exec::cpu{}, how, state, data, static_cast<decltype(&data)>(nullptr), &interrupt);
    REQUIRE(state.epoch < 4);
    nn::train(gpu, how, state, data);
    check_same(state, expected);
  }
  auto state = nn::start_training<net>(how, seed{3});
  std::size_t epochs = 0;
  const auto stop = [&](const nn::training_state<net>& now) {
    CHECK(now.batch == 0);
    return ++epochs < 2;
  };
  nn::checkpoint_function<net, float> interrupt(stop);
  nn::train(gpu, how, state, data, static_cast<decltype(&data)>(nullptr), &interrupt);
  REQUIRE(state.epoch == 2);
  auto on_device = state;
  nn::train(mmrec::exec::cpu{}, how, state, data);
  check_same(state, expected);
  nn::train(gpu, how, on_device, data);
  check_same(on_device, expected);

  // Interrupted and not are the same bits on the device.
  auto whole = nn::start_training<net>(how, seed{3});
  nn::train(gpu, how, whole, data);
  CHECK(on_device == whole);
}

TEST_CASE("pictures and texts are trained on a device") {
  const mc::context gpu;
  mmrec::random_stream random(seed{1});
  {
    using small_net = nn::sequential<nn::chw<2, 6, 6>, nn::conv2d<6, 3, nn::conv{.bias = false}>, nn::batch_norm, nn::relu,
                                     nn::global_avg_pool, nn::dense<2>>;
    std::vector<float> pictures(40 * 72);
    std::vector<std::uint32_t> kinds(40);
    for (float& value : pictures) value = static_cast<float>(random.normal());
    for (std::uint32_t& kind : kinds) kind = random.below(2);
    const nn::labelled data(nn::contiguous<float>{pictures, 72}, kinds);
    const how_type how{.epochs = 2, .batch_size = 8};
    auto expected = nn::start_training<small_net>(how, seed{7});
    nn::train(mmrec::exec::cpu{}, how, expected, data);
    auto state = nn::start_training<small_net>(how, seed{7});
    nn::train(gpu, how, state, data);
    check_same(state, expected, 1e-3);
  }
  {
    using text_net = nn::text_cnn<20, 6, 4, 3>;
    std::vector<std::int32_t> tokens;
    std::vector<std::size_t> starts{0};
    std::vector<std::uint32_t> kinds;
    for (std::size_t text = 0; text < 30; ++text) {
      for (std::uint32_t length = random.below(9); length > 0; --length) {
        tokens.push_back(static_cast<std::int32_t>(random.below(12)));  // the others' rows stay as they are
      }
      starts.push_back(tokens.size());
      kinds.push_back(random.below(3));
    }
    const nn::labelled data(nn::ragged<std::int32_t>{tokens, starts}, kinds);
    const how_type how{.epochs = 3, .batch_size = 7};
    auto expected = nn::start_training<text_net>(how, seed{7});
    nn::train(mmrec::exec::cpu{}, how, expected, data);
    auto state = nn::start_training<text_net>(how, seed{7});
    nn::train(gpu, how, state, data);
    check_same(state, expected);
    CHECK(nn::accuracy(gpu, state.current, data) == nn::accuracy(mmrec::exec::cpu{}, state.current, data));
  }
}

TEST_CASE("regression on a device") {
  using line = nn::sequential<nn::flat<4>, nn::dense<2>>;
  const blobs known(60);
  std::vector<float> targets;
  for (std::size_t i = 0; i < 60; ++i) {
    targets.push_back(known.points[4 * i]);
    targets.push_back(known.points[4 * i + 1] - 1.0f);
  }
  const nn::labelled data(nn::contiguous<float>{known.points, 4}, targets);
  const nn::training<nn::loss::mse, nn::adamw> how{.optimizer = {.learning_rate = 0.05}, .epochs = 3, .batch_size = 16};
  auto expected = nn::start_training<line>(how, seed{7});
  nn::train(mmrec::exec::cpu{}, how, expected, data);
  auto state = nn::start_training<line>(how, seed{7});
  nn::train(mmrec::exec::cuda{}, how, state, data);
  check_same(state, expected);
}

TEST_CASE("a training that diverges on a device keeps the last sound weights") {
  const blobs known(64);
  const nn::training<nn::loss::softmax_cross_entropy, nn::sgd> how{
      .optimizer = {.learning_rate = 1e30}, .epochs = 3, .batch_size = 16};
  auto state = nn::start_training<net>(how, seed{7});
  const auto start = state.current;
  const mc::context gpu;
  CHECK_THROWS_AS(nn::train(gpu, how, state, known.labelled()), nn::diverged);
  CHECK(state.current == start);
  CHECK(state.batch == 0);
}

TEST_CASE("what does not fit is refused before anything is uploaded") {
  const blobs known(20);
  const how_type how{.epochs = 1};
  const mc::context gpu;
  auto state = nn::start_training<net>(how, seed{7});
  auto wrong = known.classes;
  wrong[3] = 9;
  const nn::labelled bad_class(nn::contiguous<float>{known.points, 4}, wrong);
  CHECK_THAT(test::thrown<mmrec::data_error>([&] { nn::train(gpu, how, state, bad_class); }), Contains("class 9 of 3"));
  auto points = known.points;
  points[7] = std::numeric_limits<float>::quiet_NaN();
  const nn::labelled bad_number(nn::contiguous<float>{points, 4}, known.classes);
  CHECK_THAT(test::thrown<mmrec::data_error>([&] { nn::train(gpu, how, state, bad_number); }), Contains("not finite"));

  std::vector<std::int32_t> tokens{1, 2, 30};
  const std::vector<std::size_t> starts{0, 2, 3};
  const std::vector<std::uint32_t> kinds{0, 1};
  const nn::labelled bad_id(nn::ragged<std::int32_t>{tokens, starts}, kinds);
  auto text = nn::start_training<nn::text_cnn<20, 6, 4, 3>>(how, seed{7});
  CHECK_THAT(test::thrown<mmrec::data_error>([&] { nn::train(gpu, how, text, bad_id); }),
             Contains("outside the vocabulary of 20"));
}

TEST_CASE("a cancelled training on a device can go on") {
  struct stopping : mmrec::progress_sink {
    std::uint64_t calls = 0;
    bool report(const mmrec::progress_event&) override { return ++calls <= 9; }
  };
  const blobs known(100);
  const auto data = known.labelled();
  const how_type how{.epochs = 3, .batch_size = 16};
  auto whole = nn::start_training<net>(how, seed{3});
  nn::train(mmrec::exec::cuda{}, how, whole, data);
  auto state = nn::start_training<net>(how, seed{3});
  stopping sink;
  CHECK_THROWS_AS(nn::train(mmrec::exec::cuda{.progress = &sink}, how, state, data), mmrec::cancelled);
  CHECK(state.epoch * 7 + state.batch == 9);
  nn::train(mmrec::exec::cuda{}, how, state, data);
  CHECK(state == whole);
}

TEST_CASE("a training stopped anywhere holds what it has come to") {
  struct stopping : mmrec::progress_sink {
    std::uint64_t calls = 0, most;
    explicit stopping(std::uint64_t after) : most(after) {}
    bool report(const mmrec::progress_event&) override { return ++calls <= most; }
  };
  const blobs known(100), unknown(40, 2);
  const auto data = known.labelled(), validation = unknown.labelled();
  const how_type how{.epochs = 3, .batch_size = 50};
  auto whole = nn::start_training<net>(how, seed{3});
  nn::train(mmrec::exec::cuda{}, how, whole, data, &validation);
  for (std::uint64_t after = 0; after <= 6; ++after) {
    CAPTURE(after);
    auto state = nn::start_training<net>(how, seed{3});
    stopping sink(after);
    CHECK_THROWS_AS(nn::train(mmrec::exec::cuda{.progress = &sink}, how, state, data, &validation), mmrec::cancelled);
    nn::train(mmrec::exec::cuda{}, how, state, data, &validation);
    CHECK(state == whole);
  }

  // An example that cannot be written: the batches before it count.
  std::size_t left = 70;
  const auto fails = [&](float*, std::size_t, mmrec::random_stream&) {
    if (left-- == 0) throw mmrec::data_error("test", "unreadable");
  };
  const nn::labelled broken(nn::augmented(nn::contiguous<float>{known.points, 4}, fails), known.classes);
  auto state = nn::start_training<net>(how, seed{3});
  CHECK_THROWS_AS(nn::train(mmrec::exec::cuda{}, how, state, broken), mmrec::data_error);
  CHECK(state.batch == 1);
  CHECK(state.optimizer.steps() == 1);
  nn::train(mmrec::exec::cuda{}, how, state, data, &validation);
  CHECK(difference(state.current.parameters, whole.current.parameters) < 1e-5);
}

TEST_CASE("texts of any length drop the same numbers as on the CPU") {
  using text_net = nn::sequential<nn::ids, nn::embedding<12, 6>, nn::dropout<50>, nn::global_avg_pool, nn::dense<3>>;
  mmrec::random_stream random(seed{1});
  std::vector<std::int32_t> tokens;
  std::vector<std::size_t> starts{0};
  std::vector<std::uint32_t> kinds;
  for (std::size_t text = 0; text < 40; ++text) {
    for (std::uint32_t length = 1 + random.below(30); length > 0; --length) {
      tokens.push_back(static_cast<std::int32_t>(random.below(12)));
    }
    starts.push_back(tokens.size());
    kinds.push_back(random.below(3));
  }
  const nn::labelled data(nn::ragged<std::int32_t>{tokens, starts}, kinds);
  const how_type how{.optimizer = {.learning_rate = 0.02}, .epochs = 3, .batch_size = 4};
  auto expected = nn::start_training<text_net>(how, seed{7});
  nn::train(mmrec::exec::cpu{}, how, expected, data);
  auto state = nn::start_training<text_net>(how, seed{7});
  nn::train(mmrec::exec::cuda{}, how, state, data);
  check_same(state, expected);
}

TEST_CASE("batches of nothing are refused") {
  const blobs known(20);
  const auto trained = nn::initialize<net>(seed{1});
  const mc::context gpu;
  CHECK_THROWS_AS(nn::accuracy(gpu, trained, known.labelled(), 0), mmrec::invalid_config);
  CHECK_THROWS_AS(nn::accuracy(mmrec::exec::cpu{}, trained, known.labelled(), 0), mmrec::invalid_config);
  CHECK_THROWS_AS(nn::evaluate(gpu, trained, nn::loss::softmax_cross_entropy{}, known.labelled(), 0), mmrec::invalid_config);
}

#if defined(MMREC_CUDA_ON_HOST)

TEST_CASE("a training runs on the device it is given, whichever is the thread's") {
  const cuda_shim::scope fresh;
  cuda_shim::options().device_count = 2;
  const blobs known(60);
  const how_type how{.epochs = 2, .batch_size = 16, .clip_norm = 1.0};
  auto first = nn::start_training<net>(how, seed{7});
  nn::train(mmrec::exec::cuda{}, how, first, known.labelled());
  auto second = nn::start_training<net>(how, seed{7});
  nn::train(mmrec::exec::cuda{.device = 1}, how, second, known.labelled());
  CHECK(second == first);
}

TEST_CASE("no mini-batch waits for the host") {
  const cuda_shim::scope fresh;
  cuda_shim::options().deferred = true;
  const blobs known(1000);
  const mc::context gpu;
  const auto waits = [&](const auto& data, std::size_t batch_size) {
    const how_type how{.epochs = 2, .batch_size = batch_size};
    auto state = nn::start_training<net>(how, seed{7});
    cuda_shim::reset_counters();
    nn::train(gpu, how, state, data);
    return cuda_shim::counters();
  };
  const auto few = waits(known.labelled(), 250), many = waits(known.labelled(), 20);
  CHECK(many.synchronisations == few.synchronisations);
  CHECK(many.allocations <= few.allocations);
  CHECK(many.graph_launches == 2 * 50 - 1);
  // Varied examples: a wait for the buffer before the last, and no other.
  const auto varied_few = waits(known.varied(), 250), varied_many = waits(known.varied(), 20);
  CHECK(varied_many.synchronisations - varied_few.synchronisations == 2 * (50 - 4));
}

TEST_CASE("examples that do not fit on the device come in batches") {
  const cuda_shim::scope fresh;
  const blobs known(3000);
  const how_type how{.epochs = 1, .batch_size = 500};
  auto expected = nn::start_training<net>(how, seed{7});
  nn::train(mmrec::exec::cpu{}, how, expected, known.labelled());
  cuda_shim::options().memory_limit = (std::size_t{32} << 20) + 340'000;  // 48 000 bytes of points, and little besides
  auto state = nn::start_training<net>(how, seed{7});
  nn::train(mmrec::exec::cuda{}, how, state, known.labelled());
  check_same(state, expected);
}

#endif

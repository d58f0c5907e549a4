#include <mmrec/kernel/embedding.hpp>

#include <mmrec/core/random.hpp>
#include <mmrec/exec/cpu.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "support/allocations.hpp"
#include "support/catch.hpp"

namespace mm = mmrec;
namespace kernel = mmrec::kernel;

namespace {

struct inputs {
  static constexpr std::size_t rows = 23, examples = 7, steps = 11;
  std::size_t width;
  std::vector<std::int32_t> ids;
  std::vector<std::uint32_t> lengths;
  std::vector<float> table, dy;

  explicit inputs(std::size_t given) : width(given), ids(examples * steps, -1), lengths(examples) {
    mm::random_stream random(mm::seed{17});
    for (std::size_t example = 0; example < examples; ++example) {
      lengths[example] = example == 0 ? 0 : random.below(steps) + 1;
      // Beyond the length, -1 stays: nothing may be looked up there.
      for (std::size_t step = 0; step < lengths[example]; ++step) {
        ids[example * steps + step] = static_cast<std::int32_t>(random.below(rows));
      }
    }
    table.resize(rows * width);
    dy.resize(examples * steps * width);
    for (float& value : table) value = static_cast<float>(random.normal());
    for (float& value : dy) value = static_cast<float>(random.normal());
  }
  kernel::id_batch batch() const { return {ids.data(), examples, steps, lengths.data()}; }
};

}  // namespace

TEST_CASE("rows and bags of rows, and their gradients, follow their definitions on any number of threads") {
  for (const std::size_t width : {1u, 7u, 32u, 100u}) {
    const inputs in(width);
    const std::size_t skipped = 3;
    std::vector<double> y(in.dy.size(), 0.0), sums(in.examples * width, 0.0), by_rows(in.table.size(), 1.0),
        by_bags(in.table.size(), 1.0);
    for (std::size_t example = 0; example < in.examples; ++example) {
      for (std::size_t step = 0; step < in.lengths[example]; ++step) {
        const auto row = static_cast<std::size_t>(in.ids[example * in.steps + step]);
        for (std::size_t i = 0; i < width; ++i) {
          const std::size_t at = (example * in.steps + step) * width + i;
          y[at] = static_cast<double>(in.table[row * width + i]);
          sums[example * width + i] += y[at];
          if (row != skipped) by_rows[row * width + i] += static_cast<double>(in.dy[at]);
          by_bags[row * width + i] += static_cast<double>(in.dy[example * width + i]) / in.lengths[example];
        }
      }
    }
    for (const std::size_t threads : {1u, 2u, 8u}) {
      CAPTURE(width, threads);
      const mm::exec::cpu exec{.threads = threads};
      std::vector<float> rows(y.size(), 9.0f), bag(sums.size(), 9.0f), mean(sums.size(), 9.0f),
          gradient(in.table.size(), 1.0f), bag_gradient(in.table.size(), 1.0f);
      const std::size_t allocations = test::allocations_of([&] {
        kernel::embedding_forward(exec, in.batch(), width, in.table.data(), rows.data());
        kernel::embedding_backward(exec, in.batch(), width, in.dy.data(), skipped, gradient.data());
        kernel::embedding_bag_forward(exec, in.batch(), kernel::bag_mode::sum, width, in.table.data(), bag.data());
        kernel::embedding_bag_forward(exec, in.batch(), kernel::bag_mode::mean, width, in.table.data(), mean.data());
        kernel::embedding_bag_backward(exec, in.batch(), kernel::bag_mode::mean, width, in.dy.data(), bag_gradient.data());
      });
      if (threads == 1) CHECK(allocations == 0);
      for (std::size_t i = 0; i < y.size(); ++i) REQUIRE(static_cast<double>(rows[i]) == y[i]);
      for (std::size_t i = 0; i < sums.size(); ++i) {
        REQUIRE(bag[i] == Approx(sums[i]).margin(1e-5));
        const std::uint32_t length = in.lengths[i / width];
        REQUIRE(mean[i] == Approx(length == 0 ? 0.0 : sums[i] / length).margin(1e-5));
      }
      for (std::size_t i = 0; i < in.table.size(); ++i) {
        REQUIRE(gradient[i] == Approx(by_rows[i]).margin(1e-5));
        REQUIRE(bag_gradient[i] == Approx(by_bags[i]).margin(1e-5));
      }
      static std::vector<float> first, first_bag;
      if (threads == 1) {
        first = gradient;
        first_bag = bag_gradient;
      }
      CHECK(gradient == first);
      CHECK(bag_gradient == first_bag);
    }
  }
}

#include <mmrec/kernel/cuda/embedding.cuh>

#include <mmrec/core/random.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/exec/cuda/buffer.hpp>
#include <mmrec/exec/cuda/graph.hpp>
#include <mmrec/kernel/embedding.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <shim.hpp>

#include "support/catch.hpp"

namespace mm = mmrec;
namespace kernel = mmrec::kernel;
namespace mc = mmrec::cuda;

namespace {

constexpr mm::exec::cpu cpu;
constexpr std::size_t none = static_cast<std::size_t>(-1);

template <class T>
mc::buffer<T> uploaded(const mc::context& on, const std::vector<T>& values) {
  return {on, std::span<const T>(values)};
}
template <class T>
std::vector<T> host(const mc::context& on, const mc::buffer<T>& from) {
  std::vector<T> values(from.size());
  from.download(on, std::span<T>(values));
  return values;
}
template <class T>
std::vector<T> normals(std::size_t count, std::uint64_t stream) {
  mm::random_stream random(mm::seed{17}, stream);
  std::vector<T> values(count);
  for (T& value : values) value = static_cast<T>(random.normal());
  return values;
}

/// A batch with many equal ids, examples of no steps and of more than there are, and -1 where nothing may be looked up.
template <class T>
struct inputs {
  std::size_t rows, examples, steps, width;
  std::vector<std::int32_t> ids;
  std::vector<std::uint32_t> lengths;
  std::vector<T> table, dy, bags, before;

  inputs(std::size_t vocabulary, std::size_t count, std::size_t most, std::size_t columns, std::uint64_t seed = 1)
      : rows(vocabulary),
        examples(count),
        steps(most),
        width(columns),
        ids(count * most, -1),
        lengths(count),
        table(normals<T>(vocabulary * columns, 2)),
        dy(normals<T>(count * most * columns, 3)),
        bags(normals<T>(count * columns, 4)),
        before(normals<T>(vocabulary * columns, 5)) {
    mm::random_stream random(mm::seed{seed}, 1);
    for (std::size_t example = 0; example < examples; ++example) {
      lengths[example] =
          example % 5 == 3 ? 0 : static_cast<std::uint32_t>(random.below(static_cast<std::uint32_t>(steps) + 3));
      for (std::size_t step = 0; step < std::min<std::size_t>(steps, lengths[example]); ++step) {
        const auto id = static_cast<std::int32_t>(random.below(static_cast<std::uint32_t>(rows)));
        ids[example * steps + step] = random.below(4) == 0 ? 1 % static_cast<std::int32_t>(rows) : id;
      }
    }
  }
  kernel::id_batch batch() const { return {ids.data(), examples, steps, lengths.data()}; }
};

template <class T>
struct on_device {
  mc::buffer<std::int32_t> ids;
  mc::buffer<std::uint32_t> lengths;
  kernel::id_batch batch;
  on_device(const mc::context& on, const inputs<T>& in, bool ragged = true)
      : ids(uploaded(on, in.ids)),
        lengths(uploaded(on, in.lengths)),
        batch{ids.on(on), in.examples, in.steps, ragged ? lengths.on(on) : nullptr} {}
};

template <class T>
bool alike(const std::vector<T>& a, const std::vector<T>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double gap = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    if (!(gap <= (sizeof(T) == 4 ? 1e-5 : 1e-13))) return false;
  }
  return true;
}

template <class T>
void check_batch(const mc::context& gpu, const inputs<T>& in) {
  CAPTURE(in.rows, in.examples, in.steps, in.width);
  const on_device<T> given(gpu, in);
  const mc::buffer<T> table = uploaded(gpu, in.table), dy = uploaded(gpu, in.dy), bags = uploaded(gpu, in.bags);
  mc::buffer<T> y(gpu, in.dy.size()), sums(gpu, in.bags.size());

  std::vector<T> wanted(in.dy.size());
  kernel::embedding_forward(cpu, in.batch(), in.width, in.table.data(), wanted.data());
  mc::embedding_forward(gpu, given.batch, in.width, table.on(gpu), y.on(gpu));
  CHECK(host(gpu, y) == wanted);

  for (const std::size_t skipped : {none, std::size_t{1}}) {
    std::vector<T> gradient = in.before;
    mc::buffer<T> found = uploaded(gpu, in.before);
    kernel::embedding_backward(cpu, in.batch(), in.width, in.dy.data(), skipped, gradient.data());
    mc::embedding_backward(gpu, given.batch, in.width, dy.on(gpu), skipped, found.on(gpu));
    CHECK(host(gpu, found) == gradient);

    std::vector<std::uint8_t> flags(in.rows);
    flags[0] = 1;
    mc::buffer<std::uint8_t> touched = uploaded(gpu, flags);
    mc::mark_rows(gpu, given.batch, skipped, touched.on(gpu));
    for (std::size_t example = 0; example < in.examples; ++example) {
      for (std::size_t step = 0; step < in.batch().length(example); ++step) {
        const std::size_t row = in.batch().row(example, step);
        if (row != skipped) flags[row] = 1;
      }
    }
    CHECK(host(gpu, touched) == flags);
  }

  for (const auto mode : {kernel::bag_mode::sum, kernel::bag_mode::mean}) {
    std::vector<T> bag(in.bags.size()), gradient = in.before;
    kernel::embedding_bag_forward(cpu, in.batch(), mode, in.width, in.table.data(), bag.data());
    mc::embedding_bag_forward(gpu, given.batch, mode, in.width, table.on(gpu), sums.on(gpu));
    CHECK(host(gpu, sums) == bag);
    mc::buffer<T> found = uploaded(gpu, in.before);
    kernel::embedding_bag_backward(cpu, in.batch(), mode, in.width, in.bags.data(), gradient.data());
    mc::embedding_bag_backward(gpu, given.batch, mode, in.width, bags.on(gpu), found.on(gpu));
    CHECK(alike(host(gpu, found), gradient));
  }
}

template <class T>
void check_widths() {
  const mc::context gpu;
  for (const std::size_t width : {1u, 2u, 3u, 4u, 7u, 8u, 64u, 127u, 128u, 132u, 260u})
    check_batch(gpu, inputs<T>(23, 9, 11, width));
  check_batch(gpu, inputs<T>(2, 40, 30, 4));  // sums of hundreds of rows
  check_batch(gpu, inputs<T>(1, 1, 1, 4));
  check_batch(gpu, inputs<T>(500, 300, 1, 3));
}

}  // namespace

TEMPLATE_TEST_CASE("rows and bags of rows, and their gradients, are the CPU's on a device", "", float, double) {
  check_widths<TestType>();
}

TEST_CASE("threads of the embeddings may run in any order") {
  const cuda_shim::scope options;
  for (const auto order : {cuda_shim::order::reverse, cuda_shim::order::random}) {
    cuda_shim::options().order = order;
    check_widths<float>();
  }
}

TEST_CASE("without lengths all ids count, and rows may begin anywhere") {
  const mc::context gpu;
  inputs<float> in(17, 6, 5, 8);
  for (std::size_t i = 0; i < in.ids.size(); ++i) in.ids[i] = static_cast<std::int32_t>(i * i % 17);
  const on_device<float> given(gpu, in, false);
  const kernel::id_batch batch{in.ids.data(), in.examples, in.steps, nullptr};
  std::vector<float> moved(1, 9.0f), wanted(in.dy.size()), gradient = in.before;
  moved.insert(moved.end(), in.table.begin(), in.table.end());
  const mc::buffer<float> table = uploaded(gpu, moved), dy = uploaded(gpu, in.dy);
  mc::buffer<float> y(gpu, in.dy.size()), found = uploaded(gpu, in.before);
  kernel::embedding_forward(cpu, batch, in.width, in.table.data(), wanted.data());
  mc::embedding_forward(gpu, given.batch, in.width, table.on(gpu) + 1, y.on(gpu));
  CHECK(host(gpu, y) == wanted);
  kernel::embedding_backward(cpu, batch, in.width, in.dy.data(), none, gradient.data());
  mc::embedding_backward(gpu, given.batch, in.width, dy.on(gpu), none, found.on(gpu));
  CHECK(host(gpu, found) == gradient);
}

TEST_CASE("an empty batch changes nothing") {
  const mc::context gpu;
  const std::vector<float> before = normals<float>(12, 1);
  mc::buffer<float> table = uploaded(gpu, before);
  mc::buffer<std::uint8_t> touched = uploaded(gpu, std::vector<std::uint8_t>(3));
  for (const kernel::id_batch batch : {kernel::id_batch{nullptr, 0, 5, nullptr}, kernel::id_batch{nullptr, 5, 0, nullptr}}) {
    mc::embedding_forward<float>(gpu, batch, 4, table.on(gpu), nullptr);
    mc::embedding_backward<float>(gpu, batch, 4, nullptr, none, table.on(gpu));
    mc::embedding_bag_backward<float>(gpu, batch, kernel::bag_mode::mean, 4, nullptr, table.on(gpu));
    mc::mark_rows(gpu, batch, none, touched.on(gpu));
  }
  CHECK(host(gpu, table) == before);
  CHECK(host(gpu, touched) == std::vector<std::uint8_t>(3));
  // Bags without ids are zeros.
  mc::buffer<float> bags(gpu, 8);
  mc::embedding_bag_forward(gpu, kernel::id_batch{nullptr, 2, 0, nullptr}, kernel::bag_mode::mean, 4, table.on(gpu),
                            bags.on(gpu));
  CHECK(host(gpu, bags) == std::vector<float>(8));
}

TEST_CASE("a captured gradient of an embedding follows the ids") {
  const mc::context gpu;
  const inputs<float> one(19, 8, 6, 12, 1), other(19, 8, 6, 12, 2);
  on_device<float> given(gpu, one);
  const mc::buffer<float> dy = uploaded(gpu, one.dy);
  mc::buffer<float> found = uploaded(gpu, one.before);
  const auto queue = [&] { mc::embedding_backward(gpu, given.batch, 12, dy.on(gpu), 3, found.on(gpu)); };
  queue();  // makes the workspace, which a capture may not
  mc::graph step;
  step.capture(gpu, queue);
  given.ids.upload(gpu, other.ids);
  given.lengths.upload(gpu, other.lengths);
  found.upload(gpu, one.before);
  step.launch(gpu);
  step.launch(gpu);
  std::vector<float> wanted = one.before;
  for (int round = 0; round < 2; ++round)
    kernel::embedding_backward(cpu, other.batch(), 12, one.dy.data(), 3, wanted.data());
  CHECK(host(gpu, found) == wanted);
}

TEST_CASE("more ids than kernels count are refused") {
  const mc::context gpu;
  const kernel::id_batch batch{nullptr, std::size_t{1} << 16, std::size_t{1} << 15, nullptr};
  CHECK_THROWS_AS(mc::embedding_forward<float>(gpu, batch, 4, nullptr, nullptr), mm::limit_error);
  CHECK_THROWS_AS(mc::embedding_backward<float>(gpu, batch, 4, nullptr, none, nullptr), mm::limit_error);
  std::uint8_t* const touched = nullptr;
  CHECK_THROWS_AS(mc::mark_rows(gpu, batch, none, touched), mm::limit_error);
}

#include <mmrec/kernel/cuda/gather.cuh>

#include <mmrec/exec/cuda/buffer.hpp>
#include <mmrec/exec/cuda/graph.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include <shim.hpp>

#include "support/catch.hpp"

namespace mm = mmrec;
namespace mc = mmrec::cuda;

namespace {

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
std::vector<T> numbers(std::size_t count) {
  std::vector<T> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<T>(i % 1000003 + 1);
  return values;
}
/// 0..count-1 in some other order.
std::vector<std::uint32_t> mixed(std::size_t count) {
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), std::uint32_t{0});
  std::reverse(order.begin(), order.end());
  std::rotate(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count / 3), order.end());
  return order;
}

template <class T>
void check_rows() {
  const mc::context gpu;
  const std::size_t total = 29;
  const std::vector<std::uint32_t> order = mixed(total);
  const mc::buffer<std::uint32_t> on_order = uploaded(gpu, order);
  for (const std::size_t width : {0u, 1u, 3u, 4u, 5u, 16u, 256u, 257u, 1024u, 1028u, 4099u, 5000u}) {
    for (const std::size_t moved : {0u, 1u}) {
      for (const std::size_t count : {0u, 1u, 7u}) {
        CAPTURE(width, moved, count);
        const std::vector<T> all = numbers<T>(total * width + moved);
        const mc::buffer<T> given = uploaded(gpu, all);
        const mc::buffer<std::uint32_t> first = uploaded(gpu, std::vector<std::uint32_t>{5});
        mc::buffer<T> batch(gpu, count * width);
        std::vector<T> wanted;
        for (std::size_t i = 0; i < count; ++i) {
          const auto from = all.begin() + static_cast<std::ptrdiff_t>(moved + order[5 + i] * width);
          wanted.insert(wanted.end(), from, from + static_cast<std::ptrdiff_t>(width));
        }
        mc::gather_rows(gpu, given.on(gpu) + moved, width, on_order.on(gpu), first.on(gpu), count, batch.on(gpu));
        CHECK(host(gpu, batch) == wanted);
      }
    }
  }
}

template <class T>
void check_ragged() {
  const mc::context gpu;
  const std::vector<std::uint64_t> starts{0, 3, 3, 4, 12, 13, 19, 40};
  const std::vector<std::uint32_t> order{6, 1, 0, 4, 2, 5, 3};
  const mc::buffer<std::uint64_t> on_starts = uploaded(gpu, starts);
  const mc::buffer<std::uint32_t> on_order = uploaded(gpu, order);
  for (const std::size_t width : {0u, 1u, 3u, 4u, 12u, 300u}) {
    for (const std::size_t steps : {0u, 1u, 6u, 21u, 25u}) {
      CAPTURE(width, steps);
      const std::vector<T> values = numbers<T>(starts.back() * width);
      const mc::buffer<T> given = uploaded(gpu, values);
      const std::uint32_t begin = 1;
      const std::size_t count = order.size() - begin;
      const mc::buffer<std::uint32_t> first = uploaded(gpu, std::vector<std::uint32_t>{begin});
      mc::buffer<T> batch(gpu, count * steps * width);
      mc::buffer<std::uint32_t> lengths(gpu, count);
      mc::gather_ragged(gpu, given.on(gpu), on_starts.on(gpu), width, steps, on_order.on(gpu), first.on(gpu), count,
                        batch.on(gpu), lengths.on(gpu));
      std::vector<T> wanted(count * steps * width);
      std::vector<std::uint32_t> wanted_lengths(count);
      for (std::size_t i = 0; i < count; ++i) {
        const std::size_t example = order[begin + i];
        const std::size_t length = std::min<std::size_t>(steps, starts[example + 1] - starts[example]);
        wanted_lengths[i] = width == 0 ? 0 : static_cast<std::uint32_t>(length);
        std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(starts[example] * width), length * width,
                    wanted.begin() + static_cast<std::ptrdiff_t>(i * steps * width));
      }
      CHECK(host(gpu, batch) == wanted);
      CHECK(host(gpu, lengths) == wanted_lengths);
    }
  }
}

void check_planes() {
  const mc::context gpu;
  for (const std::size_t channels : {0u, 1u, 2u, 3u, 33u}) {
    for (const std::size_t pixels : {0u, 1u, 85u, 256u, 1000u}) {
      for (const std::size_t count : {0u, 1u, 3u}) {
        CAPTURE(channels, pixels, count);
        const std::vector<float> planes = numbers<float>(count * channels * pixels);
        const mc::buffer<float> given = uploaded(gpu, planes);
        mc::buffer<float> found(gpu, planes.size());
        std::vector<float> wanted(planes.size());
        for (std::size_t picture = 0; picture < count; ++picture) {
          const std::size_t start = picture * channels * pixels;
          for (std::size_t pixel = 0; pixel < pixels; ++pixel) {
            for (std::size_t channel = 0; channel < channels; ++channel) {
              wanted[start + pixel * channels + channel] = planes[start + channel * pixels + pixel];
            }
          }
        }
        mc::interleave_planes(gpu, count, channels, pixels, given.on(gpu), found.on(gpu));
        CHECK(host(gpu, found) == wanted);
      }
    }
  }
}

}  // namespace

TEMPLATE_TEST_CASE("batches are gathered from rows and ragged examples", "", float, double, std::int32_t, std::uint32_t) {
  check_rows<TestType>();
  check_ragged<TestType>();
}

TEST_CASE("planes become pixels with channels last") { check_planes(); }

TEST_CASE("threads of the copies may run in any order") {
  const cuda_shim::scope options;
  for (const auto order : {cuda_shim::order::reverse, cuda_shim::order::random}) {
    cuda_shim::options().order = order;
    check_rows<float>();
    check_ragged<float>();
    check_planes();
  }
}

TEST_CASE("a captured batch goes on through the order of the examples") {
  const mc::context gpu;
  const std::vector<std::uint32_t> order = mixed(12);
  const mc::buffer<std::uint32_t> on_order = uploaded(gpu, order);
  const mc::buffer<float> all = uploaded(gpu, numbers<float>(12 * 4));
  mc::buffer<std::uint32_t> first(gpu, 1);
  mc::buffer<float> batch(gpu, 3 * 4);
  first.clear(gpu);
  mc::graph step;
  step.capture(gpu, [&] {
    mc::gather_rows(gpu, all.on(gpu), 4, on_order.on(gpu), first.on(gpu), 3, batch.on(gpu));
    mc::advance(gpu, first.on(gpu), 3);
  });
  for (std::size_t round = 0; round < 4; ++round) {
    step.launch(gpu);
    std::vector<float> wanted;
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t column = 0; column < 4; ++column) {
        wanted.push_back(static_cast<float>(order[3 * round + i] * 4 + column + 1));
      }
    }
    CHECK(host(gpu, batch) == wanted);
  }
  CHECK(host(gpu, first)[0] == 12);
}

TEST_CASE("batches that kernels cannot count are refused") {
  const mc::context gpu;
  const std::size_t most = std::size_t{1} << 31;
  float* const nothing = nullptr;
  CHECK_THROWS_AS(mc::gather_rows<float>(gpu, nothing, most, nullptr, nullptr, 1, nothing), mm::limit_error);
  CHECK_THROWS_AS(mc::gather_ragged<float>(gpu, nothing, nullptr, 1 << 16, 1 << 15, nullptr, nullptr, 1, nothing, nullptr),
                  mm::limit_error);
  CHECK_THROWS_AS(mc::interleave_planes<float>(gpu, 1, 1 << 16, 1 << 15, nothing, nothing), mm::limit_error);
}

#include <mmrec/kernel/cuda/image.cuh>

#include <mmrec/exec/cpu.hpp>
#include <mmrec/exec/cuda/buffer.hpp>
#include <mmrec/image/resize.hpp>
#include <mmrec/image/standardize.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include <shim.hpp>

#include "support/catch.hpp"

namespace mm = mmrec;
namespace image = mmrec::image;
namespace mc = mmrec::cuda;

namespace {

constexpr mm::exec::cpu cpu;

struct size {
  std::size_t height, width;
};

image::uniform_images pictures(std::size_t count, std::size_t height, std::size_t width) {
  image::uniform_images made(count, height, width);
  std::uint32_t state = 7;
  for (std::size_t index = 0; index < count; ++index) {
    for (std::uint8_t& byte : made.bytes(index)) {
      state = state * 1664525u + 1013904223u;
      byte = static_cast<std::uint8_t>(state >> 24);
    }
  }
  return made;
}
std::vector<std::uint8_t> bytes_of(image::uniform_images& of) {
  std::vector<std::uint8_t> all;
  for (std::size_t index = 0; index < of.size(); ++index) {
    const auto own = of.bytes(index);
    all.insert(all.end(), own.begin(), own.end());
  }
  return all;
}
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
mc::channel_moments moments_of(const image::standardize_model& model) {
  mc::channel_moments moments{};
  std::copy(model.mean().begin(), model.mean().end(), moments.mean);
  std::copy(model.deviation().begin(), model.deviation().end(), moments.deviation);
  return moments;
}

void check_standardize() {
  const mc::context gpu;
  for (const size& of : {size{1, 1}, size{3, 5}, size{4, 4}, size{16, 64}, size{65, 63}, size{100, 96}}) {
    for (const std::size_t count : {1u, 3u}) {
      for (const std::size_t moved : {0u, 1u}) {
        CAPTURE(of.height, of.width, count, moved);
        image::uniform_images given = pictures(count, of.height, of.width);
        const image::standardize_model model = image::standardize{}.fit(cpu, given);
        const mm::matrix<float> rows = model.transform(cpu, given);
        const std::vector<float> wanted(rows.data(), rows.data() + rows.size());
        std::vector<std::uint8_t> bytes(moved);
        const std::vector<std::uint8_t> own = bytes_of(given);
        bytes.insert(bytes.end(), own.begin(), own.end());
        const mc::buffer<std::uint8_t> on_device = uploaded(gpu, bytes);
        mc::buffer<float> found(gpu, wanted.size());
        const std::size_t pixels = of.height * of.width;
        mc::standardize(gpu, count, pixels, on_device.on(gpu) + moved, moments_of(model), found.on(gpu));
        CHECK(host(gpu, found) == wanted);

        // The same from planes of numbers, in place.
        std::vector<float> planes(wanted.size());
        for (std::size_t at = 0; at < own.size(); ++at) {
          const std::size_t picture = at / (3 * pixels), pixel = at / 3 % pixels;
          planes[(picture * 3 + at % 3) * pixels + pixel] = static_cast<float>(own[at]);
        }
        mc::buffer<float> both = uploaded(gpu, planes);
        mc::standardize(gpu, count, pixels, both.on(gpu), moments_of(model), both.on(gpu));
        CHECK(host(gpu, both) == wanted);
      }
    }
  }
}

void check_resize() {
  const mc::context gpu;
  for (const size& from : {size{1, 1}, size{5, 7}, size{16, 16}, size{33, 90}}) {
    for (const size& to : {size{1, 1}, size{5, 7}, size{8, 8}, size{16, 9}, size{40, 41}}) {
      CAPTURE(from.height, from.width, to.height, to.width);
      image::uniform_images given = pictures(3, from.height, from.width);
      const image::resize stage{static_cast<int>(to.height), static_cast<int>(to.width), image::filter::bilinear};
      image::uniform_images resized = stage.transform(cpu, given);
      const std::vector<std::uint8_t> wanted = bytes_of(resized);
      const mc::buffer<std::uint8_t> on_device = uploaded(gpu, bytes_of(given));
      mc::buffer<std::uint8_t> found(gpu, wanted.size());
      mc::resize_bilinear(gpu, 3, from.height, from.width, on_device.on(gpu), to.height, to.width, found.on(gpu));
      CHECK(host(gpu, found) == wanted);
    }
  }
}

}  // namespace

TEST_CASE("a device standardises pictures to the CPU's bits") { check_standardize(); }

TEST_CASE("a channel that is the same everywhere becomes 0 on a device") {
  const mc::context gpu;
  const mc::buffer<std::uint8_t> given = uploaded(gpu, std::vector<std::uint8_t>(12, 9));
  mc::buffer<float> found(gpu, 12);
  mc::standardize(gpu, 1, 4, given.on(gpu), {{9.0, 9.0, 8.0}, {0.0, 0.0, 2.0}}, found.on(gpu));
  const std::vector<float> wanted{0, 0, 0, 0, 0, 0, 0, 0, 0.5f, 0.5f, 0.5f, 0.5f};
  CHECK(host(gpu, found) == wanted);
  mc::standardize(gpu, 0, 4, given.on(gpu), {{9.0, 9.0, 8.0}, {0.0, 0.0, 2.0}}, found.on(gpu));
}

TEST_CASE("a device resizes pictures as the CPU does") { check_resize(); }

TEST_CASE("threads of the pictures may run in any order") {
  const cuda_shim::scope options;
  for (const auto order : {cuda_shim::order::reverse, cuda_shim::order::random}) {
    cuda_shim::options().order = order;
    check_standardize();
    check_resize();
  }
}

TEST_CASE("pictures that kernels cannot count, and rows that do not fit, are refused") {
  const mc::context gpu;
  const std::size_t most = std::size_t{1} << 31;
  std::uint8_t* const nothing = nullptr;
  float* const numbers = nullptr;
  CHECK_THROWS_AS(mc::standardize(gpu, 1, most, nothing, {}, numbers), mm::limit_error);
  CHECK_THROWS_AS(mc::standardize(gpu, most, 1, numbers, {}, numbers), mm::limit_error);
  CHECK_THROWS_AS(mc::resize_bilinear(gpu, 1, 1 << 16, 1 << 15, nothing, 2, 2, nothing), mm::limit_error);
  CHECK_THROWS_AS(mc::resize_bilinear(gpu, 1, 2, 100000, nothing, 2, 2, nothing), mm::limit_error);
}

#include <mmrec/nn/cuda/clip.cuh>

#include <mmrec/core/random.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/exec/cuda/buffer.hpp>
#include <mmrec/exec/cuda/graph.hpp>
#include <mmrec/nn/optimizer/clip.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include <shim.hpp>

#include "support/catch.hpp"

namespace mm = mmrec;
namespace nn = mmrec::nn;
namespace mc = mmrec::cuda;

namespace {

constexpr mm::exec::cpu cpu;
constexpr std::size_t sizes[] = {0, 1, 3, 4, 5, 4095, 4096, 4097, 9001};

template <class T>
std::vector<T> normals(std::size_t count) {
  mm::random_stream random(mm::seed{5}, count);
  std::vector<T> values(count);
  for (T& value : values) value = static_cast<T>(random.normal());
  return values;
}
template <class T>
T only(const mc::context& on, const mc::buffer<T>& from) {
  T value{};
  from.download(on, std::span<T>(&value, 1));
  return value;
}
template <class T>
mc::buffer<T> uploaded(const mc::context& on, const std::vector<T>& values) {
  return {on, std::span<const T>(values)};
}

template <class T>
void check_norms() {
  const mc::context gpu;
  for (const std::size_t count : sizes) {
    for (const std::size_t begin : {0u, 1u, 3u}) {
      if (begin > count) continue;
      CAPTURE(count, begin);
      const std::vector<T> values = normals<T>(count);
      const mc::buffer<T> gradients = uploaded(gpu, values);
      mc::buffer<double> norm(gpu, 1), loss(gpu, 1);
      mc::buffer<T> scale(gpu, 1);
      const double wanted = nn::global_norm(cpu, values.data() + begin, count - begin);
      mc::global_norm(gpu, gradients.on(gpu) + begin, count - begin, norm.on(gpu));
      CHECK(only(gpu, norm) == Approx(wanted).epsilon(1e-13));
      loss.clear(gpu);
      for (const double most : {0.5, 1e4}) {
        mc::clip_factor(gpu, gradients.on(gpu) + begin, count - begin, most, scale.on(gpu), loss.on(gpu));
        const double factor = most / (wanted + 1e-6);
        CHECK(static_cast<double>(only(gpu, scale)) == Approx(factor < 1.0 ? factor : 1.0).epsilon(1e-7));
      }
      CHECK(only(gpu, loss) == 0.0);
    }
  }
}

}  // namespace

TEMPLATE_TEST_CASE("a device's norm of gradients and factor are the CPU's", "", float, double) { check_norms<TestType>(); }

TEST_CASE("threads of the norm may run in any order") {
  const cuda_shim::scope options;
  for (const auto order : {cuda_shim::order::reverse, cuda_shim::order::random}) {
    cuda_shim::options().order = order;
    check_norms<float>();
  }
}

TEST_CASE("the norm of very many gradients is within rounding of the CPU's") {
  const mc::context gpu;
  const std::vector<float> values = normals<float>(std::size_t{1025} * 4096 + 1);
  const mc::buffer<float> gradients = uploaded(gpu, values);
  mc::buffer<double> norm(gpu, 1);
  mc::global_norm(gpu, gradients.on(gpu), values.size(), norm.on(gpu));
  CHECK(only(gpu, norm) == Approx(nn::global_norm(cpu, values.data(), values.size())).epsilon(1e-12));
}

TEST_CASE("gradients of a norm that is not finite are left alone, and the loss says so") {
  const mc::context gpu;
  for (const float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    std::vector<float> values = normals<float>(300);
    values[257] = bad;
    const mc::buffer<float> gradients = uploaded(gpu, values);
    mc::buffer<float> scale(gpu, 1);
    mc::buffer<double> loss(gpu, 1);
    loss.clear(gpu);
    mc::clip_factor(gpu, gradients.on(gpu), values.size(), 1.0, scale.on(gpu), loss.on(gpu));
    CHECK(only(gpu, scale) == 1.0f);
    CHECK(only(gpu, loss) == std::numeric_limits<double>::infinity());
  }
}

TEMPLATE_TEST_CASE("a device clips gradients by value as the CPU does", "", float, double) {
  const mc::context gpu;
  for (const std::size_t count : sizes) {
    for (const std::size_t begin : {0u, 1u}) {
      if (begin > count) continue;
      CAPTURE(count, begin);
      std::vector<TestType> values = normals<TestType>(count), result(count);
      mc::buffer<TestType> gradients = uploaded(gpu, values);
      nn::clip_by_value(cpu, values.data() + begin, count - begin, 0.75);
      mc::clip_by_value(gpu, gradients.on(gpu) + begin, count - begin, 0.75);
      gradients.download(gpu, std::span<TestType>(result));
      CHECK(result == values);
    }
  }
  const TestType bad = std::numeric_limits<TestType>::quiet_NaN();
  mc::buffer<TestType> one(gpu, std::span<const TestType>(&bad, 1));
  mc::clip_by_value(gpu, one.on(gpu), 1, 1.0);
  CHECK(std::isnan(only(gpu, one)));
}

TEST_CASE("a captured clip factor follows the gradients") {
  const mc::context gpu;
  std::vector<float> values = normals<float>(5000);
  mc::buffer<float> gradients = uploaded(gpu, values);
  mc::buffer<float> scale(gpu, 1);
  mc::buffer<double> loss(gpu, 1);
  loss.clear(gpu);
  const auto queue = [&] { mc::clip_factor(gpu, gradients.on(gpu), values.size(), 1.0, scale.on(gpu), loss.on(gpu)); };
  queue();  // makes the workspace, which a capture may not
  const float first = only(gpu, scale);
  mc::graph captured;
  captured.capture(gpu, queue);
  for (float& value : values) value *= 2.0f;
  gradients.upload(gpu, values);
  captured.launch(gpu);
  CHECK(static_cast<double>(only(gpu, scale)) == Approx(0.5 * static_cast<double>(first)).epsilon(1e-6));
}

TEST_CASE("more gradients than kernels count are refused") {
  const mc::context gpu;
  float* const nothing = nullptr;
  CHECK_THROWS_AS(mc::clip_by_value(gpu, nothing, std::size_t{1} << 31, 1.0), mm::limit_error);
  CHECK_THROWS_AS(mc::global_norm<float>(gpu, nothing, std::size_t{1} << 31, nullptr), mm::limit_error);
}

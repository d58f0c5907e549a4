#include <mmrec/exec/cuda.hpp>
#include <mmrec/exec/cuda/buffer.hpp>
#include <mmrec/exec/cuda/context.hpp>
#include <mmrec/exec/cuda/device.hpp>
#include <mmrec/exec/cuda/event.hpp>
#include <mmrec/exec/cuda/graph.hpp>
#include <mmrec/exec/cuda/launch.cuh>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/thrown.hpp"

#if defined(MMREC_CUDA_ON_HOST)
#include <shim.hpp>
#endif

namespace mc = mmrec::cuda;
using Catch::Matchers::Contains;

TEST_CASE("what is uploaded comes back") {
  const mc::context gpu;
  const std::vector<float> values{1.0f, 2.5f, -3.0f};
  mc::buffer<float> first(gpu, values);
  std::vector<float> back(3);
  first.download(gpu, back);
  CHECK(back == values);

  mc::buffer<float> second(gpu, 3);
  second.copy_from(gpu, first);
  first.clear(gpu);
  second.download(gpu, back);
  CHECK(back == values);
  first.download(gpu, back);
  CHECK(back == std::vector<float>(3, 0.0f));

  mc::buffer<float> nothing(gpu, 0);
  nothing.clear(gpu);
  nothing.upload(gpu, {});
}

TEST_CASE("buffers refuse sizes that do not agree") {
  const mc::context gpu;
  mc::buffer<int> three(gpu, 3);
  std::vector<int> four(4);
  CHECK_THROWS_AS(three.upload(gpu, four), mmrec::shape_error);
  CHECK_THROWS_AS(three.download(gpu, four), mmrec::shape_error);
  CHECK_THROWS_AS(three.copy_from(gpu, mc::buffer<int>(gpu, 4)), mmrec::shape_error);
}

TEST_CASE("a buffer that was moved from, or whose context is gone, says so") {
  std::optional<mc::context> gpu(std::in_place);
  mc::buffer<int> numbers(*gpu, 3);
  mc::buffer<int> taken(std::move(numbers));
  CHECK_THAT(test::thrown<mmrec::data_error>([&] { numbers.on(*gpu); }), Contains("holds nothing: it was moved from"));
  CHECK(taken.on(*gpu) != nullptr);
  gpu.reset();
  const mc::context other;
  CHECK_THAT(test::thrown<mmrec::data_error>([&] { taken.on(other); }),
             Contains("its context") || Contains("context it was made for"));
}

TEST_CASE("a context that is not there is a clear error") {
  CHECK_THAT(test::thrown<mmrec::invalid_config>([] { mc::context(1000); }), Contains("cuda::context: device is 1000"));
  CHECK_THAT(test::thrown<mmrec::invalid_config>([] { mc::context(-1); }), Contains("device is -1"));
}

TEST_CASE("captured work is done when it is launched, and again") {
  const mc::context gpu;
  mc::buffer<int> from(gpu, std::vector<int>{1, 2}), to(gpu, std::vector<int>{0, 0});
  mc::graph copies;
  CHECK(copies.empty());
  copies.capture(gpu, [&] { to.copy_from(gpu, from); });
  std::vector<int> seen(2);
  to.download(gpu, seen);
  CHECK(seen == std::vector<int>{0, 0});
  copies.launch(gpu);
  to.download(gpu, seen);
  CHECK(seen == std::vector<int>{1, 2});
  from.upload(gpu, std::vector<int>{7, 8});
  copies.launch(gpu);
  to.download(gpu, seen);
  CHECK(seen == std::vector<int>{7, 8});
}

TEST_CASE("an error while capturing leaves the context usable") {
  const mc::context gpu;
  mc::graph work;
  CHECK_THROWS_AS(work.capture(gpu, [] { throw mmrec::data_error("test", "no"); }), mmrec::data_error);
  CHECK(work.empty());
  mc::buffer<int> numbers(gpu, std::vector<int>{5});
  std::vector<int> back(1);
  numbers.download(gpu, back);
  CHECK(back[0] == 5);
}

TEST_CASE("the workspace grows and keeps what it had") {
  const mc::context gpu;
  std::byte* const some = gpu.workspace(100);
  CHECK(gpu.workspace(50) == some);
  std::byte* const more = gpu.workspace(std::size_t{1} << 20);
  CHECK(more != nullptr);
  CHECK(gpu.workspace(100) == more);
}

TEST_CASE("a launch that devices cannot count is refused") {
  const mc::context gpu;
  CHECK(mc::most_blocks == 0x7fffffff);
  CHECK_FALSE(mc::can_run(gpu, {.z = 65536}, static_cast<void (*)(int)>(nullptr)));
}

TEST_CASE("an executor lends its context or makes one") {
  const mc::context gpu;
  CHECK(&*mc::borrowed_context(mmrec::exec::cuda{.context = &gpu}) == &gpu);
  const mc::borrowed_context own(mmrec::exec::cuda{.precision = mc::math::tf32});
  CHECK((*own).precision() == mc::math::tf32);
  CHECK(mmrec::exec::cuda{} == mmrec::exec::cuda{});
}

#if defined(MMREC_CUDA_ON_HOST)

TEST_CASE("asking for a device where there is none says what is missing") {
  const cuda_shim::scope fresh;
  SECTION("the driver") {
    cuda_shim::options().driver_version = 0;
    CHECK_THAT(test::thrown<mmrec::unavailable>([] { mc::context(); }),
               Contains("no CUDA driver") && Contains("install the NVIDIA driver"));
  }
  SECTION("a newer driver") {
    cuda_shim::options().driver_version = 11040;
    CHECK_THAT(test::thrown<mmrec::unavailable>([] { mc::context(); }),
               Contains("the driver is for CUDA 11.4") && Contains("update the NVIDIA driver"));
  }
  SECTION("a device") {
    cuda_shim::options().device_count = 0;
    CHECK_THAT(test::thrown<mmrec::unavailable>([] { mc::context(); }),
               Contains("finds no device") && Contains("CUDA_VISIBLE_DEVICES"));
  }
  CHECK_FALSE(mc::is_available());
  CHECK(mc::devices().empty());
}

TEST_CASE("a buffer of another device is refused") {
  const cuda_shim::scope fresh;
  cuda_shim::options().device_count = 2;
  const mc::context first(0), second(1);
  mc::buffer<int> numbers(first, 3);
  CHECK_THAT(test::thrown<mmrec::data_error>([&] { numbers.on(second); }),
             Contains("lies on device 0, the context is of device 1"));
  CHECK(mc::devices().size() == 2);
}

TEST_CASE("too little device memory is an error with both sizes") {
  const cuda_shim::scope fresh;
  cuda_shim::options().memory_limit = std::size_t{64} << 20;
  const mc::context gpu;
  try {
    const mc::buffer<float> large(gpu, std::size_t{1} << 28);
    FAIL("there was no error");
  } catch (const mc::out_of_memory& error) {
    CHECK(error.asked() == std::size_t{1} << 30);
    CHECK(error.left() < std::size_t{64} << 20);
  }
  CHECK_THROWS_AS(gpu.workspace(std::size_t{1} << 30), mc::out_of_memory);
  gpu.workspace(std::size_t{10} << 20);
  CHECK(gpu.workspace(std::size_t{12} << 20) != nullptr);  // twice as much as before would not fit
  CHECK_THROWS_AS(mc::buffer<double>(gpu, static_cast<std::size_t>(-1) / 4), mc::out_of_memory);
}

TEST_CASE("a failed call names itself, the answer and the place") {
  const cuda_shim::scope fresh;
  cuda_shim::fail("cudaStreamCreateWithFlags", cudaErrorInvalidValue);
  CHECK_THAT(test::thrown<mc::call_error>([] { mc::context(); }),
             Contains("cudaStreamCreateWithFlags: cudaErrorInvalidValue") && Contains("context.hpp:"));
  cuda_shim::fail("cublasCreate", CUBLAS_STATUS_ALLOC_FAILED);
  CHECK_THAT(test::thrown<mc::call_error>([] { mc::context(); }), Contains("cublasCreate: CUBLAS_STATUS_ALLOC_FAILED"));
}

TEST_CASE("contexts and buffers give back all they took") {
  const cuda_shim::scope fresh;
  const auto before = cuda_shim::counters();
  {
    const mc::context gpu;
    gpu.workspace(1000);
    mc::buffer<int> numbers(gpu, 3);
    numbers = mc::buffer<int>(gpu, 4);
    mc::pinned_buffer<int> pinned(8);
    mc::event mark(gpu);
    mark.record(gpu);
    mark.wait();
    mc::graph work;
    work.capture(gpu, [&] { numbers.clear(gpu); });
    work.launch(gpu);
  }
  for (const char* call : {"cublasCreate", "cublasSetWorkspace", "cudaMalloc"}) {
    cuda_shim::fail(call, 1);
    CHECK_THROWS(mc::context());
  }
  const auto after = cuda_shim::counters();
  CHECK(after.live_allocations == before.live_allocations);
  CHECK(after.live_pinned_bytes == before.live_pinned_bytes);
  CHECK(after.live_streams == before.live_streams);
  CHECK(after.live_events == before.live_events);
  CHECK(after.live_graphs == before.live_graphs);
  CHECK(after.live_handles == before.live_handles);
}

#endif

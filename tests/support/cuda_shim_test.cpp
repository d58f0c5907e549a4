// tests/support/cuda_shim_test.cpp - the stand-in for a CUDA device: kernels give what a device gives, and faults are told.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <cublas_v2.h>
#include <cuda_runtime.h>
#include <cub/device/device_radix_sort.cuh>
#include <shim.hpp>

#include "support/catch.hpp"
#include "support/thrown.hpp"

namespace {

using cuda_shim::order;

/// Device memory of a test.
template <class T>
class device_array {
 public:
  explicit device_array(std::size_t count) : count_(count) { REQUIRE(cudaMalloc(&data_, bytes()) == cudaSuccess); }
  explicit device_array(const std::vector<T>& values) : device_array(values.size()) {
    REQUIRE(cudaMemcpy(data_, values.data(), bytes(), cudaMemcpyHostToDevice) == cudaSuccess);
  }
  device_array(const device_array&) = delete;
  device_array& operator=(const device_array&) = delete;
  ~device_array() { cudaFree(data_); }

  std::vector<T> read() const {
    std::vector<T> values(count_);
    REQUIRE(cudaMemcpy(values.data(), data_, bytes(), cudaMemcpyDeviceToHost) == cudaSuccess);
    return values;
  }
  std::size_t bytes() const { return count_ * sizeof(T); }
  T* data() const { return data_; }

 private:
  std::size_t count_ = 0;
  T* data_ = nullptr;
};

cudaLaunchConfig_t shape(dim3 grid, dim3 block, std::size_t dynamic_bytes = 0, cudaStream_t stream = nullptr) {
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = dynamic_bytes;
  config.stream = stream;
  return config;
}

template <class... Parameters, class... Arguments>
cudaError_t launch(const cudaLaunchConfig_t& config, void (*kernel)(Parameters...), Arguments&&... arguments) {
  return cudaLaunchKernelEx(&config, kernel, std::forward<Arguments>(arguments)...);
}

std::vector<float> random_numbers(std::size_t count, unsigned seed) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<float> numbers(-1.0F, 1.0F);
  std::vector<float> values(count);
  for (float& value : values) value = numbers(engine);
  return values;
}

/// C (m x n) = A (m x k) B (k x n), by rows, in double.
std::vector<double> plain_product(const std::vector<float>& a, const std::vector<float>& b, std::size_t m, std::size_t n,
                                  std::size_t k) {
  std::vector<double> c(m * n, 0.0);
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t p = 0; p < k; ++p) {
      for (std::size_t j = 0; j < n; ++j) c[i * n + j] += double{a[i * k + p]} * double{b[p * n + j]};
    }
  }
  return c;
}

template <class Left, class Right>
double largest_difference(const Left& left, const Right& right) {
  REQUIRE(left.size() == right.size());
  double worst = 0.0;
  for (std::size_t i = 0; i < left.size(); ++i) {
    const double difference = std::abs(static_cast<double>(left[i]) - static_cast<double>(right[i]));
    if (!(difference <= worst)) worst = difference;  // not-a-number counts
  }
  return worst;
}

template <int Tile, bool Synchronised>
__global__ void multiply_tiles(const float* __restrict__ a, const float* __restrict__ b, float* __restrict__ c, int m, int n,
                               int k) {
  __shared__ float a_tile[Tile][Tile];
  __shared__ float b_tile[Tile][Tile];
  const int column_in = static_cast<int>(threadIdx.x), row_in = static_cast<int>(threadIdx.y);
  const int row = static_cast<int>(blockIdx.y) * Tile + row_in, column = static_cast<int>(blockIdx.x) * Tile + column_in;
  float sum = 0.0F;
  for (int start = 0; start < k; start += Tile) {
    a_tile[row_in][column_in] = row < m && start + column_in < k ? a[row * k + start + column_in] : 0.0F;
    b_tile[row_in][column_in] = column < n && start + row_in < k ? b[(start + row_in) * n + column] : 0.0F;
    __syncthreads();
    for (int p = 0; p < Tile; ++p) sum = fmaf(a_tile[row_in][p], b_tile[p][column_in], sum);
    if (Synchronised) __syncthreads();
  }
  if (row < m && column < n) c[row * n + column] = sum;
}

__device__ __forceinline__ float warp_sum(float value) {
  for (int delta = warpSize / 2; delta > 0; delta /= 2) value += __shfl_xor_sync(0xffffffffU, value, delta);
  return value;
}

__device__ __forceinline__ float warp_largest(float value) {
  for (unsigned delta = warpSize / 2; delta > 0; delta /= 2)
    value = fmaxf(value, __shfl_down_sync(0xffffffffU, value, delta));
  return __shfl_sync(0xffffffffU, value, 0);
}

__global__ void softmax_of_rows(const float* in, float* out, int columns) {
  __shared__ float of_warps[32];
  const int thread = static_cast<int>(threadIdx.x), threads = static_cast<int>(blockDim.x), warps = threads / warpSize;
  in += static_cast<int>(blockIdx.x) * columns;
  out += static_cast<int>(blockIdx.x) * columns;
  float largest = -INFINITY;
  for (int i = thread; i < columns; i += threads) largest = fmaxf(largest, in[i]);
  largest = warp_largest(largest);
  if (thread % warpSize == 0) of_warps[thread / warpSize] = largest;
  __syncthreads();
  for (int i = 0; i < warps; ++i) largest = fmaxf(largest, of_warps[i]);
  __syncthreads();
  float sum = 0.0F;
  for (int i = thread; i < columns; i += threads) {
    out[i] = __expf(in[i] - largest);
    sum += out[i];
  }
  sum = warp_sum(sum);
  if (thread % warpSize == 0) of_warps[thread / warpSize] = sum;
  __syncthreads();
  sum = 0.0F;
  for (int i = 0; i < warps; ++i) sum += of_warps[i];
  for (int i = thread; i < columns; i += threads) out[i] = __fdiv_rn(out[i], sum);
}

/// Counts in dynamic shared memory, then in global memory.
__global__ void histogram(const int* in, int count, int* bins, int bin_count) {
  int* const own = cuda_shim::dynamic_shared<int>();
  const int step = static_cast<int>(blockDim.x);
  for (int i = static_cast<int>(threadIdx.x); i < bin_count; i += step) own[i] = 0;
  __syncthreads();
  for (int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x); i < count; i += static_cast<int>(gridDim.x) * step) {
    atomicAdd(&own[in[i]], 1);
  }
  __syncthreads();
  for (int i = static_cast<int>(threadIdx.x); i < bin_count; i += step) atomicAdd(&bins[i], own[i]);
}

/// Keeps the positive numbers of each warp, in order.
__global__ void keep_positive(const int* in, int* out, int* counts) {
  const unsigned lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  const bool keep = in[threadIdx.x] > 0;
  const unsigned votes = __ballot_sync(0xffffffffU, keep);
  if (keep) out[warp * 32 + static_cast<unsigned>(__popc(votes & ((1U << lane) - 1)))] = in[threadIdx.x];
  if (lane == 0)
    counts[warp] = __popc(votes) + (__any_sync(1U, keep) != 0 ? 100 : 0) + (__all_sync(1U, keep) != 0 ? 1000 : 0);
  __syncwarp();
}

/// The halves of a warp sum on their own, at different lines.
__global__ void sums_of_halves(const float* in, float* out) {
  float value = in[threadIdx.x];
  if (threadIdx.x % 32 < 16) {
    for (unsigned delta = 8; delta > 0; delta /= 2) value += __shfl_down_sync(0x0000ffffU, value, delta, 16);
  } else {
    for (unsigned delta = 8; delta > 0; delta /= 2) value += __shfl_up_sync(0xffff0000U, value, delta, 16);
  }
  out[threadIdx.x] = value;
}

__global__ void numbers_of_threads(int* out) {
  const unsigned block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
  const unsigned thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
  const unsigned place = block * blockDim.x * blockDim.y * blockDim.z + thread;
  atomicAdd(&out[place], static_cast<int>(place));
}

__global__ void add(const float* in, float* out, float addend, int count) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < count) out[i] = in[i] + addend;
}

__global__ void order_of_threads(int* out, int* next) { out[threadIdx.x] = atomicAdd(next, 1); }

__global__ void return_early(int* out) {
  if (threadIdx.x % 2 == 1) return;
  __syncthreads();
  out[threadIdx.x] = 1;
}

__global__ void nothing() {}

// Kernels with faults

__global__ void different_barriers(int* out) {
  if (threadIdx.x < 16) {
    __syncthreads();
    out[0] = 1;
  } else {
    __syncthreads();
    out[1] = 1;
  }
}

__global__ void missing_lane(float* out) {
  if (threadIdx.x != 5) out[threadIdx.x] = __shfl_xor_sync(0xffffffffU, 1.0F, 1);
}

__global__ void lane_at_barrier(float* out) {
  if (threadIdx.x == 7) __syncthreads();
  out[threadIdx.x] = __shfl_xor_sync(0xffffffffU, 1.0F, 1);
}

__global__ void different_masks() { __syncwarp(threadIdx.x == 3 ? 0x0000ffffU : 0xffffffffU); }

__global__ void not_in_own_mask() { __syncwarp(0xfffffffeU); }

__global__ void reads_outside_of_mask(int* out) {
  if (threadIdx.x < 16) out[threadIdx.x] = __shfl_sync(0x0000ffffU, 1, 20);
}

__global__ void mask_of_whole_warp(int* out) { out[threadIdx.x] = __any_sync(0xffffffffU, 1); }

__global__ void write_at(float* out, int place) { out[place] = 0.5F; }

__global__ void write_dynamic_at(int place) { cuda_shim::dynamic_shared<float>()[place] = 0.5F; }

__global__ void read_dynamic(float* out) { *out = *cuda_shim::dynamic_shared<float>(); }

struct throws_in_kernel {};
__global__ void throwing(int limit) {
  if (static_cast<int>(threadIdx.x) == limit) throw throws_in_kernel{};
  __syncthreads();
}

std::string fault(const cudaLaunchConfig_t& config, auto kernel, auto... arguments) {
  return test::thrown<cuda_shim::error>([&] { static_cast<void>(launch(config, kernel, arguments...)); });
}

}  // namespace

TEST_CASE("cuda shim: kernels give in every order of threads what loops give") {
  const cuda_shim::scope restored;
  const order turns = GENERATE(order::forward, order::reverse, order::random);
  cuda_shim::options().order = turns;
  cuda_shim::options().seed = GENERATE(1U, 7U);

  SECTION("a product in tiles") {
    const std::size_t m = 37, n = 29, k = 41;
    const std::vector<float> a = random_numbers(m * k, 1), b = random_numbers(k * n, 2);
    const device_array<float> a_device(a), b_device(b), c_device(m * n);
    const auto config = shape(dim3(2, 3), dim3(16, 16));
    REQUIRE(launch(config, multiply_tiles<16, true>, a_device.data(), b_device.data(), c_device.data(), 37, 29, 41) ==
            cudaSuccess);
    CHECK(largest_difference(c_device.read(), plain_product(a, b, m, n, k)) < 1e-5);
    // The second barrier is not there for nothing.
    REQUIRE(launch(config, multiply_tiles<16, false>, a_device.data(), b_device.data(), c_device.data(), 37, 29, 41) ==
            cudaSuccess);
    CHECK(largest_difference(c_device.read(), plain_product(a, b, m, n, k)) > 1e-3);
  }
  SECTION("softmax with sums of warps and blocks") {
    const std::size_t rows = 5, columns = 133;
    const std::vector<float> in = random_numbers(rows * columns, 3);
    const device_array<float> in_device(in), out_device(rows * columns);
    REQUIRE(launch(shape(5, 96), softmax_of_rows, in_device.data(), out_device.data(), 133) == cudaSuccess);
    std::vector<double> expected(in.size());
    for (std::size_t row = 0; row < rows; ++row) {
      double sum = 0.0;
      for (std::size_t i = 0; i < columns; ++i) sum += std::exp(double{in[row * columns + i]});
      for (std::size_t i = 0; i < columns; ++i) expected[row * columns + i] = std::exp(double{in[row * columns + i]}) / sum;
    }
    CHECK(largest_difference(out_device.read(), expected) < 1e-7);
  }
  SECTION("a histogram in dynamic shared memory") {
    std::vector<int> in(3000), expected(57, 0);
    for (std::size_t i = 0; i < in.size(); ++i) {
      in[i] = static_cast<int>(i * i % 57);
      ++expected[static_cast<std::size_t>(in[i])];
    }
    const device_array<int> in_device(in), bins(std::vector<int>(57, 0));
    REQUIRE(launch(shape(8, 64, 57 * sizeof(int)), histogram, in_device.data(), 3000, bins.data(), 57) == cudaSuccess);
    CHECK(bins.read() == expected);
  }
  SECTION("votes") {
    std::vector<int> in(64, -1);
    for (const std::size_t i : {std::size_t{0}, std::size_t{5}, std::size_t{31}, std::size_t{40}})
      in[i] = static_cast<int>(i) + 1;
    const device_array<int> in_device(in), out(std::vector<int>(64, 0)), counts(2);
    REQUIRE(launch(shape(1, 64), keep_positive, in_device.data(), out.data(), counts.data()) == cudaSuccess);
    std::vector<int> expected(64, 0);
    expected[0] = 1, expected[1] = 6, expected[2] = 32, expected[32] = 41;
    CHECK(out.read() == expected);
    CHECK(counts.read() == std::vector<int>{1103, 1});
  }
  SECTION("halves of a warp on their own") {
    std::vector<float> in(64);
    for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<float>(i);
    const device_array<float> in_device(in), out_device(64);
    REQUIRE(launch(shape(1, 64), sums_of_halves, in_device.data(), out_device.data()) == cudaSuccess);
    const std::vector<float> out = out_device.read();
    CHECK(out[0] == 120.0F);
    CHECK(out[31] == 376.0F);
    CHECK(out[32] == 632.0F);
    CHECK(out[63] == 888.0F);
  }
  SECTION("every thread of every block, once") {
    const device_array<int> out(std::vector<int>(2 * 3 * 4 * 5 * 6 * 2, 0));
    REQUIRE(launch(shape(dim3(2, 3, 4), dim3(5, 6, 2)), numbers_of_threads, out.data()) == cudaSuccess);
    const std::vector<int> numbers = out.read();
    for (std::size_t i = 0; i < numbers.size(); ++i) REQUIRE(numbers[i] == static_cast<int>(i));
  }
  SECTION("threads that have returned are not waited for") {
    const device_array<int> out(std::vector<int>(64, 0));
    REQUIRE(launch(shape(1, 64), return_early, out.data()) == cudaSuccess);
    const std::vector<int> values = out.read();
    CHECK(std::count(values.begin(), values.end(), 1) == 32);
  }
}

TEST_CASE("cuda shim: the order of threads is as asked") {
  const cuda_shim::scope restored;
  const auto turns = [](order asked, unsigned seed) {
    cuda_shim::options().order = asked;
    cuda_shim::options().seed = seed;
    const device_array<int> out(64), next(std::vector<int>{0});
    REQUIRE(launch(shape(1, 64), order_of_threads, out.data(), next.data()) == cudaSuccess);
    return out.read();
  };
  std::vector<int> numbers(64);
  for (int i = 0; i < 64; ++i) numbers[static_cast<std::size_t>(i)] = i;
  CHECK(turns(order::forward, 1) == numbers);
  std::vector<int> drawn = turns(order::random, 1);
  CHECK(drawn == turns(order::random, 1));
  CHECK(drawn != turns(order::random, 2));
  CHECK(drawn != numbers);
  std::sort(drawn.begin(), drawn.end());
  CHECK(drawn == numbers);
  std::reverse(numbers.begin(), numbers.end());
  CHECK(turns(order::reverse, 1) == numbers);
}

TEST_CASE("cuda shim: faults of kernels are told with their lines") {
  const cuda_shim::scope restored;
  cuda_shim::options().order = GENERATE(order::forward, order::reverse, order::random);
  const device_array<float> out(64);
  const device_array<int> whole(64);
  const auto warp = shape(1, 32);
  CHECK_THAT(fault(warp, different_barriers, whole.data()), test::contains("wait at different __syncthreads"));
  CHECK_THAT(fault(warp, different_barriers, whole.data()), test::contains("cuda_shim_test.cpp:"));
  CHECK_THAT(fault(warp, missing_lane, out.data()), test::contains("lane 5 of its mask has returned"));
  CHECK_THAT(fault(warp, lane_at_barrier, out.data()), test::contains("lane 7 of its mask waits at __syncthreads"));
  CHECK_THAT(fault(warp, different_masks), test::contains("different masks"));
  CHECK_THAT(fault(warp, not_in_own_mask), test::contains("lane 0 is not in its own mask"));
  CHECK_THAT(fault(warp, reads_outside_of_mask, whole.data()), test::contains("reads lane 20, which is not in its mask"));
  CHECK_THAT(fault(shape(1, 20), mask_of_whole_warp, whole.data()),
             test::contains("names lane 31, which the block does not have"));
  // Nothing of a fault is left for the next launch.
  const device_array<float> in(std::vector<float>(64, 1.0F));
  REQUIRE(launch(shape(1, 64), softmax_of_rows, in.data(), out.data(), 64) == cudaSuccess);
  CHECK(out.read() == std::vector<float>(64, 1.0F / 64));
  CHECK_THROWS_AS(launch(shape(1, 64), throwing, 40), throws_in_kernel);
  REQUIRE(launch(shape(1, 64), throwing, 64) == cudaSuccess);
}

TEST_CASE("cuda shim: memory shows what was not written and what should not have been") {
  const cuda_shim::scope restored;
  const device_array<float> fresh(8);
  for (const float value : fresh.read()) CHECK(std::isnan(value));
  REQUIRE(launch(shape(1, 1, 16), read_dynamic, fresh.data()) == cudaSuccess);
  CHECK(std::isnan(fresh.read()[0]));
#if !defined(CUDA_SHIM_ADDRESS_SANITIZER)  // which ends the program
  {
    const device_array<float> short_one(7);
    CHECK_THAT(fault(shape(1, 1), write_at, short_one.data(), 7),
               test::contains("past the end of an allocation of 28 bytes"));
    CHECK(cudaMemset(short_one.data(), 0, 28) == cudaSuccess);
  }
  {
    const device_array<float> short_one(7);
    CHECK_THAT(fault(shape(1, 1), write_at, short_one.data(), -1), test::contains("before an allocation of 28 bytes"));
  }
  CHECK_THAT(fault(shape(1, 1, 24), write_dynamic_at, 6), test::contains("past its dynamic shared memory of 24 bytes"));
#endif
  REQUIRE(launch(shape(1, 1, 24), write_dynamic_at, 5) == cudaSuccess);
  float on_host = 0.0F;
  CHECK_THAT(fault(shape(1, 1), write_at, &on_host, 0),
             test::contains("argument 0 of a kernel points to memory that is not"));
  cuda_shim::options().check_pointers = false;
  REQUIRE(launch(shape(1, 1), write_at, &on_host, 0) == cudaSuccess);
  CHECK(on_host == 0.5F);
}

TEST_CASE("cuda shim: copies go where they say they go") {
  const cuda_shim::scope restored;
  std::vector<float> host(8, 2.0F);
  const device_array<float> device(host), other(8);
  CHECK(cudaMemcpy(host.data(), host.data(), 32, cudaMemcpyHostToDevice) == cudaErrorInvalidValue);
  CHECK(cudaMemcpy(device.data(), device.data(), 32, cudaMemcpyHostToDevice) == cudaErrorInvalidValue);
  CHECK(cudaMemcpy(host.data(), other.data(), 32, cudaMemcpyHostToDevice) == cudaErrorInvalidValue);
  CHECK(cudaMemcpy(device.data(), host.data(), 36, cudaMemcpyHostToDevice) == cudaErrorInvalidValue);
  CHECK(cudaMemcpy(other.data() + 4, device.data(), 20, cudaMemcpyDeviceToDevice) == cudaErrorInvalidValue);
  CHECK(cudaMemcpy(other.data(), device.data(), 32, cudaMemcpyDefault) == cudaSuccess);
  CHECK(other.read() == host);
  CHECK(cudaMemsetAsync(host.data(), 0, 32) == cudaErrorInvalidValue);
  CHECK(cudaMemsetAsync(other.data(), 0, 32) == cudaSuccess);
  // Two columns of four.
  CHECK(cudaMemcpy2DAsync(other.data() + 1, 16, host.data(), 8, 8, 2, cudaMemcpyHostToDevice) == cudaSuccess);
  CHECK(other.read() == std::vector<float>{0, 2, 2, 0, 0, 2, 2, 0});
  CHECK(cudaMemcpy2DAsync(other.data() + 3, 16, host.data(), 8, 8, 2, cudaMemcpyHostToDevice) == cudaErrorInvalidValue);
  CHECK(cudaMemcpy2DAsync(other.data(), 4, host.data(), 8, 8, 2, cudaMemcpyHostToDevice) == cudaErrorInvalidValue);

  cudaPointerAttributes attributes;
  REQUIRE(cudaPointerGetAttributes(&attributes, device.data() + 3) == cudaSuccess);
  CHECK(attributes.type == cudaMemoryTypeDevice);
  REQUIRE(cudaPointerGetAttributes(&attributes, host.data()) == cudaSuccess);
  CHECK(attributes.type == cudaMemoryTypeUnregistered);
  float* pinned = nullptr;
  REQUIRE(cudaMallocHost(&pinned, 32) == cudaSuccess);
  REQUIRE(cudaPointerGetAttributes(&attributes, pinned) == cudaSuccess);
  CHECK(attributes.type == cudaMemoryTypeHost);
  CHECK(cudaMemcpyAsync(pinned, device.data(), 32, cudaMemcpyDeviceToHost) == cudaSuccess);
  CHECK(pinned[7] == 2.0F);
  CHECK(cudaFree(pinned) == cudaErrorInvalidValue);
  CHECK(cudaFreeHost(pinned) == cudaSuccess);
  CHECK(cudaFree(host.data()) == cudaErrorInvalidValue);
  CHECK(cudaFree(nullptr) == cudaSuccess);
  CHECK(cudaGetLastError() == cudaErrorInvalidValue);
  CHECK(cudaPeekAtLastError() == cudaSuccess);
}

TEST_CASE("cuda shim: launches are held to the limits of a device") {
  const cuda_shim::scope restored;
  CHECK(launch(shape(0, 32), nothing) == cudaErrorInvalidConfiguration);
  CHECK(launch(shape(dim3(1, 0), 32), nothing) == cudaErrorInvalidConfiguration);
  CHECK(launch(shape(dim3(1, 65536), 32), nothing) == cudaErrorInvalidConfiguration);
  CHECK(launch(shape(1, 0), nothing) == cudaErrorInvalidConfiguration);
  CHECK(launch(shape(1, 1025), nothing) == cudaErrorInvalidConfiguration);
  CHECK(launch(shape(1, dim3(32, 33)), nothing) == cudaErrorInvalidConfiguration);
  CHECK(launch(shape(1, dim3(1, 1, 65)), nothing) == cudaErrorInvalidConfiguration);
  CHECK(launch(shape(dim3(3, 2, 2), 1024), nothing) == cudaSuccess);
  CHECK(cuda_shim::counters().kernels == 1);

  CHECK(launch(shape(1, 32, 48 << 10), write_dynamic_at, 0) == cudaSuccess);
  CHECK(launch(shape(1, 32, (48 << 10) + 4), write_dynamic_at, 0) == cudaErrorInvalidValue);
  int blocks = -1;
  CHECK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, write_dynamic_at, 256, 64 << 10) == cudaSuccess);
  CHECK(blocks == 0);
  CHECK(cudaFuncSetAttribute(write_dynamic_at, cudaFuncAttributeMaxDynamicSharedMemorySize, 228 << 10) ==
        cudaErrorInvalidValue);
  CHECK(cudaFuncSetAttribute(write_dynamic_at, cudaFuncAttributeMaxDynamicSharedMemorySize, 227 << 10) == cudaSuccess);
  CHECK(launch(shape(1, 32, 227 << 10), write_dynamic_at, (227 << 8) - 1) == cudaSuccess);
  CHECK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, write_dynamic_at, 256, 64 << 10) == cudaSuccess);
  CHECK(blocks == 3);
  cudaFuncAttributes attributes;
  CHECK(cudaFuncGetAttributes(&attributes, write_dynamic_at) == cudaSuccess);
  CHECK(attributes.maxDynamicSharedSizeBytes == 227 << 10);

  cuda_shim::options().capability = {7, 5};
  CHECK(launch(shape(1, 32), nothing) == cudaErrorNoKernelImageForDevice);
  CHECK_THROWS_AS(__syncthreads(), cuda_shim::error);
}

TEST_CASE("cuda shim: devices, drivers and memory are as a test sets them") {
  const cuda_shim::scope restored;
  int number = -1;
  CHECK(cudaGetDeviceCount(&number) == cudaSuccess);
  CHECK(number == 1);
  CHECK(cudaSetDevice(1) == cudaErrorInvalidDevice);
  cuda_shim::options().capability = {8, 6};
  cuda_shim::options().memory_limit = 1000;
  cudaDeviceProp properties;
  REQUIRE(cudaGetDeviceProperties(&properties, 0) == cudaSuccess);
  CHECK(properties.major * 10 + properties.minor == 86);
  CHECK(properties.sharedMemPerBlockOptin == 227 << 10);
  CHECK(cudaDeviceGetAttribute(&number, cudaDevAttrComputeCapabilityMinor, 0) == cudaSuccess);
  CHECK(number == 6);

  char *first = nullptr, *second = nullptr;
  REQUIRE(cudaMalloc(&first, 600) == cudaSuccess);
  CHECK(cudaMalloc(&second, 401) == cudaErrorMemoryAllocation);
  CHECK(second == nullptr);
  std::size_t available = 0, total = 0;
  CHECK(cudaMemGetInfo(&available, &total) == cudaSuccess);
  CHECK(available == 400);
  CHECK(cuda_shim::counters().live_bytes == 600);
  CHECK(cudaFree(first) == cudaSuccess);
  CHECK(cudaFree(first) == cudaErrorInvalidValue);
  CHECK(cuda_shim::counters().live_allocations == 0);
  CHECK(cuda_shim::counters().peak_bytes == 600);

  cuda_shim::options().device_count = 0;
  CHECK(cudaGetDeviceCount(&number) == cudaErrorNoDevice);
  CHECK(number == 0);
  CHECK(cudaMalloc(&first, 1) == cudaErrorNoDevice);
  cuda_shim::options().driver_version = 0;
  CHECK(cudaGetDeviceCount(&number) == cudaErrorInsufficientDriver);
  CHECK(cudaDriverGetVersion(&number) == cudaSuccess);
  CHECK(number == 0);
  cublasHandle_t handle = nullptr;
  CHECK(cublasCreate(&handle) == CUBLAS_STATUS_NOT_INITIALIZED);
}

TEST_CASE("cuda shim: calls fail when a test says so") {
  const cuda_shim::scope restored;
  cuda_shim::fail("cudaMalloc", cudaErrorMemoryAllocation, 1);
  cuda_shim::fail("cudaStreamQuery", cudaErrorLaunchFailure, 0, 0);
  char *first = nullptr, *second = nullptr;
  CHECK(cudaMalloc(&first, 1) == cudaSuccess);
  CHECK(cudaMalloc(&second, 1) == cudaErrorMemoryAllocation);
  CHECK(cudaMalloc(&second, 1) == cudaSuccess);
  CHECK(cudaStreamQuery(nullptr) == cudaErrorLaunchFailure);
  CHECK(cudaStreamQuery(nullptr) == cudaErrorLaunchFailure);
  CHECK(cuda_shim::calls("cudaMalloc") == 3);
  CHECK(cuda_shim::counters().allocations == 2);
  cuda_shim::reset();
  CHECK(cudaStreamQuery(nullptr) == cudaSuccess);
  CHECK(cudaFree(first) == cudaSuccess);
  CHECK(cudaFree(second) == cudaSuccess);
  CHECK(cudaGetLastError() == cudaErrorLaunchFailure);
  CHECK(std::string(cudaGetErrorName(cudaErrorLaunchFailure)) == "cudaErrorLaunchFailure");
  CHECK(std::string(cudaGetErrorString(cudaErrorMemoryAllocation)) == "out of memory");
  cublasHandle_t handle = nullptr;
  cuda_shim::fail("cublasCreate", CUBLAS_STATUS_ALLOC_FAILED);
  CHECK(cublasCreate(&handle) == CUBLAS_STATUS_ALLOC_FAILED);
  CHECK(std::string(cublasGetStatusName(CUBLAS_STATUS_ALLOC_FAILED)) == "CUBLAS_STATUS_ALLOC_FAILED");
}

TEST_CASE("cuda shim: a capture runs nothing until its graph is launched, again and again") {
  const cuda_shim::scope restored;
  cuda_shim::options().deferred = GENERATE(false, true);
  const std::size_t streams_before = cuda_shim::counters().live_streams;
  cudaStream_t stream = nullptr, second = nullptr;
  REQUIRE(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking) == cudaSuccess);
  REQUIRE(cudaStreamCreateWithFlags(&second, cudaStreamNonBlocking) == cudaSuccess);
  cublasHandle_t handle = nullptr;
  REQUIRE(cublasCreate(&handle) == CUBLAS_STATUS_SUCCESS);
  REQUIRE(cublasSetStream(handle, stream) == CUBLAS_STATUS_SUCCESS);
  cudaEvent_t event = nullptr;
  REQUIRE(cudaEventCreateWithFlags(&event, cudaEventDisableTiming) == cudaSuccess);
  {
    const device_array<float> numbers(std::vector<float>{0, 0, 0, 0}), copied(4), square(4);
    REQUIRE(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal) == cudaSuccess);
    cudaStreamCaptureStatus status{};
    CHECK(cudaStreamIsCapturing(stream, &status) == cudaSuccess);
    CHECK(status == cudaStreamCaptureStatusActive);
    float addend = 1.5F;
    CHECK(launch(shape(1, 32, 0, stream), add, numbers.data(), numbers.data(), addend, 4) == cudaSuccess);
    addend = 100.0F;  // arguments are copied when they are handed over
    CHECK(cudaMemcpyAsync(copied.data(), numbers.data(), 16, cudaMemcpyDeviceToDevice, stream) == cudaSuccess);
    const float one = 1.0F, zero = 0.0F;
    CHECK(cublasSgemm(handle, CUBLAS_OP_N, CUBLAS_OP_N, 2, 2, 2, &one, numbers.data(), 2, numbers.data(), 2, &zero,
                      square.data(), 2) == CUBLAS_STATUS_SUCCESS);
    CHECK(cudaEventRecord(event, stream) == cudaSuccess);
    CHECK(cudaStreamWaitEvent(second, event, 0) == cudaSuccess);
    CHECK(cudaEventQuery(event) == cudaErrorCapturedEvent);
    CHECK(cudaMemsetAsync(copied.data() + 3, 0, 4, second) == cudaSuccess);
    CHECK(cuda_shim::counters().kernels == 0);
    cudaGraph_t graph = nullptr;
    cudaGraphExec_t executable = nullptr;
    REQUIRE(cudaStreamEndCapture(stream, &graph) == cudaSuccess);
    REQUIRE(cudaGraphInstantiate(&executable, graph, 0) == cudaSuccess);
    REQUIRE(cudaGraphDestroy(graph) == cudaSuccess);
    CHECK(numbers.read() == std::vector<float>{0, 0, 0, 0});
    REQUIRE(cudaGraphLaunch(executable, stream) == cudaSuccess);
    REQUIRE(cudaStreamSynchronize(stream) == cudaSuccess);
    CHECK(copied.read() == std::vector<float>{1.5F, 1.5F, 1.5F, 0});
    CHECK(square.read() == std::vector<float>(4, 4.5F));
    REQUIRE(cudaGraphLaunch(executable, stream) == cudaSuccess);
    REQUIRE(cudaStreamSynchronize(stream) == cudaSuccess);
    CHECK(numbers.read() == std::vector<float>(4, 3.0F));
    CHECK(copied.read() == std::vector<float>{3, 3, 3, 0});
    CHECK(cuda_shim::counters().kernels == 2);
    CHECK(cuda_shim::counters().launches == 1);
    CHECK(cuda_shim::counters().graph_launches == 2);
    CHECK(cudaGraphExecDestroy(executable) == cudaSuccess);
    CHECK(cudaGraphExecDestroy(executable) == cudaErrorInvalidResourceHandle);
  }
  CHECK(cublasDestroy(handle) == CUBLAS_STATUS_SUCCESS);
  CHECK(cudaEventDestroy(event) == cudaSuccess);
  CHECK(cudaStreamDestroy(second) == cudaSuccess);
  CHECK(cudaStreamDestroy(stream) == cudaSuccess);
  CHECK(cudaStreamDestroy(stream) == cudaErrorInvalidResourceHandle);
  CHECK(cuda_shim::counters().live_streams == streams_before);
  CHECK(cuda_shim::counters().live_graphs == 0);
}

TEST_CASE("cuda shim: what a capture does not allow ends it") {
  const cuda_shim::scope restored;
  cudaStream_t stream = nullptr;
  REQUIRE(cudaStreamCreateWithFlags(&stream, cudaStreamDefault) == cudaSuccess);
  const device_array<float> numbers(4);
  void* memory = nullptr;
  const auto ended_by = [&](auto disturb, cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal) {
    REQUIRE(cudaStreamBeginCapture(stream, mode) == cudaSuccess);
    const cudaError_t answer = disturb();
    cudaGraph_t graph = nullptr;
    const cudaError_t end = cudaStreamEndCapture(stream, &graph);
    CHECK(end == (answer == cudaSuccess ? cudaSuccess : cudaErrorStreamCaptureInvalidated));
    if (graph != nullptr) CHECK(cudaGraphDestroy(graph) == cudaSuccess);
    return answer;
  };
  CHECK(ended_by([&] { return cudaMalloc(&memory, 8); }) == cudaErrorStreamCaptureUnsupported);
  CHECK(memory == nullptr);
  CHECK(ended_by([&] { return cudaStreamSynchronize(stream); }) == cudaErrorStreamCaptureUnsupported);
  CHECK(ended_by([&] { return cudaStreamQuery(stream); }) == cudaErrorStreamCaptureUnsupported);
  CHECK(ended_by([&] { return cudaDeviceSynchronize(); }) == cudaErrorStreamCaptureUnsupported);
  CHECK(ended_by([&] { return cudaMemsetAsync(numbers.data(), 0, 16, nullptr); }) == cudaErrorStreamCaptureImplicit);
  CHECK(ended_by([&] { return cudaMalloc(&memory, 8); }, cudaStreamCaptureModeRelaxed) == cudaSuccess);
  CHECK(cudaFree(memory) == cudaSuccess);
  const auto on_another_thread = [&] {
    cudaError_t answer = cudaErrorUnknown;
    std::thread([&] { answer = cudaMalloc(&memory, 8); }).join();
    return answer;
  };
  CHECK(ended_by(on_another_thread, cudaStreamCaptureModeGlobal) == cudaErrorStreamCaptureUnsupported);
  CHECK(ended_by(on_another_thread, cudaStreamCaptureModeThreadLocal) == cudaSuccess);
  CHECK(cudaFree(memory) == cudaSuccess);
  CHECK(cudaStreamBeginCapture(nullptr, cudaStreamCaptureModeGlobal) == cudaErrorStreamCaptureUnsupported);
  CHECK(cudaStreamDestroy(stream) == cudaSuccess);
}

TEST_CASE("cuda shim: work that is put off is done when something waits for it") {
  const cuda_shim::scope restored;
  cuda_shim::options().deferred = true;
  cudaStream_t stream = nullptr;
  cudaEvent_t start = nullptr, stop = nullptr;
  REQUIRE(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking) == cudaSuccess);
  REQUIRE(cudaEventCreate(&start) == cudaSuccess);
  REQUIRE(cudaEventCreate(&stop) == cudaSuccess);
  float* pinned = nullptr;
  REQUIRE(cudaMallocHost(&pinned, 16) == cudaSuccess);
  for (int i = 0; i < 4; ++i) pinned[i] = 0.0F;
  float milliseconds = -1.0F;
  CHECK(cudaEventElapsedTime(&milliseconds, start, stop) == cudaErrorInvalidResourceHandle);
  {
    const device_array<float> numbers(4);
    std::vector<float> host{1, 2, 3, 4};
    CHECK(cudaEventRecord(start, stream) == cudaSuccess);
    CHECK(cudaMemcpyAsync(numbers.data(), host.data(), 16, cudaMemcpyHostToDevice, stream) == cudaSuccess);
    host.assign(4, 9.0F);  // ordinary memory was taken at once
    CHECK(launch(shape(1, 4, 0, stream), add, numbers.data(), numbers.data(), 1.0F, 4) == cudaSuccess);
    CHECK(cudaMemcpyAsync(pinned, numbers.data(), 16, cudaMemcpyDeviceToHost, stream) == cudaSuccess);
    CHECK(cudaEventRecord(stop, stream) == cudaSuccess);
    CHECK(cuda_shim::counters().launches == 1);
    CHECK(cuda_shim::counters().kernels == 0);
    CHECK(pinned[0] == 0.0F);
    CHECK(cudaEventElapsedTime(&milliseconds, start, stop) == cudaErrorNotReady);
    CHECK(cudaStreamQuery(stream) == cudaErrorNotReady);
    CHECK(cudaStreamQuery(stream) == cudaSuccess);
    CHECK(cudaEventSynchronize(stop) == cudaSuccess);
    CHECK(pinned[3] == 5.0F);
    CHECK(cudaEventElapsedTime(&milliseconds, start, stop) == cudaSuccess);
    CHECK(milliseconds >= 0.0F);
    CHECK(cudaMemsetAsync(numbers.data(), 0, 16, stream) == cudaSuccess);
    CHECK(cudaMemcpyAsync(host.data(), numbers.data(), 16, cudaMemcpyDeviceToHost, stream) == cudaSuccess);
    CHECK(host == std::vector<float>{0, 0, 0, 0});  // ordinary memory has it on return
    CHECK(cuda_shim::counters().synchronisations == 1);
    // A fault is told where it is waited for.
    CHECK(launch(shape(1, 32, 0, stream), not_in_own_mask) == cudaSuccess);
    CHECK_THROWS_AS(cudaStreamSynchronize(stream), cuda_shim::error);
    CHECK(cudaStreamSynchronize(stream) == cudaSuccess);
  }
  CHECK(cudaFreeHost(pinned) == cudaSuccess);
  CHECK(cudaEventDestroy(start) == cudaSuccess);
  CHECK(cudaEventDestroy(stop) == cudaSuccess);
  CHECK(cudaStreamDestroy(stream) == cudaSuccess);
  CHECK(cudaStreamSynchronize(stream) == cudaErrorInvalidResourceHandle);
}

namespace {

/// The matrix by columns, `leading` numbers from one to the next; what lies between them is not a number.
std::vector<float> by_columns(const std::vector<float>& by_rows, std::size_t rows, std::size_t columns, std::size_t leading,
                              bool transposed) {
  std::vector<float> values(leading * (transposed ? rows : columns), std::numeric_limits<float>::quiet_NaN());
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j)
      values[transposed ? j + i * leading : i + j * leading] = by_rows[i * columns + j];
  }
  return values;
}

std::vector<std::uint16_t> to_bfloat16(const std::vector<float>& values) {
  std::vector<std::uint16_t> result;
  for (const float value : values) result.push_back(static_cast<std::uint16_t>(__float_as_uint(value) >> 16));
  return result;
}

}  // namespace

TEST_CASE("cuda shim: matrix products of the library are those of loops") {
  const cuda_shim::scope restored;
  const std::size_t m = 7, n = 5, k = 11;
  const std::vector<float> a = random_numbers(m * k, 11), b = random_numbers(k * n, 12), before = random_numbers(m * n, 13);
  std::vector<double> expected = plain_product(a, b, m, n, k);
  const bool a_transposed = GENERATE(false, true), b_transposed = GENERATE(false, true);
  const auto a_operation = a_transposed ? CUBLAS_OP_T : CUBLAS_OP_N, b_operation = b_transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
  const std::vector<float> a_stored = by_columns(a, m, k, 12, a_transposed),
                           b_stored = by_columns(b, k, n, 13, b_transposed);
  const device_array<float> a_device(a_stored), b_device(b_stored);
  cublasHandle_t handle = nullptr;
  REQUIRE(cublasCreate(&handle) == CUBLAS_STATUS_SUCCESS);

  const auto by_rows = [&](const std::vector<float>& stored, std::size_t start = 0) {
    std::vector<float> values(m * n);
    for (std::size_t i = 0; i < m; ++i) {
      for (std::size_t j = 0; j < n; ++j) values[i * n + j] = stored[start + i + j * 8];
    }
    return values;
  };
  SECTION("of numbers in single precision") {
    const device_array<float> c(8 * n);
    const float alpha = 2.0F, zero = 0.0F, beta = 0.5F;
    REQUIRE(cublasSgemm(handle, a_operation, b_operation, 7, 5, 11, &alpha, a_device.data(), 12, b_device.data(), 13, &zero,
                        c.data(), 8) == CUBLAS_STATUS_SUCCESS);
    for (double& value : expected) value *= 2.0;
    CHECK(largest_difference(by_rows(c.read()), expected) < 1e-5);
    CHECK(std::isnan(c.read()[7]));
    REQUIRE(cublasSgemm(handle, a_operation, b_operation, 7, 5, 11, &alpha, a_device.data(), 12, b_device.data(), 13, &beta,
                        c.data(), 8) == CUBLAS_STATUS_SUCCESS);
    for (double& value : expected) value *= 1.5;
    CHECK(largest_difference(by_rows(c.read()), expected) < 1e-5);
    CHECK(cuda_shim::counters().library_calls == 2);
  }
  SECTION("of numbers in double precision") {
    const device_array<double> a_double(std::vector<double>(a_stored.begin(), a_stored.end()));
    const device_array<double> b_double(std::vector<double>(b_stored.begin(), b_stored.end())), c(7 * n);
    const double one = 1.0, zero = 0.0;
    REQUIRE(cublasDgemm(handle, a_operation, b_operation, 7, 5, 11, &one, a_double.data(), 12, b_double.data(), 13, &zero,
                        c.data(), 7) == CUBLAS_STATUS_SUCCESS);
    std::vector<double> values(m * n);
    for (std::size_t i = 0; i < m * n; ++i) values[i / 7 + i % 7 * n] = c.read()[i];
    CHECK(largest_difference(values, expected) < 1e-14);
  }
  SECTION("of several matrices") {
    std::vector<float> several(a_stored);
    several.insert(several.end(), a_stored.begin(), a_stored.end());
    const device_array<float> a_several(several), c(2 * 8 * n);
    const float one = 1.0F, zero = 0.0F;
    REQUIRE(cublasSgemmStridedBatched(handle, a_operation, b_operation, 7, 5, 11, &one, a_several.data(), 12,
                                      static_cast<long long>(a_stored.size()), b_device.data(), 13, 0, &zero, c.data(), 8,
                                      40, 2) == CUBLAS_STATUS_SUCCESS);
    CHECK(largest_difference(by_rows(c.read()), expected) < 1e-5);
    CHECK(largest_difference(by_rows(c.read(), 40), expected) < 1e-5);
  }
  SECTION("of rounded numbers") {
    const device_array<float> c(8 * n);
    const float one = 1.0F, zero = 0.0F;
    const auto error_with = [&](cublasComputeType_t compute) {
      REQUIRE(cublasGemmEx(handle, a_operation, b_operation, 7, 5, 11, &one, a_device.data(), CUDA_R_32F, 12,
                           b_device.data(), CUDA_R_32F, 13, &zero, c.data(), CUDA_R_32F, 8, compute,
                           CUBLAS_GEMM_DEFAULT) == CUBLAS_STATUS_SUCCESS);
      return largest_difference(by_rows(c.read()), expected);
    };
    CHECK(error_with(CUBLAS_COMPUTE_32F) < 1e-5);
    CHECK(error_with(CUBLAS_COMPUTE_32F_PEDANTIC) < 1e-5);
    CHECK(error_with(CUBLAS_COMPUTE_32F_FAST_TF32) > 1e-5);
    CHECK(error_with(CUBLAS_COMPUTE_32F_FAST_TF32) < 4e-3);
    CHECK(error_with(CUBLAS_COMPUTE_32F_FAST_16BF) > 1e-3);
    CHECK(error_with(CUBLAS_COMPUTE_32F_FAST_16BF) < 4e-2);
    REQUIRE(cublasSetMathMode(handle, CUBLAS_TF32_TENSOR_OP_MATH) == CUBLAS_STATUS_SUCCESS);
    CHECK(error_with(CUBLAS_COMPUTE_32F) > 1e-5);
    CHECK(error_with(CUBLAS_COMPUTE_32F_PEDANTIC) < 1e-5);
    const device_array<std::uint16_t> a_short(to_bfloat16(a_stored)), b_short(to_bfloat16(b_stored));
    REQUIRE(cublasGemmEx(handle, a_operation, b_operation, 7, 5, 11, &one, a_short.data(), CUDA_R_16BF, 12, b_short.data(),
                         CUDA_R_16BF, 13, &zero, c.data(), CUDA_R_32F, 8, CUBLAS_COMPUTE_32F,
                         CUBLAS_GEMM_DEFAULT) == CUBLAS_STATUS_SUCCESS);
    CHECK(largest_difference(by_rows(c.read()), expected) < 8e-2);
  }
  SECTION("and of wrong arguments none") {
    const device_array<float> c(8 * n);
    const float one = 1.0F;
    CHECK(cublasSgemm(handle, a_operation, b_operation, 7, 5, 11, &one, a_device.data(), 6, b_device.data(), 13, &one,
                      c.data(), 8) == CUBLAS_STATUS_INVALID_VALUE);
    CHECK(cublasSgemm(nullptr, a_operation, b_operation, 7, 5, 11, &one, a_device.data(), 12, b_device.data(), 13, &one,
                      c.data(), 8) == CUBLAS_STATUS_NOT_INITIALIZED);
    CHECK_THAT(test::thrown<cuda_shim::error>([&] {
                 static_cast<void>(cublasSgemm(handle, a_operation, b_operation, 7, 5, 11, &one, a_stored.data(), 12,
                                               b_device.data(), 13, &one, c.data(), 8));
               }),
               test::contains("cublasSgemm: A is not in device memory"));
    CHECK_THAT(test::thrown<cuda_shim::error>([&] {
                 static_cast<void>(cublasSgemm(handle, a_operation, b_operation, 7, 5, 11, &one, a_device.data(), 12,
                                               b_device.data(), 13, &one, c.data(), 9));
               }),
               test::contains("cublasSgemm: C is not in device memory, or leaves its allocation"));
  }
  CHECK(cublasDestroy(handle) == CUBLAS_STATUS_SUCCESS);
}

TEST_CASE("cuda shim: a radix sort keeps the order of equal keys") {
  const cuda_shim::scope restored;
  const std::vector<std::uint32_t> keys{0x13, 0x21, 0x11, 0x23, 0x11, 0x02};
  const std::vector<int> values{0, 1, 2, 3, 4, 5};
  const device_array<std::uint32_t> keys_in(keys), keys_out(6);
  const device_array<int> values_in(values), values_out(6);
  std::size_t bytes = 0;
  const auto sort = [&](void* scratch, int begin_bit, int end_bit) {
    return cub::DeviceRadixSort::SortPairs(scratch, bytes, keys_in.data(), keys_out.data(), values_in.data(),
                                           values_out.data(), 6, begin_bit, end_bit);
  };
  REQUIRE(sort(nullptr, 0, 32) == cudaSuccess);
  REQUIRE(bytes > 0);
  const device_array<char> scratch(bytes);
  REQUIRE(sort(scratch.data(), 0, 32) == cudaSuccess);
  CHECK(keys_out.read() == std::vector<std::uint32_t>{0x02, 0x11, 0x11, 0x13, 0x21, 0x23});
  CHECK(values_out.read() == std::vector<int>{5, 2, 4, 0, 1, 3});
  REQUIRE(sort(scratch.data(), 0, 4) == cudaSuccess);
  CHECK(values_out.read() == std::vector<int>{1, 2, 4, 5, 0, 3});
  REQUIRE(sort(scratch.data(), 4, 8) == cudaSuccess);
  CHECK(values_out.read() == std::vector<int>{5, 0, 2, 4, 1, 3});
  bytes = 1;
  CHECK(sort(scratch.data(), 0, 32) == cudaErrorInvalidValue);

  const device_array<float> floats_in(std::vector<float>{1.5F, -2.0F, 0.0F, -0.5F, 3.0F, -INFINITY}), floats_out(6);
  bytes = scratch.bytes();
  REQUIRE(cub::DeviceRadixSort::SortPairsDescending(scratch.data(), bytes, floats_in.data(), floats_out.data(),
                                                    values_in.data(), values_out.data(), 6) == cudaSuccess);
  CHECK(floats_out.read() == std::vector<float>{3.0F, 1.5F, 0.0F, -0.5F, -2.0F, -INFINITY});
  const device_array<int> ints_in(std::vector<int>{3, -1, 0, -7, 2, 1}), ints_out(6);
  REQUIRE(cub::DeviceRadixSort::SortKeys(scratch.data(), bytes, ints_in.data(), ints_out.data(), 6) == cudaSuccess);
  CHECK(ints_out.read() == std::vector<int>{-7, -1, 0, 1, 2, 3});
}

TEST_CASE("cuda shim: several threads of the host launch at once") {
  const cuda_shim::scope restored;
  std::vector<float> in(64);
  for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<float>(i);
  const device_array<float> in_device(in), first(64), second(64);
  const auto work = [&](float* out) {
    for (int repeat = 0; repeat < 50; ++repeat) {
      const auto config = shape(1, 64);
      if (launch(config, sums_of_halves, in_device.data(), out) != cudaSuccess) return;
    }
  };
  std::thread other(work, first.data());
  work(second.data());
  other.join();
  CHECK(first.read() == second.read());
  CHECK(first.read()[0] == 120.0F);
  CHECK(cuda_shim::counters().kernels == 100);
}

// Timing and reporting: see harness.hpp.
#include "harness.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <exception>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>
#include <string_view>

#include <cublas_v2.h>
#include <cuda_runtime_api.h>

#include <mmrec/core/error.hpp>
#include <mmrec/exec/cuda/error.hpp>
#include <mmrec/exec/cuda/event.hpp>
#include <mmrec/exec/cuda/graph.hpp>
#include <mmrec/exec/cuda/launch.cuh>

namespace bench {
namespace {

constexpr int threads = 256;
constexpr std::size_t most_blocks = 1024;

__global__ void uniform_numbers(unsigned count, std::uint32_t key, float low, float width, float* to) {
  for (unsigned i = blockIdx.x * threads + threadIdx.x; i < count; i += gridDim.x * threads) {
    std::uint32_t bits = i * 0x9E3779B9u + key;  // then the finaliser of MurmurHash3
    bits = (bits ^ (bits >> 16)) * 0x85EBCA6Bu;
    bits = (bits ^ (bits >> 13)) * 0xC2B2AE35u;
    bits ^= bits >> 16;
    to[i] = low + width * (static_cast<float>(bits >> 8) * 0x1.0p-24f);
  }
}

__global__ void narrowed(unsigned count, const float* from, std::uint16_t* to) {
  for (unsigned i = blockIdx.x * threads + threadIdx.x; i < count; i += gridDim.x * threads) {
    const unsigned bits = __float_as_uint(from[i]);
    to[i] = static_cast<std::uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
  }
}

__global__ void widened(unsigned count, const std::uint16_t* from, float* to) {
  for (unsigned i = blockIdx.x * threads + threadIdx.x; i < count; i += gridDim.x * threads) {
    to[i] = __uint_as_float(static_cast<unsigned>(from[i]) << 16);
  }
}

/// Of each block, the sums of (a - b)^2 and of b^2.
__global__ void squares(unsigned count, const float* a, const float* b, double* sums) {
  __shared__ double parts[2 * threads];
  double off = 0.0, size = 0.0;
  for (unsigned i = blockIdx.x * threads + threadIdx.x; i < count; i += gridDim.x * threads) {
    const double difference = static_cast<double>(a[i]) - static_cast<double>(b[i]), value = static_cast<double>(b[i]);
    off += difference * difference;
    size += value * value;
  }
  parts[threadIdx.x] = off;
  parts[threads + threadIdx.x] = size;
  for (unsigned half = threads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) {
      parts[threadIdx.x] += parts[threadIdx.x + half];
      parts[threads + threadIdx.x] += parts[threads + threadIdx.x + half];
    }
  }
  if (threadIdx.x == 0) {
    sums[2 * blockIdx.x] = parts[0];
    sums[2 * blockIdx.x + 1] = parts[threads];
  }
}

cuda::launch_shape shape_for(std::size_t count) {
  cuda::launch_shape shape;
  shape.x = (std::min)(most_blocks, cuda::blocks_for(count, threads));
  shape.threads = threads;
  return shape;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::string json_number(double value, const char* format = "%.6g") {
  if (!std::isfinite(value)) return "null";
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string today() {
  const std::time_t now = std::time(nullptr);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d", std::gmtime(&now));
  return text;
}

/// A number of at most six places, or a dash.
std::string cell(double value, int decimals) {
  char text[64];
  if (!std::isfinite(value)) return "-";
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

}  // namespace

std::string name_of(cuda::math precision) {
  return precision == cuda::math::float32 ? "float32" : precision == cuda::math::tf32 ? "tf32" : "bf16";
}

void fill_uniform(const cuda::context& on, std::size_t count, std::uint32_t key, float low, float high, float* to) {
  cuda::launch(on, "bench::fill_uniform", shape_for(count), uniform_numbers, static_cast<unsigned>(count), key, low,
               high - low, to);
}

void round_to_bf16(const cuda::context& on, std::size_t count, const float* from, std::uint16_t* to) {
  cuda::launch(on, "bench::round_to_bf16", shape_for(count), narrowed, static_cast<unsigned>(count), from, to);
}

void widen_bf16(const cuda::context& on, std::size_t count, const std::uint16_t* from, float* to) {
  cuda::launch(on, "bench::widen_bf16", shape_for(count), widened, static_cast<unsigned>(count), from, to);
}

double relative_difference(const cuda::context& on, std::size_t count, const float* a, const float* b) {
  const cuda::launch_shape shape = shape_for(count);
  cuda::buffer<double> written(on, 2 * shape.x);
  cuda::launch(on, "bench::relative_difference", shape, squares, static_cast<unsigned>(count), a, b, written.on(on));
  std::vector<double> parts(2 * shape.x);
  written.download(on, parts);
  double off = 0.0, size = 0.0;
  for (std::size_t block = 0; block < shape.x; ++block) {
    off += parts[2 * block];
    size += parts[2 * block + 1];
  }
  return std::sqrt(off / size);
}

std::size_t stretches::take(std::size_t count) {
  constexpr std::size_t unit = 64;
  const std::size_t begin = used_;
  used_ += (count + unit - 1) / unit * unit;
  if (used_ > capacity_) throw mmrec::limit_error("bench", "numbers of a case", capacity_, used_);
  return begin;
}

runner::runner(const settings& how) : how_(how) {
  for (const cuda::math precision : {cuda::math::float32, cuda::math::tf32, cuda::math::bf16}) {
    contexts_.push_back(std::make_unique<cuda::context>(how.device, precision));
  }
  const cuda::context& on = this->on();
  int cache = 0;
  cuda::check(cudaDeviceGetAttribute(&cache, cudaDevAttrL2CacheSize, on.device().index), "cudaDeviceGetAttribute");
  cache_bytes_ = static_cast<std::size_t>((std::max)(cache, 1));
  capacity_ = std::size_t{1} << (how.smoke ? 20 : 28);
  numbers_ = cuda::buffer<float>(on, capacity_);
  bf16_numbers_ = cuda::buffer<std::uint16_t>(on, capacity_);
  results_ = cuda::buffer<float>(on, capacity_);
  fill_uniform(on, capacity_, 1, -1.0f, 1.0f, numbers_.on(on));
  fill_uniform(on, capacity_, 2, -1.0f, 1.0f, results_.on(on));
  round_to_bf16(on, capacity_, numbers_.on(on), bf16_numbers_.on(on));
  on.synchronize();
  measure_ceilings();
  std::printf("%-32s %-28s %-8s %10s %10s %-8s %5s  %-10s %10s %6s  %s\n", "case", "shape", "numbers", "us", "rate", "",
              "share", "peer", "its us", "ratio", "difference");
}

void runner::measure_ceilings() {
  const cuda::context& on = this->on();
  const std::size_t bytes = capacity_ * sizeof(float);
  const double copied = time(on, 1, [&](std::size_t) {
    cuda::check(cudaMemcpyAsync(results_.on(on), numbers_.on(on), bytes, cudaMemcpyDeviceToDevice, on.stream()),
                "cudaMemcpyAsync");
  });
  most_.copy = 2.0 * static_cast<double>(bytes) / (copied * 1e-6);
  most_.float32 = product_rate(cuda::math::float32, how_.smoke ? 64 : 4096);
  most_.tf32 = product_rate(cuda::math::tf32, how_.smoke ? 64 : 8192);
  most_.bf16 = product_rate(cuda::math::bf16, how_.smoke ? 64 : 8192);
  std::printf("device: %s, compute capability %d.%d, %d multiprocessors, %zu MiB of cache; %s\n", on.device().name.c_str(),
              on.device().major, on.device().minor, on.device().multiprocessors, cache_bytes_ >> 20, today().c_str());
  std::printf("ceilings: copy %.0f GB/s (read and written), cuBLAS float32 %.1f, tf32 %.1f, bf16 %.1f TFLOP/s\n",
              most_.copy * 1e-9, most_.float32 * 1e-12, most_.tf32 * 1e-12, most_.bf16 * 1e-12);
}

double runner::product_rate(cuda::math precision, std::size_t size) {
  const cuda::context& on = this->on(precision);
  const bool brief = precision == cuda::math::bf16;
  const std::size_t count = size * size;
  const void* const a = brief ? static_cast<const void*>(bf16_numbers()) : numbers();
  const void* const b = brief ? static_cast<const void*>(bf16_numbers() + count) : numbers() + count;
  float* const c = results();
  const cudaDataType_t factors = brief ? CUDA_R_16BF : CUDA_R_32F;
  const cublasComputeType_t compute = precision == cuda::math::tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
  const float one = 1.0f, zero = 0.0f;
  const int n = static_cast<int>(size);
  const double microseconds = time(on, 1, [&](std::size_t) {
    cuda::check(cublasGemmEx(on.blas(), CUBLAS_OP_N, CUBLAS_OP_N, n, n, n, &one, a, factors, n, b, factors, n, &zero, c,
                             brief ? CUDA_R_16BF : CUDA_R_32F, n, compute, CUBLAS_GEMM_DEFAULT),
                "cublasGemmEx");
  });
  const double edge = static_cast<double>(size);
  return 2.0 * edge * edge * edge / (microseconds * 1e-6);
}

std::size_t runner::sets(std::size_t bytes) const {
  if (how_.smoke) return 2;
  const std::size_t wanted = (2 * cache_bytes_ + bytes - 1) / (std::max)(bytes, std::size_t{1});
  return (std::min)((std::max)(wanted, std::size_t{1}), std::size_t{64});
}

bool runner::wanted(const description& of) const {
  return how_.filter.empty() || std::regex_search(of.name + " " + of.shape + " " + of.precision, std::regex(how_.filter));
}

double runner::time(const cuda::context& on, std::size_t sets, const std::function<void(std::size_t)>& work) const {
  // The first calls load kernels and let workspaces grow.
  for (std::size_t set = 0; set < sets; ++set) work(set);
  on.synchronize();
  cuda::event begin(on), end(on);
  const std::size_t tried = (std::min)(sets, std::size_t{4});
  begin.record(on);
  for (std::size_t set = 0; set < tried; ++set) work(set);
  end.record(on);
  end.wait();
  const double about = 1e3 * static_cast<double>(end.milliseconds_since(begin)) / static_cast<double>(tried);
  // Enough calls that the time between two marks is long beside what a mark and a replay cost.
  constexpr double enough = 400.0;
  std::size_t calls = static_cast<std::size_t>((std::min)(std::ceil(enough / (std::max)(about, 0.1)), 256.0));
  if (how_.smoke) calls = 1;
  calls = (calls + sets - 1) / sets * sets;

  const auto all = [&] {
    for (std::size_t call = 0; call < calls; ++call) work(call % sets);
  };
  cuda::graph captured;
  try {
    captured.capture(on, all);
  } catch (const std::exception&) {
    captured = cuda::graph();  // what is really wrong shows when the calls are queued
  }
  const auto queue = [&] {
    if (captured.empty()) {
      all();
    } else {
      captured.launch(on);
    }
  };
  for (int warm_up = 0; warm_up < 3; ++warm_up) queue();
  const std::size_t samples = static_cast<std::size_t>(how_.samples);
  std::vector<cuda::event> begins, ends;
  for (std::size_t sample = 0; sample < samples; ++sample) {
    begins.emplace_back(on);
    ends.emplace_back(on);
  }
  for (std::size_t sample = 0; sample < samples; ++sample) {
    begins[sample].record(on);
    queue();
    ends[sample].record(on);
  }
  on.synchronize();
  std::vector<double> times;
  for (std::size_t sample = 0; sample < samples; ++sample) {
    times.push_back(1e3 * static_cast<double>(ends[sample].milliseconds_since(begins[sample])) / static_cast<double>(calls));
  }
  return median(std::move(times));
}

double runner::time_waiting(const std::function<void()>& work) const {
  using clock = std::chrono::steady_clock;
  for (int warm_up = 0; warm_up < 10; ++warm_up) work();
  std::vector<double> times;
  for (int sample = 0; sample < 10 * how_.samples; ++sample) {
    const auto begin = clock::now();
    work();
    times.push_back(std::chrono::duration<double, std::micro>(clock::now() - begin).count());
  }
  return median(std::move(times));
}

double runner::share(double operations, double bytes, cuda::math precision, double microseconds) const {
  const double least = (std::max)(operations / most_.products(precision), bytes / most_.copy);
  return least / (microseconds * 1e-6);
}

void runner::report(measurement measured) {
  const double ratio = measured.peer_microseconds / measured.microseconds;
  const std::string share = std::isfinite(measured.share) ? cell(100.0 * measured.share, 0) + "%" : "-";
  char difference[32] = "";
  if (std::isfinite(measured.difference)) std::snprintf(difference, sizeof difference, "%.1e", measured.difference);
  std::printf("%-32s %-28s %-8s %10.2f %10s %-8s %5s  %-10s %10s %6s  %s\n", measured.of.name.c_str(),
              measured.of.shape.c_str(), measured.of.precision.c_str(), measured.microseconds,
              cell(measured.rate, measured.rate < 1000.0 ? 2 : 0).c_str(), measured.unit.c_str(), share.c_str(),
              measured.peer.c_str(), cell(measured.peer_microseconds, 2).c_str(), cell(ratio, 2).c_str(), difference);
  std::fflush(stdout);
  all_.push_back(std::move(measured));
}

void runner::fail(const std::string& what) {
  std::printf("WRONG: %s\n", what.c_str());
  failures_.push_back(what);
}

bool runner::finish() const {
  struct sums {
    double ratio = 0.0, share = 0.0;
    int ratios = 0, shares = 0;
  };
  std::map<std::string, sums> groups;
  for (const measurement& each : all_) {
    if (each.peer.empty() || !std::isfinite(each.peer_microseconds)) continue;
    sums& group = groups[each.of.name + " " + each.of.precision + " against " + each.peer];
    group.ratio += std::log(each.peer_microseconds / each.microseconds);
    ++group.ratios;
    if (!std::isfinite(each.share)) continue;
    group.share += std::log(each.share);
    ++group.shares;
  }
  if (!groups.empty()) std::printf("geometric means; a ratio above 1: faster than the peer\n");
  for (const auto& [name, group] : groups) {
    std::printf("  %-60s %3d shapes  ratio %.2f", name.c_str(), group.ratios, std::exp(group.ratio / group.ratios));
    if (group.shares > 0) std::printf("  share of the ceilings %.0f%%", 100.0 * std::exp(group.share / group.shares));
    std::printf("\n");
  }
  for (const std::string& failure : failures_) std::printf("failed: %s\n", failure.c_str());
  if (all_.empty()) std::printf("failed: no case was run\n");
  return failures_.empty() && !all_.empty();
}

void runner::write_json(const std::string& path) const {
  std::ostringstream text;
  text << "{\n \"device\": \"" << on().device().name << "\",\n \"date\": \"" << today()
       << "\",\n \"ceilings\": {\"copy\": " << json_number(most_.copy) << ", \"float32\": " << json_number(most_.float32)
       << ", \"tf32\": " << json_number(most_.tf32) << ", \"bf16\": " << json_number(most_.bf16) << "},\n \"results\": [";
  const char* separator = "\n";
  for (const measurement& each : all_) {
    text << separator << "  {\"name\": \"" << each.of.name << "\", \"shape\": \"" << each.of.shape << "\", \"precision\": \""
         << each.of.precision << "\", \"numbers\": {";
    for (std::size_t i = 0; i < each.of.numbers.size(); ++i) {
      text << (i == 0 ? "\"" : ", \"") << each.of.numbers[i].first << "\": " << each.of.numbers[i].second;
    }
    text << "},\n   \"microseconds\": " << json_number(each.microseconds) << ", \"rate\": " << json_number(each.rate)
         << ", \"unit\": \"" << each.unit << "\", \"share\": " << json_number(each.share) << ", \"peer\": \"" << each.peer
         << "\", \"peer_microseconds\": " << json_number(each.peer_microseconds)
         << ", \"difference\": " << json_number(each.difference) << "}";
    separator = ",\n";
  }
  text << "\n ]\n}\n";
  std::ofstream file(path, std::ios::binary);
  file << text.str();
  if (!file.flush()) throw mmrec::io_error("bench_cuda", path, "cannot be written");
}

}  // namespace bench

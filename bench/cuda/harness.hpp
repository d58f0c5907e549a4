// bench/cuda/harness.hpp - how work on a device is timed, beside which ceilings, and how it is reported.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <mmrec/exec/cuda/buffer.hpp>
#include <mmrec/exec/cuda/config.hpp>
#include <mmrec/exec/cuda/context.hpp>

namespace bench {

namespace cuda = mmrec::cuda;

struct settings {
  int device = 0;
  int samples = 41;         ///< whose median counts
  bool search = true;       ///< peers try all their algorithms first; else they take what they believe to be the fastest
  bool smoke = false;       ///< tiny sizes: shows that every case runs, and nothing else
  std::string filter = {};  ///< a regular expression that names match; empty: all
};

/// What is timed. The numbers are what another program needs to time the same.
struct description {
  std::string name;
  std::string shape;
  std::string precision = "float32";
  std::vector<std::pair<std::string, std::size_t>> numbers = {};
};

inline constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

struct measurement {
  description of;
  double microseconds = 0.0;
  double rate = 0.0;
  std::string unit = "GB/s";
  double share = unknown;  ///< of the rate that the ceilings allow
  std::string peer = {};
  double peer_microseconds = unknown;
  double difference = unknown;  ///< of the results from the peer's, beside their size
};

/// What the device was seen to reach, in bytes and operations a second.
struct ceilings {
  double copy = 0.0, float32 = 0.0, tf32 = 0.0, bf16 = 0.0;
  double products(cuda::math precision) const {
    return precision == cuda::math::float32 ? float32 : precision == cuda::math::tf32 ? tf32 : bf16;
  }
};

std::string name_of(cuda::math precision);
/// Numbers spread evenly over low .. high, queued.
void fill_uniform(const cuda::context& on, std::size_t count, std::uint32_t key, float low, float high, float* to);
/// bfloat16 of each number, rounded to nearest, queued.
void round_to_bf16(const cuda::context& on, std::size_t count, const float* from, std::uint16_t* to);
void widen_bf16(const cuda::context& on, std::size_t count, const std::uint16_t* from, float* to);
/// |a - b| / |b|; not a number where one of them is not. Waits.
double relative_difference(const cuda::context& on, std::size_t count, const float* a, const float* b);

/// Stretches of a block of memory, one after the other, each at a multiple of 256 bytes.
class stretches {
 public:
  explicit stretches(std::size_t capacity) : capacity_(capacity) {}
  /// Where the next `count` numbers begin. Throws limit_error when the block is used up.
  std::size_t take(std::size_t count);

 private:
  std::size_t capacity_, used_ = 0;
};

class runner {
 public:
  /// Measures the ceilings. Throws unavailable where there is no device.
  explicit runner(const settings& how);

  const settings& how() const { return how_; }
  const ceilings& most() const { return most_; }
  const cuda::context& on(cuda::math precision = cuda::math::float32) const {
    return *contexts_[static_cast<std::size_t>(precision)];
  }

  /// Random numbers for inputs, the same as bfloat16, and memory for results: `capacity` numbers each.
  std::size_t capacity() const { return capacity_; }
  const float* numbers() const { return numbers_.on(on()); }
  const std::uint16_t* bf16_numbers() const { return bf16_numbers_.on(on()); }
  float* results() { return results_.on(on()); }

  /// Sets of inputs and results to go round, so that together they are twice as large as the cache. At most 64: what is
  /// smaller stays in the cache, as it does in a network.
  std::size_t sets(std::size_t bytes) const;
  bool wanted(const description& of) const;

  /// Median microseconds of device time of work(set), queued again and again with the sets in turn: a graph of such calls
  /// is replayed, or the calls are queued one by one where they cannot be captured.
  double time(const cuda::context& on, std::size_t sets, const std::function<void(std::size_t)>& work) const;
  /// Median microseconds of the host's clock for work(), which waits for the device.
  double time_waiting(const std::function<void()>& work) const;

  /// Prints a line.
  void report(measurement measured);
  /// The share of the ceilings' rate of work that has to do so many operations and move so many bytes.
  double share(double operations, double bytes, cuda::math precision, double microseconds) const;
  /// A result that differs too much from the peer's, or is not finite.
  void fail(const std::string& what);

  /// Prints geometric means, and what failed. False if anything did.
  bool finish() const;
  /// Throws io_error.
  void write_json(const std::string& path) const;

 private:
  void measure_ceilings();
  double product_rate(cuda::math precision, std::size_t size);

  settings how_;
  std::vector<std::unique_ptr<cuda::context>> contexts_;
  std::size_t cache_bytes_ = 0;
  std::size_t capacity_ = 0;
  cuda::buffer<float> numbers_;
  cuda::buffer<std::uint16_t> bf16_numbers_;
  cuda::buffer<float> results_;
  ceilings most_;
  std::vector<measurement> all_;
  std::vector<std::string> failures_;
};

// The cases, by file.
void time_convolutions(runner& run);
void time_memory_bound(runner& run);
void time_networks(runner& run);

}  // namespace bench

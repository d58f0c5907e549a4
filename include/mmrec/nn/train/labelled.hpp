// mmrec/nn/train/labelled.hpp - examples with what a network should make of them.
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include <mmrec/core/error.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/nn/train/examples.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// Examples and what the network should make of them: targets are what the loss compares with, so many an example.
template <class Source, class Target>
struct labelled {
  Source examples;
  std::span<const Target> targets;

  labelled(Source source, std::span<const Target> wanted) : examples(std::move(source)), targets(wanted) {}
};
template <class Source, class Targets>
labelled(Source, const Targets&) -> labelled<Source, typename Targets::value_type>;

namespace detail {

/// How many targets an example has, after a look at all of them. Losses that compare outputs with each other say that they
/// need none.
template <std::size_t Width, class T, class Loss, class Source, class Target>
std::size_t require_targets(std::string_view function, const Loss& loss, const labelled<Source, Target>& data) {
  require_same_sizes(function, data.examples);
  if constexpr (requires { requires !Loss::needs_targets; }) {
    if (data.targets.empty()) return 0;
  }
  const std::size_t count = data.examples.size();
  const std::size_t each = std::is_same_v<Target, T> ? Width : 1;
  require_size(function, "targets", count * each, data.targets.size());
  loss.check_targets(function, data.targets.data(), count, Width);
  return each;
}

/// Streams of a training's seed.
enum class training_stream : std::uint64_t { shuffle = 1, passes, variation };
inline seed stream_of(seed key, training_stream stream) { return key.derive(static_cast<std::uint64_t>(stream)); }
/// The order in which an epoch takes the examples.
inline void shuffle_epoch(seed key, std::uint64_t epoch, std::span<std::uint32_t> order) {
  std::iota(order.begin(), order.end(), std::uint32_t{0});
  random_stream(stream_of(key, training_stream::shuffle), epoch).shuffle(order);
}
/// What dropout and the like use in mini-batch `number` of the training.
inline seed pass_key(seed key, std::uint64_t number) { return stream_of(key, training_stream::passes).derive(number); }
/// What the variation of an epoch's examples derives from.
inline seed variation_key(seed key, std::uint64_t epoch) { return stream_of(key, training_stream::variation).derive(epoch); }

/// A number that other examples, targets or batches are unlikely to have; never 0.
template <class Source, class Target>
std::uint64_t fingerprint_of(const labelled<Source, Target>& data, std::size_t batch_size) {
  seed mixed = seed{data.examples.size()}.derive(batch_size);
  for (const Target target : data.targets) {
    std::uint64_t bits = 0;
    if constexpr (std::is_floating_point_v<Target>) {
      bits = std::bit_cast<std::uint64_t>(static_cast<double>(target));
    } else {
      bits = target;
    }
    mixed = mixed.derive(bits);
  }
  return mixed.value | 1;
}

}  // namespace detail
}  // namespace nn
}  // namespace mmrec::inline v0

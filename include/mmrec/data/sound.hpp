// mmrec/data/sound.hpp - mono waveforms: views, owners, columns.
#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace mmrec::inline v0 {
namespace data {

/// Samples in -1..1 and how many of them make a second.
struct sound_view {
  std::span<const float> samples;
  std::uint32_t rate = 0;
};

/// Anything that has a size and gives a sound for an index.
template <class B>
concept sound_batch = requires(const B& batch, std::size_t index) {
  { batch.size() } -> std::convertible_to<std::size_t>;
  { batch[index] } -> std::convertible_to<sound_view>;
};

/// An owned waveform that keeps its memory between uses.
struct sound {
  std::vector<float> samples;
  std::uint32_t rate = 0;

  sound_view view() const { return {samples, rate}; }
  operator sound_view() const { return view(); }  // NOLINT: implicit, so that a vector of sounds is a batch
  friend bool operator==(const sound&, const sound&) = default;
};

/// Waveforms one after another in one block of memory.
class sound_column {
 public:
  void push_back(const sound_view& sound) {
    samples_.insert(samples_.end(), sound.samples.begin(), sound.samples.end());
    starts_.push_back(samples_.size());
    rates_.push_back(sound.rate);
  }
  std::size_t size() const { return rates_.size(); }
  sound_view operator[](std::size_t index) const {
    return {std::span(samples_).subspan(starts_[index], starts_[index + 1] - starts_[index]), rates_[index]};
  }

 private:
  std::vector<float> samples_;
  std::vector<std::size_t> starts_{0};
  std::vector<std::uint32_t> rates_;
};

}  // namespace data
}  // namespace mmrec::inline v0

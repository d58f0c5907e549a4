// mmrec/audio/resample.hpp - sounds of one rate out of sounds of any rate.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <mmrec/audio/detail/resampler.hpp>
#include <mmrec/audio/detail/sounds.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/core/limits.hpp>
#include <mmrec/data/sound.hpp>

namespace mmrec::inline v0 {
namespace audio {

/// Gives all sounds one rate, by band-limited interpolation. It learns nothing and is its own model.
///
/// Shapes     in  N sounds of any rates and lengths; out N sounds of ceil(samples * rate / old rate) samples
/// Cost       2 zeros multiplications a sample of the output, or of the input where that has more; a filter of about
///            2 zeros * rate / gcd(rate, old rate) numbers for each rate met
/// Result     what lies above half the lower rate is weakened by `attenuation`; what lies below (1 - transition) of it
///            passes, transition = (attenuation - 8) / (14.4 zeros): 0.08 with the defaults. Beyond its ends a sound is
///            0. Sounds of the wanted rate pass unchanged. Same bits for any number of threads, in a batch or alone
/// Throws     invalid_config for a rate outside 1..2^20, zeros outside 4..512, attenuation outside 21..160 dB or too much
///            for the zeros; data_error for a sound whose rate is not in 1..2^20 or that has a sample that is not finite;
///            limit_error for a filter above 2^24 numbers (large rates without a common divisor) or an absurd length
/// Example    audio::resample{.rate = 16000} | audio::log_mel{}
/// Reference  Smith, "Digital audio resampling home page", CCRMA, 2002; Kaiser, "Nonrecursive digital filter design using the
///            I0-sinh window function", IEEE ISCAS 1974
struct resample {
  using input_kind = kind::sound;
  using output_kind = kind::sound;
  /// Memory of one thread: the filters of the last rates met.
  struct workspace {
    std::vector<detail::resampler> filters;
  };

  int rate = 16000;           ///< samples a second that are wanted
  int zeros = 64;             ///< zero crossings of the filter on each side: more are steeper
  double attenuation = 80.0;  ///< in decibels

  template <executor Exec, data::sound_batch Batch>
  resample fit(const Exec&, const Batch&) const {
    require_valid("audio::resample::fit");
    return *this;
  }
  template <executor Exec, data::sound_batch Batch>
  std::vector<data::sound> transform(const Exec& exec, const Batch& batch) const {
    constexpr std::string_view function = "audio::resample::transform";
    require_valid(function);
    workspace shared;  // read by all tasks, written by none
    for (std::size_t index = 0; index < batch.size(); ++index) {
      const data::sound_view in = batch[index];
      require_source(function, index, in.rate);
      filter_from(in.rate, shared);
    }
    std::vector<data::sound> out(batch.size());
    for_ranges(exec, batch.size(), detail::sounds_per_task, [&](std::size_t begin, std::size_t end) {
      for (std::size_t index = begin; index < end; ++index) {
        const data::sound_view in = batch[index];
        convert(function, index, in, *find(in.rate, shared), out[index]);
      }
    });
    return out;
  }
  void transform_one(const data::sound_view& in, data::sound& out, workspace& scratch) const {
    constexpr std::string_view function = "audio::resample::transform_one";
    require_valid(function);
    require_source(function, 0, in.rate);
    // A stream of sounds with rates of all sorts must not fill the memory.
    constexpr std::size_t most_filters = 16;
    if (scratch.filters.size() == most_filters && find(in.rate, scratch) == nullptr) scratch.filters.clear();
    convert(function, 0, in, filter_from(in.rate, scratch), out);
  }

  friend bool operator==(const resample&, const resample&) = default;

 private:
  static constexpr int largest_rate = 1 << 20;

  void require_valid(std::string_view function) const {
    require_config(rate >= 1 && rate <= largest_rate, function, "rate", "must be in 1..1048576");
    require_config(zeros >= 4 && zeros <= 512, function, "zeros", "must be in 4..512");
    require_config(attenuation >= 21.0 && attenuation <= 160.0, function, "attenuation", "must be in 21..160");
    require_config(attenuation - 8.0 <= 7.0 * zeros, function, "attenuation", "is too much for so few zeros");
  }
  static void require_source(std::string_view function, std::size_t index, std::uint32_t from) {
    if (from >= 1 && from <= static_cast<std::uint32_t>(largest_rate)) return;
    throw data_error(function,
                     detail::sound_name(index) + " has a rate of " + std::to_string(from) + ", outside 1..1048576");
  }
  const detail::resampler* find(std::uint32_t from, const workspace& scratch) const {
    const auto found = std::find_if(scratch.filters.begin(), scratch.filters.end(), [&](const detail::resampler& filter) {
      return filter.is(from, static_cast<std::uint32_t>(rate), zeros, attenuation);
    });
    return found == scratch.filters.end() ? nullptr : &*found;
  }
  const detail::resampler& filter_from(std::uint32_t from, workspace& scratch) const {
    if (const auto* found = find(from, scratch)) return *found;
    scratch.filters.emplace_back(from, static_cast<std::uint32_t>(rate), zeros, attenuation);
    return scratch.filters.back();
  }
  void convert(std::string_view function, std::size_t index, const data::sound_view& in, const detail::resampler& filter,
               data::sound& out) const {
    detail::require_finite(function, index, in.samples);
    const std::uint64_t longest = limits{}.sound_samples;
    const std::size_t size = in.samples.size() > longest ? in.samples.size() : filter.output_size(in.samples.size());
    if (size > longest) throw limit_error(function, "samples of a sound", longest, size);
    out.rate = static_cast<std::uint32_t>(rate);
    out.samples.resize(size);
    filter.apply(in.samples, out.samples);
  }
};

}  // namespace audio
}  // namespace mmrec::inline v0

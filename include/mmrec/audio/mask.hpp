// mmrec/audio/mask.hpp - spectra with parts blanked out, so that a network does not rely on any one part.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <mmrec/core/error.hpp>
#include <mmrec/core/random.hpp>

namespace mmrec::inline v0 {
namespace audio {

/// How many stretches of time and of bands are blanked out, and how long each is at most.
struct masking {
  int time_masks = 2;
  int time_steps = 20;  ///< most steps of one; its length is uniform in 0..time_steps, or 0..T if that is less
  int band_masks = 2;
  int bands = 8;       ///< most bands of one
  float value = 0.0f;  ///< what is written: 0 suits data whose mean is 0

  friend bool operator==(const masking&, const masking&) = default;
};

/// Blanks out random stretches of a sequence, in place; for training, anew in each epoch.
///
/// Shapes     values: steps x width
/// Result     depends on the state of `random` alone; draws two numbers a mask, whatever their outcome
/// Throws     shape_error when the values are not steps x width; invalid_config for a negative count or length
/// Example    random_stream random(key.derive(epoch), item); audio::mask(values, steps, width, {.time_steps = 10}, random);
/// Reference  Park et al., "SpecAugment: a simple data augmentation method for automatic speech recognition", Interspeech 2019
template <class T>
void mask(std::span<T> values, std::size_t steps, std::size_t width, const masking& spec, random_stream& random) {
  constexpr std::string_view function = "audio::mask";
  require_size(function, "numbers of the sequence", steps * width, values.size());
  require_config(spec.time_masks >= 0, function, "time_masks", "must not be negative");
  require_config(spec.time_steps >= 0, function, "time_steps", "must not be negative");
  require_config(spec.band_masks >= 0, function, "band_masks", "must not be negative");
  require_config(spec.bands >= 0, function, "bands", "must not be negative");
  struct stretch {
    std::size_t begin;
    std::size_t length;
  };
  const auto draw = [&](std::size_t most, std::size_t whole) {
    const std::size_t length = random.below(static_cast<std::uint32_t>((std::min)(most, whole)) + 1);
    return stretch{random.below(static_cast<std::uint32_t>(whole - length) + 1), length};
  };
  const auto value = static_cast<T>(spec.value);
  for (int i = 0; i < spec.time_masks; ++i) {
    const stretch part = draw(static_cast<std::size_t>(spec.time_steps), steps);
    const auto rows = values.subspan(part.begin * width, part.length * width);
    std::fill(rows.begin(), rows.end(), value);
  }
  for (int i = 0; i < spec.band_masks; ++i) {
    const stretch part = draw(static_cast<std::size_t>(spec.bands), width);
    for (std::size_t step = 0; step < steps; ++step) {
      const auto row = values.subspan(step * width + part.begin, part.length);
      std::fill(row.begin(), row.end(), value);
    }
  }
}

}  // namespace audio
}  // namespace mmrec::inline v0

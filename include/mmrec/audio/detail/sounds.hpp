// mmrec/audio/detail/sounds.hpp - checks on sounds, and the loop over a batch of them.
#pragma once
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/data/sequences.hpp>
#include <mmrec/data/sound.hpp>

namespace mmrec::inline v0 {
namespace audio::detail {

/// Sounds of one batch that one task works on; few, because their lengths differ.
inline constexpr std::size_t sounds_per_task = 4;

inline std::string sound_name(std::size_t index) { return "sound " + std::to_string(index); }

/// Throws data_error naming the first sample that is NaN or infinite.
inline void require_finite(std::string_view function, std::size_t index, std::span<const float> samples) {
  constexpr std::uint32_t exponent = 0x7f800000;
  bool all = true;  // without an early exit, so that the loop becomes vectors
  for (const float x : samples) all &= (std::bit_cast<std::uint32_t>(x) & exponent) != exponent;
  if (all) return;
  std::size_t at = 0;
  while (std::isfinite(samples[at])) ++at;
  throw data_error(function, sound_name(index) + ": sample " + std::to_string(at) + " is not finite");
}

inline void require_rate(std::string_view function, std::size_t index, std::uint32_t expected, std::uint32_t rate) {
  if (rate == expected) return;
  throw data_error(function, sound_name(index) + " has " + std::to_string(rate) + " samples a second where " +
                                 std::to_string(expected) + " are wanted; put audio::resample before this stage");
}

/// The rate of the first sound, which decides over that of the others. Throws data_error when there is none.
template <data::sound_batch Batch>
std::uint32_t first_rate(std::string_view function, const Batch& batch) {
  if (batch.size() == 0) throw data_error(function, "no sounds to learn the rate from");
  const data::sound_view first = batch[0];
  if (first.rate == 0) throw data_error(function, sound_name(0) + " has a rate of 0");
  return first.rate;
}

/// A sequence for each sound: model.steps(sound), model.width(), model.describe(function, index, sound, out, workspace).
template <class Model, executor Exec, data::sound_batch Batch>
data::sequences<float> describe_all(std::string_view function, const Model& model, const Exec& exec, const Batch& batch) {
  std::vector<std::size_t> lengths(batch.size());
  for (std::size_t index = 0; index < batch.size(); ++index) {
    lengths[index] = model.steps(static_cast<data::sound_view>(batch[index]).samples.size());
  }
  data::sequences<float> out(lengths, model.width());
  for_ranges(exec, batch.size(), sounds_per_task, [&](std::size_t begin, std::size_t end) {
    typename Model::workspace scratch;
    for (std::size_t index = begin; index < end; ++index) {
      model.describe(function, index, batch[index], out.rows(index).data(), scratch);
    }
  });
  return out;
}

}  // namespace audio::detail
}  // namespace mmrec::inline v0

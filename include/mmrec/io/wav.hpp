// mmrec/io/wav.hpp - sounds in WAV files.
#pragma once
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>

#include <mmrec/core/error.hpp>
#include <mmrec/core/limits.hpp>
#include <mmrec/data/sound.hpp>
#include <mmrec/io/atomic_file.hpp>
#include <mmrec/io/detail/wav_format.hpp>
#include <mmrec/io/file.hpp>

namespace mmrec::inline v0 {
namespace io {

/// Which sound is made of a file with several channels.
struct wav_options {
  static constexpr int mean = -1;
  int channel = mean;  ///< one channel, counted from 0, or the mean of all

  friend bool operator==(const wav_options&, const wav_options&) = default;
};

/// How the samples of a file are written.
enum class wav_encoding {
  pcm16,    ///< 16-bit integers: 96 dB, samples in -1..1
  float32,  ///< as they are
};

/// Reads the bytes of a WAV file: integers of 8, 16, 24 or 32 bits, or floating point numbers of 32 or 64, plain or as
/// WAVE_FORMAT_EXTENSIBLE. Integers become numbers in -1..1.
///
/// Cost       one copy; memory is taken only after the header was found to match the file's size
/// Result     finite samples at the rate of the file
/// Throws     parse_error naming `source` and the byte for anything that is not exactly one such sound: sizes that
///            contradict each other or the file's, a missing, repeated or late "fmt " chunk, a codec, a channel that is not
///            there, NaN and infinity; limit_error, before any memory is taken, for more samples than bounds.sound_samples
/// Reference  Microsoft, IBM, "Multimedia programming interface and data specifications 1.0", 1991; RFC 2361
inline data::sound parse_wav(std::string_view bytes, std::string_view source, const wav_options& options = {},
                             const limits& bounds = {}) {
  static_assert(std::endian::native == std::endian::little,
                "mmrec reads and writes .wav files on little-endian machines only");
  require_config(options.channel >= wav_options::mean, "io::parse_wav", "channel", "must be -1 or a channel's number");
  const detail::wav_layout layout = detail::parse_wav_layout(bytes, source);
  const std::size_t channels = layout.channels;
  if (options.channel >= 0 && static_cast<std::size_t>(options.channel) >= channels) {
    throw parse_error(source, 0, 0,
                      "has " + std::to_string(channels) + " channels where channel " + std::to_string(options.channel) +
                          " (from 0) is wanted");
  }
  const std::size_t count = layout.data_size / layout.block;
  if (count > bounds.sound_samples) throw limit_error(source, "samples of a sound", bounds.sound_samples, count);
  const std::size_t first = options.channel >= 0 ? static_cast<std::size_t>(options.channel) : 0;
  const std::size_t last = options.channel >= 0 ? first + 1 : channels;
  const double share = 1.0 / static_cast<double>(last - first);
  const std::size_t width = layout.block / channels;
  data::sound result;
  result.rate = layout.rate;
  result.samples.resize(count);
  const char* frame = bytes.data() + layout.data_begin;
  for (std::size_t i = 0; i < count; ++i, frame += layout.block) {
    double sum = 0.0;
    for (std::size_t channel = first; channel < last; ++channel) {
      const double sample = detail::wav_sample(frame + channel * width, layout);
      if (!std::isfinite(static_cast<float>(sample))) {
        throw parse_error(source, 0, 0,
                          "holds a sample that is not a finite float, at byte " +
                              std::to_string(layout.data_begin + i * layout.block + channel * width));
      }
      sum += sample;
    }
    result.samples[i] = static_cast<float>(sum * share);
  }
  return result;
}

/// Reads a WAV file; see parse_wav and read_file.
inline data::sound read_wav(const std::filesystem::path& path, const wav_options& options = {}, const limits& bounds = {}) {
  return parse_wav(read_file(path, bounds), path.native(), options, bounds);
}

/// The bytes of a WAV file with one channel.
///
/// Result     parse_wav gives the same samples, rounded to multiples of 2^-15 for 16 bits, where 1 becomes 1 - 2^-15
/// Throws     invalid_config for a rate of 0 or above 1,048,576; data_error for samples that are not finite or, for 16 bits,
///            outside -1..1; limit_error for more than 4 GiB
inline std::string format_wav(const data::sound_view& sound, wav_encoding encoding = wav_encoding::pcm16) {
  constexpr std::string_view function = "io::format_wav";
  require_config(sound.rate >= 1 && sound.rate <= detail::wav_largest_rate, function, "rate", "must be in 1..1048576");
  const bool integers = encoding == wav_encoding::pcm16;
  const std::size_t width = integers ? 2 : 4;
  const std::size_t most = (std::numeric_limits<std::uint32_t>::max)() / width - 64;
  if (sound.samples.size() > most) throw limit_error(function, "samples of a WAV file", most, sound.samples.size());
  std::string bytes = detail::format_wav_header(integers, static_cast<std::uint32_t>(width), sound.rate,
                                                static_cast<std::uint32_t>(sound.samples.size()));
  bytes.reserve(bytes.size() + sound.samples.size() * width);
  for (std::size_t i = 0; i < sound.samples.size(); ++i) {
    const float x = sound.samples[i];
    if (!std::isfinite(x) || (integers && std::abs(x) > 1.0f)) {
      throw data_error(function,
                       "sample " + std::to_string(i) + (std::isfinite(x) ? " is outside -1..1" : " is not finite"));
    }
    if (integers) {
      const double scaled = std::nearbyint(static_cast<double>(x) * 32768.0);
      const auto value = static_cast<std::int16_t>(scaled > 32767.0 ? 32767.0 : scaled);
      const auto raw = std::bit_cast<std::array<char, 2>>(value);
      bytes.append(raw.data(), raw.size());
    } else {
      const auto raw = std::bit_cast<std::array<char, 4>>(x);
      bytes.append(raw.data(), raw.size());
    }
  }
  return bytes;
}

/// Writes a WAV file, whole or not at all (see atomic_file). Throws what format_wav does, or io_error.
inline void write_wav(const std::filesystem::path& path, const data::sound_view& sound,
                      wav_encoding encoding = wav_encoding::pcm16) {
  write_file(path, format_wav(sound, encoding));
}

}  // namespace io
}  // namespace mmrec::inline v0

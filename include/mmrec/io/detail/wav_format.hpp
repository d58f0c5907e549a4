// mmrec/io/detail/wav_format.hpp - the chunks of WAV files, and how samples lie in them.
#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <mmrec/core/error.hpp>

namespace mmrec::inline v0 {
namespace io::detail {

inline constexpr std::uint32_t wav_largest_rate = 1u << 20;
inline constexpr std::uint32_t wav_most_channels = 64;

/// Where the samples are and what they are. A block holds one sample of each channel.
struct wav_layout {
  bool floating = false;
  std::uint32_t bits = 0;
  std::uint32_t channels = 0;
  std::uint32_t rate = 0;
  std::size_t block = 0;
  std::size_t data_begin = 0;
  std::size_t data_size = 0;
};

template <class T>
T wav_number(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

/// Reads the chunks of a file whose bytes are all there.
class wav_parser {
 public:
  wav_parser(std::string_view bytes, std::string_view source) : bytes_(bytes), source_(source) {}

  wav_layout parse() {
    if (bytes_.starts_with("RIFX") || bytes_.starts_with("RF64")) {
      fail(0, "is of the kind " + std::string(bytes_.substr(0, 4)) + ", which is not read; RIFF is");
    }
    if (!bytes_.starts_with("RIFF")) fail(0, "is not a WAV file");
    if (bytes_.size() < 12) fail(bytes_.size(), "ends within its header");
    if (bytes_.substr(8, 4) != "WAVE") fail(8, "is a RIFF file, but not of sound");
    const std::uint32_t size = word(4);
    if (size != bytes_.size() - 8) {
      fail(4, "says that it has " + std::to_string(std::uint64_t{size} + 8) + " bytes, but has " +
                  std::to_string(bytes_.size()));
    }
    wav_layout layout;
    bool has_format = false, has_data = false;
    std::size_t at = 12;
    while (at < bytes_.size()) {
      if (bytes_.size() - at < 8) fail(at, "ends within the header of a chunk");
      const std::string_view name = bytes_.substr(at, 4);
      const std::size_t length = word(at + 4), begin = at + 8;
      for (const char c : name) {
        if (c < ' ' || c > '~') fail(at, "has a chunk whose name is not text");
      }
      if (length > bytes_.size() - begin) fail(at + 4, "has a chunk \"" + std::string(name) + "\" that goes past its end");
      if (name == "fmt ") {
        if (has_format) fail(at, "has two \"fmt \" chunks");
        has_format = true;
        parse_format(begin, length, layout);
      } else if (name == "data") {
        if (!has_format) fail(at, "has samples before it says what they are");
        if (has_data) fail(at, "has two \"data\" chunks");
        has_data = true;
        if (length % layout.block != 0) fail(at + 4, "ends within a block of samples");
        layout.data_begin = begin;
        layout.data_size = length;
      }
      at = begin + length;
      if (length % 2 != 0) {  // chunks begin at even places
        if (at == bytes_.size()) fail(at, "lacks the byte that fills up its last chunk");
        ++at;
      }
    }
    if (!has_data) fail(bytes_.size(), has_format ? "has no samples" : "has neither format nor samples");
    return layout;
  }

 private:
  static constexpr std::uint32_t integers = 1, floats = 3, extensible = 0xfffe;

  [[noreturn]] void fail(std::size_t at, const std::string& what) const {
    throw parse_error(source_, 0, 0, what + " (at byte " + std::to_string(at) + ')');
  }
  std::uint32_t word(std::size_t at) const { return wav_number<std::uint32_t>(bytes_.data() + at); }
  std::uint32_t half(std::size_t at) const { return wav_number<std::uint16_t>(bytes_.data() + at); }

  void parse_format(std::size_t at, std::size_t length, wav_layout& layout) const {
    if (length != 16 && length != 18 && length != 40) {
      fail(at, "has a \"fmt \" chunk of " + std::to_string(length) + " bytes; 16, 18 and 40 are read");
    }
    std::uint32_t tag = half(at);
    layout.channels = half(at + 2);
    layout.rate = word(at + 4);
    layout.bits = half(at + 14);
    if (length >= 18 && half(at + 16) != length - 18) fail(at + 16, "contradicts itself about the length of its format");
    if ((tag == extensible) != (length == 40)) fail(at, "has a format of a length that does not belong to its tag");
    if (tag == extensible) tag = extended_tag(at, layout.bits);
    layout.floating = tag == floats;
    if (tag != integers && tag != floats) {
      fail(at, "holds samples of format " + std::to_string(tag) + "; integers (1) and floating point numbers (3) are read");
    }
    const bool known = layout.floating ? layout.bits == 32 || layout.bits == 64
                                       : layout.bits == 8 || layout.bits == 16 || layout.bits == 24 || layout.bits == 32;
    if (!known) fail(at + 14, "holds samples of " + std::to_string(layout.bits) + " bits, which are not read");
    if (layout.channels < 1 || layout.channels > wav_most_channels) {
      fail(at + 2, "has " + std::to_string(layout.channels) + " channels; 1 to 64 are read");
    }
    if (layout.rate < 1 || layout.rate > wav_largest_rate) {
      fail(at + 4, "has " + std::to_string(layout.rate) + " samples a second; 1 to 1048576 are read");
    }
    layout.block = layout.channels * layout.bits / 8;
    if (half(at + 12) != layout.block) fail(at + 12, "contradicts itself about the bytes of a block of samples");
    if (word(at + 8) != layout.rate * layout.block) fail(at + 8, "contradicts itself about the bytes of a second");
  }

  std::uint32_t extended_tag(std::size_t at, std::uint32_t bits) const {
    const std::uint32_t valid = half(at + 18);
    if (valid < 1 || valid > bits) fail(at + 18, "has more valid bits in a sample than bits");
    constexpr std::string_view known("\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71", 14);
    if (bytes_.substr(at + 26, 14) != known) fail(at + 24, "holds samples of a format that is not known");
    return half(at + 24);
  }

  std::string_view bytes_;
  std::string_view source_;
};

inline wav_layout parse_wav_layout(std::string_view bytes, std::string_view source) {
  return wav_parser(bytes, source).parse();
}

/// One sample; integers are scaled to -1..1.
inline double wav_sample(const char* at, const wav_layout& layout) {
  if (layout.floating) return layout.bits == 32 ? static_cast<double>(wav_number<float>(at)) : wav_number<double>(at);
  switch (layout.bits) {
    case 8:
      return (static_cast<double>(wav_number<std::uint8_t>(at)) - 128.0) * 0x1p-7;
    case 16:
      return static_cast<double>(wav_number<std::int16_t>(at)) * 0x1p-15;
    case 24: {
      std::uint32_t raw = 0;
      std::memcpy(&raw, at, 3);
      return static_cast<double>(static_cast<std::int32_t>(raw << 8)) * 0x1p-31;
    }
    default:
      return static_cast<double>(wav_number<std::int32_t>(at)) * 0x1p-31;
  }
}

/// What stands before the samples of one channel; `fact`, which tells their number, belongs to all formats but integers.
inline std::string format_wav_header(bool integers, std::uint32_t width, std::uint32_t rate, std::uint32_t count) {
  std::string bytes;
  const auto text = [&](std::string_view part) { bytes += part; };
  const auto word = [&](std::uint32_t value) {
    const auto raw = std::bit_cast<std::array<char, 4>>(value);
    bytes.append(raw.data(), raw.size());
  };
  const auto half = [&](std::uint32_t value) {
    bytes += {static_cast<char>(value & 255), static_cast<char>(value >> 8 & 255)};
  };
  text("RIFF");
  word((integers ? 36 : 50) + count * width);
  text("WAVEfmt ");
  word(integers ? 16 : 18);
  half(integers ? 1 : 3);
  half(1);
  word(rate);
  word(rate * width);
  half(width);
  half(8 * width);
  if (!integers) {
    half(0);
    text("fact");
    word(4);
    word(count);
  }
  text("data");
  word(count * width);
  return bytes;
}

}  // namespace io::detail
}  // namespace mmrec::inline v0

#include <mmrec/io/wav.hpp>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/data.hpp"
#include "support/temporary_folder.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;
namespace io = mmrec::io;

namespace {

template <class T>
std::string raw(T value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}
std::string word(std::uint32_t value) { return raw(value); }
std::string half(std::uint32_t value) { return raw(static_cast<std::uint16_t>(value)); }

std::string chunk(std::string_view name, const std::string& content) {
  return std::string(name) + word(static_cast<std::uint32_t>(content.size())) + content +
         (content.size() % 2 == 0 ? "" : std::string(1, '\0'));
}
std::string riff(const std::string& chunks) {
  return "RIFF" + word(static_cast<std::uint32_t>(chunks.size() + 4)) + "WAVE" + chunks;
}
std::string format(std::uint32_t tag, std::uint32_t channels, std::uint32_t rate, std::uint32_t bits) {
  return half(tag) + half(channels) + word(rate) + word(rate * channels * bits / 8) + half(channels * bits / 8) + half(bits);
}
std::string extensible(std::uint32_t tag, std::uint32_t channels, std::uint32_t rate, std::uint32_t bits,
                       std::uint32_t valid) {
  return format(0xfffe, channels, rate, bits) + half(22) + half(valid) + word(3) + half(tag) +
         std::string("\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71", 14);
}
std::string file(const std::string& fmt, const std::string& samples) {
  return riff(chunk("fmt ", fmt) + chunk("data", samples));
}

std::string refusal(const std::string& bytes) {
  return test::thrown<mm::parse_error>([&] { io::parse_wav(bytes, "x.wav"); });
}

std::vector<float> samples_of(const std::string& bytes, const io::wav_options& options = {}) {
  return io::parse_wav(bytes, "x.wav", options).samples;
}

}  // namespace

TEST_CASE("every format of samples is read") {
  CHECK(samples_of(file(format(1, 1, 8000, 8), std::string("\x00\x80\xff\xc0", 4))) ==
        std::vector<float>{-1.0f, 0.0f, 127.0f / 128.0f, 0.5f});
  CHECK(samples_of(file(format(1, 1, 8000, 16), raw(std::int16_t{-32768}) + raw(std::int16_t{16384}))) ==
        std::vector<float>{-1.0f, 0.5f});
  CHECK(samples_of(file(format(1, 1, 8000, 24), std::string("\x00\x00\x80\xff\xff\xff\x00\x00\x40", 9))) ==
        std::vector<float>{-1.0f, -0x1p-23f, 0.5f});
  CHECK(samples_of(file(format(1, 1, 8000, 32), raw(std::int32_t{-2147483647 - 1}) + raw(std::int32_t{1 << 29}))) ==
        std::vector<float>{-1.0f, 0.25f});
  CHECK(samples_of(file(format(3, 1, 8000, 32), raw(0.1f) + raw(-3.5f))) == std::vector<float>{0.1f, -3.5f});
  CHECK(samples_of(file(format(3, 1, 8000, 64), raw(0.1) + raw(-3.5))) == std::vector<float>{0.1f, -3.5f});
  CHECK(samples_of(file(extensible(1, 1, 44100, 24, 20), std::string("\x00\x00\x40", 3))) == std::vector<float>{0.5f});
  CHECK(samples_of(file(extensible(3, 1, 44100, 32, 32), raw(0.25f))) == std::vector<float>{0.25f});
  CHECK(samples_of(file(format(1, 1, 8000, 16) + half(0), raw(std::int16_t{8192}))) == std::vector<float>{0.25f});
  CHECK(io::parse_wav(file(format(1, 1, 11025, 16), ""), "x.wav") == mm::data::sound{{}, 11025});
}

TEST_CASE("channels become one") {
  const std::string stereo = file(format(1, 2, 8000, 16), raw(std::int16_t{8192}) + raw(std::int16_t{16384}) +
                                                              raw(std::int16_t{-8192}) + raw(std::int16_t{8192}));
  CHECK(samples_of(stereo) == std::vector<float>{0.375f, 0.0f});
  CHECK(samples_of(stereo, {.channel = 0}) == std::vector<float>{0.25f, -0.25f});
  CHECK(samples_of(stereo, {.channel = 1}) == std::vector<float>{0.5f, 0.25f});
  CHECK_THAT(test::thrown<mm::parse_error>([&] { samples_of(stereo, {.channel = 2}); }),
             test::contains("x.wav: has 2 channels where channel 2 (from 0) is wanted"));
  CHECK_THAT(test::thrown<mm::invalid_config>([&] { samples_of(stereo, {.channel = -2}); }), test::contains("channel"));
}

TEST_CASE("other chunks are passed over, in any order that tells the format first") {
  const std::string fmt = chunk("fmt ", format(1, 1, 8000, 16)), data = chunk("data", raw(std::int16_t{16384}));
  CHECK(samples_of(riff(chunk("LIST", "abc") + fmt + chunk("fact", word(1)) + data + chunk("cue ", ""))) ==
        std::vector<float>{0.5f});
}

TEST_CASE("what contradicts itself is refused") {
  const std::string fmt = chunk("fmt ", format(1, 1, 8000, 16)), data = chunk("data", raw(std::int16_t{16384}));
  const auto with = [](std::string bytes, std::size_t at, const std::string& part) {
    return bytes.replace(at, part.size(), part);
  };
  const std::string good = riff(fmt + data);
  REQUIRE(samples_of(good).size() == 1);
  CHECK_THAT(refusal(""), test::contains("x.wav: is not a WAV file"));
  CHECK_THAT(refusal("RIFX" + good.substr(4)), test::contains("RIFX, which is not read"));
  CHECK_THAT(refusal("RF64" + good.substr(4)), test::contains("RF64, which is not read"));
  CHECK_THAT(refusal(with(good, 8, "AVI ")), test::contains("not of sound"));
  CHECK_THAT(refusal(good + '\0'), test::contains("but has 47"));
  CHECK_THAT(refusal(with(good, 4, word(0xffffffffu))), test::contains("says that it has 4294967303 bytes"));
  CHECK_THAT(refusal(riff(fmt + fmt + data)), test::contains("two \"fmt \" chunks"));
  CHECK_THAT(refusal(riff(fmt + chunk("fmt ", format(1, 2, 8000, 16)) + data)), test::contains("two \"fmt \" chunks"));
  CHECK_THAT(refusal(riff(fmt + data + data)), test::contains("two \"data\" chunks"));
  CHECK_THAT(refusal(riff(data + fmt)), test::contains("samples before it says what they are"));
  CHECK_THAT(refusal(riff(fmt)), test::contains("no samples"));
  CHECK_THAT(refusal(riff("")), test::contains("neither format nor samples"));
  CHECK_THAT(refusal(riff(fmt + "data")), test::contains("header of a chunk"));
  CHECK_THAT(refusal(riff(fmt + "data" + word(3) + "ab")), test::contains("goes past its end (at byte 40)"));
  CHECK_THAT(refusal(riff(fmt + "data" + word(0xfffffff0u) + "ab")), test::contains("goes past its end"));
  CHECK_THAT(refusal(riff(fmt + chunk("da\1a", ""))), test::contains("not text"));
  CHECK_THAT(refusal(riff(fmt + "data" + word(1) + "a")), test::contains("within a block"));
  CHECK_THAT(refusal(riff(chunk("fmt ", format(1, 1, 8000, 8)) + "data" + word(1) + "a")), test::contains("fills up"));
  CHECK_THAT(refusal(file(format(1, 1, 8000, 16) + "ab", "")), test::contains("length of its format"));
  CHECK_THAT(refusal(file(format(1, 1, 8000, 16) + "abcd", "")), test::contains("of 20 bytes"));
  CHECK_THAT(refusal(file("", "")), test::contains("of 0 bytes"));
  CHECK_THAT(refusal(file(format(0xfffe, 1, 8000, 16), "")), test::contains("does not belong to its tag"));
  CHECK_THAT(refusal(file(extensible(1, 1, 8000, 16, 17), "")), test::contains("valid bits"));
  CHECK_THAT(refusal(file(extensible(7, 1, 8000, 16, 16), "")), test::contains("format 7"));
  CHECK_THAT(refusal(with(file(extensible(1, 1, 8000, 16, 16), ""), 50, "x")), test::contains("not known"));
  CHECK_THAT(refusal(file(format(2, 1, 8000, 16), "")), test::contains("format 2"));
  for (const std::uint32_t bits : {0u, 1u, 12u, 20u, 64u}) {
    CHECK_THAT(refusal(file(format(1, 1, 8000, bits), "")), test::contains(std::to_string(bits) + " bits"));
  }
  CHECK_THAT(refusal(file(format(3, 1, 8000, 16), "")), test::contains("16 bits"));
  for (const std::uint32_t channels : {0u, 65u, 255u, 65535u}) {
    CHECK_THAT(refusal(file(format(1, channels, 8000, 16), "")), test::contains("channels; 1 to 64"));
  }
  for (const std::uint32_t rate : {0u, (1u << 20) + 1, 0x7fffffffu, 0xffffffffu}) {
    CHECK_THAT(refusal(file(format(1, 1, rate, 16), "")), test::contains("samples a second; 1 to 1048576"));
  }
  CHECK_THAT(refusal(with(good, 32, half(4))), test::contains("bytes of a block"));
  CHECK_THAT(refusal(with(good, 28, word(4))), test::contains("bytes of a second"));
}

TEST_CASE("samples that are not finite are refused") {
  const std::string fmt = format(3, 1, 8000, 32);
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity()}) {
    CHECK_THAT(refusal(file(fmt, raw(1.0f) + raw(bad))), test::contains("not a finite float, at byte 48"));
  }
  CHECK_THAT(refusal(file(format(3, 1, 8000, 64), raw(1e39))), test::contains("not a finite float"));
  const float largest = (std::numeric_limits<float>::max)();
  CHECK(samples_of(file(format(3, 2, 8000, 32), raw(largest) + raw(largest))) == std::vector<float>{largest});
}

TEST_CASE("every prefix is refused, and every damaged byte gives an error or finite samples") {
  std::vector<std::string> files;
  files.push_back(file(format(1, 1, 8000, 16), raw(std::int16_t{16384}) + raw(std::int16_t{-1})));
  files.push_back(file(format(1, 2, 8000, 8), "abcd"));
  files.push_back(file(format(3, 1, 48000, 32) + half(0), raw(1.0f) + raw(-0.5f)));
  files.push_back(
      riff(chunk("LIST", "abc") + chunk("fmt ", extensible(1, 2, 44100, 24, 24)) + chunk("data", "abcdefabcdef")));
  files.push_back(riff(chunk("fmt ", format(3, 1, 8000, 64)) + chunk("data", raw(0.5)) + chunk("note", "x")));
  std::size_t read = 0, refused = 0;
  for (const std::string& whole : files) {
    REQUIRE_NOTHROW(io::parse_wav(whole, "x.wav"));
    for (std::size_t size = 0; size < whole.size(); ++size) {
      // A copy of its own, so that a sanitizer sees a read behind it.
      const std::vector<char> part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      CHECK_THROWS_AS(io::parse_wav({part.data(), part.size()}, "x.wav"), mm::parse_error);
    }
    for (std::size_t at = 0; at < whole.size(); ++at) {
      const auto byte = static_cast<unsigned char>(whole[at]);
      for (const int damaged : {byte ^ 0xff, byte + 1, 0}) {
        std::vector<char> bytes(whole.begin(), whole.end());
        bytes[at] = static_cast<char>(damaged);
        try {
          const mm::data::sound sound = io::parse_wav({bytes.data(), bytes.size()}, "x.wav");
          ++read;
          for (const float x : sound.samples) CHECK(std::isfinite(x));
        } catch (const mm::parse_error&) {
          ++refused;
        }
      }
    }
  }
  CHECK(read > 50);
  CHECK(refused > 200);
}

TEST_CASE("limits hold before memory is taken") {
  const std::string bytes = file(format(1, 1, 8000, 8), std::string(100000, 'x'));
  mm::limits bounds;
  bounds.sound_samples = 99999;
  test::allocations_left = 20;  // for the message
  std::string text = "none";
  try {
    io::parse_wav(bytes, "x.wav", {}, bounds);
  } catch (const mm::limit_error& error) {
    text = error.what();
  }
  test::allocations_left = -1;
  CHECK_THAT(text, test::contains("x.wav: samples of a sound 100000 exceeds the limit of 99999"));
  bounds.sound_samples = 100000;
  CHECK(io::parse_wav(bytes, "x.wav", {}, bounds).samples.size() == 100000);
  const test::temporary_folder folder;
  const auto path = folder.write("x.wav", bytes);
  bounds.file_bytes = 1000;
  CHECK_THROWS_AS(io::read_wav(path, {}, bounds), mm::limit_error);
}

TEST_CASE("what is written is read") {
  const mm::data::sound sound{{0.0f, 0.5f, -1.0f, 1.0f, 0.1f}, 22050};
  const test::temporary_folder folder;
  const auto path = folder.path() / "x.wav";
  io::write_wav(path, sound, io::wav_encoding::float32);
  CHECK(io::read_wav(path) == sound);
  io::write_wav(path, sound);
  CHECK(io::read_wav(path).samples == std::vector<float>{0.0f, 0.5f, -1.0f, 32767.0f / 32768.0f, 3277.0f / 32768.0f});
  CHECK(io::format_wav(sound) ==
        file(format(1, 1, 22050, 16), raw(std::int16_t{0}) + raw(std::int16_t{16384}) + raw(std::int16_t{-32768}) +
                                          raw(std::int16_t{32767}) + raw(std::int16_t{3277})));
  CHECK(io::parse_wav(io::format_wav({{}, 1}), "x.wav") == mm::data::sound{{}, 1});

  const std::vector<float> loud{0.0f, 1.5f}, bad{std::nanf("")};
  CHECK_THAT(test::thrown<mm::data_error>([&] {
               io::format_wav({loud, 8000});
             }),
             test::contains("io::format_wav: sample 1 is outside -1..1"));
  CHECK(samples_of(io::format_wav({loud, 8000}, io::wav_encoding::float32)) == loud);
  CHECK_THAT(test::thrown<mm::data_error>([&] {
               io::format_wav({bad, 8000}, io::wav_encoding::float32);
             }),
             test::contains("sample 0 is not finite"));
  CHECK_THROWS_AS(io::format_wav({loud, 0}), mm::invalid_config);
  CHECK_THROWS_AS(io::format_wav({loud, (1u << 20) + 1}), mm::invalid_config);
}

TEST_CASE("recordings of spoken digits are read") {
  const auto folder = test::data_set("audio-fsdd");
  MMREC_SKIP_WITHOUT(folder, "audio-fsdd");
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(*folder / "recordings")) {
    const mm::data::sound sound = io::read_wav(entry.path());
    CHECK(sound.rate == 8000);
    CHECK(sound.samples.size() > 1000);
    // Written again, they are the same file: one channel, 16 bits, no other chunks.
    CHECK(io::parse_wav(io::format_wav(sound), "again") == sound);
    ++files;
  }
  CHECK(files == 1200);
}

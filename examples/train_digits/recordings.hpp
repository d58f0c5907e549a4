// recordings.hpp - spoken digits: read from a folder of WAV files, or made up.
#pragma once
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <numbers>
#include <string>
#include <string_view>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/data/sound.hpp>
#include <mmrec/io/wav.hpp>

namespace digits {

namespace mm = mmrec;

/// Sounds and the digits that are spoken in them.
struct recordings {
  mm::data::sound_column sounds;
  std::vector<std::uint32_t> digits;

  void add(const mm::data::sound_view& sound, std::uint32_t digit) {
    sounds.push_back(sound);
    digits.push_back(digit);
  }
};

/// What is trained on, what the best epoch is chosen by, and what nothing is chosen by.
struct parts {
  recordings known, validation, test;

  void train_on_validation() {
    for (std::size_t i = 0; i < validation.digits.size(); ++i) known.add(validation.sounds[i], validation.digits[i]);
    validation = {};
  }
};

/// The Free Spoken Digit Dataset: {digit}_{speaker}_{index}.wav, of which index 0 to 4 of each speaker and digit are the
/// official test set. Of the others, 5 and 6 are held out for validation. https://github.com/Jakobovski/free-spoken-digit-dataset
inline parts read_recordings(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".wav") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());  // the order of a folder's entries is not defined
  parts all;
  for (const auto& file : files) {
    const std::string name = file.stem().string();
    int index = -1;
    const char* const number = name.data() + name.rfind('_') + 1;
    const auto parsed = std::from_chars(number, name.data() + name.size(), index);
    if (name[0] < '0' || name[0] > '9' || parsed.ptr != name.data() + name.size() || index < 0) {
      throw mm::data_error("digits::read_recordings", file.string() + " is not called {digit}_{speaker}_{index}.wav");
    }
    recordings& part = index < 5 ? all.test : index < 7 ? all.validation : all.known;
    part.add(mm::io::read_wav(file), static_cast<std::uint32_t>(name[0] - '0'));
  }
  for (const recordings* part : {&all.known, &all.validation, &all.test}) {
    if (part->digits.empty())
      throw mm::data_error("digits::read_recordings", folder.string() + " lacks recordings of some indices");
  }
  return all;
}

/// Voices that glide between two resonances: each digit has its own pair of them, at its beginning and at its end.
inline recordings make_recordings(std::size_t count, mm::seed key) {
  constexpr double rate = 8000;
  constexpr std::array<std::array<double, 4>, 10> glides{{{300, 870, 640, 1190},
                                                          {640, 1190, 270, 2290},
                                                          {270, 2290, 300, 870},
                                                          {530, 1840, 440, 1020},
                                                          {440, 1020, 660, 1720},
                                                          {660, 1720, 300, 870},
                                                          {390, 1990, 730, 1090},
                                                          {730, 1090, 530, 1840},
                                                          {570, 840, 390, 1990},
                                                          {490, 1350, 570, 840}}};
  recordings all;
  for (std::size_t i = 0; i < count; ++i) {
    mm::random_stream random(key, i);
    const std::uint32_t digit = random.below(10);
    const double pitch = 90 + 130 * random.uniform(), length = 0.25 + 0.25 * random.uniform();
    const double size = 0.9 + 0.2 * random.uniform();  // of the vocal tract
    mm::data::sound sound{.samples = std::vector<float>(static_cast<std::size_t>(rate * length)), .rate = 8000};
    const auto& [low_from, high_from, low_to, high_to] = glides[digit];
    for (std::size_t n = 0; n < sound.samples.size(); ++n) {
      const double t = static_cast<double>(n) / rate, along = t / length;
      const double low = size * std::lerp(low_from, low_to, along), high = size * std::lerp(high_from, high_to, along);
      double value = 0.0;
      for (double tone = pitch; tone < rate / 2; tone += pitch) {
        const auto resonance = [&](double at) { return std::exp(-0.5 * std::pow((tone - at) / 120.0, 2)); };
        value += (resonance(low) + 0.6 * resonance(high)) * std::sin(2 * std::numbers::pi * tone * t);
      }
      const double loudness = 0.15 * std::sin(std::numbers::pi * along);
      sound.samples[n] = static_cast<float>(loudness * value + 0.01 * random.normal());
    }
    all.add(sound, digit);
  }
  return all;
}

inline parts make_parts(mm::seed key) {
  return {make_recordings(300, key.derive(0)), make_recordings(100, key.derive(1)), make_recordings(200, key.derive(2))};
}

}  // namespace digits

// pictures.hpp - small pictures of ten kinds: read from CIFAR-10's files, or drawn.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/io/file.hpp>
#include <mmrec/nn/train/train.hpp>

namespace posters {

namespace mm = mmrec;
namespace nn = mmrec::nn;

inline constexpr std::size_t side = 32, channels = 3, numbers = side * side * channels;
using picture_shape = nn::chw<channels, side, side>;

/// Pictures with the channels of a pixel side by side, each channel with mean 0 and variance 1 over the training pictures.
struct pictures {
  std::vector<float> pixels;
  std::vector<std::uint32_t> kinds;

  auto source() const { return nn::contiguous<float>{pixels, numbers}; }
  auto as_they_are() const { return nn::labelled(source(), kinds); }
  /// Anew in each epoch: moved by up to 4 pixels, and seen in a mirror half of the time.
  auto varied() const;
  void add(const pictures& more) {
    pixels.insert(pixels.end(), more.pixels.begin(), more.pixels.end());
    kinds.insert(kinds.end(), more.kinds.begin(), more.kinds.end());
  }
};

/// Moves a picture by (down, right), which may be negative; what comes in from outside is 0, the mean.
inline void move_and_mirror(float* picture, int down, int right, bool mirrored) {
  std::array<float, numbers> old;
  std::copy_n(picture, numbers, old.begin());
  constexpr int size = static_cast<int>(side);
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x, picture += channels) {
      const int from_y = y - down, from_x = (mirrored ? size - 1 - x : x) - right;
      if (from_y < 0 || from_y >= size || from_x < 0 || from_x >= size) {
        std::fill_n(picture, channels, 0.0f);
      } else {
        std::copy_n(old.begin() + (from_y * size + from_x) * static_cast<int>(channels), channels, picture);
      }
    }
  }
}

inline auto pictures::varied() const {
  return nn::labelled(nn::augmented(source(),
                                    [](float* picture, std::size_t, mm::random_stream& random) {
                                      const int down = static_cast<int>(random.below(9)) - 4;
                                      const int right = static_cast<int>(random.below(9)) - 4;
                                      move_and_mirror(picture, down, right, random.below(2) == 1);
                                    }),
                      kinds);
}

/// What is trained on, what the best epoch is chosen by, and what nothing is chosen by.
struct parts {
  pictures known, validation, test;

  void train_on_validation() {
    known.add(validation);
    validation = {};
  }
};

/// CIFAR-10's binary files: for each picture a byte for its kind, then 1024 red, 1024 green and 1024 blue ones.
/// https://www.cs.toronto.edu/~kriz/cifar.html
inline pictures read_pictures(const std::filesystem::path& file) {
  const std::string bytes = mm::io::read_file(file);
  constexpr std::size_t record = 1 + numbers;
  if (bytes.empty() || bytes.size() % record != 0) {
    throw mm::data_error("posters::read_pictures",
                         file.string() + " does not hold a whole number of pictures of 3073 bytes");
  }
  pictures all;
  for (std::size_t start = 0; start < bytes.size(); start += record) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(bytes[start + at]); };
    all.kinds.push_back(byte(0));
    for (std::size_t pixel = 0; pixel < side * side; ++pixel) {
      for (std::size_t channel = 0; channel < channels; ++channel) {
        all.pixels.push_back(byte(1 + channel * side * side + pixel) / 255.0f);
      }
    }
  }
  return all;
}

/// Reads all files of a folder whose names begin with one of the prefixes.
inline pictures read_pictures(const std::filesystem::path& folder, const std::vector<std::string>& prefixes) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    const auto begins = [&](const std::string& prefix) { return name.starts_with(prefix); };
    if (name.ends_with(".bin") && std::any_of(prefixes.begin(), prefixes.end(), begins)) files.push_back(entry.path());
  }
  if (files.empty())
    throw mm::data_error("posters::read_pictures", folder.string() + " has no file " + prefixes[0] + "*.bin");
  std::sort(files.begin(), files.end());  // the order of a folder's entries is not defined
  pictures all;
  for (const auto& file : files) all.add(read_pictures(file));
  return all;
}

/// Shapes of any colour on a background of any other: the kind is the shape alone, so that colours do not tell.
inline pictures draw_pictures(std::size_t count, mm::seed key) {
  pictures all;
  for (std::size_t i = 0; i < count; ++i) {
    mm::random_stream random(key, i);
    const std::uint32_t kind = random.below(10);
    std::array<float, channels> front, back;
    for (float& value : front) value = random.uniform_float();
    for (float& value : back) value = random.uniform_float();
    const double radius = 8 + 4 * random.uniform();
    const double centre_x = 16 + 6 * (random.uniform() - 0.5), centre_y = 16 + 6 * (random.uniform() - 0.5);
    for (std::size_t pixel = 0; pixel < side * side; ++pixel) {
      const double x = (static_cast<double>(pixel % side) - centre_x) / radius;
      const double y = (static_cast<double>(pixel / side) - centre_y) / radius;
      const double far = std::hypot(x, y), wide = std::max(std::abs(x), std::abs(y));
      const std::array<bool, 10> inside{
          far < 1,                                                                      // a disc
          far < 1 && far > 0.6,                                                         // a ring
          wide < 0.9,                                                                   // a square
          wide < 0.9 && wide > 0.55,                                                    // a frame
          std::abs(x) + std::abs(y) < 1.1,                                              // a diamond
          wide < 1 && std::min(std::abs(x), std::abs(y)) < 0.28,                        // a plus
          wide < 1 && std::abs(std::abs(x) - std::abs(y)) < 0.35,                       // a times
          y > -0.9 && y < 0.8 && 2 * std::abs(x) < y + 0.9,                             // a triangle
          wide < 1 && std::fmod(y + 4, 0.8) < 0.4,                                      // stripes that lie
          wide < 1 && (std::fmod(x + 4, 0.8) < 0.4) != (std::fmod(y + 4, 0.8) < 0.4)};  // a chessboard
      for (std::size_t channel = 0; channel < channels; ++channel) {
        const float noise = 0.05f * static_cast<float>(random.normal());
        all.pixels.push_back((inside[kind] ? front[channel] : back[channel]) + noise);
      }
    }
    all.kinds.push_back(kind);
  }
  return all;
}

/// The last tenth of the training pictures is held out.
inline parts divided(pictures training, pictures test) {
  const auto held_out = static_cast<std::ptrdiff_t>(training.kinds.size() / 10);
  constexpr auto each = static_cast<std::ptrdiff_t>(numbers);
  pictures validation{{training.pixels.end() - held_out * each, training.pixels.end()},
                      {training.kinds.end() - held_out, training.kinds.end()}};
  training.pixels.resize(training.pixels.size() - validation.pixels.size());
  training.kinds.resize(training.kinds.size() - validation.kinds.size());
  return {std::move(training), std::move(validation), std::move(test)};
}

/// Brings the channels of all parts to mean 0 and variance 1 of the training pictures.
inline parts standardised(parts all) {
  std::array<double, channels> mean{}, squares{};
  const double count = static_cast<double>(all.known.pixels.size() / channels);
  for (std::size_t i = 0; i < all.known.pixels.size(); ++i) mean[i % channels] += all.known.pixels[i] / count;
  for (std::size_t i = 0; i < all.known.pixels.size(); ++i) {
    squares[i % channels] += std::pow(all.known.pixels[i] - mean[i % channels], 2) / count;
  }
  for (pictures* part : {&all.known, &all.validation, &all.test}) {
    for (std::size_t i = 0; i < part->pixels.size(); ++i) {
      part->pixels[i] =
          static_cast<float>((part->pixels[i] - mean[i % channels]) / std::sqrt(squares[i % channels] + 1e-12));
    }
  }
  return all;
}

}  // namespace posters

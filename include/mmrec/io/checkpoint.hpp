// mmrec/io/checkpoint.hpp - trainings that survive the end of their process.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <list>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/limits.hpp>
#include <mmrec/io/safetensors.hpp>
#include <mmrec/io/weights.hpp>
#include <mmrec/nn/batch_checks.hpp>
#include <mmrec/nn/train/training.hpp>

namespace mmrec::inline v0 {
namespace io {
namespace detail {

inline constexpr std::string_view checkpoint_format = "mmrec training 1";

/// FNV-1a over the bytes of tensors, in the order of their names, and the names themselves. Finds damage, not malice.
class checksum {
 public:
  void add(std::string_view name, std::span<const std::byte> bytes) {
    for (const char c : name) mix(static_cast<std::byte>(c));
    for (const std::byte byte : bytes) mix(byte);
  }
  std::string text() const {
    std::string digits(16, '0');
    std::uint64_t rest = value_;
    for (std::size_t place = 16; place-- > 0; rest >>= 4) digits[place] = "0123456789abcdef"[rest & 15];
    return digits;
  }

 private:
  void mix(std::byte byte) { value_ = (value_ ^ static_cast<std::uint64_t>(byte)) * 0x100000001b3ULL; }
  std::uint64_t value_ = 0xcbf29ce484222325ULL;
};

inline std::string checksum_of(std::vector<tensor_view> tensors) {
  std::sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  checksum sum;
  for (const tensor_view& tensor : tensors) sum.add(tensor.name, tensor.bytes);
  return sum.text();
}

/// Numbers of an epoch in a file.
inline std::array<double, 3> numbers_of(const nn::epoch_report& report) {
  return {report.training_loss, report.validation_loss, report.learning_rate};
}

}  // namespace detail

/// Writes all that a training remembers into a safetensors file, whole or not at all: a process that dies while it saves
/// leaves the file as it was. Float parameters take 4 bytes, and so does each of the optimiser's slots, the best and the last
/// sound weights.
/// Throws io_error.
template <nn::network Net, class T>
void save_checkpoint(const std::filesystem::path& path, const nn::training_state<Net, T>& state) {
  std::vector<tensor_view> tensors;
  std::list<std::string> names;  // whose elements stay where they are
  std::list<std::array<std::size_t, 2>> shapes;
  std::list<std::vector<double>> histories;
  state.visit([&](const std::string& name, const auto& value) {
    using type = std::remove_cvref_t<decltype(value)>;
    names.push_back(name);
    if constexpr (std::is_arithmetic_v<type>) {
      tensors.push_back(tensor_of<type>(names.back(), std::span<const type>(&value, 1), {}));
    } else if constexpr (std::is_same_v<type, std::vector<nn::epoch_report>>) {
      std::vector<double>& flat = histories.emplace_back();
      for (const nn::epoch_report& report : value) {
        const auto numbers = detail::numbers_of(report);
        flat.insert(flat.end(), numbers.begin(), numbers.end());
      }
      shapes.push_back({value.size(), 3});
      tensors.push_back(tensor_of<double>(names.back(), flat, shapes.back()));
    } else {
      using number = typename type::value_type;
      shapes.push_back({value.size(), 0});
      tensors.push_back(tensor_of<number>(names.back(), std::span<const number>(value), std::span(shapes.back()).first(1)));
    }
  });
  write_safetensors(path, tensors,
                    {{"format", std::string(detail::checkpoint_format)}, {"checksum", detail::checksum_of(tensors)}});
}

/// Reads a training back: it goes on with the same bits as if it had never stopped. `fresh` is what start_training gives for
/// the same training: it tells which tensors there have to be.
/// Throws     parse_error for a damaged file; weights_mismatch for the checkpoint of another network or optimiser; io_error
template <nn::network Net, class T>
nn::training_state<Net, T> load_checkpoint(const std::filesystem::path& path, nn::training_state<Net, T> fresh,
                                           const limits& bounds = {}) {
  constexpr std::string_view function = "io::load_checkpoint";
  // Losses of epochs without validation are not numbers; weights and moments are checked below.
  const safetensors file = read_safetensors(path, {.allow_non_finite = true}, bounds);
  const auto metadata = [&](std::string_view key) {
    const auto found = file.metadata().find(key);
    return found == file.metadata().end() ? std::string_view() : std::string_view(found->second);
  };
  if (metadata("format") != detail::checkpoint_format) {
    throw parse_error(path.native(), 0, 0,
                      "is not a checkpoint of a training (" + std::string(detail::checkpoint_format) + ')');
  }
  std::vector<tensor_view> tensors;
  for (std::size_t index = 0; index < file.size(); ++index) tensors.push_back(file[index]);
  if (metadata("checksum") != detail::checksum_of(tensors)) {
    throw parse_error(path.native(), 0, 0, "is damaged: its numbers do not have the checksum it gives");
  }

  std::vector<std::string> differences;
  std::vector<std::string> known;
  fresh.visit([&](const std::string& name, auto&& value) {
    using type = std::remove_cvref_t<decltype(value)>;
    known.push_back(name);
    const auto found = file.find(name);
    if (!found) {
      differences.push_back("missing: " + name);
      return;
    }
    const auto take = [&](auto numbers) {
      using number = typename decltype(numbers)::value_type;
      if (found->type != tensor_type_of<number>() || found->size() != numbers.size()) {
        differences.push_back(name + ": expected " + std::to_string(numbers.size()) + " of " +
                              std::string(name_of(tensor_type_of<number>())) + ", got " + std::to_string(found->size()) +
                              " of " + std::string(name_of(found->type)));
        return;
      }
      found->copy_to(numbers);
      if constexpr (std::is_same_v<number, T>) {
        nn::detail::require_finite<T>(function, name, std::span<const T>(numbers));
      }
    };
    if constexpr (std::is_arithmetic_v<type>) {
      take(std::span<type>(&value, 1));
    } else if constexpr (std::is_same_v<type, std::vector<nn::epoch_report>>) {
      if (found->size() % 3 != 0) {
        differences.push_back(name + ": expected 3 numbers an epoch, got " + std::to_string(found->size()));
        return;
      }
      std::vector<double> flat(found->size());
      take(std::span<double>(flat));
      value.clear();
      for (std::size_t i = 0; i + 2 < flat.size(); i += 3) value.push_back({flat[i], flat[i + 1], flat[i + 2]});
    } else {
      take(value);
    }
  });
  std::sort(known.begin(), known.end());
  for (const tensor_view& tensor : tensors) {
    if (!std::binary_search(known.begin(), known.end(), tensor.name)) {
      differences.push_back("unknown: " + std::string(tensor.name));
    }
  }
  if (!differences.empty()) throw weights_mismatch(function, path.native(), std::move(differences));
  return fresh;
}

}  // namespace io
}  // namespace mmrec::inline v0

// mmrec/io/weights.hpp - the weights of networks in safetensors files, under PyTorch's names and in its layouts.
#pragma once
#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/limits.hpp>
#include <mmrec/io/safetensors.hpp>
#include <mmrec/nn/batch_checks.hpp>
#include <mmrec/nn/sequential.hpp>
#include <mmrec/nn/weights.hpp>

namespace mmrec::inline v0 {
namespace io {

/// The tensors of a file are not those of the network: all differences at once, one a line of the message.
class weights_mismatch : public data_error {
 public:
  weights_mismatch(std::string_view function, std::string_view source, std::vector<std::string> differences)
      : data_error(text(function, source, differences)), differences_(std::move(differences)) {}
  const std::vector<std::string>& differences() const noexcept { return differences_; }

 private:
  static std::string text(std::string_view function, std::string_view source, const std::vector<std::string>& differences) {
    std::string all = std::string(function) + ": " + std::string(source) + " does not hold this network's tensors:";
    for (const std::string& difference : differences) all += "\n  " + difference;
    return all;
  }
  std::vector<std::string> differences_;
};

/// What a reader of weights accepts.
struct weights_options {
  std::string prefix = {};     ///< of all names in the file that belong to this network: "encoder."
  bool ignore_others = false;  ///< tensors that the network does not have are no difference
  bool allow_non_finite = false;

  friend bool operator==(const weights_options&, const weights_options&) = default;
};

namespace detail {

/// One tensor of a file that a network's tensor is made of, as PyTorch has it.
struct torch_tensor {
  std::string name;
  std::vector<std::size_t> shape;
};

/// "lstm.bias_l0" becomes "lstm.bias_ih_l0" and "lstm.bias_hh_l0".
inline std::array<std::string, 2> bias_pair(const std::string& name) {
  const std::size_t at = name.rfind("bias_");
  MMREC_ASSERT(at != std::string::npos);
  const std::string head = name.substr(0, at + 5), tail = name.substr(at + 5);
  return {head + "ih_" + tail, head + "hh_" + tail};
}

/// What PyTorch's file holds for a tensor of ours.
inline std::vector<torch_tensor> torch_tensors(const nn::tensor_info& tensor) {
  const auto& spec = tensor.spec;
  std::vector<std::size_t> shape(spec.extents.begin(), spec.extents.begin() + static_cast<std::ptrdiff_t>(spec.rank));
  switch (spec.torch) {
    case nn::torch_layout::output_first:
      // [..., in, out] -> [out, in, ...]
      std::rotate(shape.begin(), shape.end() - 2, shape.end());
      std::swap(shape[0], shape[1]);
      return {{tensor.name, shape}};
    case nn::torch_layout::summed_biases: {
      const auto names = bias_pair(tensor.name);
      return {{names[0], shape}, {names[1], shape}};
    }
    case nn::torch_layout::gru_biases: {
      const auto names = bias_pair(tensor.name);
      shape[0] = shape[0] / 4 * 3;
      return {{names[0], shape}, {names[1], shape}};
    }
    default:
      return {{tensor.name, shape}};
  }
}

/// Calls move(our index, PyTorch's index) for each number of a tensor whose last two axes, in and out, go first, swapped.
template <class Move>
void each_output_first(const nn::tensor_spec& spec, Move&& move) {
  const std::size_t out = spec.extents[spec.rank - 1], in = spec.extents[spec.rank - 2];
  const std::size_t places = spec.size() / (in * out);
  for (std::size_t place = 0; place < places; ++place) {
    for (std::size_t i = 0; i < in; ++i) {
      for (std::size_t o = 0; o < out; ++o) move((place * in + i) * out + o, (o * in + i) * places + place);
    }
  }
}

/// Puts the numbers of PyTorch's tensors into ours.
template <class T>
void from_torch(const nn::tensor_spec& spec, const std::vector<std::vector<T>>& from, T* to) {
  const std::vector<T>& first = from[0];
  switch (spec.torch) {
    case nn::torch_layout::output_first:
      each_output_first(spec, [&](std::size_t ours, std::size_t theirs) { to[ours] = first[theirs]; });
      break;
    case nn::torch_layout::summed_biases:
      for (std::size_t i = 0; i < first.size(); ++i) to[i] = first[i] + from[1][i];
      break;
    case nn::torch_layout::gru_biases: {
      const std::size_t hidden = first.size() / 3;
      for (std::size_t i = 0; i < 2 * hidden; ++i) to[i] = first[i] + from[1][i];
      std::copy(first.begin() + static_cast<std::ptrdiff_t>(2 * hidden), first.end(), to + 2 * hidden);
      std::copy(from[1].begin() + static_cast<std::ptrdiff_t>(2 * hidden), from[1].end(), to + 3 * hidden);
      break;
    }
    default:
      std::copy(first.begin(), first.end(), to);
  }
}

/// And back; of a sum, the first of the two holds all.
template <class T>
std::vector<std::vector<T>> to_torch(const nn::tensor_spec& spec, const T* from) {
  const std::size_t size = spec.size();
  switch (spec.torch) {
    case nn::torch_layout::output_first: {
      std::vector<T> to(size);
      each_output_first(spec, [&](std::size_t ours, std::size_t theirs) { to[theirs] = from[ours]; });
      return {std::move(to)};
    }
    case nn::torch_layout::summed_biases:
      return {std::vector<T>(from, from + size), std::vector<T>(size, T(0))};
    case nn::torch_layout::gru_biases: {
      const std::size_t hidden = size / 4;
      std::vector<T> second(3 * hidden, T(0));
      std::copy(from + 3 * hidden, from + 4 * hidden, second.begin() + static_cast<std::ptrdiff_t>(2 * hidden));
      return {std::vector<T>(from, from + 3 * hidden), std::move(second)};
    }
    default:
      return {std::vector<T>(from, from + size)};
  }
}

inline std::string shape_text(std::span<const std::size_t> shape) {
  std::string text = "[";
  for (const std::size_t extent : shape) text += (text.size() == 1 ? "" : ", ") + std::to_string(extent);
  return text + ']';
}

}  // namespace detail

/// Takes the weights of a network from tensors under PyTorch's names and in its layouts: [out, in, ...] for dense,
/// convolution and recurrent weights, two biases for each recurrent layer (ours is their sum, GRU's new gate aside).
/// num_batches_tracked, which PyTorch counts and nothing here needs, is passed over.
///
/// Cost       O(bytes)
/// Throws     weights_mismatch that lists every missing, superfluous, misshapen and mistyped tensor; data_error for numbers
///            that are not finite once they are ours
template <nn::network Net, std::floating_point T = float>
nn::weights<Net, T> weights_from(const safetensors& file, std::string_view source, const weights_options& options = {}) {
  constexpr std::string_view function = "io::read_weights";
  std::vector<std::string> differences;
  std::vector<std::string_view> known;
  nn::weights<Net, T> result;
  const std::vector<nn::tensor_info> tensors = nn::tensors_of<Net>();
  for (const nn::tensor_info& tensor : tensors) {
    std::vector<std::vector<T>> parts;
    const std::vector<detail::torch_tensor> wanted = detail::torch_tensors(tensor);
    for (const detail::torch_tensor& part : wanted) {
      const std::string name = options.prefix + part.name;
      const auto found = file.find(name);
      if (!found) {
        differences.push_back("missing: " + name + ' ' + detail::shape_text(part.shape));
        continue;
      }
      known.push_back(found->name);
      if (!std::equal(part.shape.begin(), part.shape.end(), found->shape.begin(), found->shape.end())) {
        differences.push_back("shape of " + name + ": expected " + detail::shape_text(part.shape) + ", got " +
                              detail::shape_text(found->shape));
        continue;
      }
      if (found->type != tensor_type::f64 && found->type != tensor_type::f32 && found->type != tensor_type::f16 &&
          found->type != tensor_type::bf16) {
        differences.push_back("type of " + name + ": expected a floating-point type, got " +
                              std::string(name_of(found->type)));
        continue;
      }
      parts.emplace_back(found->size());
      found->copy_to(std::span<T>(parts.back()));
    }
    if (parts.size() != wanted.size()) continue;
    detail::from_torch(tensor.spec, parts, (tensor.trained ? result.parameters : result.statistics).data() + tensor.offset);
  }
  if (!options.ignore_others) {
    std::sort(known.begin(), known.end());
    for (std::size_t index = 0; index < file.size(); ++index) {
      const std::string_view name = file[index].name;
      if (name.ends_with("num_batches_tracked") || !name.starts_with(options.prefix)) continue;
      if (!std::binary_search(known.begin(), known.end(), name)) {
        differences.push_back("unknown: " + std::string(name) + ' ' + detail::shape_text(file[index].shape));
      }
    }
  }
  if (!differences.empty()) throw weights_mismatch(function, source, std::move(differences));
  if (!options.allow_non_finite) {
    nn::detail::require_finite<T>(function, "the parameters", result.parameters);
    nn::detail::require_finite<T>(function, "the statistics", result.statistics);
  }
  return result;
}

/// Reads them from a file; see weights_from and read_safetensors.
template <nn::network Net, std::floating_point T = float>
nn::weights<Net, T> read_weights(const std::filesystem::path& path, const weights_options& options = {},
                                 const limits& bounds = {}) {
  return weights_from<Net, T>(read_safetensors(path, {.allow_non_finite = options.allow_non_finite}, bounds), path.native(),
                              options);
}

/// Writes the weights of a network so that PyTorch reads them, and read_weights: its names, its layouts; whole or not at all.
/// Throws io_error.
template <nn::network Net, std::floating_point T>
void write_weights(const std::filesystem::path& path, const nn::weights<Net, T>& network) {
  std::vector<detail::torch_tensor> wanted;
  std::vector<std::vector<T>> numbers;
  for (const nn::tensor_info& tensor : nn::tensors_of<Net>()) {
    const auto names = detail::torch_tensors(tensor);
    auto parts =
        detail::to_torch(tensor.spec, (tensor.trained ? network.parameters : network.statistics).data() + tensor.offset);
    for (std::size_t part = 0; part < names.size(); ++part) {
      wanted.push_back(names[part]);
      numbers.push_back(std::move(parts[part]));
    }
  }
  std::vector<tensor_view> views;
  for (std::size_t index = 0; index < wanted.size(); ++index) {
    views.push_back(tensor_of<T>(wanted[index].name, numbers[index], wanted[index].shape));
  }
  write_safetensors(path, views, {{"format", "pt"}});
}

}  // namespace io
}  // namespace mmrec::inline v0

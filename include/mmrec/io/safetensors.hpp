// mmrec/io/safetensors.hpp - named tensors in files of the safetensors format.
#pragma once
#include <algorithm>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/limits.hpp>
#include <mmrec/io/atomic_file.hpp>
#include <mmrec/io/detail/safetensors_cursor.hpp>
#include <mmrec/io/detail/safetensors_header.hpp>
#include <mmrec/io/detail/safetensors_numbers.hpp>
#include <mmrec/io/detail/utf8.hpp>
#include <mmrec/io/file.hpp>

namespace mmrec::inline v0 {
namespace io {

/// The format's name for a type ("F32").
inline std::string_view name_of(tensor_type type) { return detail::tensor_types[static_cast<std::size_t>(type)].name; }
/// Bytes of one number.
inline std::size_t bytes_of(tensor_type type) { return detail::tensor_types[static_cast<std::size_t>(type)].bytes; }

/// C++ types that tensors hold, one for each type but F16 and BF16.
template <class T>
concept tensor_number = std::same_as<T, double> || std::same_as<T, float> || std::same_as<T, bool> ||
    std::same_as<T, std::int64_t> || std::same_as<T, std::int32_t> || std::same_as<T, std::int16_t> ||
    std::same_as<T, std::int8_t> || std::same_as<T, std::uint64_t> || std::same_as<T, std::uint32_t> ||
    std::same_as<T, std::uint16_t> || std::same_as<T, std::uint8_t>;

template <tensor_number T>
constexpr tensor_type tensor_type_of() {
  if constexpr (std::same_as<T, double>) return tensor_type::f64;
  if constexpr (std::same_as<T, float>) return tensor_type::f32;
  if constexpr (std::same_as<T, bool>) return tensor_type::boolean;
  if constexpr (std::same_as<T, std::int64_t>) return tensor_type::i64;
  if constexpr (std::same_as<T, std::int32_t>) return tensor_type::i32;
  if constexpr (std::same_as<T, std::int16_t>) return tensor_type::i16;
  if constexpr (std::same_as<T, std::int8_t>) return tensor_type::i8;
  if constexpr (std::same_as<T, std::uint64_t>) return tensor_type::u64;
  if constexpr (std::same_as<T, std::uint32_t>) return tensor_type::u32;
  if constexpr (std::same_as<T, std::uint16_t>) return tensor_type::u16;
  if constexpr (std::same_as<T, std::uint8_t>) return tensor_type::u8;
}

/// A tensor to read or to write: little-endian numbers, the last index running fastest. Owns nothing.
struct tensor_view {
  std::string_view name;
  tensor_type type = tensor_type::f32;
  std::span<const std::size_t> shape;  ///< empty: a single number
  std::span<const std::byte> bytes;    ///< aligned to nothing in particular

  std::size_t size() const { return bytes.size() / bytes_of(type); }  ///< numbers

  /// Writes the numbers to `out`. float and double are made of F16, BF16 (both exact), F32 and F64 (rounded to nearest, ties
  /// to even, for float); other types of themselves alone.
  /// Throws data_error for a type that does not become T, or a number of F64 beyond the largest float; shape_error for
  /// another count
  template <tensor_number T>
  void copy_to(std::span<T> out) const {
    constexpr std::string_view function = "io::tensor_view::copy_to";
    require_size(function, "numbers of tensor " + detail::shown_name(name), size(), out.size());
    const std::byte* const from = bytes.data();
    if (type == tensor_type_of<T>()) {
      if (!bytes.empty()) std::memcpy(out.data(), from, bytes.size());
      return;
    }
    if constexpr (std::floating_point<T>) {
      const auto convert = [&](auto zero, const auto& meaning) {
        using stored = decltype(zero);
        for (std::size_t i = 0; i < out.size(); ++i) {
          out[i] = meaning(detail::load_number<stored>(from + i * sizeof(stored)), i);
        }
      };
      switch (type) {
        case tensor_type::f16:
          return convert(std::uint16_t{},
                         [](std::uint16_t x, std::size_t) { return static_cast<T>(detail::half_to_float(x)); });
        case tensor_type::bf16:
          return convert(std::uint16_t{},
                         [](std::uint16_t x, std::size_t) { return static_cast<T>(detail::bfloat_to_float(x)); });
        case tensor_type::f32:
          return convert(float{}, [](float x, std::size_t) { return static_cast<T>(x); });
        case tensor_type::f64:
          return convert(double{}, [&](double x, std::size_t i) {
            const T value = static_cast<T>(x);
            if (std::isinf(value) && std::isfinite(x)) {
              throw data_error(function, "tensor " + detail::shown_name(name) + ": number " + std::to_string(i) +
                                             " is beyond the largest float");
            }
            return value;
          });
        default:
          break;
      }
    }
    throw data_error(function, "tensor " + detail::shown_name(name) + " holds " + std::string(name_of(type)) + ", not " +
                                   std::string(name_of(tensor_type_of<T>())));
  }
};

/// A view of numbers in memory, to be written. Nothing is copied: name, shape and numbers must outlive the view.
template <tensor_number T>
tensor_view tensor_of(std::string_view name, std::span<const T> numbers, std::span<const std::size_t> shape) {
  return {name, tensor_type_of<T>(), shape, std::as_bytes(numbers)};
}

/// What a reader of tensors accepts.
struct safetensors_options {
  bool allow_non_finite = false;  ///< infinities and NaNs in F64, F32, F16 and BF16
  friend bool operator==(const safetensors_options&, const safetensors_options&) = default;
};

/// The tensors of one file, all of it verified. Views of tensors are valid as long as this object stays where it is.
class safetensors {
 public:
  safetensors() = default;
  /// See parse_safetensors.
  safetensors(std::string bytes, std::string_view source, const safetensors_options& options)
      : bytes_(std::move(bytes)),
        header_(detail::parse_safetensors_header(bytes_, source)),
        by_name_(header_.tensors.size()) {
    std::iota(by_name_.begin(), by_name_.end(), std::size_t{0});
    std::sort(by_name_.begin(), by_name_.end(),
              [&](std::size_t a, std::size_t b) { return header_.tensors[a].name < header_.tensors[b].name; });
    for (std::size_t index = 0; index < size(); ++index) check_values((*this)[index], source, options);
  }

  std::size_t size() const { return header_.tensors.size(); }
  bool empty() const { return size() == 0; }
  /// A tensor by its place in the file, 0 .. size() - 1.
  tensor_view operator[](std::size_t index) const {
    const detail::tensor_entry& entry = header_.tensors[index];
    return {entry.name, entry.type, entry.shape,
            std::as_bytes(std::span(bytes_))
                .subspan(header_.size + static_cast<std::size_t>(entry.begin),
                         static_cast<std::size_t>(entry.end - entry.begin))};
  }
  /// The tensor of this name, if there is one. O(log size()).
  std::optional<tensor_view> find(std::string_view name) const {
    const auto place =
        std::lower_bound(by_name_.begin(), by_name_.end(), name,
                         [&](std::size_t index, std::string_view key) { return header_.tensors[index].name < key; });
    if (place == by_name_.end() || header_.tensors[*place].name != name) return std::nullopt;
    return (*this)[*place];
  }
  /// The tensor of this name; throws unknown_id.
  tensor_view at(std::string_view name) const {
    if (const auto found = find(name)) return *found;
    throw unknown_id("io::safetensors::at", "tensor", detail::shown_name(name), size());
  }
  const std::map<std::string, std::string, std::less<>>& metadata() const { return header_.metadata; }

 private:
  static void check_values(const tensor_view& tensor, std::string_view source, const safetensors_options& options) {
    const auto refuse = [&](std::size_t number, const std::string& what) {
      throw parse_error(source, 0, 0,
                        "tensor " + detail::shown_name(tensor.name) + ": number " + std::to_string(number) + ' ' + what);
    };
    if (tensor.type == tensor_type::boolean) {
      const auto bad = std::find_if(tensor.bytes.begin(), tensor.bytes.end(), [](std::byte x) { return x > std::byte{1}; });
      if (bad != tensor.bytes.end()) {
        refuse(static_cast<std::size_t>(bad - tensor.bytes.begin()), "is neither 0 nor 1, but of type BOOL");
      }
    }
    if (options.allow_non_finite) return;
    std::size_t first = tensor.size();
    if (tensor.type == tensor_type::f64) first = detail::first_non_finite<std::uint64_t>(tensor.bytes, 0x7ff0000000000000u);
    if (tensor.type == tensor_type::f32) first = detail::first_non_finite<std::uint32_t>(tensor.bytes, 0x7f800000u);
    if (tensor.type == tensor_type::f16) first = detail::first_non_finite<std::uint16_t>(tensor.bytes, 0x7c00u);
    if (tensor.type == tensor_type::bf16) first = detail::first_non_finite<std::uint16_t>(tensor.bytes, 0x7f80u);
    if (first != tensor.size()) refuse(first, "is not finite");
  }

  std::string bytes_;
  detail::safetensors_header header_;
  std::vector<std::size_t> by_name_;  // places in the file, sorted by name
};

/// Reads the tensors of a safetensors file from its bytes.
///
/// The header must be exactly what the format describes: names, each once, with dtype, shape and data_offsets, and strings
/// for metadata; unknown keys, other values and text after the object but spaces are refused. The tensors must fill the data
/// without holes or overlaps. F64, F32, F16, BF16, integers of 8 to 64 bits and BOOL are known. A header may have 100 MB, as
/// in the reference implementation, a tensor 64 dimensions.
///
/// Cost       O(bytes), in one pass over the header and one over the numbers; the memory of the bytes, and of the names
/// Result     all verified: nothing that is asked later can fail for the file's sake
/// Throws     parse_error naming `source`, the tensor and the byte for anything else; limit_error for more bytes than
///            bounds.file_bytes
/// Reference  Hugging Face, safetensors, format description and safetensors/src/tensor.rs
inline safetensors parse_safetensors(std::string bytes, std::string_view source, const safetensors_options& options = {},
                                     const limits& bounds = {}) {
  static_assert(std::endian::native == std::endian::little,
                "mmrec reads and writes safetensors files on little-endian machines only");
  if (bytes.size() > bounds.file_bytes) {
    throw limit_error("io::parse_safetensors", std::string(source) + ": size in bytes", bounds.file_bytes, bytes.size());
  }
  return safetensors(std::move(bytes), source, options);
}

/// Reads a safetensors file; see parse_safetensors and read_file.
inline safetensors read_safetensors(const std::filesystem::path& path, const safetensors_options& options = {},
                                    const limits& bounds = {}) {
  return parse_safetensors(read_file(path, bounds), path.native(), options, bounds);
}

namespace detail {
/// Checks what is to be written, and sets places: larger numbers first, so that all are aligned, then by name.
inline std::vector<std::pair<tensor_entry, const tensor_view*>> place_tensors(
    std::string_view function, std::span<const tensor_view> tensors,
    const std::map<std::string, std::string, std::less<>>& metadata) {
  std::vector<std::pair<tensor_entry, const tensor_view*>> result;
  result.reserve(tensors.size());
  for (const tensor_view& tensor : tensors) {
    const std::string shown = shown_name(tensor.name);
    require_config(is_utf8(tensor.name), function, "tensors", "have a name that is not UTF-8");
    require_config(tensor.name != safetensors_metadata, function, "tensors", "may not be named __metadata__");
    require_config(tensor.shape.size() <= safetensors_largest_rank, function, "tensors",
                   "have more than 64 dimensions in " + shown);
    std::uint64_t bytes = 0;
    require_config(tensor_bytes(tensor.shape, tensor.type, bytes), function, "tensors",
                   "have a size that does not fit in 64 bits in " + shown);
    require_size(function, "bytes of tensor " + shown, static_cast<std::size_t>(bytes), tensor.bytes.size());
    result.push_back(
        {{std::string(tensor.name), tensor.type, {tensor.shape.begin(), tensor.shape.end()}, 0, bytes, 0}, &tensor});
  }
  for (const auto& [key, value] : metadata) {
    require_config(is_utf8(key) && is_utf8(value), function, "metadata", "have a text that is not UTF-8");
  }
  std::sort(result.begin(), result.end(), [](const auto& a, const auto& b) {
    return a.first.type != b.first.type ? a.first.type < b.first.type : a.first.name < b.first.name;
  });
  std::vector<std::string_view> names;
  std::uint64_t filled = 0;
  for (auto& [entry, tensor] : result) {
    entry.begin = filled;
    filled = entry.end = checked_add(function, filled, entry.end);
    names.push_back(entry.name);
  }
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  require_config(twice == names.end(), function, "tensors",
                 twice == names.end() ? "" : "have the name " + shown_name(*twice) + " twice");
  return result;
}
inline std::string header_of(std::string_view function, std::span<const std::pair<tensor_entry, const tensor_view*>> placed,
                             const std::map<std::string, std::string, std::less<>>& metadata) {
  std::vector<tensor_entry> entries;
  entries.reserve(placed.size());
  for (const auto& [entry, tensor] : placed) entries.push_back(entry);
  std::string header = format_safetensors_header(entries, metadata);
  if (header.size() - 8 > safetensors_largest_header) {
    throw limit_error(function, "size of the header", safetensors_largest_header, header.size() - 8);
  }
  return header;
}
}  // namespace detail

/// The bytes of a safetensors file.
///
/// Cost       O(bytes)
/// Result     the same bytes for the same tensors and metadata in any order, those of the reference implementation: types in
///            the order of tensor_type, then names in the order of their bytes; data begin at a multiple of 8, so that all
///            numbers are aligned. Non-finite numbers are written as they are, though readers refuse them by default
/// Throws     shape_error when a tensor's bytes are not as many as its shape wants; invalid_config for names that are not
///            UTF-8, repeated or "__metadata__"; limit_error for a header beyond 100 MB
inline std::string format_safetensors(std::span<const tensor_view> tensors,
                                      const std::map<std::string, std::string, std::less<>>& metadata = {}) {
  constexpr std::string_view function = "io::format_safetensors";
  const auto placed = detail::place_tensors(function, tensors, metadata);
  std::string bytes = detail::header_of(function, placed, metadata);
  for (const auto& [entry, tensor] : placed) {
    bytes.append(reinterpret_cast<const char*>(tensor->bytes.data()), tensor->bytes.size());
  }
  return bytes;
}

/// Writes a safetensors file, whole or not at all (see atomic_file), without a copy of the numbers. Throws what
/// format_safetensors does, or io_error.
inline void write_safetensors(const std::filesystem::path& path, std::span<const tensor_view> tensors,
                              const std::map<std::string, std::string, std::less<>>& metadata = {}) {
  constexpr std::string_view function = "io::write_safetensors";
  const auto placed = detail::place_tensors(function, tensors, metadata);
  const std::string header = detail::header_of(function, placed, metadata);
  atomic_file file(path);
  file.write(header);
  for (const auto& [entry, tensor] : placed) file.write(tensor->bytes);
  file.commit();
}

}  // namespace io
}  // namespace mmrec::inline v0

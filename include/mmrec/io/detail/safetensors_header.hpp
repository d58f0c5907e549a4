// mmrec/io/detail/safetensors_header.hpp - the header of safetensors files: read, checked against the data, and written.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/io/detail/safetensors_cursor.hpp>

namespace mmrec::inline v0 {
namespace io {

/// Types of numbers in safetensors files, in the order in which writers put them: larger numbers first.
enum class tensor_type : std::uint8_t { u64, i64, f64, f32, u32, i32, bf16, f16, u16, i16, i8, u8, boolean };

namespace detail {

struct tensor_type_row {
  std::string_view name;
  std::size_t bytes;
};
inline constexpr std::array<tensor_type_row, 13> tensor_types{{{"U64", 8},
                                                               {"I64", 8},
                                                               {"F64", 8},
                                                               {"F32", 4},
                                                               {"U32", 4},
                                                               {"I32", 4},
                                                               {"BF16", 2},
                                                               {"F16", 2},
                                                               {"U16", 2},
                                                               {"I16", 2},
                                                               {"I8", 1},
                                                               {"U8", 1},
                                                               {"BOOL", 1}}};

inline constexpr std::size_t safetensors_largest_header = 100'000'000;  // as the reference implementation
inline constexpr std::size_t safetensors_largest_rank = 64;             // keeps small headers from becoming large lists
inline constexpr std::string_view safetensors_metadata = "__metadata__";

struct tensor_entry {
  std::string name;
  tensor_type type = tensor_type::u8;
  std::vector<std::size_t> shape;
  std::uint64_t begin = 0;  // of its bytes, counted from the end of the header
  std::uint64_t end = 0;
  std::size_t position = 0;  // of its name in the header
};

struct safetensors_header {
  std::vector<tensor_entry> tensors;  // in the order of their data
  std::map<std::string, std::string, std::less<>> metadata;
  std::size_t size = 0;  // bytes before the data
};

/// Bytes of a tensor, or nothing when they cannot be counted in 64 bits.
inline bool tensor_bytes(std::span<const std::size_t> shape, tensor_type type, std::uint64_t& bytes) {
  bytes = 1;
  const auto times = [&](std::uint64_t factor) {
    if (factor != 0 && bytes > (std::numeric_limits<std::uint64_t>::max)() / factor) return false;
    bytes *= factor;
    return true;
  };
  for (const std::size_t size : shape) {
    if (!times(size)) return false;
  }
  return times(tensor_types[static_cast<std::size_t>(type)].bytes);
}

class safetensors_header_parser {
 public:
  safetensors_header_parser(std::string_view json, std::string_view source, std::uint64_t data_bytes)
      : cursor_(json, source, 8), data_bytes_(data_bytes) {}

  safetensors_header parse() {
    safetensors_header header;
    bool seen_metadata = false;
    if (cursor_.rest().substr(0, 1) != "{") cursor_.fail("the header does not begin with '{'");
    cursor_.expect('{', "");
    if (!cursor_.accept('}')) {
      do {
        cursor_.set_subject("");
        cursor_.peek();
        const std::size_t position = cursor_.position();
        std::string name = cursor_.string("a tensor's name");
        cursor_.set_subject("tensor " + shown_name(name));
        cursor_.expect(':', "after the name");
        if (name == safetensors_metadata) {
          cursor_.set_subject("__metadata__");
          if (std::exchange(seen_metadata, true)) cursor_.fail_at(position, "appears twice");
          metadata(header.metadata);
        } else {
          header.tensors.push_back(tensor(std::move(name), position));
        }
      } while (cursor_.accept(','));
      cursor_.set_subject("");
      cursor_.expect('}', "or ',' after a tensor");
    }
    if (cursor_.rest().find_first_not_of(' ') != std::string_view::npos) cursor_.fail("text after the header's object");
    check(header.tensors);
    return header;
  }

 private:
  void metadata(std::map<std::string, std::string, std::less<>>& result) {
    cursor_.expect('{', "as the beginning of an object of strings");
    if (cursor_.accept('}')) return;
    do {
      cursor_.peek();
      const std::size_t position = cursor_.position();
      std::string key = cursor_.string("a key");
      cursor_.expect(':', "after a key");
      if (!result.emplace(key, cursor_.string("the value of " + shown_name(key))).second) {
        cursor_.fail_at(position, "key " + shown_name(key) + " appears twice");
      }
    } while (cursor_.accept(','));
    cursor_.expect('}', "or ',' after a value");
  }

  tensor_entry tensor(std::string name, std::size_t position) {
    tensor_entry entry;
    entry.name = std::move(name);
    entry.position = position;
    bool seen_type = false, seen_shape = false, seen_offsets = false;
    cursor_.expect('{', "as the beginning of an object");
    if (!cursor_.accept('}')) {
      do {
        cursor_.peek();
        const std::size_t at = cursor_.position();
        const std::string key = cursor_.string("a key");
        cursor_.expect(':', "after a key");
        if (key == "dtype" && !std::exchange(seen_type, true)) {
          entry.type = type();
        } else if (key == "shape" && !std::exchange(seen_shape, true)) {
          entry.shape = shape();
        } else if (key == "data_offsets" && !std::exchange(seen_offsets, true)) {
          cursor_.expect('[', "as the beginning of data_offsets");
          entry.begin = cursor_.integer("data_offsets");
          cursor_.expect(',', "between the two data_offsets");
          entry.end = cursor_.integer("data_offsets");
          cursor_.expect(']', "after two data_offsets");
        } else {
          cursor_.fail_at(at, "unknown or repeated key " + shown_name(key));
        }
      } while (cursor_.accept(','));
      cursor_.expect('}', "or ',' after a value");
    }
    if (!seen_type) cursor_.fail_at(position, "dtype is missing");
    if (!seen_shape) cursor_.fail_at(position, "shape is missing");
    if (!seen_offsets) cursor_.fail_at(position, "data_offsets are missing");
    return entry;
  }

  tensor_type type() {
    cursor_.peek();
    const std::size_t at = cursor_.position();
    const std::string name = cursor_.string("dtype");
    for (std::size_t index = 0; index < tensor_types.size(); ++index) {
      if (tensor_types[index].name == name) return static_cast<tensor_type>(index);
    }
    cursor_.fail_at(at, "unknown dtype " + shown_name(name));
  }

  std::vector<std::size_t> shape() {
    static_assert(sizeof(std::size_t) == sizeof(std::uint64_t), "mmrec reads safetensors files on 64-bit machines only");
    std::vector<std::size_t> result;
    cursor_.expect('[', "as the beginning of a shape");
    if (cursor_.accept(']')) return result;
    do {
      if (result.size() == safetensors_largest_rank) {
        cursor_.fail("more than " + std::to_string(safetensors_largest_rank) + " dimensions");
      }
      result.push_back(static_cast<std::size_t>(cursor_.integer("sizes")));
    } while (cursor_.accept(','));
    cursor_.expect(']', "or ',' after a size");
    return result;
  }

  /// The tensors fill the data one after the other, without holes or overlaps, and each is as long as its shape says.
  void check(std::vector<tensor_entry>& tensors) {
    std::vector<const tensor_entry*> by_name;
    by_name.reserve(tensors.size());
    for (const tensor_entry& entry : tensors) by_name.push_back(&entry);
    std::sort(by_name.begin(), by_name.end(), [](const tensor_entry* a, const tensor_entry* b) {
      return a->name != b->name ? a->name < b->name : a->position < b->position;
    });
    for (std::size_t i = 1; i < by_name.size(); ++i) {
      if (by_name[i]->name == by_name[i - 1]->name) fail(*by_name[i], "appears twice");
    }
    std::sort(tensors.begin(), tensors.end(), [](const tensor_entry& a, const tensor_entry& b) {
      if (a.begin != b.begin) return a.begin < b.begin;
      return a.end != b.end ? a.end < b.end : a.position < b.position;
    });
    std::uint64_t filled = 0;
    for (const tensor_entry& entry : tensors) {
      if (entry.end < entry.begin) fail(entry, "data_offsets end before they begin");
      if (entry.begin > filled) fail(entry, "data_offsets leave a hole before it, from " + std::to_string(filled));
      if (entry.begin < filled) fail(entry, "data_offsets overlap those of another tensor");
      if (entry.end > data_bytes_) {
        fail(entry, "data_offsets reach beyond the file's " + std::to_string(data_bytes_) + " bytes of data");
      }
      std::uint64_t bytes = 0;
      if (!tensor_bytes(entry.shape, entry.type, bytes)) fail(entry, "its size does not fit in 64 bits");
      if (bytes != entry.end - entry.begin) {
        fail(entry, "its shape and dtype want " + std::to_string(bytes) + " bytes, its data_offsets hold " +
                        std::to_string(entry.end - entry.begin));
      }
      filled = entry.end;
    }
    cursor_.set_subject("");
    if (filled != data_bytes_) {
      cursor_.fail("tensors fill " + std::to_string(filled) + " of the file's " + std::to_string(data_bytes_) +
                   " bytes of data");
    }
  }
  [[noreturn]] void fail(const tensor_entry& entry, std::string_view what) {
    cursor_.set_subject("tensor " + shown_name(entry.name));
    cursor_.fail_at(entry.position, what);
  }

  json_cursor cursor_;
  std::uint64_t data_bytes_;
};

inline safetensors_header parse_safetensors_header(std::string_view bytes, std::string_view source) {
  const auto fail = [&](const std::string& what) { throw parse_error(source, 0, 0, what); };
  if (bytes.size() < 8) fail("holds " + std::to_string(bytes.size()) + " bytes where a safetensors file has 8 at least");
  std::uint64_t size = 0;
  for (std::size_t i = 8; i-- > 0;) size = size << 8 | static_cast<unsigned char>(bytes[i]);
  if (size > safetensors_largest_header) {
    fail("byte 0: a header of " + std::to_string(size) + " bytes exceeds the format's limit of " +
         std::to_string(safetensors_largest_header));
  }
  if (size > bytes.size() - 8) {
    fail("byte 0: a header of " + std::to_string(size) + " bytes in a file of " + std::to_string(bytes.size()));
  }
  const std::string_view json = bytes.substr(8, static_cast<std::size_t>(size));
  safetensors_header header = safetensors_header_parser(json, source, bytes.size() - 8 - size).parse();
  header.size = 8 + static_cast<std::size_t>(size);
  return header;
}

/// The header for entries whose names, types, shapes and places are set, with the 8 bytes of its length.
inline std::string format_safetensors_header(std::span<const tensor_entry> tensors,
                                             const std::map<std::string, std::string, std::less<>>& metadata) {
  std::string json = "{";
  const auto separate = [&] {
    if (json.back() != '{') json += ',';
  };
  if (!metadata.empty()) {
    json += json_string(safetensors_metadata) + ":{";
    for (const auto& [key, value] : metadata) {
      separate();
      json += json_string(key) + ':' + json_string(value);
    }
    json += '}';
  }
  for (const tensor_entry& entry : tensors) {
    separate();
    json += json_string(entry.name) + ":{\"dtype\":\"" +
            std::string(tensor_types[static_cast<std::size_t>(entry.type)].name) + "\",\"shape\":[";
    for (std::size_t axis = 0; axis < entry.shape.size(); ++axis) {
      if (axis != 0) json += ',';
      json += std::to_string(entry.shape[axis]);
    }
    json += "],\"data_offsets\":[" + std::to_string(entry.begin) + ',' + std::to_string(entry.end) + "]}";
  }
  json += '}';
  json.append((8 - json.size() % 8) % 8, ' ');
  std::string length(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) length[i] = static_cast<char>(json.size() >> (8 * i) & 255);
  return length + json;
}

}  // namespace detail
}  // namespace io
}  // namespace mmrec::inline v0

#include <mmrec/io/safetensors.hpp>

#include <mmrec/core/error.hpp>
#include <mmrec/io/table.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;
namespace io = mmrec::io;

namespace {

struct golden {
  bool accepted;
  std::string bytes;
};

// tests/golden/safetensors.py asked the reference implementation.
const std::map<std::string, golden>& goldens() {
  static const std::map<std::string, golden> all = [] {
    const std::string path = MMREC_TEST_GOLDEN_DIR "/safetensors.tsv";
    const std::string text = io::read_file(path);
    io::table_reader table(text, path, {.delimiter = "\t", .quotes = false});
    std::map<std::string, golden> result;
    while (table.next()) {
      golden g{table[1] == "ok", {}};
      const auto nibble = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
      for (std::size_t at = 0; at < table[2].size(); at += 2) {
        g.bytes += static_cast<char>(nibble(table[2][at]) * 16 + nibble(table[2][at + 1]));
      }
      result.emplace(std::string(table[0]), std::move(g));
    }
    return result;
  }();
  return all;
}
const std::string& bytes_of(const std::string& name) { return goldens().at(name).bytes; }

std::string refusal(std::string bytes, const io::safetensors_options& options = {}, const mm::limits& bounds = {}) {
  return test::thrown<mm::parse_error>([&] { io::parse_safetensors(std::move(bytes), "x.safetensors", options, bounds); });
}
std::string file_of(const std::string& json, std::string_view data = "") {
  std::string bytes(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(json.size() >> (8 * i) & 255);
  return bytes + json + std::string(data);
}

template <class T>
std::vector<T> numbers(const io::tensor_view& tensor) {
  std::vector<T> result(tensor.size());
  if constexpr (std::is_same_v<T, bool>) {
    for (std::size_t i = 0; i < result.size(); ++i) result[i] = tensor.bytes[i] == std::byte{1};
  } else {
    tensor.copy_to(std::span<T>(result));
  }
  return result;
}
std::vector<std::size_t> shape_of(const io::tensor_view& tensor) { return {tensor.shape.begin(), tensor.shape.end()}; }

std::vector<io::tensor_view> all_of(const io::safetensors& file) {
  std::vector<io::tensor_view> result;
  for (std::size_t i = 0; i < file.size(); ++i) result.push_back(file[i]);
  return result;
}

/// Reads everything there is to read.
std::size_t use(const io::safetensors& file) {
  std::size_t sum = file.metadata().size();
  for (std::size_t i = 0; i < file.size(); ++i) {
    const io::tensor_view tensor = file[i];
    const auto found = file.find(tensor.name);
    if (!found || found->bytes.data() != tensor.bytes.data()) throw std::runtime_error("a tensor is not found by its name");
    for (const std::byte byte : tensor.bytes) sum += static_cast<std::size_t>(byte);
    std::vector<double> values(tensor.size());
    try {
      tensor.copy_to(std::span<double>(values));
    } catch (const mm::data_error&) {  // of another type
    }
  }
  return sum;
}

}  // namespace

TEST_CASE("files of the reference implementation are read, with every type") {
  const io::safetensors file = io::parse_safetensors(bytes_of("all-types"), "x");
  CHECK(file.size() == 13);
  for (const io::tensor_view& tensor : all_of(file)) CHECK(shape_of(tensor) == std::vector<std::size_t>{2, 3});
  const auto check = [&](const std::string& name, io::tensor_type type, auto zero, bool is_signed) {
    using T = decltype(zero);
    CAPTURE(name);
    const io::tensor_view tensor = file.at(name);
    CHECK(tensor.type == type);
    std::vector<T> wanted;
    for (int i = 0; i < 6; ++i) wanted.push_back(static_cast<T>(is_signed ? i - 1 : i));
    CHECK(numbers<T>(tensor) == wanted);
  };
  check("float64", io::tensor_type::f64, 0.0, true);
  check("float64", io::tensor_type::f64, 0.0f, true);
  check("float32", io::tensor_type::f32, 0.0, true);
  check("float32", io::tensor_type::f32, 0.0f, true);
  check("float16", io::tensor_type::f16, 0.0f, true);
  check("bfloat16", io::tensor_type::bf16, 0.0, true);
  check("int64", io::tensor_type::i64, std::int64_t{}, true);
  check("int32", io::tensor_type::i32, std::int32_t{}, true);
  check("int16", io::tensor_type::i16, std::int16_t{}, true);
  check("int8", io::tensor_type::i8, std::int8_t{}, true);
  check("uint64", io::tensor_type::u64, std::uint64_t{}, false);
  check("uint32", io::tensor_type::u32, std::uint32_t{}, false);
  check("uint16", io::tensor_type::u16, std::uint16_t{}, false);
  check("uint8", io::tensor_type::u8, std::uint8_t{}, false);
  CHECK(numbers<bool>(file.at("bool")) == std::vector<bool>{false, true, false, true, false, true});
  CHECK(io::name_of(io::tensor_type::bf16) == "BF16");

  const io::safetensors with_metadata = io::parse_safetensors(bytes_of("metadata"), "x");
  CHECK(with_metadata.metadata() == std::map<std::string, std::string, std::less<>>{{"format", "pt"}});
  CHECK(with_metadata.size() == 2);
}

TEST_CASE("shapes and names of any kind are read") {
  const io::safetensors shapes = io::parse_safetensors(bytes_of("shapes"), "x");
  CHECK(shapes.at("scalar").shape.empty());
  CHECK(numbers<float>(shapes.at("scalar")) == std::vector<float>{2.5f});
  CHECK(shape_of(shapes.at("none")) == std::vector<std::size_t>{0});
  CHECK(shape_of(shapes.at("hollow")) == std::vector<std::size_t>{2, 0, 3});
  CHECK(shapes.at("hollow").size() == 0);
  CHECK(numbers<float>(shapes.at("hollow")).empty());

  const io::safetensors names = io::parse_safetensors(bytes_of("names"), "x");
  CHECK(names.find("quote \" \\ / \n\t\x01"));
  CHECK(names.find("γλώσσα 模型 🎬"));
  CHECK(names.find(""));
  CHECK(!names.find("quote"));
  CHECK(io::parse_safetensors(bytes_of("odd-names"), "x").at("A🎬\n").shape.empty());
  CHECK(io::parse_safetensors(bytes_of("empty"), "x").empty());
  CHECK(test::thrown<mm::unknown_id>([&] { names.at("weight"); }) ==
        "io::safetensors::at: unknown tensor \"weight\" (3 known)");
}

TEST_CASE("numbers of 16 bits become the floats that PyTorch makes of them") {
  const io::safetensors file = io::parse_safetensors(bytes_of("halves"), "x");
  for (const std::string name : {"half", "brain"}) {
    const auto actual = numbers<float>(file.at(name)), wanted = numbers<float>(file.at(name + ".float"));
    REQUIRE(actual.size() == wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      CHECK(std::bit_cast<std::uint32_t>(actual[i]) == std::bit_cast<std::uint32_t>(wanted[i]));
    }
  }
  // All of them, by the definition of the format.
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = io::detail::half_to_float(half);
    const int exponent = static_cast<int>(bits >> 10 & 31), mantissa = static_cast<int>(bits & 1023);
    const double magnitude = exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
    bool right = std::signbit(value) == (bits >= 32768);
    if (exponent == 31) {
      right = right && (mantissa == 0 ? std::isinf(value) : std::isnan(value));
    } else {
      right = right && std::abs(static_cast<double>(value)) == magnitude;
    }
    if (!right) FAIL("half " << bits);
  }
}

TEST_CASE("what the reference refuses is refused, and more") {
  std::size_t refused = 0, lenient = 0;
  for (const auto& [name, g] : goldens()) {
    CAPTURE(name);
    if (name.starts_with("lenient")) {
      ++lenient;
      CHECK(g.accepted);
      CHECK_THAT(refusal(g.bytes), test::contains("x.safetensors: "));
    } else if (g.accepted) {
      CHECK_NOTHROW(use(io::parse_safetensors(g.bytes, name)));
    } else {
      ++refused;
      CHECK_THAT(refusal(g.bytes), test::contains("x.safetensors: "));
    }
  }
  CHECK(refused == 43);
  CHECK(lenient == 6);
}

TEST_CASE("refusals name the tensor and the byte") {
  const auto said = [](const std::string& name) { return refusal(bytes_of(name)); };
  CHECK(said("file-too-short") == "x.safetensors: holds 7 bytes where a safetensors file has 8 at least");
  CHECK(said("header-too-large") ==
        "x.safetensors: byte 0: a header of 100000001 bytes exceeds the format's limit of 100000000");
  CHECK(said("no-header") == "x.safetensors: byte 0: a header of 2 bytes in a file of 9");
  CHECK_THAT(said("hole"),
             test::contains("x.safetensors: byte 9: tensor \"a\": data_offsets leave a hole before it, from 0"));
  CHECK_THAT(said("gap"), test::contains("tensor \"b\": data_offsets leave a hole before it, from 4"));
  CHECK_THAT(said("overlap"), test::contains("tensor \"b\": data_offsets overlap"));
  CHECK_THAT(said("part-overlap"), test::contains("tensor \"b\": data_offsets overlap"));
  CHECK_THAT(said("reversed"), test::contains("tensor \"a\": data_offsets end before they begin"));
  CHECK_THAT(said("beyond"), test::contains("tensor \"a\": data_offsets reach beyond the file's 4 bytes of data"));
  CHECK_THAT(said("trailing-bytes"), test::contains("tensors fill 4 of the file's 5 bytes of data"));
  CHECK_THAT(said("shape-too-large"),
             test::contains("tensor \"a\": its shape and dtype want 8 bytes, its data_offsets hold 4"));
  for (const std::string name : {"wraps-to-zero", "wraps-to-four", "wraps-then-zero"}) {
    CHECK_THAT(said(name), test::contains("tensor \"a\": its size does not fit in 64 bits"));
  }
  for (const std::string name :
       {"negative", "fraction", "exponent", "leading-zero", "number-as-text", "size-beyond-64-bits"}) {
    CHECK_THAT(said(name), test::contains("tensor \"a\": sizes must be plain integers from 0 to 2^64 - 1"));
  }
  CHECK_THAT(said("lenient-twice"), test::contains("tensor \"a\": appears twice"));
  CHECK_THAT(said("lenient-leading-blank"), test::contains("byte 8: the header does not begin with '{'"));
  CHECK_THAT(said("lenient-key"), test::contains("tensor \"a\": unknown or repeated key \"more\""));
  CHECK_THAT(said("trailing-text"), test::contains("text after the header's object"));
  CHECK_THAT(said("lenient-tab"), test::contains("text after the header's object"));
  CHECK_THAT(said("unknown-dtype"), test::contains("tensor \"a\": unknown dtype \"F33\""));
  CHECK_THAT(said("missing-dtype"), test::contains("tensor \"a\": dtype is missing"));
  CHECK_THAT(said("missing-shape"), test::contains("tensor \"a\": shape is missing"));
  CHECK_THAT(said("missing-offsets"), test::contains("tensor \"a\": data_offsets are missing"));
  CHECK_THAT(said("not-utf8"), test::contains("byte 10: a string is not UTF-8"));
  CHECK_THAT(said("lone-surrogate"), test::contains("byte 10: half of a surrogate pair"));
  CHECK_THAT(said("bad-escape"), test::contains("byte 10: unknown escape"));
  CHECK_THAT(said("control-character"), test::contains("byte 10: control character"));
  CHECK_THAT(said("metadata-number"), test::contains("__metadata__: the value of \"a\" must be a string"));
  CHECK_THAT(said("deep"), test::contains("unknown or repeated key"));
  CHECK_THAT(said("lenient-bool"), test::contains("tensor \"a\": number 0 is neither 0 nor 1, but of type BOOL"));
  CHECK(said("lenient-nan") == "x.safetensors: tensor \"a\": number 0 is not finite");
  CHECK_THAT(refusal(file_of(R"({"__metadata__":{"a":"1","a":"2"}})")),
             test::contains("__metadata__: key \"a\" appears twice"));
  CHECK_THAT(refusal(file_of(R"({"__metadata__":{},"__metadata__":{}})")), test::contains("__metadata__: appears twice"));
  CHECK_THAT(refusal(file_of(R"({"a":{"dtype":"F32","dtype":"F32","shape":[0],"data_offsets":[0,0]}})")),
             test::contains("unknown or repeated key \"dtype\""));
  CHECK_THAT(refusal(file_of(R"({"\ud83cx":{}})")), test::contains("surrogate"));
  CHECK_THAT(refusal(file_of(R"({"\u12g4":{}})")), test::contains("four hexadecimal digits"));
}

TEST_CASE("foreign files are refused, at once and without much memory") {
  CHECK_THAT(refusal(""), test::contains("holds 0 bytes"));
  CHECK_THAT(refusal(std::string("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16)), test::contains("exceeds the format's limit"));
  CHECK_THAT(refusal(std::string(64, '\0')), test::contains("does not begin with '{'"));
  CHECK_THAT(refusal(std::string("\x7f"
                                 "ELF\2\1\1\0",
                                 8)),
             test::contains("exceeds the format's limit"));
  std::string deep = "{\"a\":";
  deep.append(5'000'000, '[');
  CHECK_THAT(refusal(file_of(deep)), test::contains("expected '{' as the beginning of an object"));
  std::string many = "{\"a\":{\"shape\":[0";
  for (int i = 0; i < 64; ++i) many += ",0";
  CHECK_THAT(refusal(file_of(many)), test::contains("more than 64 dimensions"));
  mm::limits small;
  small.file_bytes = 10;
  CHECK_THAT(test::thrown<mm::limit_error>([&] { io::parse_safetensors(bytes_of("plain"), "x", {}, small); }),
             test::contains("x: size in bytes"));
  // A name of a megabyte is not repeated whole in the error.
  CHECK(refusal(file_of("{\"" + std::string(1'000'000, 'n') + "\":0}")).size() < 400);
  const test::temporary_folder folder;
  CHECK_THROWS_AS(io::read_safetensors(folder.path()), mm::io_error);
  CHECK_THROWS_AS(io::read_safetensors(folder.path() / "absent"), mm::io_error);
}

TEST_CASE("every prefix of a file is refused") {
  for (const std::string name : {"all-types", "metadata", "shapes", "names", "padded", "halves"}) {
    const std::string& bytes = bytes_of(name);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      CAPTURE(name, size);
      CHECK_THROWS_AS(io::parse_safetensors(bytes.substr(0, size), "x"), mm::parse_error);
    }
  }
}

TEST_CASE("a file with any byte damaged is refused or still holds together") {
  std::size_t refused = 0, tried = 0;
  for (const std::string name : {"all-types", "metadata", "shapes", "names", "padded", "halves"}) {
    const std::string& bytes = bytes_of(name);
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      for (const int change : {0xff, 1, 0x80, 0x20, 0x100}) {
        std::string damaged = bytes;
        const int byte = static_cast<unsigned char>(bytes[at]);
        damaged[at] = static_cast<char>(change == 0x100 ? 0 : byte ^ change);
        CAPTURE(name, at, change);
        ++tried;
        try {
          const io::safetensors file = io::parse_safetensors(std::move(damaged), "x");
          use(file);
        } catch (const mm::parse_error&) {
          ++refused;
        }
      }
    }
  }
  CHECK(refused > tried / 2);  // the format has no checksum: damaged numbers are numbers
  CHECK(refused < tried);
}

TEST_CASE("non-finite numbers are refused unless asked for, in every type that has them") {
  const auto check = [](io::tensor_type type, std::string_view value) {
    const std::size_t shape[] = {2};
    const std::string twice = std::string(value.size(), '\0') + std::string(value);
    const io::tensor_view tensor{"w", type, shape, std::as_bytes(std::span(twice))};
    const std::string bytes = io::format_safetensors({&tensor, 1});
    CHECK(refusal(bytes) == "x.safetensors: tensor \"w\": number 1 is not finite");
    const io::safetensors file = io::parse_safetensors(bytes, "x", {.allow_non_finite = true});
    CHECK(!std::isfinite(numbers<double>(file.at("w"))[1]));
    CHECK(!std::isfinite(numbers<float>(file.at("w"))[1]));
  };
  using namespace std::string_view_literals;
  check(io::tensor_type::f64, "\0\0\0\0\0\0\xf0\x7f"sv);
  check(io::tensor_type::f64, "\1\0\0\0\0\0\xf0\xff"sv);
  check(io::tensor_type::f32, "\0\0\x80\x7f"sv);
  check(io::tensor_type::f32, "\0\0\xc0\xff"sv);
  check(io::tensor_type::f16, "\0\x7c"sv);
  check(io::tensor_type::f16, "\1\xfc"sv);
  check(io::tensor_type::bf16, "\x80\x7f"sv);
  check(io::tensor_type::bf16, "\xc0\xff"sv);
}

TEST_CASE("numbers become floats by rounding, and nothing else by surprise") {
  const double values[] = {1.0 / 3.0, 1e-300, -0.0, 0x1.000001p0, 0x1.000003p0};
  const std::size_t shape[] = {5};
  const std::string bytes = io::format_safetensors(std::vector{io::tensor_of<double>("w", values, shape)});
  const io::safetensors file = io::parse_safetensors(bytes, "x");
  const auto floats = numbers<float>(file.at("w"));
  CHECK(floats == std::vector<float>{static_cast<float>(1.0 / 3.0), 0.0f, -0.0f, 1.0f, 0x1.000004p0f});  // ties to even
  CHECK(std::signbit(floats[2]));

  const double large[] = {1e300};
  const std::size_t one[] = {1};
  const std::string beyond = io::format_safetensors(std::vector{io::tensor_of<double>("w", large, one)});
  const io::safetensors kept = io::parse_safetensors(beyond, "x");
  CHECK(numbers<double>(kept.at("w")) == std::vector<double>{1e300});
  CHECK(test::thrown<mm::data_error>([&] { numbers<float>(kept.at("w")); }) ==
        "io::tensor_view::copy_to: tensor \"w\": number 0 is beyond the largest float");
  CHECK(test::thrown<mm::data_error>([&] { numbers<std::int32_t>(kept.at("w")); }) ==
        "io::tensor_view::copy_to: tensor \"w\" holds F64, not I32");
  std::vector<float> wrong(2);
  CHECK(test::thrown<mm::shape_error>([&] { kept.at("w").copy_to(std::span<float>(wrong)); }) ==
        "io::tensor_view::copy_to: numbers of tensor \"w\": expected 1, got 2");
  const io::safetensors integers = io::parse_safetensors(bytes_of("all-types"), "x");
  CHECK_THROWS_AS(numbers<float>(integers.at("int32")), mm::data_error);
  CHECK_THROWS_AS(numbers<std::int64_t>(integers.at("int32")), mm::data_error);
}

TEST_CASE("what is written is what the reference implementation writes, in whatever order it comes") {
  for (const std::string name : {"all-types", "metadata", "shapes", "names", "empty", "halves"}) {
    CAPTURE(name);
    const io::safetensors file = io::parse_safetensors(bytes_of(name), name);
    std::vector<io::tensor_view> tensors = all_of(file);
    const std::string written = io::format_safetensors(tensors, file.metadata());
    std::reverse(tensors.begin(), tensors.end());
    CHECK(io::format_safetensors(tensors, file.metadata()) == written);
    // Only its escapes of control characters are shorter.
    if (name != "names") CHECK(written == bytes_of(name));
    const io::safetensors again = io::parse_safetensors(written, "again");
    REQUIRE(again.size() == file.size());
    CHECK(again.metadata() == file.metadata());
    for (const io::tensor_view& tensor : tensors) {
      const io::tensor_view copy = again.at(tensor.name);
      CHECK(copy.type == tensor.type);
      CHECK(shape_of(copy) == shape_of(tensor));
      CHECK(std::equal(copy.bytes.begin(), copy.bytes.end(), tensor.bytes.begin(), tensor.bytes.end()));
    }
  }
}

TEST_CASE("files are written whole, and over the file that is being read") {
  const test::temporary_folder folder;
  const auto path = folder.path() / "weights.safetensors";
  const float weights[] = {1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f};
  const std::int64_t ids[] = {7, 8};
  const std::size_t shape[] = {2, 3}, two[] = {2};
  const std::vector<io::tensor_view> tensors{io::tensor_of<float>("layer.weight", weights, shape),
                                             io::tensor_of<std::int64_t>("ids", ids, two)};
  io::write_safetensors(path, tensors, {{"steps", "12"}, {"name", "a \"b\""}});
  CHECK(io::read_file(path) == io::format_safetensors(tensors, {{"steps", "12"}, {"name", "a \"b\""}}));
  io::safetensors file = io::read_safetensors(path);
  CHECK(file.metadata().at("name") == "a \"b\"");
  CHECK(numbers<float>(file.at("layer.weight")) == std::vector<float>{1, 2, 3, 4, 5, 6});
  for (const io::tensor_view& tensor : all_of(file)) {
    CHECK(reinterpret_cast<std::uintptr_t>(tensor.bytes.data()) % io::bytes_of(tensor.type) == 0);
  }
  io::write_safetensors(path, all_of(file));
  const io::safetensors again = io::read_safetensors(path);
  CHECK(again.metadata().empty());
  CHECK(numbers<std::int64_t>(again.at("ids")) == std::vector<std::int64_t>{7, 8});
  const io::safetensors moved = std::move(file);
  CHECK(numbers<float>(moved.at("layer.weight"))[5] == 6.0f);
}

TEST_CASE("tensors that make no file are refused, and leave the old file alone") {
  const test::temporary_folder folder;
  const auto path = folder.write("old.safetensors", "old");
  const float values[] = {1.0f, 2.0f};
  const std::size_t two[] = {2}, three[] = {3}, wraps[] = {std::size_t{1} << 63, 2};
  const auto said = [&](const std::vector<io::tensor_view>& tensors, auto error,
                        const std::map<std::string, std::string, std::less<>>& metadata = {}) {
    return test::thrown<decltype(error)>([&] { io::write_safetensors(path, tensors, metadata); });
  };
  const mm::invalid_config config("", "", "");
  const io::tensor_view good = io::tensor_of<float>("w", values, two);
  CHECK(said({io::tensor_of<float>("w", values, three)}, mm::shape_error("", "", 0, 0)) ==
        "io::write_safetensors: bytes of tensor \"w\": expected 12, got 8");
  CHECK(said({good, good}, config) == "io::write_safetensors: tensors have the name \"w\" twice");
  CHECK(said({io::tensor_of<float>("__metadata__", values, two)}, config) ==
        "io::write_safetensors: tensors may not be named __metadata__");
  CHECK(said({io::tensor_of<float>("\xff", values, two)}, config) ==
        "io::write_safetensors: tensors have a name that is not UTF-8");
  CHECK_THAT(said({io::tensor_of<float>("w", values, wraps)}, config), test::contains("does not fit in 64 bits"));
  CHECK_THAT(said({good}, config, {{"a", "\xc0\x80"}}), test::contains("metadata have a text that is not UTF-8"));
  CHECK(io::read_file(path) == "old");
}

#include <mmrec/io/npy.hpp>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/io/table.hpp>

#include "support/catch.hpp"
#include "support/data.hpp"
#include "support/temporary_folder.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;
namespace io = mmrec::io;

namespace {

struct golden {
  std::string outcome, type, bytes;
  std::vector<std::size_t> shape;
  std::string values;
};

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> result;
  while (!text.empty()) {
    const std::size_t end = text.find(' ');
    result.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return result;
}

// tests/golden/npy.py wrote them with NumPy.
const std::map<std::string, golden>& goldens() {
  static const std::map<std::string, golden> all = [] {
    const std::string path = MMREC_TEST_GOLDEN_DIR "/npy.tsv";
    const std::string text = io::read_file(path);
    io::table_reader table(text, path, {.delimiter = "\t", .quotes = false});
    std::map<std::string, golden> result;
    while (table.next()) {
      golden g{std::string(table[1]), std::string(table[2]), {}, {}, std::string(table[4])};
      for (const std::string& size : words(table[3])) g.shape.push_back(mm::require_number<std::size_t>("golden", size));
      const auto nibble = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
      for (std::size_t at = 0; at < table[5].size(); at += 2) {
        g.bytes += static_cast<char>(nibble(table[5][at]) * 16 + nibble(table[5][at + 1]));
      }
      result.emplace(std::string(table[0]), std::move(g));
    }
    return result;
  }();
  return all;
}

template <class T>
void check_golden(const std::string& name, const golden& g) {
  CAPTURE(name);
  const auto array = io::parse_npy<T>(g.bytes, name);
  CHECK(array.shape == g.shape);
  const std::vector<std::string> wanted = words(g.values);
  REQUIRE(array.values.size() == wanted.size());
  for (std::size_t at = 0; at < wanted.size(); ++at) {
    T value;
    if constexpr (std::is_floating_point_v<T>) {
      value = static_cast<T>(mm::require_number<double>("golden", wanted[at], {.non_finite = true}));
      if (std::isnan(value)) {
        CHECK(std::isnan(array.values[at]));
        continue;
      }
      CHECK(std::signbit(array.values[at]) == std::signbit(value));
    } else {
      value = mm::require_number<T>("golden", wanted[at]);
    }
    CHECK(array.values[at] == value);
  }
  if (name.ends_with("-v1") || name.starts_with("rank")) {
    CHECK(io::format_npy<T>(array.values, array.shape) == g.bytes);  // what we write is what NumPy writes
  }
}

template <class T>
std::string fault_of(std::string_view bytes, const mm::limits& bounds = {}) {
  return test::thrown<mm::parse_error>([&] { io::parse_npy<T>(bytes, "x.npy", bounds); });
}

std::string with_header(std::string dictionary, std::string_view data = "", int major = 1) {
  dictionary += '\n';
  std::string bytes = "\x93NUMPY";
  bytes += {static_cast<char>(major), '\0', static_cast<char>(dictionary.size() & 255),
            static_cast<char>(dictionary.size() >> 8)};
  if (major > 1) bytes += {'\0', '\0'};
  return bytes + dictionary + std::string(data);
}

}  // namespace

TEST_CASE("files that NumPy wrote are read, with every type, version and order") {
  std::size_t read = 0;
  for (const auto& [name, g] : goldens()) {
    if (g.outcome != "ok") continue;
    ++read;
    if (g.type == "<f4")
      check_golden<float>(name, g);
    else if (g.type == "<f8")
      check_golden<double>(name, g);
    else if (g.type == "<i4")
      check_golden<std::int32_t>(name, g);
    else if (g.type == "<i8")
      check_golden<std::int64_t>(name, g);
    else if (g.type == "|u1")
      check_golden<std::uint8_t>(name, g);
    else
      FAIL(g.type);
  }
  CHECK(read == 28);
}

TEST_CASE("types that are not read are refused by name") {
  std::size_t refused = 0;
  for (const auto& [name, g] : goldens()) {
    CAPTURE(name);
    if (g.outcome == "refused") {
      ++refused;
      CHECK_THROWS_AS(io::parse_npy<float>(g.bytes, name), mm::parse_error);
      CHECK_THROWS_AS(io::parse_npy<std::uint8_t>(g.bytes, name), mm::parse_error);
    } else if (g.type != "<f4") {
      CHECK_THROWS_AS(io::parse_npy<float>(g.bytes, name), mm::parse_error);  // no silent conversion
    }
  }
  CHECK(refused == 12);
  CHECK_THAT(fault_of<float>(goldens().at("big-f4").bytes), test::contains("x.npy: holds big-endian numbers ('>f4')"));
  CHECK_THAT(fault_of<float>(goldens().at("object").bytes), test::contains("Python objects"));
  CHECK_THAT(fault_of<float>(goldens().at("record").bytes), test::contains("structured types"));
  CHECK(fault_of<float>(goldens().at("f8-v1").bytes) == "x.npy: holds numbers of type '<f8' where '<f4' is wanted");
}

TEST_CASE("every prefix of a file is refused") {
  for (const std::string name : {"f4-v1", "i8-v2", "fortran-3", "rank-0"}) {
    const std::string& bytes = goldens().at(name).bytes;
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      CAPTURE(name, size);
      const auto parse = [&] {
        const std::string_view prefix = std::string_view(bytes).substr(0, size);
        if (name == "i8-v2") return void(io::parse_npy<std::int64_t>(prefix, name));
        if (name == "fortran-3") return void(io::parse_npy<std::int32_t>(prefix, name));
        return void(io::parse_npy<float>(prefix, name));
      };
      CHECK_THAT(test::thrown<mm::parse_error>(parse), test::contains(name));
    }
    CHECK_THROWS_AS(io::parse_npy<float>(bytes + 'x', name), mm::parse_error);  // trailing bytes
  }
}

TEST_CASE("a damaged header byte is an error or changes nothing; a damaged number is that number") {
  const std::string& bytes = goldens().at("f4-v1").bytes;
  const auto original = io::parse_npy<float>(bytes, "x.npy");
  const std::size_t header = bytes.size() - 24;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (int damage = 0; damage < 256; ++damage) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damage);
      if (damaged == bytes) continue;
      CAPTURE(at, damage);
      try {
        const auto array = io::parse_npy<float>(damaged, "x.npy");
        if (at < header) {
          // One blank for another, say. No single byte makes another shape of the same size, or another order.
          REQUIRE(array == original);
        } else {
          REQUIRE(array.shape == original.shape);
        }
      } catch (const mm::parse_error&) {
        REQUIRE(at < header);
      } catch (const mm::limit_error&) {
        REQUIRE(at < header);
      }
    }
  }
}

TEST_CASE("malformed headers are refused") {
  const std::string data(24, '\0');
  const auto fault = [&](const std::string& dictionary) { return fault_of<float>(with_header(dictionary, data)); };
  CHECK(fault("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }") == "no exception");
  CHECK(fault("{'shape':(2,3),'descr':\"<f4\",'fortran_order':False}") == "no exception");  // any order, any quotes
  CHECK(fault("  {'shape' : ( 6 , ) , 'fortran_order' : True , 'descr' : '<f4' }   ") == "no exception");
  for (const std::string bad : {"",
                                "{",
                                "{}",
                                "[]",
                                "{'descr': '<f4', 'fortran_order': False}",
                                "{'descr': '<f4', 'shape': (6,)}",
                                "{'fortran_order': False, 'shape': (6,)}",
                                "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (6,)}",
                                "{'descr': '<f4', 'fortran_order': False, 'shape': (6,), 'extra': 1}",
                                "{'descr': '<f4', 'fortran_order': False, 'shape': (6,)} x",
                                "{'descr': '<f4', 'fortran_order': False, 'shape': (6,)}}",
                                "{'descr': '<f4' 'fortran_order': False, 'shape': (6,)}",
                                "{'descr' '<f4', 'fortran_order': False, 'shape': (6,)}",
                                "{'descr': '<f4, 'fortran_order': False, 'shape': (6,)}",
                                "{'descr': '<f\\x34', 'fortran_order': False, 'shape': (6,)}",
                                "{'descr': '<f4', 'fortran_order': false, 'shape': (6,)}",
                                "{'descr': '<f4', 'fortran_order': 0, 'shape': (6,)}",
                                "{'descr': '<f4', 'fortran_order': False, 'shape': (6)}",
                                "{'descr': '<f4', 'fortran_order': False, 'shape': 6}",
                                "{'descr': '<f4', 'fortran_order': False, 'shape': [6]}",
                                "{'descr': '<f4', 'fortran_order': False, 'shape': (6L,)}",
                                "{'descr': '<f4', 'fortran_order': False, 'shape': (-6,)}",
                                "{'descr': '<f4', 'fortran_order': False, 'shape': (+6,)}",
                                "{'descr': '<f4', 'fortran_order': False, 'shape': (6.0,)}",
                                "{'descr': '<f4', 'fortran_order': False, 'shape': (0x6,)}",
                                "{'descr': '<f4', 'fortran_order': False, 'shape': (2 3)}",
                                "{'descr': '<f4', 'fortran_order': False, 'shape': (2,,3)}",
                                "{'descr': '<f4', 'fortran_order': False, 'shape': (,)}",
                                "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
                                "{'descr': '<f4', 'fortran_order': False, 'shape': (7,)}",
                                "{'descr': '<f4', 'fortran_order': False, 'shape': (5,)}",
                                "{'descr': '<f4', 'fortran_order': False, 'shape': (0,)}",
                                "{'descr': '<f4', 'fortran_order': False, 'shape': ()}",
                                "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (6,)}",
                                "{'descr': '<f4', 'fortran_order': False, 'shape': "
                                "(1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,6)}",
                                "__import__('os').system('true')"}) {
    CAPTURE(bad);
    CHECK_THAT(fault(bad), test::contains("x.npy: "));
    CHECK_THAT(fault(bad), !test::contains("exception"));
  }
  CHECK_THAT(fault("{'descr': '<f4', 'fortran_order': False, 'shape': (7,)}"),
             test::contains("holds 24 bytes of numbers where its shape wants 28"));
  CHECK_THAT(fault(std::string("{'descr': '<f4', \0'fortran_order': False, 'shape': (6,)}", 57)), test::contains("NUL"));
  std::string unterminated = with_header("{'descr': '<f4', 'fortran_order': False, 'shape': (6,), }");
  unterminated.back() = ' ';
  CHECK_THAT(fault_of<float>(unterminated + data), test::contains("line end"));
}

TEST_CASE("foreign files and versions are named") {
  CHECK(fault_of<float>("") == "x.npy: is not an .npy file");
  CHECK(fault_of<float>("PK\3\4") == "x.npy: is not an .npy file");
  CHECK(fault_of<float>("\x89PNG\r\n\x1a\n") == "x.npy: is not an .npy file");
  const std::string dictionary = "{'descr': '<f4', 'fortran_order': False, 'shape': (0,)}";
  for (const int major : {1, 2, 3}) CHECK(fault_of<float>(with_header(dictionary, "", major)) == "no exception");
  CHECK(fault_of<float>(with_header(dictionary, "", 4)) == "x.npy: has .npy version 4.0; 1.0, 2.0 and 3.0 are read");
  CHECK_THAT(fault_of<float>(with_header(dictionary, "", 0)), test::contains("version 0.0"));
}

TEST_CASE("sizes that cannot be are refused before memory is taken") {
  const auto shape = [](const std::string& sizes) {
    return with_header("{'descr': '<f4', 'fortran_order': False, 'shape': (" + sizes + ")}");
  };
  for (const std::string sizes :
       {"4294967296, 4294967296", "2147483648, 2147483648, 2", "9223372036854775807,", "18446744073709551615,",
        "9223372036854775808, 0", "0, 9223372036854775807", "4611686018427387904, 4"}) {
    CAPTURE(sizes);
    CHECK_THROWS_AS(io::parse_npy<float>(shape(sizes), "x.npy"), mm::limit_error);
  }
  CHECK_THROWS_AS(io::parse_npy<float>(shape("1152921504606846976,"), "x.npy"),
                  mm::parse_error);  // countable, and not there
  std::string long_header = "\x93NUMPY\x02";
  long_header += std::string("\0\xff\xff\xff\xff", 5);
  CHECK(test::thrown<mm::limit_error>([&] { io::parse_npy<float>(long_header, "x.npy"); }) ==
        "x.npy: bytes of the .npy header 4294967295 exceeds the limit of 65536");
}

TEST_CASE("matrices make the round trip through files") {
  const test::temporary_folder folder;
  mm::matrix<float> values(3, 2);
  values << 1, -2, std::numeric_limits<float>::infinity(), 0.1f, 1e-45f, 6;
  io::write_npy(folder.path() / "m.npy", values);
  CHECK(io::read_npy_matrix<float>(folder.path() / "m.npy") == values);
  const std::vector<std::int64_t> ids{5, -6};
  io::write_npy<std::int64_t>(folder.path() / "ids.npy", ids, std::array<std::size_t, 1>{2});
  CHECK(io::read_npy<std::int64_t>(folder.path() / "ids.npy").values == ids);
  CHECK_THAT(test::thrown<mm::parse_error>([&] { io::read_npy_matrix<std::int64_t>(folder.path() / "ids.npy"); }),
             test::contains("ids.npy: holds an array of rank 1 where a matrix is wanted"));
  CHECK_THROWS_AS(io::write_npy<std::int64_t>(folder.path() / "no.npy", ids, std::array<std::size_t, 2>{2, 2}),
                  mm::shape_error);
  CHECK_FALSE(std::filesystem::exists(folder.path() / "no.npy"));
  CHECK_THROWS_AS(io::read_npy<float>(folder.path() / "no.npy"), mm::io_error);
  CHECK_THROWS_AS(io::read_npy<float>(folder.path()), mm::io_error);
  mm::matrix<double> none(0, 4);
  io::write_npy(folder.path() / "none.npy", none);
  CHECK(io::read_npy_matrix<double>(folder.path() / "none.npy").cols() == 4);
  mm::limits bounds;
  bounds.file_bytes = 100;
  CHECK_THROWS_AS(io::read_npy<float>(folder.path() / "m.npy", bounds), mm::limit_error);
}

TEST_CASE("feature files of a public data set are read") {
  const auto folder = test::data_set("tiktok-mm");
  MMREC_SKIP_WITHOUT(folder, "tiktok-mm");
  const auto features = io::read_npy_matrix<float>(*folder / "image_feat_f32.npy");
  CHECK(features.rows() == 6710);
  CHECK(features.cols() == 128);
  CHECK(features.allFinite());
}

TEST_CASE("arrays of more than 32 dimensions are not written") {
  const std::vector<float> one(1, 1.0f);
  const std::vector<std::size_t> most(32, 1), more(33, 1);
  CHECK(mmrec::io::parse_npy<float>(mmrec::io::format_npy<float>(one, most), "x").shape == most);
  CHECK(test::thrown<mmrec::invalid_config>([&] { mmrec::io::format_npy<float>(one, more); }) ==
        "io::format_npy: shape must have at most 32 dimensions");
}

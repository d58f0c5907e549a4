#include <mmrec/text/detail/term_table.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "support/catch.hpp"

using namespace mmrec::text::detail;
using table = term_table<no_payload>;

TEST_CASE("keys of short terms are their bytes, with and without padding behind them") {
  std::mt19937 random(1);
  std::array<char, 16> bytes{};
  for (int round = 0; round < 20000; ++round) {
    std::string padded(40, ' ');
    for (char& byte : padded) byte = static_cast<char>(random());
    const std::string_view term(padded.data(), random() % (short_term + 1));
    const std::vector<char> exact(term.begin(), term.end());
    const term_key key = short_key(std::string_view(exact.data(), exact.size()));
    REQUIRE(key == short_key_padded(term));
    REQUIRE(short_term_bytes(key, bytes) == term);
  }
}

TEST_CASE("a table numbers terms in the order in which they come") {
  std::mt19937 random(2);
  table terms;
  std::unordered_map<std::string, std::uint32_t> expected;
  for (int round = 0; round < 50000; ++round) {
    std::string term(random() % 40, 'x');
    for (char& byte : term) byte = static_cast<char>('a' + random() % 2);
    const auto next = static_cast<std::uint32_t>(expected.size());
    const std::uint32_t number = expected.emplace(term, next).first->second;
    REQUIRE(terms.find_or_insert(terms.hash(term)) == number);
    REQUIRE(terms.find(term) == number);
  }
  REQUIRE(terms.size() == expected.size());
  CHECK(terms.find("not there") == table::none);
  CHECK(terms.find("not there, and of more than fifteen bytes") == table::none);
}

TEST_CASE("terms that share a prefix or a suffix, or count up, spread over the table") {
  // Work, not time: places of the index that share their low bits with another term's. 100,000 balls in 2^18 boxes leave
  // 17,300 of the balls in a box that has one already; a hash that an author of documents could steer leaves many more.
  constexpr std::size_t count = 100000;
  constexpr std::uint64_t mask = (std::uint64_t{1} << 18) - 1;
  const std::vector<std::string> frames = {"", "prefix_", "a_prefix_of_thirty_two_characters_"};
  for (const hash_seed& seed : {hash_seed::fresh(), hash_seed{0xff00000000000000u, 0xffu}}) {
    for (const std::string& frame : frames) {
      for (const bool suffix : {false, true}) {
        const table terms(seed);
        std::unordered_set<std::uint64_t> boxes;
        for (std::size_t number = 0; number < count; ++number) {
          const std::string digits = std::to_string(number);
          boxes.insert(terms.hash(suffix ? digits + frame : frame + digits).hash & mask);
        }
        INFO(frame << ' ' << suffix << ' ' << count - boxes.size());
        CHECK(count - boxes.size() < 30000);
      }
    }
  }
}

TEST_CASE("seeds differ from table to table") {
  const table first;
  const table second;
  CHECK(first.hash(std::string_view("word")).hash != second.hash(std::string_view("word")).hash);
}

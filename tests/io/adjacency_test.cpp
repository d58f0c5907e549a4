#include <mmrec/io/adjacency.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/data.hpp"
#include "support/temporary_folder.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;
namespace io = mmrec::io;
namespace data = mmrec::data;

namespace {
using pairs = std::vector<std::pair<std::size_t, std::size_t>>;

io::interaction_file read(std::string_view bytes, const io::adjacency_lists& spec = {}, const io::key_maps& keys = {}) {
  return io::parse_adjacency(bytes, "train.txt", spec, keys);
}
pairs pairs_of(const data::interactions& events) {
  pairs result;
  for (const auto& event : events.events()) result.emplace_back(event.user.index(), event.item.index());
  return result;
}
std::string fault_of(std::string_view bytes, const io::adjacency_lists& spec = {}, const io::key_maps& keys = {}) {
  return test::thrown<mm::parse_error>([&] { read(bytes, spec, keys); });
}
io::key_maps numbered(std::size_t users, std::size_t items) {
  return {std::make_shared<const data::user_map>(data::user_map::numbered(users)),
          std::make_shared<const data::item_map>(data::item_map::numbered(items))};
}
}  // namespace

TEST_CASE("lists become pairs, and numbers are ids") {
  const pairs wanted{{0, 3}, {0, 5}, {2, 1}};
  for (const std::string bytes : {"0 5 3\n2 1\n", "0 5 3\r\n2 1\r\n", "0 5 3\n2 1", " 0\t5  3 \n2 1 \n\n\n",
                                  "\xef\xbb\xbf"
                                  "0 5 3\n2 1\n",
                                  "2 1\n0 5\n0 3\n"}) {
    CAPTURE(bytes);
    const auto file = read(bytes);
    CHECK(pairs_of(file.interactions) == wanted);
    CHECK(file.interactions.users() == 3);  // user 1 and items 0, 2, 4 occur nowhere and have their place
    CHECK(file.interactions.items() == 6);
    CHECK(file.table.records == 3);
    CHECK(file.interactions.value_array()[0] == 1.0f);
  }
  CHECK(read("").interactions.users() == 0);
  CHECK(read("\n\n").interactions.users() == 0);
  CHECK(read("4\n").interactions.users() == 5);  // a user without items
  CHECK(read("4\n").interactions.size() == 0);
}

TEST_CASE("malformed lists give an error that names file, line and column") {
  CHECK(fault_of("0 1\n\n1 2\n") == "train.txt:2:1: is empty where a user is wanted");
  CHECK(fault_of("0 1\n  \n1 2\n") == "train.txt:2:1: is empty where a user is wanted");
  CHECK(fault_of("0 1\n1 two\n") == "train.txt:2:3: \"two\" is not a whole number");
  CHECK(fault_of("0,1\n") == "train.txt:1:1: \"0,1\" is not a whole number");
  CHECK(fault_of("0 1.0\n") == "train.txt:1:3: \"1.0\" is not a whole number");
  CHECK(fault_of("0 +1\n") == "train.txt:1:3: \"+1\" is not a whole number");
  CHECK(fault_of("0 nan\n") == "train.txt:1:3: \"nan\" is not a whole number");
  CHECK(fault_of("0 \"1\"\n") == "train.txt:1:3: \"\"1\"\" is not a whole number");
  CHECK(fault_of("-1 1\n") == "train.txt:1:1: \"-1\" is negative");
  CHECK(fault_of("0 5 -3\n") == "train.txt:1:5: \"-3\" is negative");
  CHECK(fault_of("0 5\r6\n") == "train.txt:1:3: \"5\\x0d6\" is not a whole number");
  CHECK(fault_of(std::string_view("0 5\0\n", 5)) == "train.txt:1:3: \"5\\x00\" is not a whole number");
  CHECK(fault_of("0 9223372036854775808\n") == "train.txt:1:3: \"9223372036854775808\" is out of range");
  CHECK(fault_of("0 3\n1 2\n0 5 3\n") ==
        "train.txt:3:5: the same user and item as on line 1; choose a policy for duplicates");
}

TEST_CASE("numbers cost no more memory than the bytes of the files allow") {
  const auto refusal = [](std::string_view bytes) { return test::thrown<mm::limit_error>([&] { read(bytes); }); };
  CHECK(refusal("0 4294967296\n") ==
        "train.txt:1:3: users or items numbered from 0 in files of this size: 4294967297 exceeds the limit of 65536");
  CHECK(refusal("1 1\n2147483647 0\n") ==
        "train.txt:2:1: users or items numbered from 0 in files of this size: 2147483648 exceeds the limit of 65536");
  CHECK(read("0 65535\n").interactions.items() == 65536);
  std::string large = "0 100001";
  large.resize(100'001, '\n');
  CHECK_THROWS_AS(read(large), mm::limit_error);
  large += '\n';
  CHECK(read(large).interactions.items() == 100'002);
  CHECK_THROWS_AS(io::parse_adjacency("0 7\n", "t", {}, {}, {.rows = 7}), mm::limit_error);
  // A short part of a split may name any item of the large one.
  const test::temporary_folder folder;
  CHECK(io::read_adjacency({folder.write("test.txt", "0 100003\n"), folder.write("train.txt", large)}).size() == 2);
  CHECK_THROWS_AS(io::read_adjacency({folder.write("test.txt", "0 100003\n")}), mm::limit_error);
}

TEST_CASE("duplicates follow the policy") {
  const auto file = read("0 3 3\n0 3\n", {.policy = {.on_duplicate = data::duplicates::sum}});
  CHECK(file.interactions.size() == 1);
  CHECK(file.interactions.value_array()[0] == 3.0f);
  CHECK(file.interactions.report().duplicates == 2);
}

TEST_CASE("given maps are used, and unknown numbers are an error or skipped and counted") {
  const io::key_maps keys = numbered(2, 4);
  CHECK(pairs_of(read("1 3\n", {}, keys).interactions) == pairs{{1, 3}});
  CHECK(read("1 3\n", {}, keys).interactions.item_keys() == keys.items);
  CHECK(test::thrown<mm::unknown_id>([&] { read("0 1\n1 3 4\n", {}, keys); }) ==
        "train.txt:2:5: unknown item \"4\" (4 known)");
  CHECK(test::thrown<mm::unknown_id>([&] { read("0 1\n2 3\n", {}, keys); }) ==
        "train.txt:2:1: unknown user \"2\" (2 known)");
  const io::adjacency_lists lenient{.on_unknown_user = io::unknown_keys::skip, .on_unknown_item = io::unknown_keys::skip};
  const auto file = read("0 1 4\n2 3 1\n1 0\n", lenient, keys);
  CHECK(pairs_of(file.interactions) == pairs{{0, 1}, {1, 0}});
  CHECK(file.unknown_users == 1);
  CHECK(file.unknown_items == 1);
  data::user_map sparse;
  sparse.insert(std::int64_t{1000000007});
  CHECK(pairs_of(read("1000000007 3\n", {}, {.users = std::make_shared<const data::user_map>(sparse), .items = keys.items})
                     .interactions) == pairs{{0, 3}});
}

TEST_CASE("the parts of a split share their maps") {
  const test::temporary_folder folder;
  const auto files = io::read_adjacency({folder.write("train.txt", "0 1 2\n"), folder.write("test.txt", "3 7\n")});
  REQUIRE(files.size() == 2);
  CHECK(files[0].interactions.users() == 4);
  CHECK(files[0].interactions.items() == 8);
  CHECK(files[0].interactions.item_keys() == files[1].interactions.item_keys());
  CHECK(pairs_of(files[1].interactions) == pairs{{3, 7}});
  CHECK_THROWS_AS(io::read_adjacency({folder.path() / "none.txt"}), mm::io_error);
  CHECK_THROWS_AS(io::read_adjacency({folder.path()}), mm::io_error);
  CHECK(io::read_adjacency({}).empty());
}

TEST_CASE("public splits have the sizes their sources state") {
  struct row {
    std::string name;
    std::size_t users, items, train, valid, test;
  };
  for (const row& r :
       {row{"lightgcn-gowalla", 29858, 40981, 719081, 91047, 217242}, row{"tiktok-mm", 9308, 6710, 59541, 3051, 6130},
        row{"amazon-baby-interactions", 19445, 7050, 118551, 21682, 20559},
        row{"lightgcn-ml-1m", 6039, 3628, 590733, 80897, 164848}}) {
    const auto folder = test::data_set(r.name);
    if (!folder) {
      WARN("skipped: data set '" + r.name + "' is not under MMREC_TEST_DATA");
      continue;
    }
    CAPTURE(r.name);
    const auto split = io::read_adjacency({*folder / "train.txt", *folder / "valid.txt", *folder / "test.txt"});
    CHECK(split[0].interactions.users() == r.users);
    CHECK(split[0].interactions.items() == r.items);
    CHECK(split[0].interactions.size() == r.train);
    CHECK(split[1].interactions.size() == r.valid);
    CHECK(split[2].interactions.size() == r.test);
  }
}

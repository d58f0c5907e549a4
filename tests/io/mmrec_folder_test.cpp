#include <mmrec/io/mmrec_folder.hpp>

#include <mmrec/core/error.hpp>

#include <cmath>
#include <cstddef>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;
namespace io = mmrec::io;

namespace {

const std::string events =
    "userID\titemID\trating\ttimestamp\tx_label\n"
    "0\t1\t5.0\t1381449600\t0\n0\t3\t4\t1.4e9\t1\n1\t0\t1\t7\t2\n1\t1\t2\t8\t0\n1\t1\t3\t9\t0\n";

std::filesystem::path write_baby(const test::temporary_folder& folder) {
  const std::filesystem::path baby = folder.path() / "baby";
  std::filesystem::create_directory(baby);
  folder.write("baby/baby.inter", events);
  mm::matrix<double> pictures(5, 2);
  pictures << 0, 1, 2, 3, 4, 5, 6, std::numeric_limits<double>::quiet_NaN(), 8, 9;
  io::write_npy(baby / "image_feat.npy", pictures);
  return baby;
}

}  // namespace

TEST_CASE("a folder gives its split and its features") {
  const test::temporary_folder folder;
  const auto baby = write_baby(folder);
  for (const auto& path : {baby, baby / ""}) {
    const io::mmrec_folder data = io::read_mmrec(path);
    const mm::data::interactions& train = data.parts.train;
    CHECK(train.users() == 2);
    CHECK(train.items() == 5);  // by the features: item 4 occurs in no event
    CHECK(train.size() == 2);   // a repeated pair is one
    CHECK(data.parts.validation.size() == 1);
    CHECK(data.parts.test.size() == 1);
    CHECK(data.parts.test.interactions().history(mm::user_id{1}).items[0] == mm::item_id{0});
    CHECK(train.value_array()[0] == 1.0f);
    CHECK(data.parts.train.rule().describe() == "given(baby)");
    REQUIRE(data.features.size() == 2);
    CHECK(data.features[0].present_count() == 5);
    CHECK(data.features[0].values(2, 1) == 5.0f);
    CHECK(data.features[0].non_finite == 1);
    CHECK(data.features[1].present == mm::data::presence(5, 0));
    CHECK(data.features[1].file.empty());
  }
  const io::mmrec_folder rated = io::read_mmrec(baby, {.value = "rating", .time = "timestamp"});
  CHECK(rated.parts.train.interactions().value_array()[0] == 5.0f);
  CHECK(rated.parts.validation.interactions().time_array()[0] == 1'400'000'000);
  CHECK(rated.parts.train.interactions().value_array()[1] == 2.0f);  // the first of the pair
}

TEST_CASE("folders that do not hold together are refused") {
  const test::temporary_folder folder;
  const auto baby = write_baby(folder);
  const auto fault = [&](const std::string& bytes) {
    return test::thrown<mm::parse_error>([&] { io::parse_mmrec_interactions(bytes, "x"); });
  };
  const std::string header = "userID\titemID\tx_label\n";
  CHECK(fault("userID\titemID\n0\t1\n").starts_with("x:1:1: there is no column \"x_label\""));
  CHECK(fault(header + "0\t1\t3\n") == "x:2:5: column \"x_label\": \"3\" is none of 0, 1 and 2");
  CHECK(fault(header + "0\t-1\t0\n") == "x:2:3: column \"itemID\": \"-1\" is negative");
  CHECK(fault(header + "0\tb\t0\n") == "x:2:3: column \"itemID\": \"b\" is not a whole number");
  CHECK(fault(header + "99999\t1\t0\n") ==
        "x:2:1: column \"userID\": \"99999\" is too large for ids numbered from 0 in a file of this size");
  CHECK(test::thrown<mm::data_error>([&] { io::parse_mmrec_interactions(header + "0\t1\t0\n0\t1\t2\n", "x"); }) ==
        "split::given: user \"0\", item \"1\" is in both train and test");
  mm::matrix<float> few = mm::matrix<float>::Zero(4, 3);
  io::write_npy(baby / "text_feat.npy", few);
  CHECK(test::thrown<mm::shape_error>([&] { io::read_mmrec(baby); }) ==
        "io::read_mmrec: rows of " + (baby / "text_feat.npy").native() + ": expected 5, got 4");
  io::write_npy<float>(baby / "text_feat.npy", {}, std::vector<std::size_t>{std::size_t{1} << 40, 0});
  CHECK_THROWS_AS(io::read_mmrec(baby), mm::limit_error);
  io::write_npy<float>(baby / "text_feat.npy", std::vector<float>(5), std::vector<std::size_t>{5});
  CHECK(test::thrown<mm::parse_error>([&] { io::read_mmrec(baby); }) ==
        (baby / "text_feat.npy").native() + ": holds no matrix");
  CHECK_THROWS_AS(io::read_mmrec(folder.path() / "absent"), mm::io_error);
}

TEST_CASE("every prefix, and every byte damaged, gives a split or an error") {
  const auto try_bytes = [](const std::string& bytes) {
    try {
      static_cast<void>(io::parse_mmrec_interactions(bytes, "x", {.value = "rating", .time = "timestamp"}));
    } catch (const mm::error&) {
    }
  };
  for (std::size_t size = 0; size <= events.size(); ++size) CHECK_NOTHROW(try_bytes(events.substr(0, size)));
  for (std::size_t at = 0; at < events.size(); ++at) {
    for (const char byte : {'\0', '\t', '\n', '9', '-', 'e', '\xff'}) {
      std::string damaged = events;
      damaged[at] = byte;
      CHECK_NOTHROW(try_bytes(damaged));
    }
  }
}

#include <mmrec/io/interactions.hpp>

#include <cstdint>
#include <limits>
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
const io::interaction_table full{.value = "value", .time = "time"};

io::interaction_file read(std::string_view bytes, const io::interaction_table& spec = full, const io::key_maps& keys = {}) {
  return io::parse_interactions(bytes, "t.csv", spec, keys);
}
std::string fault_of(std::string_view bytes, const io::interaction_table& spec = full, const io::key_maps& keys = {}) {
  return test::thrown<mm::parse_error>([&] { read(bytes, spec, keys); });
}
std::shared_ptr<const data::item_map> items_of(const std::vector<std::string>& keys) {
  data::item_map map;
  for (const std::string& key : keys) map.insert(key);
  return std::make_shared<const data::item_map>(std::move(map));
}
std::shared_ptr<const data::user_map> users_of(const std::vector<std::string>& keys) {
  data::user_map map;
  for (const std::string& key : keys) map.insert(key);
  return std::make_shared<const data::user_map>(std::move(map));
}
const std::string header = "user,item,value,time\n";
}  // namespace

TEST_CASE("events become interactions, with ids in the order of appearance") {
  const auto file = read(header + "bob,x,4.5,100\nann,y,3,-7\nbob,y,0.5,90\n");
  const data::interactions& events = file.interactions;
  CHECK(events.users() == 2);
  CHECK(events.items() == 2);
  CHECK(events.user_keys()->key(mm::user_id{0}) == "bob");
  CHECK(events.item_keys()->key(mm::item_id{1}) == "y");
  CHECK(events.events() == std::vector<data::interaction>{{mm::user_id{0}, mm::item_id{0}, 4.5f, 100},
                                                          {mm::user_id{0}, mm::item_id{1}, 0.5f, 90},
                                                          {mm::user_id{1}, mm::item_id{1}, 3.0f, -7}});
  CHECK(file.table.records == 3);
  CHECK(file.table.skipped == 0);
  CHECK(events.report().kept == 3);
}

TEST_CASE("columns may come in any order, be more than needed, or fewer") {
  const auto file = read("time,extra,item,value,user\n1,?,x,2,bob\n");
  CHECK(file.interactions.events() == std::vector<data::interaction>{{mm::user_id{0}, mm::item_id{0}, 2.0f, 1}});
  const auto implicit = read("item,user\nx,bob\n", {});
  CHECK(implicit.interactions.events() == std::vector<data::interaction>{{mm::user_id{0}, mm::item_id{0}, 1.0f, 0}});
  const io::interaction_table positional{
      .format = {.delimiter = "\t", .quotes = false, .header = false}, .user = 0, .item = 1, .value = 2, .time = 3};
  const auto tabs = read("196\t242\t3\t881250949\n", positional);
  CHECK(tabs.interactions.time_array()[0] == 881250949);
  CHECK(read("", positional).interactions.size() == 0);
}

TEST_CASE("a table with a header and no records gives no interactions") {
  const auto file = read(header);
  CHECK(file.interactions.users() == 0);
  CHECK(file.interactions.size() == 0);
  CHECK(file.table.records == 0);
  CHECK(read(header, full, {.items = items_of({"x", "y"})}).interactions.items() == 2);
}

TEST_CASE("bad tables give an error that names file, line and column") {
  CHECK(fault_of("") == "t.csv:1:1: is empty where a header line is wanted");
  CHECK(fault_of("user,item,value\nb,x,1\n") ==
        "t.csv:1:1: there is no column \"time\"; there are \"user\" \"item\" \"value\"");
  CHECK(fault_of(header + "b,x,1\n") == "t.csv:2:5: 3 fields where 4 are wanted");
  CHECK(fault_of(header + "b,x,1,2,3\n") == "t.csv:2:9: 5 fields where 4 are wanted");
  CHECK(fault_of(header + "b,x,four,2\n") == "t.csv:2:5: column \"value\": \"four\" is not a number");
  CHECK(fault_of(header + "b,x,,2\n") == "t.csv:2:5: column \"value\": \"\" is empty where a number is wanted");
  CHECK(fault_of(header + "b,x,nan,2\n") == "t.csv:2:5: column \"value\": \"nan\" is not finite");
  CHECK(fault_of(header + "b,x,inf,2\n") == "t.csv:2:5: column \"value\": \"inf\" is not finite");
  CHECK(fault_of(header + "b,x,1e400,2\n") == "t.csv:2:5: column \"value\": \"1e400\" is out of range");
  CHECK(fault_of(header + "b,x,1,2.5\n") == "t.csv:2:7: column \"time\": \"2.5\" is not a whole number");
  CHECK(fault_of(header + "b,x,1,9223372036854775808\n") ==
        "t.csv:2:7: column \"time\": \"9223372036854775808\" is out of range");
  CHECK(fault_of(header + "b,x,1,\n") == "t.csv:2:7: column \"time\": \"\" is empty where a number is wanted");
  CHECK(fault_of(header + ",x,1,2\n") == "t.csv:2:1: column \"user\": is empty where a key is wanted");
  CHECK(fault_of(header + "b,,1,2\n") == "t.csv:2:3: column \"item\": is empty where a key is wanted");
  CHECK(fault_of(header + "\"b\nb\",x,one,2\n") ==
        "t.csv:3:6: column \"value\": \"one\" is not a number (in the record that starts on line 2)");
  const io::interaction_table positional{.format = {.header = false}, .user = 0, .item = 1, .value = 5};
  io::interaction_table skipping = positional;
  skipping.format.on_malformed = io::malformed::skip;
  CHECK(fault_of("a,b\nc,d\n", skipping) == "t.csv:1:1: there is no column 6, only 2");  // not a matter of one record
  CHECK(fault_of("a,b\n", positional) == "t.csv:1:1: there is no column 6, only 2");
}

TEST_CASE("numeric keys are numbers") {
  io::interaction_table numeric = full;
  numeric.numeric_keys = true;
  const auto file = read(header + "7,1,1,0\n007,2,1,0\n9223372036854775807,2,1,0\n", numeric);
  CHECK(file.interactions.users() == 2);
  CHECK(file.interactions.user_keys()->key(mm::user_id{0}) == "7");
  CHECK(fault_of(header + "-1,1,1,0\n", numeric) == "t.csv:2:1: column \"user\": \"-1\" is negative");
  CHECK(fault_of(header + "1,-1,1,0\n", numeric) == "t.csv:2:3: column \"item\": \"-1\" is negative");
  CHECK(fault_of(header + "9223372036854775808,1,1,0\n", numeric) ==
        "t.csv:2:1: column \"user\": \"9223372036854775808\" is out of range");
  CHECK(fault_of(header + "1,12x,1,0\n", numeric) == "t.csv:2:3: column \"item\": \"12x\" is not a whole number");
  CHECK(fault_of(header + "1.0,12,1,0\n", numeric) == "t.csv:2:1: column \"user\": \"1.0\" is not a whole number");
  CHECK(fault_of(header + ",12,1,0\n", numeric) == "t.csv:2:1: column \"user\": is empty where a key is wanted");
}

TEST_CASE("values outside the range are malformed") {
  io::interaction_table stars = full;
  stars.lowest_value = 0.5f;
  stars.largest_value = 5.0f;
  CHECK(read(header + "b,x,0.5,0\nb,y,5,0\n", stars).interactions.size() == 2);
  CHECK(fault_of(header + "b,x,0.4,0\n", stars) == "t.csv:2:5: column \"value\": \"0.4\" is outside the range of values");
  CHECK(fault_of(header + "b,x,5.5,0\n", stars) == "t.csv:2:5: column \"value\": \"5.5\" is outside the range of values");
  CHECK(fault_of(header + "b,x,-5,0\n", stars) == "t.csv:2:5: column \"value\": \"-5\" is outside the range of values");
}

TEST_CASE("given maps are used, and unknown keys are an error or skipped and counted") {
  const io::key_maps keys{.users = users_of({"ann", "bob"}), .items = items_of({"x", "y", "z"})};
  const std::string bytes = header + "bob,y,1,0\nbob,w,1,0\ncid,x,1,0\nann,z,1,0\n";
  CHECK(test::thrown<mm::unknown_id>([&] { read(bytes, full, keys); }) == "t.csv:3:5: unknown item \"w\" (3 known)");
  io::interaction_table lenient = full;
  lenient.on_unknown_item = io::unknown_keys::skip;
  CHECK(test::thrown<mm::unknown_id>([&] { read(bytes, lenient, keys); }) == "t.csv:4:1: unknown user \"cid\" (2 known)");
  lenient.on_unknown_user = io::unknown_keys::skip;
  const auto file = read(bytes, lenient, keys);
  CHECK(file.interactions.user_keys() == keys.users);
  CHECK(file.interactions.item_keys() == keys.items);
  CHECK(file.interactions.size() == 2);
  CHECK(file.unknown_items == 1);
  CHECK(file.unknown_users == 1);
  CHECK(file.table.records == 4);
  CHECK(file.table.skipped == 0);
  // An unknown key is not a malformed record: skipping those does not skip these.
  io::interaction_table skips = full;
  skips.format.on_malformed = io::malformed::skip;
  CHECK_THROWS_AS(read(bytes, skips, keys), mm::unknown_id);
  // Nothing is made for an event that is skipped.
  CHECK(read(bytes, lenient, {.items = keys.items}).interactions.users() == 3);
  CHECK(read(header + "dan,w,1,0\n", lenient, {.items = keys.items}).interactions.users() == 0);
  CHECK(read(header + "cid,w,1,0\n", lenient, {.users = keys.users}).interactions.items() == 0);
}

TEST_CASE("duplicates are an error that names both lines, or handled by the policy") {
  const std::string bytes = header + "a,x,1,10\nb,x,2,10\nb,y,1,1\na,x,3,5\nb,x,9,9\n";
  CHECK(fault_of(bytes) == "t.csv:5:1: the same user and item as on line 2; choose a policy for duplicates");
  const auto value_with = [&](data::duplicates rule) {
    io::interaction_table spec = full;
    spec.policy.on_duplicate = rule;
    const auto file = read(bytes, spec);
    CHECK(file.interactions.report().duplicates == 2);
    CHECK(file.interactions.size() == 3);
    return file.interactions.value_array()[0];
  };
  CHECK(value_with(data::duplicates::keep_first) == 3.0f);  // the earlier one by time
  CHECK(value_with(data::duplicates::keep_last) == 1.0f);
  CHECK(value_with(data::duplicates::keep_largest) == 3.0f);
  CHECK(value_with(data::duplicates::sum) == 4.0f);
}

TEST_CASE("bad values and malformed records are skipped and counted where asked") {
  io::interaction_table lenient = full;
  lenient.policy.on_bad_value = data::bad_values::skip;
  const auto file = read(header + "a,x,nan,0\na,y,1,0\na,z,-inf,0\na,x,2,0\n", lenient);
  CHECK(file.interactions.size() == 2);
  CHECK(file.interactions.report().bad_values == 2);
  CHECK(file.table.skipped == 0);
  CHECK(fault_of(header + "a,x,1e400,0\n", lenient) == "t.csv:2:5: column \"value\": \"1e400\" is out of range");
  // A pair that came with a bad value may come again.
  CHECK(fault_of(header + "a,x,nan,0\na,x,2,0\na,x,3,0\n", lenient) ==
        "t.csv:4:1: the same user and item as on line 3; choose a policy for duplicates");

  lenient.format.on_malformed = io::malformed::skip;
  const auto skipped = read(header + "a,x,1,0\nbroken\nb,x,two,0\nb,y,1e400,0\nc,y,1,soon\n,y,1,1\nd,z,1,2,3\n", lenient);
  CHECK(skipped.interactions.size() == 1);
  CHECK(skipped.interactions.users() == 1);  // no user for a record that was refused
  CHECK(skipped.table.skipped == 6);
  CHECK(skipped.table.faults[1] == "t.csv:4:5: column \"value\": \"two\" is not a number");
}

TEST_CASE("files that cannot be read are io errors") {
  const test::temporary_folder folder;
  CHECK_THAT(test::thrown<mm::io_error>([&] { io::read_interactions(folder.path() / "none.csv"); }),
             test::contains("io::read_file") && test::contains("none.csv"));
  CHECK_THAT(test::thrown<mm::io_error>([&] { io::read_interactions(folder.path()); }), test::contains("is a directory"));
  const auto path = folder.write("r.csv", "user,item\na,b\na\n");
  CHECK(test::thrown<mm::parse_error>([&] { io::read_interactions(path); }) ==
        path.native() + ":3:1: 1 field where 2 are wanted");
}

#include <mmrec/cluster/rules.hpp>

#include <mmrec/cluster/k_means.hpp>
#include <mmrec/cluster/segment_clusters.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/data/segments.hpp>
#include <mmrec/exec/cpu.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "cluster/log.hpp"
#include "support/catch.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;
namespace cluster = mmrec::cluster;
using mm::data::segments;

namespace {

mm::data::interactions small_log() {
  const auto event = [](std::size_t user, std::size_t item, float value, std::int64_t time) {
    return mm::data::interaction{mm::user_id{user}, mm::item_id{item}, value, time};
  };
  return test::log_of(
      4, 3,
      {event(0, 0, 1.0f, 10), event(0, 1, 4.0f, 30), event(0, 2, 1.0f, 20), event(1, 2, 5.0f, 40), event(3, 1, 2.0f, -7)});
}

}  // namespace

TEST_CASE("activities count what a user did") {
  const auto found = cluster::activities(small_log());
  REQUIRE(found.size() == 4);
  CHECK(found[0] == cluster::activity{mm::user_id{0}, 3, 6.0, 2.0, 10, 30});
  CHECK(found[1] == cluster::activity{mm::user_id{1}, 1, 5.0, 5.0, 40, 40});
  CHECK(found[2] == cluster::activity{mm::user_id{2}, 0, 0.0, 0.0, 0, 0});
  CHECK(found[3] == cluster::activity{mm::user_id{3}, 1, 2.0, 2.0, -7, -7});
}

TEST_CASE("the first rule that holds names the segment") {
  const segments found = cluster::segment_by_rules(
      small_log(), cluster::rule{"busy", cluster::events >= 2}, cluster::rule{"active", cluster::last_time > 0},
      cluster::rule{"seen", [](const cluster::activity& user) { return user.events > 0; }});
  CHECK(found == segments({"busy", "active", "seen"}, {0, 1, segments::none, 2}));
  CHECK(cluster::segment_by_rules(small_log()) == segments({}, std::vector<std::uint32_t>(4, segments::none)));
}

TEST_CASE("conditions combine") {
  const auto who = [](const auto& condition) {
    std::vector<std::size_t> users;
    for (const auto& user : cluster::activities(small_log())) {
      if (condition(user)) users.push_back(user.user.index());
    }
    return users;
  };
  using list = std::vector<std::size_t>;
  CHECK(who(cluster::events > 1) == list{0});
  CHECK(who(cluster::events <= 1) == list{1, 2, 3});
  CHECK(who(cluster::events < 1) == list{2});
  CHECK(who(cluster::value_sum >= 5.0) == list{0, 1});
  CHECK(who(cluster::value_mean >= 5.0) == list{1});
  CHECK(who(cluster::first_time < 0) == list{3});
  CHECK(who(cluster::events >= 1 && cluster::last_time < 35) == list{0, 3});
  CHECK(who(cluster::first_time < 0 || cluster::last_time > 35) == list{1, 3});
  CHECK(who(!(cluster::events >= 1)) == list{2});
  CHECK(who(cluster::events >= 1 && !cluster::when([](const cluster::activity& u) { return u.user.index() == 1; })) ==
        list{0, 3});
}

TEST_CASE("segments know their users and refuse labels without a name") {
  const segments groups({"a", "b", "c"}, {2, 0, segments::none, 2});
  CHECK(groups.size() == 3);
  CHECK(groups.users() == 4);
  CHECK(std::vector<std::size_t>(groups.sizes().begin(), groups.sizes().end()) == std::vector<std::size_t>{1, 0, 2});
  CHECK(groups.of(mm::user_id{3}) == 2);
  CHECK(groups.label("b") == 1);
  CHECK(groups.members(2) == std::vector<mm::user_id>{mm::user_id{0}, mm::user_id{3}});
  CHECK(groups.members(1).empty());
  CHECK(test::thrown<mm::unknown_id>([&] { groups.of(mm::user_id{4}); }) == "data::segments::of: unknown user 4 (4 known)");
  CHECK(test::thrown<mm::unknown_id>([&] { groups.label("d"); }) ==
        "data::segments::label: unknown segment \"d\" (3 known)");
  CHECK(test::thrown<mm::unknown_id>([&] { groups.members(3); }) == "data::segments::members: unknown segment 3 (3 known)");
  CHECK(test::thrown<mm::data_error>([] {
          segments({"a"}, {0, 1});
        }) == "data::segments: label 1 of user 1 is none of the 1 segments");
  CHECK(test::thrown<mm::data_error>([] {
          segments({"a", "b", "a"}, {});
        }) == "data::segments: two segments are named \"a\"");
}

TEST_CASE("clusters of vectors become segments; users without a vector belong to none") {
  mm::matrix<float> users(5, 2);
  users << 0, 0, 9, 9, 0, 1, 9, 8, 5, 5;
  mm::matrix<float> centres(2, 2);
  centres << 0, 0, 9, 9;
  const cluster::k_means_model model(centres);
  const mm::exec::cpu exec;
  CHECK(cluster::segment_by_clusters(exec, model, users, {1, 1, 1, 1, 0}) ==
        segments({"cluster 0", "cluster 1"}, {0, 1, 0, 1, segments::none}));
  CHECK(cluster::segment_by_clusters(exec, model, users, {}, {"calm", "wild"}).label("wild") == 1);
  mm::matrix<float> some = users;
  some.row(1).setConstant(std::numeric_limits<float>::quiet_NaN());  // absent rows may hold anything
  CHECK(cluster::segment_by_clusters(exec, model, some, {1, 0, 1, 1, 1}) ==
        segments({"cluster 0", "cluster 1"}, {0, segments::none, 0, 1, 1}));
  CHECK(cluster::segment_by_clusters(exec, model, some, {0, 0, 0, 0, 0}).members(0).empty());
  CHECK(test::thrown<mm::shape_error>([&] { cluster::segment_by_clusters(exec, model, users, {1}); }) ==
        "cluster::segment_by_clusters: present: expected 5, got 1");
  CHECK(test::thrown<mm::shape_error>([&] { cluster::segment_by_clusters(exec, model, users, {}, {"calm"}); }) ==
        "cluster::segment_by_clusters: names: expected 2, got 1");
}

// Popularity: counts, sums, and published numbers. What every recommender must do is in tests/contract.
#include <mmrec/cf/popularity.hpp>

#include <memory>
#include <vector>

#include <mmrec/exec/cpu.hpp>

#include "contract/ml100k.hpp"
#include "support/catch.hpp"
#include "support/data.hpp"
#include "support/peak_memory.hpp"

using namespace mmrec;

namespace {

data::interactions small_log() {
  return {std::make_shared<const data::user_map>(data::user_map::numbered(3)),
          std::make_shared<const data::item_map>(data::item_map::numbered(4)),
          {{user_id{0u}, item_id{0u}, 1.0f},
           {user_id{1u}, item_id{0u}, 2.0f},
           {user_id{1u}, item_id{2u}, 7.5f},
           {user_id{2u}, item_id{0u}, -1.0f}}};
}

}  // namespace

TEST_CASE("popularity counts users or sums values") {
  const auto log = small_log();
  const exec::cpu exec;
  const auto counted = cf::popularity{}.fit(exec, log);
  CHECK(std::vector<float>(counted.item_scores().begin(), counted.item_scores().end()) == std::vector<float>{3, 0, 1, 0});
  const auto summed = cf::popularity{.measure = cf::popularity_measure::values}.fit(exec, log);
  CHECK(std::vector<float>(summed.item_scores().begin(), summed.item_scores().end()) == std::vector<float>{2, 0, 7.5, 0});
}

TEST_CASE("popularity refuses values that add up to more than a float holds") {
  const data::interactions log(std::make_shared<const data::user_map>(data::user_map::numbered(2)),
                               std::make_shared<const data::item_map>(data::item_map::numbered(1)),
                               {{user_id{0u}, item_id{0u}, 3e38f}, {user_id{1u}, item_id{0u}, 3e38f}});
  CHECK_THROWS_WITH((cf::popularity{.measure = cf::popularity_measure::values}.fit(exec::cpu{}, log)),
                    "cf::popularity::fit: the values of an item add up to more than a float holds");
  CHECK_NOTHROW(cf::popularity{}.fit(exec::cpu{}, log));
}

TEST_CASE("popularity of nothing is a model of nothing") {
  const auto model = cf::popularity{}.fit(exec::cpu{}, data::interactions{});
  CHECK(model.items() == 0);
  CHECK(model.users() == 0);
}

TEST_CASE("popularity reaches the published numbers on MovieLens 100K") {
  const auto folder = test::data_set("ml-100k-mm");
  MMREC_SKIP_WITHOUT(folder, "ml-100k-mm");
  const auto [how, expected] = GENERATE(
      table<ml100k::protocol, std::array<double, 4>>({{ml100k::protocol::leave_one_out, {.0488, .0795, .0250, .0327}},
                                                      {ml100k::protocol::last_tenth, {.0598, .0933, .0677, .0757}}}));
  const auto data = ml100k::read(*folder, how);
  const auto found = ml100k::evaluate(cf::popularity{}.fit(exec::cpu{}, data.train), data);
  for (std::size_t measure = 0; measure < 4; ++measure)
    CHECK(found[measure] == Approx(expected[measure]).margin(5e-5).epsilon(0));
}

TEST_CASE("popularity tells the memory of a fit, and refuses one beyond the limit") {
  const data::interactions log(std::make_shared<const data::user_map>(data::user_map::numbered(3)),
                               std::make_shared<const data::item_map>(data::item_map::numbered(50000)),
                               {{user_id{1u}, item_id{7u}}});
  const std::uint64_t bytes = cf::popularity{}.fit_bytes(exec::cpu{}, log);
  test::check_peak(bytes, [&] { cf::popularity{}.fit(exec::cpu{}, log); });
  CHECK_THROWS_AS(cf::popularity{}.fit(exec::cpu{.memory_limit = bytes - 1}, log), limit_error);
  CHECK_NOTHROW(cf::popularity{}.fit(exec::cpu{.memory_limit = bytes}, log));
}

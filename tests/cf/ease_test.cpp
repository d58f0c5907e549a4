// EASE: against NumPy in float64 (tests/golden/ease.py) and published numbers.
#include <mmrec/cf/ease.hpp>

#include <fstream>
#include <limits>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <Eigen/LU>

#include <mmrec/core/random.hpp>
#include <mmrec/exec/cpu.hpp>

#include "contract/ml100k.hpp"
#include "support/catch.hpp"
#include "support/data.hpp"
#include "support/peak_memory.hpp"
#include "support/thrown.hpp"

using namespace mmrec;

namespace {

/// The named matrices of the golden file.
std::map<std::string, std::vector<std::vector<double>>> golden() {
  std::map<std::string, std::vector<std::vector<double>>> matrices;
  std::ifstream file(MMREC_TEST_GOLDEN_DIR "/ease.csv");
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string name, field;
    std::getline(fields, name, ',');
    auto& row = matrices[name].emplace_back();
    while (std::getline(fields, field, ',')) row.push_back(std::stod(field));
  }
  return matrices;
}

data::interactions log_of(const std::vector<std::vector<double>>& x) {
  std::vector<data::interaction> events;
  for (std::size_t user = 0; user < x.size(); ++user) {
    for (std::size_t item = 0; item < x[user].size(); ++item) {
      if (x[user][item] != 0.0) events.push_back({user_id{user}, item_id{item}, static_cast<float>(x[user][item]), 0});
    }
  }
  return {std::make_shared<const data::user_map>(data::user_map::numbered(x.size())),
          std::make_shared<const data::item_map>(data::item_map::numbered(x.front().size())), std::move(events)};
}

}  // namespace

TEST_CASE("ease learns the weights that NumPy computes") {
  const auto matrices = golden();
  REQUIRE(matrices.at("x").size() == 40);
  const auto log = log_of(matrices.at("x"));
  const auto binary = GENERATE(true, false);
  const auto precision = GENERATE(cf::ease_precision::float64, cf::ease_precision::float32);
  const double margin = precision == cf::ease_precision::float64 ? 6e-8 : 2e-6;
  const auto& expected = matrices.at(binary ? "binary" : "values");
  const auto model = cf::ease{.regularization = 3.0f, .binary = binary, .precision = precision}.fit(exec::cpu{}, log);
  for (std::size_t item = 0; item < log.items(); ++item) {
    const auto row = model.weights(item_id{item});
    for (std::size_t other = 0; other < log.items(); ++other) {
      CAPTURE(item, other);
      CHECK(double{row[other]} == Approx(expected[item][other]).margin(margin).epsilon(0));
    }
    CHECK(row[item] == 0.0f);
  }
}

TEST_CASE("ease in double adds values up in double") {
  // Three items that are nearly multiples of each other, by 4000 users: what a float sum loses, the inverse multiplies.
  constexpr Eigen::Index users = 4000;
  std::vector<std::vector<double>> x;
  Eigen::MatrixXd rows(users, 3);
  random_stream random(seed{7});
  for (Eigen::Index user = 0; user < users; ++user) {
    const float base = 1.0f + random.uniform_float();
    const float values[] = {base, 1.7f * base + 0.01f * random.uniform_float(),
                            0.3f * base + 0.01f * random.uniform_float()};
    for (Eigen::Index item = 0; item < 3; ++item) rows(user, item) = double{values[item]};
    x.push_back({rows(user, 0), rows(user, 1), rows(user, 2)});
  }
  const cf::ease spec{.regularization = 0.01f, .binary = false};
  const auto model = spec.fit(exec::cpu{}, log_of(x));
  const Eigen::MatrixXd inverse =
      (rows.transpose() * rows + double{spec.regularization} * Eigen::MatrixXd::Identity(3, 3)).inverse();
  for (Eigen::Index item = 0; item < 3; ++item) {
    for (Eigen::Index other = 0; other < 3; ++other) {
      if (item == other) continue;
      const double expected = -inverse(item, other) / inverse(other, other);
      CHECK(double{model.weights(item_id{static_cast<std::size_t>(item)})[static_cast<std::size_t>(other)]} ==
            Approx(expected).epsilon(3e-7));
    }
  }
}

TEST_CASE("ease adds up the weights of the history and says nothing of unknown items") {
  const auto matrices = golden();
  const auto log = log_of(matrices.at("x"));
  const auto model = cf::ease{.regularization = 3.0f}.fit(exec::cpu{}, log);
  const std::vector<item_id> items{item_id{0u}, item_id{5u}};
  const std::vector<float> values{4.0f, 2.0f};  // do not matter: binary
  std::vector<float> scores(log.items());
  cf::ease_model::workspace scratch;
  model.score_history({items, values}, scores, scratch);
  for (std::size_t item = 0; item + 1 < log.items(); ++item) {
    CHECK(double{scores[item]} == Approx(matrices.at("binary")[0][item] + matrices.at("binary")[5][item]).margin(3e-6));
  }
  CHECK(std::isnan(scores.back()));
  const std::vector<item_id> unknown{item_id{log.items() - 1}};
  model.score_history({unknown, std::vector<float>{1.0f}}, scores, scratch);
  for (const float score : scores) CHECK(std::isnan(score));
}

TEST_CASE("ease refuses what it cannot do, with names and numbers") {
  const auto log = log_of(golden().at("x"));
  CHECK_THROWS_WITH((cf::ease{.max_items = 11}.fit(exec::cpu{}, log)),
                    "cf::ease::fit: number of items 12 exceeds the limit of 11");
  CHECK_NOTHROW(cf::ease{.max_items = 12}.fit(exec::cpu{}, log));
  for (const float regularization : {0.0f, -1.0f, std::numeric_limits<float>::infinity(), no_score}) {
    CHECK_THROWS_AS(cf::ease{.regularization = regularization}.fit(exec::cpu{}, log), invalid_config);
  }
  // Two equal columns of large values: the regularization is lost in the rounding of the sums.
  const std::vector<std::vector<double>> twins(4, std::vector<double>{1e6, 1e6});
  for (const bool wide : {false, true}) {
    const cf::ease spec{.regularization = 1e-4f,
                        .binary = false,
                        .precision = wide ? cf::ease_precision::float64 : cf::ease_precision::float32};
    CHECK(test::thrown<numeric_error>([&] {
            spec.fit(exec::cpu{}, log_of(twins));
          }).find(wide ? "is not positive definite in double at item 1" : "is not positive definite in float at item 1") !=
          std::string::npos);
  }
  CHECK(cf::ease{}.fit(exec::cpu{}, data::interactions{}).items() == 0);
}

TEST_CASE("ease stops when asked") {
  struct stop final : progress_sink {
    bool report(const progress_event& event) override { return event.done < 1; }
  } sink;
  CHECK_THROWS_AS(cf::ease{}.fit(exec::cpu{.progress = &sink}, log_of(golden().at("x"))), cancelled);
}

TEST_CASE("ease tells the memory of a fit, and refuses one beyond the limit") {
  const std::size_t items = GENERATE(as<std::size_t>{}, 500, 1300);
  const std::size_t threads = GENERATE(as<std::size_t>{}, 1, 3);
  const cf::ease spec{.binary = GENERATE(true, false),
                      .precision = GENERATE(cf::ease_precision::float64, cf::ease_precision::float32)};
  CAPTURE(items, threads, spec.binary, static_cast<int>(spec.precision));
  std::vector<data::interaction> events;
  for (std::size_t user = 0; user < 20000; ++user) {
    for (std::size_t n = 0; n < 5; ++n) events.push_back({user_id{user}, item_id{(user * 7 + n * 31) % items}});
  }
  const data::interactions log(std::make_shared<const data::user_map>(data::user_map::numbered(20000)),
                               std::make_shared<const data::item_map>(data::item_map::numbered(items)), std::move(events));
  const exec::cpu exec{.threads = threads};
  const std::uint64_t bytes = spec.fit_bytes(exec, log);
  test::check_peak(bytes, [&] { spec.fit(exec, log); });
  if (threads == 1) {
    CHECK(test::thrown<limit_error>([&] { spec.fit(exec::cpu{.memory_limit = bytes - 1}, log); }) ==
          "cf::ease::fit: memory in bytes " + std::to_string(bytes) + " exceeds the limit of " + std::to_string(bytes - 1));
  }
}

TEST_CASE("a user of the fit scores as the same history of a new user, and as a sum of rows") {
  const auto log = log_of(golden().at("x"));
  const auto model = cf::ease{.regularization = 3.0f}.fit(exec::cpu{}, log);
  cf::ease_model::workspace scratch;
  std::vector<float> known(log.items()), folded(log.items());
  for (std::size_t user = 0; user < log.users(); ++user) {
    const history_view history = log.history(user_id{user});
    model.score(user_id{user}, known, scratch);
    model.score_history(history, folded, scratch);
    for (std::size_t item = 0; item + 1 < log.items() && !history.items.empty(); ++item) {
      double sum = 0.0;
      for (const item_id touched : history.items) sum += double{model.weights(touched)[item]};
      CHECK(known[item] == folded[item]);
      CHECK(double{known[item]} == Approx(sum).margin(1e-6));
    }
  }
}

TEST_CASE("ease reaches the published numbers on MovieLens 100K") {
  const auto folder = test::data_set("ml-100k-mm");
  MMREC_SKIP_WITHOUT(folder, "ml-100k-mm");
  const auto [how, regularization, expected] = GENERATE(table<ml100k::protocol, float, std::array<double, 4>>(
      {{ml100k::protocol::leave_one_out, 50.0f, {.0774, .1357, .0366, .0513}},
       {ml100k::protocol::last_tenth, 500.0f, {.0888, .1657, .0967, .1192}}}));
  const auto data = ml100k::read(*folder, how);
  const auto found = ml100k::evaluate(cf::ease{.regularization = regularization}.fit(exec::cpu{}, data.train), data);
  for (std::size_t measure = 0; measure < 4; ++measure)
    CHECK(found[measure] == Approx(expected[measure]).margin(5e-5).epsilon(0));
}

TEST_CASE("users of an item are counted as far as float counts") {
  namespace detail = mmrec::cf::detail;
  detail::require_countable("f", std::size_t{1} << 24);
  CHECK(test::thrown<mmrec::limit_error>([] { detail::require_countable("f", (std::size_t{1} << 24) + 1); }) ==
        "f: users of one item 16777217 exceeds the limit of 16777216");
  const mmrec::data::interactions log(
      std::make_shared<const mmrec::data::user_map>(mmrec::data::user_map::numbered(3)),
      std::make_shared<const mmrec::data::item_map>(mmrec::data::item_map::numbered(2)),
      {{.user = mmrec::user_id{0u}, .item = mmrec::item_id{1u}}, {.user = mmrec::user_id{2u}, .item = mmrec::item_id{1u}}});
  CHECK(detail::item_users(log, true).largest_count() == 2);
}

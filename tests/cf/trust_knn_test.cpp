// Trust along social edges: against sums by hand.
#include <mmrec/cf/trust_knn.hpp>

#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include <mmrec/exec/cpu.hpp>

#include "cf/neighbours.hpp"
#include "support/catch.hpp"
#include "support/peak_memory.hpp"
#include "support/thrown.hpp"

using namespace mmrec;

namespace {

data::social_graph graph_of(std::size_t users, std::vector<data::social_edge> edges) {
  return {std::make_shared<const data::user_map>(data::user_map::numbered(users)), std::move(edges)};
}

/// 0 trusts 1 (.9), 2 (.7) and 3 (.2); 1 trusts 4 (.8), 2 trusts 4 (.4) and 1 (1), 3 trusts 5; 4 trusts 5 (.5) and 0.
data::social_graph circle() {
  const auto edge = [](std::size_t from, std::size_t to, float weight) {
    return data::social_edge{user_id{from}, user_id{to}, weight};
  };
  return graph_of(6, {edge(0, 1, .9f), edge(0, 2, .7f), edge(0, 3, .2f), edge(1, 4, .8f), edge(2, 4, .4f), edge(2, 1, 1.0f),
                      edge(3, 5, 1.0f), edge(4, 5, .5f), edge(4, 0, 1.0f)});
}

data::interactions choices() {
  return neighbours::log_of({{1, 0, 0, 0, 0, 0},
                             {1, 1, 0, 0, 0, 0},
                             {0, 1, 1, 0, 0, 0},
                             {0, 0, 0, 1, 0, 0},
                             {0, 0, 1, 0, 0, 0},
                             {0, 0, 0, 0, 1, 0}});
}

std::vector<double> trust_of(const cf::trust_knn& spec, std::size_t user) {
  const auto model = spec.fit(exec::cpu{}, choices(), circle());
  cf::trust_knn_model::workspace scratch;
  std::vector<cf::similar_user> found(6);
  const std::size_t count = model.trusted(circle().trusted_by(user_id{user}), found, scratch);
  std::vector<double> trust(6, 0.0);
  for (std::size_t place = 0; place < count; ++place) trust[found[place].user.index()] = double{found[place].similarity};
  return trust;
}

}  // namespace

TEST_CASE("trust_knn passes trust on along the edges") {
  const auto near = trust_of({.trust_share = 1.0f, .horizon = 1}, 0);
  CHECK(near[1] == Approx(0.9));
  CHECK(near[2] == Approx(0.7));
  CHECK(near[3] == Approx(0.2));
  CHECK(near[4] == 0.0);
  const auto far = trust_of({.trust_share = 1.0f, .horizon = 2, .threshold = 0.6f}, 0);
  CHECK(far[1] == Approx(0.9));  // the edge from 2 comes later
  CHECK(far[4] == Approx((0.9 * 0.8 + 0.7 * 0.4) / (0.9 + 0.7)));
  CHECK(far[5] == 0.0);  // 3 is not trusted enough to be asked
  const auto open = trust_of({.trust_share = 1.0f, .horizon = 3, .threshold = 0.0f}, 0);
  CHECK(open[5] == Approx(1.0));  // by 3, at distance 2; that of 4 comes later
  const auto few = trust_of({.trust_share = 1.0f, .horizon = 1, .trusted = 2}, 0);
  CHECK(few[2] == Approx(0.7));
  CHECK(few[3] == 0.0);
}

TEST_CASE("trust_knn lets the trusted and the similar vote, each in their share") {
  const auto log = choices();
  const cf::trust_knn alone{.trust_share = 1.0f, .horizon = 1};
  auto model = alone.fit(exec::cpu{}, log, circle());
  auto scores = neighbours::scores_of(model, user_id{0u});
  CHECK(double{scores[1]} == Approx((0.9 + 0.7) / 1.8));
  CHECK(double{scores[2]} == Approx(0.7 / 1.8));
  CHECK(double{scores[3]} == Approx(0.2 / 1.8));
  CHECK(scores[4] == 0.0f);
  CHECK(std::isnan(scores[5]));
  for (const float score : neighbours::scores_of(model, {item_id{0u}})) CHECK(std::isnan(score));  // no edges, no votes
  for (const float score : neighbours::scores_of(model, user_id{5u})) CHECK(std::isnan(score));

  // Only user 1 is similar to user 0; he votes with all of the other share.
  model = cf::trust_knn{.trust_share = 0.25f, .horizon = 1}.fit(exec::cpu{}, log, circle());
  scores = neighbours::scores_of(model, user_id{0u});
  CHECK(double{scores[1]} == Approx(0.25 * 1.6 / 1.8 + 0.75));
  CHECK(double{scores[3]} == Approx(0.25 * 0.2 / 1.8));
  // Users without similar ones are left to those they trust, undivided.
  scores = neighbours::scores_of(model, user_id{3u});
  CHECK(double{scores[4]} == Approx(1.0));
}

TEST_CASE("trust_knn gives a new user with the same history and edges the same scores") {
  const auto log = choices();
  const auto graph = circle();
  const auto model = cf::trust_knn{}.fit(exec::cpu{}, log, graph);
  cf::trust_knn_model::workspace scratch;
  std::vector<float> found(6);
  for (std::size_t user = 1; user < 6; ++user) {  // 4 trusts 0, who is met by no way from these
    if (user == 4) continue;
    model.score_history(log.history(user_id{user}), graph.trusted_by(user_id{user}), found, scratch);
    const auto expected = neighbours::scores_of(model, user_id{user});
    for (std::size_t item = 0; item < 6; ++item) {
      const bool same = found[item] == expected[item] || (std::isnan(found[item]) && std::isnan(expected[item]));
      CHECK(same);
    }
  }
}

TEST_CASE("trust_knn without trust is user_knn with its votes divided") {
  const auto log = neighbours::random_log(60, 40, 12);
  const auto model = cf::trust_knn{.trust_share = 0.0f}.fit(exec::cpu{}, log, graph_of(60, {}));
  const auto plain = cf::user_knn{}.fit(exec::cpu{}, log);
  cf::user_knn_model::workspace scratch;
  std::vector<cf::similar_user> voters(60);
  for (std::size_t user = 0; user < 60; ++user) {
    const auto count = plain.neighbours(log.history(user_id{user}), voters, scratch);
    double total = 0.0;
    for (std::size_t place = 0; place < count; ++place) total += double{voters[place].similarity};
    const auto found = neighbours::scores_of(model, user_id{user}), expected = neighbours::scores_of(plain, user_id{user});
    for (std::size_t item = 0; item < 40; ++item) {
      if (count != 0 && !std::isnan(expected[item]))
        CHECK(double{found[item]} == Approx(double{expected[item]} / total).margin(1e-5));
    }
  }
}

TEST_CASE("trust_knn refuses what makes no sense and keeps to memory") {
  const auto log = choices();
  for (const cf::trust_knn& bad :
       {cf::trust_knn{.trust_share = 1.5f}, cf::trust_knn{.horizon = 0}, cf::trust_knn{.threshold = -1.0f},
        cf::trust_knn{.trusted = 0}, cf::trust_knn{.similar = {.neighbours = 0}}}) {
    CHECK_THROWS_AS(bad.fit(exec::cpu{}, log, circle()), invalid_config);
  }
  CHECK(test::thrown<shape_error>([&] { cf::trust_knn{}.fit(exec::cpu{}, log, graph_of(5, {})); }) ==
        "cf::trust_knn::fit: users of the graph: expected 6, got 5");
  const auto model = cf::trust_knn{}.fit(exec::cpu{}, log, circle());
  cf::trust_knn_model::workspace scratch;
  std::vector<float> out(6);
  const std::vector<user_id> stranger{user_id{6u}}, known{user_id{1u}};
  const std::vector<float> one{1.0f}, two{2.0f};
  CHECK_THROWS_AS(model.score_history(log.history(user_id{0u}), {stranger, one}, out, scratch), unknown_id);
  CHECK_THROWS_AS(model.score_history(log.history(user_id{0u}), {known, two}, out, scratch), data_error);
  std::vector<cf::similar_user> trusted(6);
  CHECK(test::thrown<unknown_id>([&] {
          model.trusted({stranger, one}, trusted, scratch);
        }) == "cf::trust_knn::trusted: unknown user 6 (6 known)");
  CHECK_THROWS_AS(model.trusted({known, {}}, trusted, scratch), shape_error);
  CHECK_THROWS_AS(model.trusted({known, two}, trusted, scratch), data_error);

  const auto large = neighbours::random_log(800, 300, 40);
  std::vector<data::social_edge> edges;
  for (std::size_t user = 0; user < 800; ++user) {
    for (std::size_t step = 1; step < 9; ++step) edges.push_back({user_id{user}, user_id{(user + step * step) % 800}});
  }
  const auto graph = graph_of(800, std::move(edges));
  const std::uint64_t bytes = cf::trust_knn{}.fit_bytes(exec::cpu{}, large, graph);
  test::check_peak(bytes, [&] { cf::trust_knn{}.fit(exec::cpu{}, large, graph); });
  CHECK_THROWS_AS(cf::trust_knn{}.fit(exec::cpu{.memory_limit = bytes - 1}, large, graph), limit_error);
}

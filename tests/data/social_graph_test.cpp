// Social edges: what is kept and what is refused.
#include <mmrec/data/social_graph.hpp>

#include <memory>
#include <utility>
#include <vector>

#include <mmrec/core/recommender.hpp>

#include "support/catch.hpp"
#include "support/thrown.hpp"

using namespace mmrec;

namespace {
data::social_graph graph_of(std::vector<data::social_edge> edges) {
  return {std::make_shared<const data::user_map>(data::user_map::numbered(3)), std::move(edges)};
}
}  // namespace

TEST_CASE("a social graph keeps its edges by user, in order") {
  const auto graph =
      graph_of({{user_id{2u}, user_id{1u}, 0.5f}, {user_id{0u}, user_id{2u}}, {user_id{0u}, user_id{1u}, 0.25f}});
  CHECK(graph.users() == 3);
  CHECK(graph.edges() == 3);
  const data::trust_view first = graph.trusted_by(user_id{0u});
  CHECK(std::vector<user_id>(first.users.begin(), first.users.end()) == std::vector<user_id>{user_id{1u}, user_id{2u}});
  CHECK(std::vector<float>(first.weights.begin(), first.weights.end()) == std::vector<float>{0.25f, 1.0f});
  CHECK(graph.trusted_by(user_id{1u}).users.empty());
  CHECK(graph.trusted_by(user_id{2u}).weights.front() == 0.5f);
  CHECK(data::social_graph{}.users() == 0);
}

TEST_CASE("a social graph refuses edges that make no sense, by name") {
  CHECK(test::thrown<unknown_id>([] {
          graph_of({{user_id{0u}, user_id{3u}}});
        }) == "data::social_graph: unknown user 3 (3 known)");
  CHECK(test::thrown<data_error>([] {
          graph_of({{user_id{1u}, user_id{1u}}});
        }) == "data::social_graph: user \"1\" has an edge to himself");
  for (const float weight : {0.0f, -1.0f, 1.5f, no_score}) {
    CHECK(test::thrown<data_error>([&] {
            graph_of({{user_id{0u}, user_id{1u}, weight}});
          }) == "data::social_graph: the weight from \"0\" to \"1\" is not above 0 and at most 1");
  }
  CHECK(test::thrown<data_error>([] {
          graph_of({{user_id{0u}, user_id{1u}}, {user_id{0u}, user_id{1u}, 0.5f}});
        }) == "data::social_graph: there are two edges from \"0\" to \"1\"");
  CHECK_THROWS_AS(data::social_graph(nullptr, {}), invalid_config);
  CHECK_THROWS_AS(graph_of({}).trusted_by(user_id{3u}), unknown_id);
}

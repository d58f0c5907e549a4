// mmrec/data/social_graph.hpp - which users trust, follow or know which.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/data/id_map.hpp>

namespace mmrec::inline v0 {
namespace data {

/// `from` trusts `to`, more or less. Friendship is an edge each way.
struct social_edge {
  user_id from;
  user_id to;
  float weight = 1.0f;  ///< above 0, at most 1
  friend bool operator==(const social_edge&, const social_edge&) = default;
};

/// Whom a user trusts, in increasing order, and how much.
struct trust_view {
  std::span<const user_id> users;
  std::span<const float> weights;
};

/// Directed weighted edges between the users of a data set, in compressed rows: 8 bytes an edge, 8 a user.
///
/// Shapes     U users, those of the map that the interactions have as well
/// Throws     unknown_id for a user outside the map; data_error for a weight outside (0, 1], an edge from a user to
///            himself, or a second edge between the same two; invalid_config for a null pointer
/// Example    tests/data/social_graph_test.cpp
class social_graph {
 public:
  social_graph() : social_graph(std::make_shared<const user_map>(), {}) {}
  /// Edges in any order. O(edges log edges).
  social_graph(std::shared_ptr<const user_map> users, std::vector<social_edge> edges) : keys_(std::move(users)) {
    constexpr std::string_view function = "data::social_graph";
    require_config(keys_ != nullptr, function, "users", "must not be null");
    for (const social_edge& edge : edges) {
      for (const user_id end : {edge.from, edge.to}) {
        if (end.index() >= keys_->size()) throw unknown_id(function, "user", std::to_string(end.index()), keys_->size());
      }
      if (edge.from == edge.to) throw data_error(function, "user " + quoted(edge.from) + " has an edge to himself");
      if (!(edge.weight > 0.0f && edge.weight <= 1.0f)) {
        throw data_error(
            function, "the weight from " + quoted(edge.from) + " to " + quoted(edge.to) + " is not above 0 and at most 1");
      }
    }
    std::sort(edges.begin(), edges.end(),
              [](const social_edge& a, const social_edge& b) { return std::tie(a.from, a.to) < std::tie(b.from, b.to); });
    starts_.assign(keys_->size() + 1, 0);
    for (std::size_t index = 0; index < edges.size(); ++index) {
      const social_edge& edge = edges[index];
      if (index > 0 && edges[index - 1].from == edge.from && edges[index - 1].to == edge.to) {
        throw data_error(function, "there are two edges from " + quoted(edge.from) + " to " + quoted(edge.to));
      }
      ++starts_[edge.from.index() + 1];
      to_.push_back(edge.to);
      weights_.push_back(edge.weight);
    }
    for (std::size_t user = 0; user < keys_->size(); ++user) starts_[user + 1] += starts_[user];
  }

  std::size_t users() const { return starts_.size() - 1; }
  std::size_t edges() const { return to_.size(); }
  const std::shared_ptr<const user_map>& user_keys() const { return keys_; }

  /// Throws unknown_id.
  trust_view trusted_by(user_id user) const {
    if (user.index() >= users()) throw unknown_id("data::social_graph", "user", std::to_string(user.index()), users());
    const std::size_t begin = starts_[user.index()], count = starts_[user.index() + 1] - begin;
    return {std::span(to_).subspan(begin, count), std::span(weights_).subspan(begin, count)};
  }

 private:
  std::string quoted(user_id user) const { return '"' + keys_->key(user) + '"'; }

  std::shared_ptr<const user_map> keys_;
  std::vector<std::size_t> starts_;
  std::vector<user_id> to_;
  std::vector<float> weights_;
};

}  // namespace data
}  // namespace mmrec::inline v0

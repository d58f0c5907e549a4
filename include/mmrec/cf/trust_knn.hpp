// mmrec/cf/trust_knn.hpp - what the people a user trusts have, and those they trust.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/cf/detail/histories.hpp>
#include <mmrec/cf/user_knn.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/data/social_graph.hpp>
#include <mmrec/kernel/topk.hpp>

namespace mmrec::inline v0 {
namespace cf {

class trust_knn_model;

/// Nearest neighbours in a social graph: the users someone trusts, and whom those trust, vote for what they have, each by
/// how much trust reaches him (MoleTrust). Similar users vote as well, as in cf::user_knn; either electorate's votes are
/// divided by the sum of its weights, and `trust_share` weighs the two. Where one is empty the other decides alone.
///
///   trust(u) = 1;  v at distance d <= horizon of u:
///   trust(v) = sum of trust(w) e(w, v) / sum of trust(w),  over w at distance d - 1 with an edge e(w, v) and
///                                                          trust(w) >= threshold
///
/// Shapes     out: I scores; 0 for what no voter has, no_score for an item without interactions and for everything if
///            nobody votes
/// Cost       fit that of user_knn and a copy of the graph; score that of user_knn and the edges within the horizon; a
///            workspace of 24 U bytes
/// Result     exact; ties go to the lower user id; same bits for any executor. score_history() knows no edges: it is what
///            a user without any gets. The other form takes them, and gives a new user the scores of a user of the fit
///            with the same history and edges (exact fold-in)
/// Throws     what user_knn throws; invalid_config if trust_share or threshold is not in 0..1, horizon or trusted < 1;
///            shape_error if the graph is of other users; data_error for a weight outside (0, 1]
/// Avoid when edges are few or mean something else than taste: measure against cf::user_knn
/// Example    tests/cf/trust_knn_test.cpp
/// Reference  Massa, Avesani, "Trust-aware recommender systems", RecSys 2007; "Trust metrics on controversial users",
///            IJSWIS 3(1), 2007 (MoleTrust)
struct trust_knn {
  using output_kind = kind::scores;

  float trust_share = 0.5f;   ///< 0..1; 0: user_knn alone, 1: trust alone
  std::size_t horizon = 2;    ///< >= 1, the longest way along edges; 1 to 4 are usual
  float threshold = 0.6f;     ///< 0..1, trust from which on someone's own statements count
  std::size_t trusted = 100;  ///< >= 1, users who vote by trust, the most trusted
  user_knn similar = {};      ///< the similar users; its `binary` says how all votes count

  template <executor Exec>
  trust_knn_model fit(const Exec& exec, const data::interactions& log, const data::social_graph& graph) const;
  template <executor Exec>
  std::uint64_t fit_bytes(const Exec& exec, const data::interactions& log, const data::social_graph& graph) const;

  friend bool operator==(const trust_knn&, const trust_knn&) = default;
};

/// Fitted trust.
class trust_knn_model {
 public:
  /// Scratch memory of one thread; grows on first use.
  struct workspace {
    user_knn_model::workspace similar;
    std::vector<similar_user> voters;
    std::vector<double> trust, weight;   // U, zeros between calls
    std::vector<std::uint32_t> reached;  // by distance
    std::vector<std::uint8_t> met;       // U, zeros between calls
    std::vector<user_knn_model::workspace::voter> kept;
  };

  std::size_t users() const { return similar_.users(); }
  std::size_t items() const { return similar_.items(); }

  void score(user_id user, std::span<float> out, workspace& scratch) const {
    constexpr std::string_view function = "cf::trust_knn::score";
    const history_view history = histories_.of(function, user);
    vote(function, history, graph_.trusted_by(user), user.index(), out, scratch);
  }
  /// For someone of whom no edges are known.
  void score_history(history_view history, std::span<float> out, workspace& scratch) const {
    vote("cf::trust_knn::score_history", history, {}, users(), out, scratch);
  }
  /// For someone new who trusts users of the fit, in increasing order.
  void score_history(history_view history, data::trust_view edges, std::span<float> out, workspace& scratch) const {
    constexpr std::string_view function = "cf::trust_knn::score_history";
    require_edges(function, edges);
    vote(function, history, edges, users(), out, scratch);
  }

  /// Those whom someone with these edges trusts, directly or not, the most trusted first; returns how many they are.
  /// Throws shape_error unless out has room for min(trusted, U) of them, unknown_id for an edge to a user who is none of
  /// the fit, data_error for a weight outside (0, 1].
  std::size_t trusted(data::trust_view edges, std::span<similar_user> out, workspace& scratch) const {
    require_edges("cf::trust_knn::trusted", edges);
    const std::size_t most = (std::min)(spec_.trusted, users());
    if (out.size() < most) throw shape_error("cf::trust_knn::trusted", "entries of out, at least", most, out.size());
    return propagate(edges, users(), out, scratch);
  }

 private:
  friend struct trust_knn;
  trust_knn_model(const trust_knn& spec, user_knn_model similar, const data::interactions& log, data::social_graph graph)
      : spec_(spec), similar_(std::move(similar)), histories_(log), graph_(std::move(graph)) {
    known_.assign(log.items(), 0);
    for (const item_id item : log.item_array()) known_[item.index()] = 1;
  }

  void require_edges(std::string_view function, const data::trust_view& edges) const {
    require_size(function, "weights of the edges", edges.users.size(), edges.weights.size());
    for (std::size_t edge = 0; edge < edges.users.size(); ++edge) {
      const user_id to = edges.users[edge];
      if (to.index() >= users()) throw unknown_id(function, "user", std::to_string(to.index()), users());
      if (!(edges.weights[edge] > 0.0f && edges.weights[edge] <= 1.0f)) {
        throw data_error(function, "the weight to user " + std::to_string(to.index()) + " is not above 0 and at most 1");
      }
    }
  }

  void vote(std::string_view function, const history_view& history, const data::trust_view& edges, std::size_t self,
            std::span<float> out, workspace& scratch) const {
    detail::require_history(function, history, items(), !spec_.similar.binary);
    require_size(function, "out", items(), out.size());
    scratch.voters.resize((std::max)((std::min)(spec_.trusted, users()), (std::min)(spec_.similar.neighbours, users())));
    for (std::size_t item = 0; item < items(); ++item) out[item] = known_[item] != 0 ? 0.0f : no_score;
    const double share = double{spec_.trust_share};
    const std::size_t friends = share > 0.0 ? propagate(edges, self, scratch.voters, scratch) : 0;
    add(function, std::span(scratch.voters).first(friends), share, out);
    std::size_t alike = 0;
    if (share < 1.0) {
      alike = similar_.neighbours(history, scratch.voters, scratch.similar);
      add(function, std::span(scratch.voters).first(alike), friends == 0 ? 1.0 : 1.0 - share, out);
    }
    if (friends + alike == 0) {
      std::fill(out.begin(), out.end(), no_score);
    } else if (alike == 0 && share < 1.0) {
      for (float& score : out) score = static_cast<float>(double{score} / share);
    }
  }

  void add(std::string_view function, std::span<const similar_user> voters, double share, std::span<float> out) const {
    double total = 0.0;
    for (const similar_user& voter : voters) total += double{voter.similarity};
    for (const similar_user& voter : voters) {
      const history_view theirs = histories_.of(function, voter.user);
      const auto weight = static_cast<float>(share * double{voter.similarity} / total);
      for (std::size_t entry = 0; entry < theirs.items.size(); ++entry) {
        out[theirs.items[entry].index()] += spec_.similar.binary ? weight : weight * theirs.values[entry];
      }
    }
  }

  // Distance after distance; users in the order in which edges reach them, so that sums depend on the graph alone.
  std::size_t propagate(const data::trust_view& edges, std::size_t self, std::span<similar_user> out,
                        workspace& scratch) const {
    scratch.trust.resize(users(), 0.0);
    scratch.weight.resize(users(), 0.0);
    scratch.met.resize(users(), 0);
    scratch.reached.clear();
    scratch.reached.reserve(users());
    scratch.kept.resize((std::min)(spec_.trusted, users()));
    if (self < users()) scratch.met[self] = 1;
    const auto follow = [&](const data::trust_view& from, double trust) {
      for (std::size_t edge = 0; edge < from.users.size(); ++edge) {
        const std::size_t to = from.users[edge].index();
        if (scratch.met[to] == 1) continue;  // nearer, or the one who asks
        if (scratch.met[to] == 0) scratch.reached.push_back(static_cast<std::uint32_t>(to));
        scratch.met[to] = 2;  // at this distance
        scratch.trust[to] += trust * double{from.weights[edge]};
        scratch.weight[to] += trust;
      }
    };
    std::size_t begin = 0;
    follow(edges, 1.0);
    for (std::size_t distance = 1;; ++distance) {
      const std::size_t end = scratch.reached.size();
      for (std::size_t place = begin; place < end; ++place) {
        const std::size_t user = scratch.reached[place];
        scratch.trust[user] /= scratch.weight[user];
        scratch.met[user] = 1;
      }
      if (distance == spec_.horizon || begin == end) break;
      for (std::size_t place = begin; place < end; ++place) {
        const std::size_t user = scratch.reached[place];
        const double trust = scratch.trust[user];
        if (trust > 0.0 && trust >= double{spec_.threshold}) follow(graph_.trusted_by(user_id{user}), trust);
      }
      begin = end;
    }
    kernel::basic_top_k_collector<user_knn_model::workspace::voter> best(scratch.kept);
    for (const std::uint32_t user : scratch.reached) {
      best.offer(item_id{std::size_t{user}}, scratch.trust[user]);
      scratch.trust[user] = 0.0;
      scratch.weight[user] = 0.0;
      scratch.met[user] = 0;
    }
    if (self < users()) scratch.met[self] = 0;
    const std::size_t found = best.finish();
    for (std::size_t place = 0; place < found; ++place) {
      out[place] = {user_id{scratch.kept[place].item.index()}, static_cast<float>(scratch.kept[place].score)};
    }
    return found;
  }

  trust_knn spec_;
  user_knn_model similar_;
  detail::user_histories histories_;
  data::social_graph graph_;
  std::vector<std::uint8_t> known_;
};

/// The bytes that fit takes at its peak, the model included.
template <executor Exec>
std::uint64_t trust_knn::fit_bytes(const Exec& exec, const data::interactions& log, const data::social_graph& graph) const {
  return similar.fit_bytes(exec, log) + detail::user_histories::bytes(log) + 8 * (std::uint64_t{graph.users()} + 1) +
         8 * std::uint64_t{graph.edges()} + log.items();
}

template <executor Exec>
trust_knn_model trust_knn::fit(const Exec& exec, const data::interactions& log, const data::social_graph& graph) const {
  constexpr std::string_view function = "cf::trust_knn::fit";
  require_config(trust_share >= 0.0f && trust_share <= 1.0f, function, "trust_share", "must be in 0..1");
  require_config(threshold >= 0.0f && threshold <= 1.0f, function, "threshold", "must be in 0..1");
  require_config(horizon >= 1, function, "horizon", "must be at least 1");
  require_config(trusted >= 1, function, "trusted", "must be at least 1");
  require_size(function, "users of the graph", log.users(), graph.users());
  require_memory(exec, function, fit_bytes(exec, log, graph));
  return {*this, similar.fit(exec, log), log, graph};
}

}  // namespace cf
}  // namespace mmrec::inline v0

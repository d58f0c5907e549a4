// mmrec/cf/detail/ials_social.hpp - what draws users' factors towards those of whom they trust.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <mmrec/cf/detail/ials_half_step.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/data/social_graph.hpp>

namespace mmrec::inline v0 {
namespace cf::detail {

/// The mean of the factors of those whom someone trusts and of whom counts(user) holds, weighted by the trust. False, and
/// zeros, if there is nobody.
template <class Counts>
bool mean_of_trusted(const data::trust_view& trusted, const factor_matrix& users, Counts&& counts, std::span<float> out) {
  std::fill(out.begin(), out.end(), 0.0f);
  double total = 0.0;
  for (std::size_t edge = 0; edge < trusted.users.size(); ++edge) {
    const std::size_t to = trusted.users[edge].index();
    if (!counts(to)) continue;
    total += static_cast<double>(trusted.weights[edge]);
    const auto row = users.row(to);
    for (std::size_t k = 0; k < out.size(); ++k) out[k] += trusted.weights[edge] * row[k];
  }
  if (!(total > 0.0)) return false;
  for (float& factor : out) factor = static_cast<float>(static_cast<double>(factor) / total);
  return true;
}

/// The quadratic pull of each edge between two users who take part, with an equal force on both ends:
///
///   sum over edges u -> v of  weight lambda_u w_uv / (sum over v' of w_uv')  |x_u - x_v|^2
///
/// All users are solved for at once with the others where they were: that lowers the objective each time, since the matrix
/// of the users' equations stays positive definite when the signs of the edges' entries are turned round.
class social_pull {
 public:
  social_pull() = default;
  social_pull(const data::social_graph& graph, const std::vector<std::uint8_t>& active, const std::vector<float>& lambdas,
              float weight, std::size_t factors)
      : strengths_(lambdas), means_(active.size(), factors) {
    const auto for_each = [&](auto&& visit) {
      for (std::size_t from = 0; from < active.size(); ++from) {
        if (active[from] == 0) continue;
        const data::trust_view trusted = graph.trusted_by(user_id{from});
        double total = 0.0;
        for (std::size_t edge = 0; edge < trusted.users.size(); ++edge) {
          if (active[trusted.users[edge].index()] != 0) total += static_cast<double>(trusted.weights[edge]);
        }
        for (std::size_t edge = 0; edge < trusted.users.size(); ++edge) {
          const std::size_t to = trusted.users[edge].index();
          if (active[to] == 0) continue;
          const double share = static_cast<double>(trusted.weights[edge]) / total;
          visit(from, to, static_cast<float>(static_cast<double>(weight) * static_cast<double>(lambdas[from]) * share));
        }
      }
    };
    starts_.assign(active.size() + 1, 0);
    for_each([&](std::size_t from, std::size_t to, float) {
      ++starts_[from + 1];
      ++starts_[to + 1];
    });
    for (std::size_t user = 0; user < active.size(); ++user) starts_[user + 1] += starts_[user];
    others_.resize(starts_.back());
    forces_.resize(starts_.back());
    std::vector<std::size_t> next(starts_.begin(), starts_.end() - 1);
    for_each([&](std::size_t from, std::size_t to, float force) {
      others_[next[from]] = static_cast<std::uint32_t>(to);
      forces_[next[from]++] = force;
      others_[next[to]] = static_cast<std::uint32_t>(from);
      forces_[next[to]++] = force;
    });
    for (std::size_t user = 0; user < active.size(); ++user) {
      double sum = static_cast<double>(lambdas[user]);
      for (std::size_t entry = starts_[user]; entry < starts_[user + 1]; ++entry) sum += static_cast<double>(forces_[entry]);
      strengths_[user] = static_cast<float>(sum);
    }
  }

  bool empty() const { return starts_.empty(); }

  /// lambda_u |x_u|^2 and the pull of all edges of u, but for a constant.
  row_prior prior(std::size_t user) const { return {strengths_[user], means_.row(user).data()}; }

  /// Looks where the users are now. O((U + edges) K).
  template <executor Exec>
  void follow(const Exec& exec, const factor_matrix& users) {
    for_ranges(exec, users.rows(), 256, [&](std::size_t begin, std::size_t end) {
      for (std::size_t user = begin; user < end; ++user) {
        const auto mean = means_.row(user);
        std::fill(mean.begin(), mean.end(), 0.0f);
        for (std::size_t entry = starts_[user]; entry < starts_[user + 1]; ++entry) {
          const float share = forces_[entry] / strengths_[user];
          const auto other = users.row(others_[entry]);
          for (std::size_t k = 0; k < mean.size(); ++k) mean[k] += share * other[k];
        }
      }
    });
  }

  /// The edges' part of the objective.
  double penalty(const factor_matrix& users) const {
    double total = 0.0;
    for (std::size_t user = 0; user < users.rows(); ++user) {
      const auto x = users.row(user);
      for (std::size_t entry = starts_[user]; entry < starts_[user + 1]; ++entry) {
        const auto other = users.row(others_[entry]);
        double distance = 0.0;
        for (std::size_t k = 0; k < x.size(); ++k) {
          const double difference = static_cast<double>(x[k]) - static_cast<double>(other[k]);
          distance += difference * difference;
        }
        total += 0.5 * static_cast<double>(forces_[entry]) * distance;  // each edge is met at both ends
      }
    }
    return total;
  }

  /// Bytes that it holds; edges to users who take no part are counted in.
  static std::uint64_t bytes(const data::social_graph& graph, std::size_t factors) {
    return graph.users() * (8 + 4 + 4 * std::uint64_t{factors}) + 16 * std::uint64_t{graph.edges()};
  }

 private:
  std::vector<float> strengths_;  // lambda and all forces of a user
  std::vector<std::size_t> starts_;
  std::vector<std::uint32_t> others_;  // the other ends of each user's edges, and
  std::vector<float> forces_;          // how strongly each pulls
  factor_matrix means_;                // U x K
};

}  // namespace cf::detail
}  // namespace mmrec::inline v0

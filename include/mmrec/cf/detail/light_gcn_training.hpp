// mmrec/cf/detail/light_gcn_training.hpp - propagation over the graph of users and items, and steps of training through it.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include <mmrec/core/executor.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/kernel/adam.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/kernel/spmm.hpp>

namespace mmrec::inline v0 {
namespace cf::detail {

/// A = D^-1/2 (0 R; R^T 0) D^-1/2 for the users (nodes 0..U-1) and items (nodes U..U+I-1). A is symmetric.
template <class T>
class bipartite_graph {
 public:
  explicit bipartite_graph(const data::interactions& log) : users_(log.users()), items_(log.items()) {
    const std::size_t nodes = users_ + items_;
    const auto user_starts = log.starts();
    const auto entries = log.item_array();
    starts_.assign(nodes + 1, 0);
    for (std::size_t user = 0; user <= users_; ++user) starts_[user] = static_cast<std::int64_t>(user_starts[user]);
    for (const item_id item : entries) ++starts_[users_ + item.index() + 1];
    for (std::size_t node = users_; node < nodes; ++node) starts_[node + 1] += starts_[node];
    indices_.resize(2 * entries.size());
    values_.resize(2 * entries.size());
    std::vector<std::int64_t> next(starts_.begin() + static_cast<std::ptrdiff_t>(users_), starts_.end() - 1);
    for (std::size_t user = 0; user < users_; ++user) {
      for (std::size_t entry = user_starts[user]; entry < user_starts[user + 1]; ++entry) {
        const std::size_t item = entries[entry].index();
        const T weight = scale(user) * scale(users_ + item);
        const auto mirrored = static_cast<std::size_t>(next[item]++);
        indices_[entry] = static_cast<std::int32_t>(users_ + item);
        indices_[mirrored] = static_cast<std::int32_t>(user);
        values_[entry] = values_[mirrored] = weight;
      }
    }
  }

  std::size_t users() const { return users_; }
  std::size_t items() const { return items_; }
  std::size_t nodes() const { return users_ + items_; }
  /// 1 / sqrt(degree), 0 for a node without neighbours.
  T scale(std::size_t node) const {
    const auto degree = static_cast<double>(starts_[node + 1] - starts_[node]);
    return degree > 0.0 ? static_cast<T>(1.0 / std::sqrt(degree)) : T(0);
  }
  kernel::sparse_rows<T> rows() const { return {starts_, indices_, values_}; }
  static std::uint64_t bytes(std::size_t users, std::size_t items, std::size_t interactions) {
    return 8 * (std::uint64_t{users} + items + 1) + 2 * (4 + sizeof(T)) * std::uint64_t{interactions};
  }

 private:
  std::size_t users_;
  std::size_t items_;
  std::vector<std::int64_t> starts_;
  std::vector<std::int32_t> indices_;
  std::vector<T> values_;
};

/// Rows of all nodes.
template <class T>
using node_table = kernel::aligned_vector<T>;

/// out = x + A x + A^2 x + ... + A^layers x, by Horner's rule. `spare` is as large as x; x, out and spare differ.
template <executor Exec, class T>
void propagate(const Exec& exec, const bipartite_graph<T>& graph, std::size_t layers, std::size_t width,
               const node_table<T>& x, node_table<T>& out, node_table<T>& spare) {
  const kernel::sparse_rows<T> rows = graph.rows();
  std::copy(x.begin(), x.end(), out.begin());
  constexpr std::size_t grain = 64;
  for (std::size_t layer = 0; layer < layers; ++layer) {
    for_ranges(exec, graph.nodes(), grain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t node = begin; node < end; ++node) {
        const auto first = static_cast<std::size_t>(rows.starts[node]);
        const auto count = static_cast<std::size_t>(rows.starts[node + 1]) - first;
        T* const sum = spare.data() + node * width;
        const T* const own = x.data() + node * width;
        kernel::sparse_row_times(rows.indices.subspan(first, count), rows.values.subspan(first, count), out.data(), width,
                                 width, sum);
        for (std::size_t k = 0; k < width; ++k) sum[k] += own[k];
      }
    });
    out.swap(spare);
  }
}

/// Nodes of a user, of an item of theirs, and of an item they have not.
struct node_triple {
  std::uint32_t user;
  std::uint32_t positive;
  std::uint32_t negative;
};

/// Embeddings in training. What is learnt are `base`, the embeddings of layer 0; those that score are the mean over the
/// layers.
template <class T>
struct light_gcn_state {
  const bipartite_graph<T>& graph;
  std::size_t layers;
  std::size_t width;
  node_table<T> base;
  node_table<T> final;     // sum over the layers
  node_table<T> gradient;  // of the sum
  node_table<T> spare;
  node_table<T> mean, square;

  light_gcn_state(const bipartite_graph<T>& on, std::size_t layer_count, std::size_t factors)
      : graph(on), layers(layer_count), width(factors) {
    for (node_table<T>* table : {&base, &final, &gradient, &spare, &mean, &square}) {
      table->assign(graph.nodes() * width, T(0));
    }
  }
  T share() const { return T(1) / static_cast<T>(layers + 1); }

  /// The mean over the triples of log(1 + exp(s_j - s_i)), and regularization / 2 times the mean of the squared lengths of
  /// the three base embeddings. Afterwards `final` is the gradient with respect to `base`, times layers + 1.
  template <executor Exec>
  double loss_and_gradient(const Exec& exec, std::span<const node_triple> triples, double regularization) {
    propagate(exec, graph, layers, width, base, final, spare);
    std::fill(gradient.begin(), gradient.end(), T(0));
    const T mean_share = share(), each = T(1) / static_cast<T>(triples.size());
    double loss = 0.0, length = 0.0;
    for (const node_triple& triple : triples) {
      const T* const user = final.data() + triple.user * width;
      const T* const positive = final.data() + triple.positive * width;
      const T* const negative = final.data() + triple.negative * width;
      T margin = T(0);
      for (std::size_t k = 0; k < width; ++k) margin += user[k] * (positive[k] - negative[k]);
      margin *= mean_share * mean_share;
      // log(1 + exp(-margin)), without overflow
      loss += static_cast<double>((std::max)(T(0), -margin) + std::log1p(std::exp(-std::abs(margin))));
      const T pull = -each * mean_share / (T(1) + std::exp(margin));
      T* const to_user = gradient.data() + triple.user * width;
      T* const to_positive = gradient.data() + triple.positive * width;
      T* const to_negative = gradient.data() + triple.negative * width;
      for (std::size_t k = 0; k < width; ++k) {
        to_user[k] += pull * (positive[k] - negative[k]);
        to_positive[k] += pull * user[k];
        to_negative[k] -= pull * user[k];
      }
    }
    propagate(exec, graph, layers, width, gradient, final, spare);
    const T shrink = static_cast<T>(regularization) * each * static_cast<T>(layers + 1);
    for (const node_triple& triple : triples) {
      for (const std::uint32_t node : {triple.user, triple.positive, triple.negative}) {
        const T* const from = base.data() + node * width;
        T* const to = final.data() + node * width;
        for (std::size_t k = 0; k < width; ++k) {
          to[k] += shrink * from[k];
          length += static_cast<double>(from[k]) * static_cast<double>(from[k]);
        }
      }
    }
    return (loss + 0.5 * regularization * length) / static_cast<double>(triples.size());
  }
};

}  // namespace cf::detail
}  // namespace mmrec::inline v0

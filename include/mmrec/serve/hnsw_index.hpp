// mmrec/serve/hnsw_index.hpp - approximate search of item vectors by hnswlib's graphs.
// Optional component `hnswlib` (CMake target mmrec::hnswlib); no other header includes this one.
#pragma once
#if !__has_include(<hnswlib/hnswlib.h>)
#error \
    "mmrec: serve/hnsw_index.hpp needs hnswlib: apt install libhnswlib-dev, then find_package(mmrec COMPONENTS hnswlib) and link mmrec::hnswlib"
#endif
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <hnswlib/hnswlib.h>

#include <mmrec/core/error.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/serve/attributes.hpp>
#include <mmrec/serve/detail/approximate.hpp>
#include <mmrec/serve/filter.hpp>
#include <mmrec/serve/metric.hpp>
#include <mmrec/serve/rule.hpp>

namespace mmrec::inline v0 {
namespace serve {

/// How a graph is built and searched.
struct hnsw {
  metric compared_by = metric::cosine;
  std::size_t links = 16;           ///< M, 2..100: links of an item in each layer; memory 8 to 10 bytes a link and item
  std::size_t build_breadth = 200;  ///< ef_construction: candidates looked at for each item when the graph is built
  std::size_t breadth = 64;         ///< ef: least number of candidates of a search; more find more of the true best
  seed layers = seed{100};          ///< of the choice of layers
  friend bool operator==(const hnsw&, const hnsw&) = default;
};

/// Searches a navigable small world graph: some of the true best may be missing. What is listed has the scores of
/// exact_index, bit for bit, and obeys the same filters.
///
///   const serve::hnsw_index index(vectors, {.links = 32, .breadth = 200});
///   serve::hnsw_index::workspace scratch;
///   for (const auto& [item, score] : index.search(query, 10, scratch)) ...
///
/// Shapes     rows I x K, query K
/// Cost       memory 8 I K bytes and the links; building O(I log I) distances on the calling thread; a search some hundred
///            to thousand distances. A filter that leaves less than k of the candidates has the search go wider by 4 times
///            at a step, to the whole graph at last.
/// Result     the same for the same rows, spec and build; k entries whenever the graph reaches k items that are admitted.
///            Recall against exact_index: tests/serve/hnsw_index_test.cpp.
/// Throws     invalid_config for a spec out of its ranges; shape_error where sizes do not fit; unavailable if hnswlib refuses
/// Threads    const: shared by any number of threads, each with its own workspace
/// Avoid when exact search is fast enough (quantized_index takes about 1 ms for 200,000 items of 64 factors); or inner
///            products of vectors of very different lengths are searched: the graph is made for distances, and misses more
/// Example    tests/serve/hnsw_index_test.cpp
/// Reference  Malkov and Yashunin, Efficient and robust approximate nearest neighbor search using hierarchical navigable
///            small world graphs, IEEE TPAMI 42(4), 2020
class hnsw_index {
 public:
  using workspace = detail::approximate_workspace;

  explicit hnsw_index(const matrix_view<float>& rows, const hnsw& spec = {}) : rows_(rows, spec.compared_by), spec_(spec) {
    constexpr std::string_view function = "serve::hnsw_index";
    require_config(spec.links >= 2 && spec.links <= 100, function, "links", "must be 2 to 100");
    require_config(spec.build_breadth >= 1, function, "build_breadth", "must be at least 1");
    require_config(spec.breadth >= 1, function, "breadth", "must be at least 1");
    require_config(rows_.width() >= 1, function, "width of the rows", "must be at least 1");
    try {
      space_ = std::make_unique<hnswlib::InnerProductSpace>(rows_.width());
      graph_ = std::make_unique<hnswlib::HierarchicalNSW<float>>(
          space_.get(), std::max<std::size_t>(rows_.usable().size(), 1), spec.links, spec.build_breadth,
          static_cast<std::size_t>(spec.layers.value));
      for (const std::uint32_t item : rows_.usable()) graph_->addPoint(rows_.row(item), item);
      graph_->setEf(spec.breadth);
    } catch (const std::runtime_error& refusal) {
      throw unavailable(function, std::string("hnswlib: ") + refusal.what());
    }
  }

  std::size_t items() const { return rows_.items(); }
  std::size_t width() const { return rows_.width(); }
  const hnsw& spec() const { return spec_; }

  /// The list lives in the workspace.
  std::span<const scored_item> search(std::span<const float> query, std::size_t k, workspace& scratch) const {
    const item_attributes<> none(items());
    return search(query, k, filter(anything{}, none), {}, scratch);
  }
  template <class Rule, class Table>
  std::span<const scored_item> search(std::span<const float> query, std::size_t k, const filter<Rule, Table>& filter,
                                      std::span<const item_id> history, workspace& scratch) const {
    return rows_.list("serve::hnsw_index::search", query, k, spec_.breadth, filter, history, scratch,
                      [&](std::size_t count, const float* vector, std::vector<std::uint32_t>& found) {
                        found.clear();
                        for (auto best = graph_->searchKnn(vector, count); !best.empty(); best.pop()) {
                          found.push_back(static_cast<std::uint32_t>(best.top().second));
                        }
                      });
  }

 private:
  detail::scored_rows rows_;
  hnsw spec_;
  // The graph keeps the address of a member of the space.
  std::unique_ptr<hnswlib::InnerProductSpace> space_;
  std::unique_ptr<hnswlib::HierarchicalNSW<float>> graph_;
};

}  // namespace serve
}  // namespace mmrec::inline v0

// mmrec/serve/faiss_index.hpp - search of item vectors by any index of faiss.
// Optional component `faiss` (CMake target mmrec::faiss); no other header includes this one.
#pragma once
#if !__has_include(<faiss/index_factory.h>)
#error \
    "mmrec: serve/faiss_index.hpp needs faiss: apt install libfaiss-dev, then find_package(mmrec COMPONENTS faiss) and link mmrec::faiss"
#endif
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <faiss/AutoTune.h>
#include <faiss/Index.h>
#include <faiss/index_factory.h>

#include <mmrec/core/error.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/serve/attributes.hpp>
#include <mmrec/serve/detail/approximate.hpp>
#include <mmrec/serve/filter.hpp>
#include <mmrec/serve/metric.hpp>
#include <mmrec/serve/rule.hpp>

namespace mmrec::inline v0 {
namespace serve {

/// Which index of faiss, in the words of its index_factory and ParameterSpace.
struct faiss_spec {
  std::string factory = "Flat";  ///< "IVF1024,Flat", "HNSW32", "PCA32,IVF1024,PQ16", ...
  std::string parameters = {};   ///< of searches: "nprobe=16", "efSearch=200"; empty: as faiss has them
  metric compared_by = metric::inner_product;
  std::size_t breadth = 64;  ///< least number of candidates that are fetched and scored again
  friend bool operator==(const faiss_spec&, const faiss_spec&) = default;
};

/// Fetches candidates from an index of faiss. What is listed has the scores of exact_index, bit for bit, and obeys the same
/// filters; with the factory "Flat" nothing is missing but what ties with the last candidate.
///
///   const serve::faiss_index index(vectors, {.factory = "IVF1024,Flat", .parameters = "nprobe=16"});
///   serve::faiss_index::workspace scratch;
///   for (const auto& [item, score] : index.search(query, 10, scratch)) ...
///
/// Shapes     rows I x K, query K
/// Cost       memory 4 I K bytes beside the index; the rest is up to the factory
/// Result     as faiss gives it; k entries whenever the index fetches k items that are admitted. Recall against exact_index:
///            tests/serve/faiss_index_test.cpp.
/// Throws     invalid_config for a factory or parameters that faiss refuses, with its words; shape_error where sizes do not fit
/// Threads    const: shared by any number of threads, each with its own workspace. faiss runs OpenMP threads of its own:
///            omp_set_num_threads(1) keeps it on the caller's.
/// Avoid when exact search is fast enough: see hnsw_index
/// Example    tests/serve/faiss_index_test.cpp
/// Reference  Johnson, Douze and Jegou, Billion-scale similarity search with GPUs, IEEE Transactions on Big Data 7(3), 2021
class faiss_index {
 public:
  /// Scratch memory of one thread; what faiss takes itself is beside it.
  struct workspace : detail::approximate_workspace {
    std::vector<std::int64_t> positions;
  };

  explicit faiss_index(const matrix_view<float>& rows, const faiss_spec& spec = {})
      : rows_(rows, spec.compared_by), spec_(spec) {
    constexpr std::string_view function = "serve::faiss_index";
    require_config(spec.breadth >= 1, function, "breadth", "must be at least 1");
    require_config(rows_.width() >= 1, function, "width of the rows", "must be at least 1");
    try {
      index_.reset(faiss::index_factory(static_cast<int>(rows_.width()), spec.factory.c_str(), faiss::METRIC_INNER_PRODUCT));
      std::vector<float> usable;
      usable.reserve(rows_.usable().size() * rows_.width());
      for (const std::uint32_t item : rows_.usable()) {
        usable.insert(usable.end(), rows_.row(item), rows_.row(item) + rows_.width());
      }
      const auto count = static_cast<std::int64_t>(rows_.usable().size());
      if (count > 0) {
        index_->train(count, usable.data());
        index_->add(count, usable.data());
      }
      if (!spec.parameters.empty()) faiss::ParameterSpace().set_index_parameters(index_.get(), spec.parameters.c_str());
    } catch (const std::exception& refusal) {
      throw invalid_config(function, "factory \"" + spec.factory + "\", parameters \"" + spec.parameters + '"',
                           std::string("are refused by faiss: ") + refusal.what());
    }
  }

  std::size_t items() const { return rows_.items(); }
  std::size_t width() const { return rows_.width(); }
  const faiss_spec& spec() const { return spec_; }

  /// The list lives in the workspace.
  std::span<const scored_item> search(std::span<const float> query, std::size_t k, workspace& scratch) const {
    const item_attributes<> none(items());
    return search(query, k, filter(anything{}, none), {}, scratch);
  }
  template <class Rule, class Table>
  std::span<const scored_item> search(std::span<const float> query, std::size_t k, const filter<Rule, Table>& filter,
                                      std::span<const item_id> history, workspace& scratch) const {
    return rows_.list("serve::faiss_index::search", query, k, spec_.breadth, filter, history, scratch,
                      [&](std::size_t count, const float* vector, std::vector<std::uint32_t>& found) {
                        scratch.scores.resize(count);
                        scratch.positions.resize(count);
                        index_->search(1, vector, static_cast<std::int64_t>(count), scratch.scores.data(),
                                       scratch.positions.data());
                        found.clear();
                        for (const std::int64_t position : scratch.positions) {
                          if (position >= 0) found.push_back(rows_.usable()[static_cast<std::size_t>(position)]);
                        }
                      });
  }

 private:
  detail::scored_rows rows_;
  faiss_spec spec_;
  std::unique_ptr<faiss::Index> index_;
};

}  // namespace serve
}  // namespace mmrec::inline v0

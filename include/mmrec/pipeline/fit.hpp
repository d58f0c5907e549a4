// mmrec/pipeline/fit.hpp - from a specification to a model.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/core/stage.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/data/item_table.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/fusion/feature_level.hpp>
#include <mmrec/pipeline/branch.hpp>
#include <mmrec/pipeline/collaborative_level.hpp>
#include <mmrec/pipeline/decision_level.hpp>
#include <mmrec/pipeline/feature_level.hpp>
#include <mmrec/pipeline/model.hpp>
#include <mmrec/pipeline/recommender.hpp>

namespace mmrec::inline v0 {

namespace detail {

/// An assertion and no constraint, so that a wrong argument is one sentence and not a note for each overload of fit.
template <class Exec>
constexpr bool runs() {
  constexpr bool is_executor = executor<Exec>;
  static_assert(is_executor,
                "mmrec: the second argument of fit does not run anything: pass exec::cpu{}, exec::cpu{.threads = 8} or a "
                "type with concurrency(), run() and sink()");
  return is_executor;
}

/// One error for each modality that the table cannot feed.
template <class Table, class... Modalities>
constexpr bool table_feeds() {
  constexpr auto one = []<class Modality>(std::type_identity<Modality>) {
    if constexpr (reads_no_column<Modality>) {
      return true;
    } else {
      static_assert(has_column<Table, Modality>(),
                    "mmrec: the item table has no column of the name that this modality reads");
      static_assert(column_fits<Table, Modality>(),
                    "mmrec: this modality's first stage does not take the kind of its column");
      return has_column<Table, Modality>() && column_fits<Table, Modality>();
    }
  };
  return (one(std::type_identity<Modalities>{}) && ...);
}

inline void require_same_items(const data::interactions& events, const data::item_map& keys) {
  if (events.item_keys().get() == &keys) return;
  require_size("mmrec::fit", "items of the interactions (against those of the item table)", keys.size(), events.items());
  if (!(*events.item_keys() == keys)) {
    throw data_error("mmrec::fit",
                     "the interactions and the item table number their items differently: read the interactions "
                     "with the table's keys");
  }
}

template <class Core>
auto fitted(Core core, const data::interactions& events) {
  return fitted_recommender<Core>(std::move(core), std::make_shared<const data::interactions>(events));
}

/// A part's seed depends on its name (FNV-1a), not on its place: adding a modality leaves the others as they were.
constexpr seed seed_of(seed key, std::string_view name) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char letter : name) hash = (hash ^ static_cast<unsigned char>(letter)) * 1099511628211ULL;
  return key.derive(hash);
}

/// What a call that does not compile returns, so that nothing behind it is an error as well.
struct not_fitted {};

template <executor Exec, class... Modalities, class Fusion, class Learner, class Table>
auto fit_feature_level(const feature_level_spec<modality_set<Modalities...>, Fusion, Learner>& spec, const Exec& exec,
                       const Table& table, const data::interactions& events, seed key) {
  return std::apply(
      [&](const Modalities&... parts) {
        auto fitted_parts =
            std::tuple{fit_features(parts, exec, table, events, seed_of(key.derive(0), Modalities::name()))...};
        return std::apply(
            [&](auto&... fits) {
              const std::array inputs{
                  fusion::modality_features{std::remove_cvref_t<decltype(fits.branch)>::name(), &fits.values}...};
              auto fusion_model = spec.fusion.fit(exec, std::span<const fusion::modality_features>(inputs));
              const data::dense_features fused = fusion_model.fuse(exec, std::span<const fusion::modality_features>(inputs));
              auto model = fit_on_features(spec.recommender, exec, events, fused, key.derive(1));
              using core = feature_level_model<decltype(fusion_model), decltype(model),
                                               std::remove_cvref_t<decltype(fits.branch)>...>;
              return fitted(core(std::tuple{std::move(fits.branch)...}, std::move(fusion_model), std::move(model)), events);
            },
            fitted_parts);
      },
      spec.modalities.parts);
}

template <executor Exec, class... Modalities, class Fusion, class Table>
auto fit_decision_level(const decision_level_spec<modality_set<Modalities...>, Fusion>& spec, const Exec& exec,
                        const Table* table, const data::interactions& events, seed key) {
  const std::array<std::string, sizeof...(Modalities)> names{std::string(Modalities::name())...};
  const auto policy_check = spec.fusion.fit(std::span<const std::string>(names), events.items());  // before the long work
  return std::apply(
      [&](const Modalities&... parts) {
        auto branches = std::tuple{fit_branch(parts, exec, table, events, seed_of(key.derive(0), Modalities::name()))...};
        return std::apply(
            [&](auto&... fits) {
              using core =
                  decision_level_model<std::remove_const_t<decltype(policy_check)>, std::remove_cvref_t<decltype(fits)>...>;
              return fitted(core(std::tuple{std::move(fits)...}, spec.fusion, events.items()), events);
            },
            branches);
      },
      spec.modalities.parts);
}

}  // namespace detail

/// Learns a feature-level recommender: fits each modality's pipeline on the items that have it, fuses the features and
/// fits the recommender on them.
///
/// Shapes     table and interactions must have the same I items in the same order (use the table's keys for both)
/// Result     same bits for the same inputs and seed, for any number of threads
/// Throws     data_error, shape_error, invalid_config of the parts; cancelled through the executor's progress sink
template <class Exec, class... Modalities, class Fusion, class Learner, class... Columns>
auto fit(const feature_level_spec<modality_set<Modalities...>, Fusion, Learner>& spec, const Exec& exec,
         const data::item_table<Columns...>& table, const data::interactions& events, seed key = {}) {
  if constexpr (detail::runs<Exec>() && detail::table_feeds<data::item_table<Columns...>, Modalities...>()) {
    detail::require_same_items(events, *table.keys());
    const exec::session<Exec> session(exec);
    return detail::fit_feature_level(spec, session.executor(), table, events, key);
  } else {
    return detail::not_fitted{};
  }
}

/// Learns a decision-level recommender: fits each branch by itself and fuses their scores.
template <class Exec, class... Modalities, class Fusion, class... Columns>
auto fit(const decision_level_spec<modality_set<Modalities...>, Fusion>& spec, const Exec& exec,
         const data::item_table<Columns...>& table, const data::interactions& events, seed key = {}) {
  if constexpr (detail::runs<Exec>() && detail::table_feeds<data::item_table<Columns...>, Modalities...>()) {
    detail::require_same_items(events, *table.keys());
    const exec::session<Exec> session(exec);
    return detail::fit_decision_level(spec, session.executor(), &table, events, key);
  } else {
    return detail::not_fitted{};
  }
}

/// The same for branches that all learn from interactions alone: an ensemble of collaborative recommenders.
template <class Exec, class... Modalities, class Fusion>
auto fit(const decision_level_spec<modality_set<Modalities...>, Fusion>& spec, const Exec& exec,
         const data::interactions& events, seed key = {}) {
  constexpr bool no_columns = (detail::reads_no_column<Modalities> && ...);
  static_assert(no_columns, "mmrec: a modality of this recommender reads a column: pass the item table to fit");
  if constexpr (detail::runs<Exec>() && no_columns) {
    const exec::session<Exec> session(exec);
    return detail::fit_decision_level(spec, session.executor(), static_cast<const data::item_table<>*>(nullptr), events,
                                      key);
  } else {
    return detail::not_fitted{};
  }
}

/// Learns a collaborative recommender from interactions alone.
template <class Exec, class Learner>
auto fit(const collaborative_level_spec<Learner>& spec, const Exec& exec, const data::interactions& events, seed key = {}) {
  if constexpr (detail::runs<Exec>()) {
    const exec::session<Exec> session(exec);
    auto model = fit_stage(spec.recommender, session.executor(), events, key);
    return detail::fitted(detail::collaborative_level_model<decltype(model)>(std::move(model)), events);
  } else {
    return detail::not_fitted{};
  }
}

}  // namespace mmrec::inline v0

// mmrec/pipeline/branch.hpp - fitted modalities.
#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/fixed_string.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/core/stage.hpp>
#include <mmrec/data/features.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/data/item_table.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/data/supervision.hpp>
#include <mmrec/pipeline/chain.hpp>
#include <mmrec/pipeline/element.hpp>
#include <mmrec/pipeline/modality.hpp>

namespace mmrec::inline v0 {

/// learner.fit(exec, interactions, features, key), or without the key for learners that use no random numbers.
template <class Learner, executor Exec, class Features>
auto fit_on_features(const Learner& learner, const Exec& exec, const data::interactions& events, const Features& features,
                     seed key) {
  if constexpr (requires { learner.fit(exec, events, features, key); }) {
    return learner.fit(exec, events, features, key);
  } else {
    return learner.fit(exec, events, features);
  }
}

namespace detail {

/// Hands a column's features on as they are: the pipeline of a modality that is a recommender by itself.
template <class Kind>
struct as_is {
  using input_kind = Kind;
  using output_kind = Kind;
  struct workspace {};

  template <executor Exec, class Batch>
  as_is fit(const Exec&, const Batch&) const {
    return {};
  }
  template <executor Exec, class T>
  matrix<T> transform(const Exec&, const Eigen::Map<const matrix<T>>& in) const {
    return in;
  }
  template <executor Exec, class T>
  csr_matrix<T> transform(const Exec&, const csr_matrix<T>& in) const {
    return in;
  }
  template <class T>
  void transform_one(std::span<const T> in, std::vector<T>& out, workspace&) const {
    out.assign(in.begin(), in.end());
  }
  template <class T>
  void transform_one(const sparse_row_view<T>& in, sparse_row<T>& out, workspace&) const {
    out.indices.assign(in.indices.begin(), in.indices.end());
    out.values.assign(in.values.begin(), in.values.end());
  }
};

/// The stages of a modality that turn a column into features, and the recommender at its end, if it has one.
template <class Spec>
struct split_spec {  // a pipeline that ends in features
  template <class Kind>
  static const Spec& stages(const Spec& spec) {
    return spec;
  }
};
template <class Spec>
requires gives_scores<Spec>
struct split_spec<Spec> {  // a recommender that reads the column itself
  template <class Kind>
  static as_is<Kind> stages(const Spec&) {
    return {};
  }
  static const Spec& recommender(const Spec& spec) { return spec; }
};
template <class Left, class Right>
requires gives_scores<Right>
struct split_spec<chain<Left, Right>> {
  template <class Kind>
  static const Left& stages(const chain<Left, Right>& spec) {
    return spec.left;
  }
  static const Right& recommender(const chain<Left, Right>& spec) { return spec.right; }
};

/// Whether a table can feed a modality.
template <class Table, class Modality>
constexpr bool has_column() {
  return Table::template has<Modality::column_literal>();
}
template <class Table, class Modality>
constexpr bool column_fits() {
  if constexpr (has_column<Table, Modality>()) {
    return takes<typename Modality::spec_type, typename Table::template kind_of<Modality::column_literal>>;
  } else {
    return true;  // reported as the missing column that it is
  }
}

/// A modality's stages, fitted.
template <fixed_string Name, fixed_string Column, class StagesModel, class OutKind>
struct feature_branch {
  using workspace = typename StagesModel::workspace;
  using slot = slot_of<OutKind>;
  static constexpr std::string_view name() { return Name.view(); }

  StagesModel stages;

  /// The features of one row of a table; false when the row has no value in this modality's column.
  template <class Table>
  bool describe(const Table& table, item_id row, slot& out, workspace& scratch) const {
    const auto element = table.template get<Column>()[row];
    if (!element) return false;
    stages.transform_one(*element, out, scratch);
    return true;
  }
};

/// A modality's fitted stages and what they make of all items.
template <class Branch, class Features>
struct fitted_features {
  Branch branch;
  Features values;
};

/// Fits the stages of one modality on the items that have it, and gives the features of all items.
template <class Modality, executor Exec, class Table>
auto fit_features(const Modality& part, const Exec& exec, const Table& table, const data::interactions& events, seed key) {
  using spec_type = typename Modality::spec_type;
  const auto& column = table.template get<Modality::column_literal>();
  using kind_type = typename std::remove_cvref_t<decltype(column)>::kind_type;
  if (column.present_count() == 0) {
    throw data_error("mmrec::fit", "modality \"" + std::string(Modality::name()) + "\": no item has a value in column \"" +
                                       std::string(column.name()) + '"');
  }
  decltype(auto) stages = split_spec<spec_type>::template stages<kind_type>(part.spec);
  using stages_type = std::remove_cvref_t<decltype(stages)>;
  std::vector<std::uint32_t> items;
  items.reserve(column.present_count());
  for (std::size_t item = 0; item < column.present().size(); ++item) {
    if (column.present()[item] != 0) items.push_back(static_cast<std::uint32_t>(item));
  }
  auto fitted = fit_transform_stage(stages, exec, column.batch(), key, data::supervision<Table>{table, events, items});
  auto features = data::scatter_rows(fitted.output, column.present());
  using branch = feature_branch<Modality::name_literal, Modality::column_literal, decltype(fitted.model),
                                output_of<stages_type, kind_type>>;
  return fitted_features<branch, decltype(features)>{branch{std::move(fitted.model)}, std::move(features)};
}

/// A branch that scores items by their content.
template <class Features, class Model>
struct content_branch {
  static constexpr bool has_content = true;
  static constexpr std::string_view name() { return Features::name(); }
  using model_type = Model;
  Features features;
  Model model;
};

/// A branch that scores items by who touched them.
template <fixed_string Name, class Model>
struct collaborative_branch {
  static constexpr bool has_content = false;
  static constexpr std::string_view name() { return Name.view(); }
  using model_type = Model;
  Model model;
};

/// A modality that reads no column: a recommender by itself that does not learn from features.
template <class Modality>
inline constexpr bool reads_no_column =
    collaborative_spec<typename Modality::spec_type> && !is_chain<typename Modality::spec_type>;

/// Fits a modality that ends in a recommender.
template <class Modality, executor Exec, class Table>
auto fit_branch(const Modality& part, const Exec& exec, const Table* table, const data::interactions& events, seed key) {
  if constexpr (reads_no_column<Modality>) {
    auto model = fit_stage(part.spec, exec, events, key.derive(1));
    return collaborative_branch<Modality::name_literal, decltype(model)>{std::move(model)};
  } else {
    auto content = fit_features(part, exec, *table, events, key.derive(0));
    const auto& learner = split_spec<typename Modality::spec_type>::recommender(part.spec);
    auto model = fit_on_features(learner, exec, events, content.values, key.derive(1));
    return content_branch<decltype(content.branch), decltype(model)>{std::move(content.branch), std::move(model)};
  }
}

}  // namespace detail

}  // namespace mmrec::inline v0

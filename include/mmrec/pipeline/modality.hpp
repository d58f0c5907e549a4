// mmrec/pipeline/modality.hpp - named branches of a multimodal recommender.
#pragma once
#include <array>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <mmrec/core/fixed_string.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/core/stage.hpp>

namespace mmrec::inline v0 {

/// A recommender that can learn from interactions alone.
template <class S>
concept collaborative_spec = requires {
  requires S::collaborative;
};

template <class S>
concept gives_features = requires {
  requires is_feature_kind<typename S::output_kind>;
};

template <class S>
concept gives_scores = requires {
  requires std::is_same_v<typename S::output_kind, kind::scores>;
};

/// What stands under one name: a pipeline and the column it reads.
template <fixed_string Name, fixed_string Column, class Spec>
struct modality_spec {
  using spec_type = Spec;
  static constexpr auto name_literal = Name;
  static constexpr auto column_literal = Column;
  static constexpr std::string_view name() { return Name.view(); }

  Spec spec;

  friend bool operator==(const modality_spec&, const modality_spec&) = default;
};

/// Names a branch. `modality<"plot">(pipeline)` reads the column "plot" of the item table; `modality<"words", "plot">(...)`
/// reads it under another name. A pipeline that ends in features meets the others in a feature-level fusion policy; one
/// that ends in a recommender gives scores, for a decision-level policy. A collaborative recommender by itself
/// (`modality<"behaviour">(cf::ease{})`) reads no column.
template <fixed_string Name, fixed_string Column = Name, class Spec>
constexpr auto modality(Spec spec) {
  static_assert(gives_features<Spec> || gives_scores<Spec>,
                "mmrec: a modality must end in features (dense or sparse) or in a recommender (scores)");
  return modality_spec<Name, Column, Spec>{std::move(spec)};
}

namespace detail {
template <std::size_t Count>
constexpr bool all_different(const std::array<std::string_view, Count>& names) {
  for (std::size_t i = 0; i < Count; ++i) {
    for (std::size_t j = i + 1; j < Count; ++j) {
      if (names[i] == names[j]) return false;
    }
  }
  return true;
}
}  // namespace detail

/// Modality names are all different.
template <class... Modalities>
concept distinct_names = detail::all_different(std::array<std::string_view, sizeof...(Modalities)>{Modalities::name()...});

/// The branches of a recommender, in the order in which weights are given.
template <class... Modalities>
struct modality_set {
  static constexpr std::size_t size = sizeof...(Modalities);
  static constexpr bool all_features = (gives_features<typename Modalities::spec_type> && ...);
  static constexpr bool all_scores = (gives_scores<typename Modalities::spec_type> && ...);
  static constexpr bool all_dense = (is_dense_kind<typename Modalities::spec_type::output_kind> && ...);

  std::tuple<Modalities...> parts;

  friend bool operator==(const modality_set&, const modality_set&) = default;
};

/// Puts branches side by side. All must end in features, or all in a recommender.
template <class... Modalities>
constexpr auto modalities(Modalities... parts) {
  static_assert(sizeof...(Modalities) > 0, "mmrec: modalities(...) needs at least one modality");
  static_assert(distinct_names<Modalities...>, "mmrec: two modalities have the same name");
  static_assert(modality_set<Modalities...>::all_features || modality_set<Modalities...>::all_scores,
                "mmrec: some modalities end in features and some in a recommender; they meet at one level: end all in "
                "features (feature-level fusion) or all in a recommender (decision-level fusion)");
  return modality_set<Modalities...>{std::tuple<Modalities...>(std::move(parts)...)};
}

}  // namespace mmrec::inline v0

// mmrec/pipeline/mermaid.hpp - what a recommender is made of, as a flowchart.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <mmrec/core/mermaid.hpp>
#include <mmrec/pipeline/branch.hpp>
#include <mmrec/pipeline/chain.hpp>
#include <mmrec/pipeline/modality.hpp>
#include <mmrec/pipeline/recommender.hpp>

namespace mmrec::inline v0 {

namespace detail {

/// A type as it is written, without the library's namespace and without template arguments.
template <class S>
std::string type_name() {
  std::string_view text = __PRETTY_FUNCTION__;  // "... type_name() [with S = mmrec::v0::text::words; ...]"
  text.remove_prefix(text.find("S = ") + 4);
  text = text.substr(0, text.find_first_of("<;]"));
  for (const std::string_view own : {"mmrec::", "v0::"}) {
    if (text.substr(0, own.size()) == own) text.remove_prefix(own.size());
  }
  // text::tfidf is the usual form of text::basic_tfidf<T>.
  std::string name(text);
  const std::size_t last = name.rfind("::") == std::string::npos ? 0 : name.rfind("::") + 2;
  if (name.compare(last, 6, "basic_") == 0) name.erase(last, 6);
  return name;
}

}  // namespace detail

/// What a stage, policy or recommender is called in drawings: its own static name(), if it has one, or its type's,
/// "text::tfidf".
template <class S>
std::string stage_name() {
  if constexpr (requires { std::string(S::name()); }) {
    return std::string(S::name());
  } else {
    return detail::type_name<S>();
  }
}

namespace detail {

/// Draws specs. What comes next is connected with where the drawing stands.
class pipeline_drawer {
 public:
  template <class Stage>
  std::string stage(const std::string& from) {
    if constexpr (gives_scores<Stage>) events();
    const std::string node = chart_.node("[", stage_name<Stage>(), "]");
    if (!from.empty()) chart_.edge(from, node);
    if constexpr (gives_scores<Stage>) chart_.edge(events_, node);
    return node;
  }
  /// Stages one after another; gives the last.
  template <class Spec>
  std::string stages(const std::string& from, std::type_identity<Spec>) {
    return stage<Spec>(from);
  }
  template <class Left, class Right>
  std::string stages(const std::string& from, std::type_identity<chain<Left, Right>>) {
    return stage<Right>(stages(from, std::type_identity<Left>{}));
  }
  template <class... Modalities, class Fusion>
  std::string fusion(const modality_set<Modalities...>&, const Fusion&) {
    std::string ends[] = {draw_modality<Modalities>()...};
    const std::string policy = chart_.node("{{", stage_name<Fusion>(), "}}");
    std::size_t index = 0;
    (chart_.edge(ends[index++], policy, Modalities::name()), ...);
    return policy;
  }
  void end(const std::string& from) { chart_.edge(from, chart_.node("([", "recommendations", "])")); }
  std::string finish() { return std::move(chart_.text); }

 private:
  template <class Modality>
  std::string draw_modality() {
    std::string column;
    if constexpr (!reads_no_column<Modality>) column = chart_.node("[(", Modality::column_literal.view(), ")]");
    return stages(column, std::type_identity<typename Modality::spec_type>{});
  }
  /// Recommenders learn from these.
  void events() {
    if (events_.empty()) events_ = chart_.node("[(", "interactions", ")]");
  }

  flowchart chart_{"LR"};
  std::string events_;
};

}  // namespace detail

/// A recommender's spec as a Mermaid flowchart (https://mermaid.js.org), which GitHub, GitLab and many editors draw: columns,
/// stages, fusion policy and recommenders.
template <class Set, class Fusion, class Recommender>
std::string to_mermaid(const feature_level_spec<Set, Fusion, Recommender>& spec) {
  detail::pipeline_drawer drawer;
  const std::string fused = drawer.fusion(spec.modalities, spec.fusion);
  drawer.end(drawer.template stage<Recommender>(fused));
  return drawer.finish();
}
template <class Set, class Fusion>
std::string to_mermaid(const decision_level_spec<Set, Fusion>& spec) {
  detail::pipeline_drawer drawer;
  drawer.end(drawer.fusion(spec.modalities, spec.fusion));
  return drawer.finish();
}
template <class Recommender>
std::string to_mermaid(const collaborative_level_spec<Recommender>&) {
  detail::pipeline_drawer drawer;
  drawer.end(drawer.template stage<Recommender>({}));
  return drawer.finish();
}
/// A pipeline of stages.
template <class Left, class Right>
std::string to_mermaid(const chain<Left, Right>&) {
  detail::pipeline_drawer drawer;
  drawer.stages({}, std::type_identity<chain<Left, Right>>{});
  return drawer.finish();
}

}  // namespace mmrec::inline v0

// mmrec/core/stage.hpp - the stage protocol: what makes a type a stage of a pipeline.
#pragma once
#include <concepts>
#include <string_view>
#include <type_traits>
#include <utility>

#include <mmrec/core/executor.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/core/random.hpp>

namespace mmrec::inline v0 {

/// A stage specification: a regular value (an aggregate with defaults) that names the kinds it takes and gives.
///
///   using input_kind = ...; using output_kind = ...;         what it takes and gives
///   template <class Given> using output_for = ...;           optional: what it gives for `Given`, void to refuse it
///   model fit(exec, batch) const;                            or fit(exec, batch, seed): learns, returns the model
///   model fit(exec, batch, seed, about) const;               or learns from more than its input: see data/supervision.hpp
///   fitted_batch<model, batch> fit_transform(...) const;     optional: when one pass does both
///
/// Its model, another type, has
///
///   batch transform(exec, batch) const;                      N elements
///   struct workspace;                                        scratch memory of one thread, owned by the caller
///   void transform_one(element, slot&, workspace&) const;    one element, the same numbers, no allocation once warm
///
/// except for text stages, whose models are transducers:
///
///   auto attach(workspace&, Sink next) const;                a sink that passes on to `next`
///
/// where a sink is called with each string_view of a document and then once with finish().
template <class S>
concept stage = std::copyable<S> && requires {
  typename S::input_kind;
  typename S::output_kind;
};

namespace detail {
template <class S, class Given>
struct stage_output {
  using type = std::conditional_t<kind_fits<Given, typename S::input_kind>, typename S::output_kind, void>;
};
template <class S, class Given>
requires requires { typename S::template output_for<Given>; }
struct stage_output<S, Given> {
  using type = typename S::template output_for<Given>;
};
}  // namespace detail

/// The kind that stage S gives when it is given `Given`; void when it does not take it.
template <stage S, class Given>
using output_of = typename detail::stage_output<S, Given>::type;

/// Stage S can be given data of kind `Given`.
template <class S, class Given>
concept takes = stage<S> && !std::is_void_v<output_of<S, Given>>;

/// Left | Right is a meaningful chain.
template <class Left, class Right>
concept chainable = stage<Left> && takes<Right, typename Left::output_kind>;

/// A fitted stage that passes each string on to the next stage as it goes.
template <class M>
concept transducer_model = requires {
  typename M::workspace;
}
&&is_streamed_kind<typename M::output_kind>;

/// A model together with the batch it was fitted on, transformed.
template <class Model, class Batch>
struct fitted_batch {
  Model model;
  Batch output;
};

/// Nothing to learn from but the input itself.
struct unsupervised {};

/// spec.fit(exec, in, key, about) for stages that ask what the batch is about; else spec.fit(exec, in, key) or, for stages
/// that use no random numbers, spec.fit(exec, in).
template <class Spec, executor Exec, class Batch, class About = unsupervised>
auto fit_stage(const Spec& spec, const Exec& exec, const Batch& in, seed key, const About& about = {}) {
  if constexpr (requires { spec.fit(exec, in, key, about); }) {
    return spec.fit(exec, in, key, about);
  } else if constexpr (requires { spec.fit(exec, in, key); }) {
    return spec.fit(exec, in, key);
  } else {
    return spec.fit(exec, in);
  }
}

/// Fits and transforms the same batch, in one pass where the stage offers that.
template <class Spec, executor Exec, class Batch, class About = unsupervised>
auto fit_transform_stage(const Spec& spec, const Exec& exec, const Batch& in, seed key, const About& about = {}) {
  if constexpr (requires { spec.fit_transform(exec, in, key, about); }) {
    return spec.fit_transform(exec, in, key, about);
  } else if constexpr (requires { spec.fit_transform(exec, in, key); }) {
    return spec.fit_transform(exec, in, key);
  } else if constexpr (requires { spec.fit_transform(exec, in); }) {
    return spec.fit_transform(exec, in);
  } else {
    auto model = fit_stage(spec, exec, in, key, about);
    auto output = model.transform(exec, in);
    return fitted_batch<decltype(model), decltype(output)>{std::move(model), std::move(output)};
  }
}

}  // namespace mmrec::inline v0

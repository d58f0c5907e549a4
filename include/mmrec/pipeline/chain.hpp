// mmrec/pipeline/chain.hpp - two stages as one.
#pragma once
#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>

#include <mmrec/core/executor.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/core/stage.hpp>
#include <mmrec/core/tokens.hpp>
#include <mmrec/pipeline/element.hpp>

namespace mmrec::inline v0 {

/// The model of a chain: the models of its two parts. `Middle` is the kind that flows between them, `Out` the kind at the
/// end. A part that is a transducer is not run by itself: its tokens go straight into the next stage.
template <class LeftModel, class RightModel, class Middle, class Out>
class chain_model {
 public:
  using output_kind = Out;
  static constexpr bool left_streams = is_streamed_kind<Middle>;
  static constexpr bool streams = is_streamed_kind<Out>;

  struct no_slot {};
  struct workspace {
    typename LeftModel::workspace left;
    typename RightModel::workspace right;
    typename std::conditional_t<left_streams, std::type_identity<no_slot>, detail::slot<Middle>>::type middle;
  };

  chain_model(LeftModel left, RightModel right) : left_(std::move(left)), right_(std::move(right)) {}

  const LeftModel& left() const { return left_; }
  const RightModel& right() const { return right_; }

  /// Number of features at the end.
  std::size_t features() const requires requires(const RightModel& model) { model.features(); }
  { return right_.features(); }

  /// N elements at once.
  template <executor Exec, class Batch>
  requires(!streams) auto transform(const Exec& exec, const Batch& in) const {
    if constexpr (left_streams) {
      return right_.transform(exec, streamed<Batch, LeftModel>(in, left_));
    } else {
      return right_.transform(exec, left_.transform(exec, in));
    }
  }

  /// One element; the same numbers, and no allocation once the workspace is warm.
  template <class Element, class Slot>
  requires(!streams) void transform_one(const Element& in, Slot& out, workspace& scratch) const {
    if constexpr (left_streams) {
      const auto emit = [&](auto& sink) {
        auto head = left_.attach(scratch.left, sink_ref(sink));
        head(in);
        head.finish();
      };
      right_.transform_one(emit, out, scratch.right);
    } else {
      left_.transform_one(in, scratch.middle, scratch.left);
      right_.transform_one(view_of(scratch.middle), out, scratch.right);
    }
  }

  /// A chain of transducers is a transducer.
  template <class Sink>
  requires(streams) auto attach(workspace& scratch, Sink next) const {
    return left_.attach(scratch.left, right_.attach(scratch.right, std::move(next)));
  }

 private:
  LeftModel left_;
  RightModel right_;
};

/// `left | right`: a stage that takes what `left` takes and gives what `right` gives. Chains nest to the left and are
/// never flattened: flattening at each `|` makes long chains slow to compile.
template <class Left, class Right>
struct chain {
  using input_kind = typename Left::input_kind;
  using output_kind = output_of<Right, typename Left::output_kind>;

  Left left;
  Right right;

  template <executor Exec, class Batch, class About = unsupervised>
  auto fit(const Exec& exec, const Batch& in, seed key = {}, const About& about = {}) const {
    if constexpr (is_streamed_kind<middle_kind>) {
      auto left_model = fit_stage(left, exec, in, key.derive(0), about);
      auto right_model = fit_stage(right, exec, streamed<Batch, decltype(left_model)>(in, left_model), key.derive(1), about);
      return joined(std::move(left_model), std::move(right_model));
    } else {
      auto first = fit_transform_stage(left, exec, in, key.derive(0), about);
      auto right_model = fit_stage(right, exec, first.output, key.derive(1), about);
      return joined(std::move(first.model), std::move(right_model));
    }
  }

  template <executor Exec, class Batch, class About = unsupervised>
  requires(!is_streamed_kind<output_kind>) auto fit_transform(const Exec& exec, const Batch& in, seed key = {},
                                                              const About& about = {}) const {
    if constexpr (is_streamed_kind<middle_kind>) {
      auto left_model = fit_stage(left, exec, in, key.derive(0), about);
      auto second =
          fit_transform_stage(right, exec, streamed<Batch, decltype(left_model)>(in, left_model), key.derive(1), about);
      return with_output(joined(std::move(left_model), std::move(second.model)), std::move(second.output));
    } else {
      auto first = fit_transform_stage(left, exec, in, key.derive(0), about);
      auto second = fit_transform_stage(right, exec, first.output, key.derive(1), about);
      return with_output(joined(std::move(first.model), std::move(second.model)), std::move(second.output));
    }
  }

  friend bool operator==(const chain&, const chain&) = default;

 private:
  using middle_kind = typename Left::output_kind;

  template <class LeftModel, class RightModel>
  static auto joined(LeftModel left_model, RightModel right_model) {
    return chain_model<LeftModel, RightModel, middle_kind, output_kind>(std::move(left_model), std::move(right_model));
  }
  template <class Model, class Batch>
  static fitted_batch<Model, Batch> with_output(Model model, Batch output) {
    return {std::move(model), std::move(output)};
  }
};

namespace detail {
/// What a chain gives for data of kind `Given`; void when one of its parts refuses.
template <class Left, class Right, class Given>
struct stage_output<chain<Left, Right>, Given> {
  using middle = typename stage_output<Left, Given>::type;
  template <class Middle>
  struct onward : stage_output<Right, Middle> {};
  using type = typename std::conditional_t<std::is_void_v<middle>, std::type_identity<void>, onward<middle>>::type;
};

template <class S>
inline constexpr bool is_chain = false;
template <class Left, class Right>
inline constexpr bool is_chain<chain<Left, Right>> = true;
}  // namespace detail

}  // namespace mmrec::inline v0

// mmrec/pipeline/operators.hpp - `left | right` joins two stages.
#pragma once
#include <type_traits>

#include <mmrec/core/kind.hpp>
#include <mmrec/core/stage.hpp>
#include <mmrec/pipeline/chain.hpp>

namespace mmrec::inline v0 {

/// Anything that can stand right of `|`: a stage, or a recommender (which may turn out to take no features).
template <class S>
concept pipeable = std::copyable<S> && requires {
  typename S::output_kind;
};

namespace detail {
/// A variable and not a concept: compilers print its arguments, and with them both kinds, when it is false.
template <class Given, class Taken, class Left, class Right>
inline constexpr bool gives_what_is_taken = chainable<Left, Right>;
}  // namespace detail

/// Joins two stages. When `right` does not take what `left` gives, that is one error, on this line.
/// Built-in stages find this operator by themselves; for stages in a namespace of your own that stand on both sides of
/// `|`, write `using mmrec::operator|;` there.
template <stage Left, pipeable Right>
constexpr auto operator|(const Left& left, const Right& right) {
  constexpr bool takes_features = stage<Right>;
  static_assert(takes_features,
                "mmrec: the right side of '|' learns from interactions alone and takes no features: "
                "give it to mmrec::recommender or mmrec::modality by itself");
  if constexpr (takes_features) {
    constexpr bool fits = chainable<Left, Right>;
    static_assert(
        detail::gives_what_is_taken<typename Left::output_kind, typename Right::input_kind, Left, Right>,
        "mmrec: the right side of '|' does not take what the left side gives (the kinds are named below: given, taken)");
    if constexpr (!fits) {
      return left;  // harmless: one mistake is one error
    } else if constexpr (detail::is_chain<Right>) {
      return (left | right.left) | right.right;
    } else {
      return chain<Left, Right>{left, right};
    }
  } else {
    return left;
  }
}

// Argument-dependent lookup does not look into the enclosing namespace of a stage's own.
namespace text {
using mmrec::operator|;
}
namespace image {
using mmrec::operator|;
}
namespace audio {
using mmrec::operator|;
}
namespace features {
using mmrec::operator|;
}
namespace decomp {
using mmrec::operator|;
}
namespace cf {
using mmrec::operator|;
}

}  // namespace mmrec::inline v0

// mmrec/cf/pairwise.hpp - options that the recommenders trained on pairs of items share.
#pragma once

namespace mmrec::inline v0 {
namespace cf {

/// What an epoch takes alike.
enum class positive_sampling {
  interactions,  ///< each interaction once
  users,         ///< each user as often as any other: one of n interactions is taken mean(n) / n times, on average
};

/// How an item that a user did not choose is drawn, to be ranked below one that the user chose. An item of the user's
/// history is never drawn.
enum class negative_sampling {
  uniform,     ///< each item alike
  popularity,  ///< in proportion to how many users chose it
};

/// How the threads of a fit share their work.
enum class parallel {
  deterministic,  ///< in a fixed order wherever it matters: the same bits for any number of threads
  lock_free,  ///< nobody waits; with several threads, items are changed by several at a time ("Hogwild") and results differ
              ///< from run to run
};

}  // namespace cf
}  // namespace mmrec::inline v0

// mmrec/data/split/folded.hpp - the parts of a split whose held-out users are new: a history of each, and what it is judged on.
#pragma once
#include <string_view>

#include <mmrec/data/split/parts.hpp>

namespace mmrec::inline v0 {
namespace split {

namespace role {
struct validation_history {
  static constexpr std::string_view name = "validation history";
};
struct test_history {
  static constexpr std::string_view name = "test history";
};
}  // namespace role

template <class Split>
using validation_history = part<role::validation_history, Split>;
template <class Split>
using test_history = part<role::test_history, Split>;

/// Whether a split's held-out users are new to a model and come with histories: such a split has a member type folds_in.
template <class Split>
concept of_new_users = requires {
  typename Split::folds_in;
};

/// A data set in which each user is in train, in validation or in test. The histories describe the users that are new to a
/// model fitted on train (score_history); all parts share the id maps. Each interaction is in exactly one part.
template <class Split>
struct folded_parts {
  train_set<Split> train;
  split::validation_history<Split> validation_history;
  validation_set<Split> validation;
  split::test_history<Split> test_history;
  test_set<Split> test;
};

}  // namespace split
}  // namespace mmrec::inline v0

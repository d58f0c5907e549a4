// mmrec/serve/predicates.hpp - what a rule may ask of a value: comparisons of numbers, names of categories.
#pragma once
#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace mmrec::inline v0 {
namespace serve {

// Any callable float -> bool or string_view -> bool will do in where<"column">(...); these read well and compare. An item
// without a value fulfils none of them.

struct below {
  float bound;
  bool operator()(float value) const { return value < bound; }
  friend bool operator==(const below&, const below&) = default;
};
struct at_most {
  float bound;
  bool operator()(float value) const { return value <= bound; }
  friend bool operator==(const at_most&, const at_most&) = default;
};
struct above {
  float bound;
  bool operator()(float value) const { return value > bound; }
  friend bool operator==(const above&, const above&) = default;
};
struct at_least {
  float bound;
  bool operator()(float value) const { return value >= bound; }
  friend bool operator==(const at_least&, const at_least&) = default;
};
/// Both ends belong to it.
struct between {
  float least;
  float largest;
  bool operator()(float value) const { return value >= least && value <= largest; }
  friend bool operator==(const between&, const between&) = default;
};
/// A number other than 0: for columns of yes and no.
struct yes {
  bool operator()(float value) const { return value != 0.0f; }
  friend bool operator==(const yes&, const yes&) = default;
};

/// The category has this name. A name that no item has is fulfilled by none.
struct is {
  std::string name;
  bool operator()(std::string_view value) const { return value == name; }
  friend bool operator==(const is&, const is&) = default;
};
/// The category has one of these names.
struct one_of {
  std::vector<std::string> names;
  bool operator()(std::string_view value) const { return std::find(names.begin(), names.end(), value) != names.end(); }
  friend bool operator==(const one_of&, const one_of&) = default;
};

}  // namespace serve
}  // namespace mmrec::inline v0

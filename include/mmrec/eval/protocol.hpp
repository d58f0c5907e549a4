// mmrec/eval/protocol.hpp - what is ranked and against what it is judged, as types.
#pragma once
#include <array>
#include <charconv>
#include <concepts>
#include <limits>
#include <string>
#include <string_view>

#include <mmrec/eval/metric.hpp>

namespace mmrec::inline v0 {
namespace eval {

/// Which items of a user's own past may not be listed.
namespace mask {
struct nothing {  ///< everything may be listed: for repeated consumption (music, groceries)
  static constexpr std::string_view name = "nothing masked";
};
struct train {  ///< the user's training items; the usual choice, and the only one when judging on validation data
  static constexpr std::string_view name = "train masked";
};
struct train_and_validation {  ///< also the user's validation items; raises Recall@20 of cf::ease on MovieLens 100K by 6 %
  static constexpr std::string_view name = "train and validation masked";
};
}  // namespace mask

/// Which items compete. Held-out items that are no candidates are not relevant.
namespace candidates {
struct catalogue {  ///< all items
  static constexpr std::string_view name = "full catalogue";
};
struct cold_items {  ///< items without any training interaction
  static constexpr std::string_view name = "cold items";
};
struct warm_items {  ///< items with at least one training interaction
  static constexpr std::string_view name = "warm items";
};
}  // namespace candidates

/// Which held-out items are to be found. The others are ordinary candidates, so that cold items have to be found among all.
namespace targets {
struct all_items {  ///< all that compete
  static constexpr std::string_view name = "";
};
struct cold_items {  ///< items without any training interaction
  static constexpr std::string_view name = ", only cold items relevant";
};
struct warm_items {  ///< items with at least one training interaction
  static constexpr std::string_view name = ", only warm items relevant";
};
}  // namespace targets

/// Which held-out interactions count as relevant: those with at least this value. The others are ordinary candidates.
struct relevance {
  float at_least = -std::numeric_limits<float>::infinity();  ///< 4 for "rated 4 or 5"; by default all count

  /// For captions and reports: ", relevant from 4", or nothing where all count.
  std::string describe() const {
    if (!(at_least > -std::numeric_limits<float>::infinity())) return {};
    std::array<char, 32> number{};
    const auto result = std::to_chars(number.data(), number.data() + number.size(), at_least);
    return ", relevant from " + std::string(number.data(), result.ptr);
  }
  friend bool operator==(const relevance&, const relevance&) = default;
};

/// The protocol: for each user with relevant held-out items, rank all candidates but the masked ones by score, equal
/// scores by the lower item id, and judge the list. Nothing is sampled. What changes the meaning of the numbers is in the
/// type, so that results that do not compare do not mix.
///
/// Example    eval::full_ranking<eval::mask::train>{.metrics = {.cutoffs = {20}}, .relevance = {.at_least = 4}}
/// Reference  Krichene, Rendle, "On sampled metrics for item recommendation", KDD 2020 (why nothing is sampled)
template <class Candidates, class Mask, class Targets = targets::all_items>
struct ranking {
  using candidates_type = Candidates;
  using mask_type = Mask;
  using targets_type = Targets;

  eval::metrics metrics = {};
  eval::relevance relevance = {};

  /// For captions and reports; without the cut-offs.
  std::string describe() const {
    std::string text(Candidates::name);
    text += ", ";
    text += Mask::name;
    text += ", equal scores by item id";
    text += Targets::name;
    return text + relevance.describe();
  }

  friend bool operator==(const ranking&, const ranking&) = default;
};

/// What evaluate() runs: eval::ranking, or a sampled ranking by its long name.
template <class P>
concept ranking_protocol = requires(const P& protocol) {
  typename P::candidates_type;
  typename P::mask_type;
  typename P::targets_type;
  {protocol.metrics.validate("")};
  { protocol.relevance } -> std::convertible_to<const relevance&>;
};

/// Ranks the whole catalogue.
template <class Mask>
using full_ranking = ranking<candidates::catalogue, Mask>;
/// Ranks the items that nobody touched in training; made for split::cold_items.
template <class Mask>
using cold_ranking = ranking<candidates::cold_items, Mask>;
/// Ranks the items that somebody touched in training.
template <class Mask>
using warm_ranking = ranking<candidates::warm_items, Mask>;
/// Ranks the whole catalogue and asks for the cold items in it, and for the warm ones: reports both apart, as cold items
/// among all others are harder to find than among themselves.
template <class Mask>
using full_ranking_of_cold = ranking<candidates::catalogue, Mask, targets::cold_items>;
template <class Mask>
using full_ranking_of_warm = ranking<candidates::catalogue, Mask, targets::warm_items>;

}  // namespace eval
}  // namespace mmrec::inline v0

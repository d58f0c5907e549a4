// mmrec/fusion/missing.hpp - what to do with an item that lacks a modality.
#pragma once

namespace mmrec::inline v0 {
namespace fusion {

/// The policy for an item that lacks some of the modalities (feature level), or that some of the branches cannot judge
/// (decision level: a NaN score). An item that lacks all of them is never recommended, under every policy. A modality of
/// weight 0 counts as not being there at all.
///
///               feature level                                              decision level
///   error       throws data_error with the counts                          throws data_error
///   zero        a block of zeros                                           adds nothing: the normalised score 0
///   mean        the mean row of the items that have it, learned by fit     the mean normalised score of the branch
///   renormalize a block of zeros, and the other blocks scaled up           the weighted mean over the branches that
///               so that inner products keep their scale                    judge it
///   drop        the item is not recommended                                the item is not recommended
///
/// There is no silent default: `error` stays until one of the others is chosen.
enum class missing { error, zero, mean, renormalize, drop };

}  // namespace fusion
}  // namespace mmrec::inline v0

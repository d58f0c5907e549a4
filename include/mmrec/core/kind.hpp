// mmrec/core/kind.hpp - what flows between stages, as tag types.
#pragma once
#include <type_traits>

namespace mmrec::inline v0 {

/// An extent that is known only at run time.
inline constexpr int dynamic = -1;

/// Kinds of data. A stage names the kind it takes and the kind it gives; a column of an item table names the kind it holds.
/// How each kind is represented, as a batch (N elements) and as one element, stands in the table of docs/pipelines.md.
namespace kind {
struct text {};    ///< UTF-8 documents
struct tokens {};  ///< a stream of tokens for each document; never stored, stages pass each token on
struct sound {};   ///< mono waveforms with their sample rates
struct ids {};     ///< sequences of token ids, for networks
struct scores {};  ///< one score for each item: what a branch gives that ends in a recommender

/// Feature vectors of D numbers; a static D lets a mismatch be found by the compiler.
template <class T = float, int D = dynamic>
struct dense {
  using scalar = T;
  static constexpr int extent = D;
};
/// Sequences of feature vectors, such as the spectra of a sound: T x D numbers, T different from one element to the next.
template <class T = float, int D = dynamic>
struct sequence {
  using scalar = T;
  static constexpr int extent = D;
};
/// Feature vectors with few non-zeros.
template <class T = float>
struct sparse {
  using scalar = T;
};
/// 8-bit RGB pictures, Height x Width x 3.
template <int Height = dynamic, int Width = dynamic>
struct image {};
}  // namespace kind

/// Whether a stage that wants kind `Wanted` can be given `Given`: the same kind, or one whose static extents `Wanted`
/// leaves open, or one that leaves open what `Wanted` fixes (then the size is checked while fitting).
template <class Given, class Wanted>
inline constexpr bool kind_fits = std::is_same_v<Given, Wanted>;

template <class T, int Given, int Wanted>
inline constexpr bool kind_fits<kind::dense<T, Given>, kind::dense<T, Wanted>> =
    Given == Wanted || Given == dynamic || Wanted == dynamic;

template <class T, int Given, int Wanted>
inline constexpr bool kind_fits<kind::sequence<T, Given>, kind::sequence<T, Wanted>> =
    Given == Wanted || Given == dynamic || Wanted == dynamic;

template <int H, int W, int WantedH, int WantedW>
inline constexpr bool kind_fits<kind::image<H, W>, kind::image<WantedH, WantedW>> =
    (H == WantedH || H == dynamic || WantedH == dynamic) && (W == WantedW || W == dynamic || WantedW == dynamic);

template <class K>
inline constexpr bool is_dense_kind = false;
template <class T, int D>
inline constexpr bool is_dense_kind<kind::dense<T, D>> = true;

template <class K>
inline constexpr bool is_sequence_kind = false;
template <class T, int D>
inline constexpr bool is_sequence_kind<kind::sequence<T, D>> = true;

template <class K>
inline constexpr bool is_sparse_kind = false;
template <class T>
inline constexpr bool is_sparse_kind<kind::sparse<T>> = true;

/// Kinds that stages may hand on: what a chain may end in before a fusion policy.
template <class K>
inline constexpr bool is_feature_kind = is_dense_kind<K> || is_sparse_kind<K>;

/// Kinds that are streamed from stage to stage and never stored as a batch.
template <class K>
inline constexpr bool is_streamed_kind = std::is_same_v<K, kind::text> || std::is_same_v<K, kind::tokens>;

}  // namespace mmrec::inline v0

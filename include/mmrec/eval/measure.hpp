// mmrec/eval/measure.hpp - everything that can be measured, with its formula and its name.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mmrec::inline v0 {
namespace eval {

/// What is measured. R: a user's relevant held-out items, L: the first K items of the list, C: the user's candidates,
/// hits = |L and R|, h(i) = 1 if the item at rank i (from 1) is in R and 0 otherwise, d(i) = 1 / log2(i + 1). n_j: how many
/// training interactions item j has, N: all of them together. H: the user's training items.
///
/// Ties       equal scores are listed by the lower item id; only auc and gauc look at scores and count a tie half
/// No truth   users with an empty R are not judged: they enter no mean
/// No list    a judged user whose list is empty has 0 everywhere, but 1/2 in auc if no candidate has a score
/// Range      [0, 1], except popularity, novelty, efd, tail_count, list_length and entropy, which have no upper bound, and
///            diversity and serendipity, which end at 2
/// Equals     names a library that gives the same number, tested to 1e-12
enum class measure : std::uint8_t {
  // One value for each user and K; the mean over users is reported.

  /// hits / |R|. Equals RecBole, Elliot and MMRec.
  recall,
  /// hits / K, also where the list is shorter. Equals RecBole, Elliot and MMRec.
  precision,
  /// 2 P R / (P + R) of the user's own precision and recall, which is 2 hits / (K + |R|), the Dice coefficient; 0 without
  /// hits. Equals Elliot's F1 and DSC.
  f1,
  /// (|C| - |L| - |R| + 2 hits) / |C|, the share of candidates put on the right side of the cut. Near 1 for any list; here
  /// because texts mean either this or precision by "accuracy".
  accuracy,
  /// 1 if there is a hit, else 0. Equals RecBole's Hit and Elliot's HR.
  hit_rate,
  /// Sum over i <= K of h(i) d(i), divided by the same sum for a list that starts with min(|R|, K) hits. Equals RecBole,
  /// MMRec, Elliot's nDCGRendle2020, and scikit-learn's ndcg_score on binary relevance without ties.
  ndcg,
  /// The same with the value v >= 0 of a held-out interaction in the place of its 1, in the ideal list by decreasing value;
  /// negative values count 0; 0 if no value is positive. Equals scikit-learn's ndcg_score without ties, and ranx' ndcg.
  /// Reference  Jarvelin, Kekalainen, "Cumulated gain-based evaluation of IR techniques", ACM TOIS 20(4), 2002
  ndcg_linear,
  /// The same with 2^v - 1 in the place of the value v; values above 60 count as 60. Equals ranx' ndcg_burges.
  /// Reference  Burges et al., "Learning to rank using gradient descent", ICML 2005
  ndcg_exponential,
  /// 1 / rank of the first hit; 0 without hits. Equals RecBole and Elliot.
  mrr,
  /// Sum over i <= K of h(i) / i, divided by the same sum for a list that starts with min(|R|, K) hits. Equals cornac's NCRR
  /// where lists are full.
  ncrr,
  /// Sum over i <= K of h(i) precision@i, divided by min(|R|, K). Equals RecBole and MMRec.
  map,
  /// The mean of recall@1, ..., recall@K. Equals Elliot's MAR.
  average_recall,
  /// Mean of n_j over the items of L. Equals Elliot's ARP, and RecBole's AveragePopularity where lists are full.
  popularity,
  /// Mean over the items of L of -log2(n_j / N), the surprise in bits at meeting the item. An item without training
  /// interactions surprises as much as the rarest one that has some. Equals novelty of Microsoft's recommenders where all
  /// listed items have interactions.
  novelty,
  /// Expected free discovery: the sum over the hits of d(rank) (-log2(n_j / N)), divided by the sum of d(i) over L; items
  /// without training interactions as in novelty. Equals Elliot's EFD.
  /// Reference  Vargas, Castells, "Rank and relevance in novelty and diversity metrics for recommender systems", RecSys 2011
  efd,
  /// Expected popularity complement: the same with 1 - n_j / (users with training interactions) in the place of the
  /// surprise. Equals Elliot's EPC.
  epc,
  /// Share of the items of L that are in the long tail (metrics.tail). Equals Elliot's APLT, and RecBole's TailPercentage
  /// with tail_rule::items, where lists are full.
  tail_share,
  /// How many items of L are in the long tail. Equals Elliot's ACLT.
  tail_count,
  /// |L|. Equals Elliot's NumRetrieved.
  list_length,
  /// 1 - the mean cosine between the vectors of two different items of L (intra-list diversity); 0 for a list of one item.
  /// An item without vector has cosine 0 with all. Measured if metrics.item_vectors is given. Equals user_diversity of
  /// Microsoft's recommenders.
  /// Reference  Ziegler, McNee, Konstan, Lausen, "Improving recommendation lists through topic diversification", WWW 2005
  diversity,
  /// Sum over the hits of (1 - the mean cosine between the item and those of H), divided by |L|; the mean is 0 if H is
  /// empty. Measured if metrics.item_vectors is given. Equals user_serendipity of Microsoft's recommenders.
  /// Reference  Zhang, Seaghdha, Quercia, Jambor, "Auralist: introducing serendipity into music recommendation", WSDM 2012
  serendipity,

  // One value for each user, without K.

  /// Hits among the first |R| items of the list / |R|, however large R is. Measured if metrics.r_precision is set. Equals
  /// ranx' r-precision where lists are as long as R.
  r_precision,
  /// Share of (relevant, other) pairs of candidates in the right order; ties count half, items without a score stand below
  /// all others; 1/2 if there are no others. Measured if metrics.auc is set. Equals scikit-learn's roc_auc_score of each
  /// user's candidates.
  auc,

  // One value for each K, for all lists together.

  /// Share of the competing items that are in somebody's L. Equals RecBole's ItemCoverage.
  item_coverage,
  /// Share of judged users whose L has K items. Equals Elliot's UserCoverageAtN divided by the number of users.
  user_coverage,
  /// Gini index of how often each competing item is in an L: 0 when all are listed equally often, near 1 when few are
  /// listed at all; 0 when nothing is listed. Equals RecBole's GiniIndex where lists are full.
  gini,
  /// Shannon entropy in bits of how often each item is in an L, 0 when nothing is listed. Equals distributional_coverage of
  /// Microsoft's recommenders, and Elliot's SEntropy where lists are full; RecBole's ShannonEntropy is it times ln 2, divided
  /// by the number of different items listed.
  entropy,
  /// How unequally the relevant items of the head and of the long tail are found: with p = hits / relevant items of all
  /// users, for each of both groups, their standard deviation / their mean, |p - q| / (p + q); 0 if nothing is found or a
  /// group has no relevant items. Equals Elliot's PopREO.
  /// Reference  Zhu, Wang, Caverlee, "Measuring and mitigating item under-recommendation bias", SIGIR 2020
  pop_reo,
  /// The same with p = listed items / candidates of all users. Equals Elliot's PopRSP.
  pop_rsp,

  // One value for all lists together, without K.

  /// The mean of auc weighted by |R|. Equals RecBole's GAUC where no two scores are equal.
  gauc,
};

namespace detail {
struct measure_name {
  measure what;
  std::string_view text;
};
inline constexpr std::array<measure_name, 30> measure_names{{
    {measure::recall, "recall"},
    {measure::precision, "precision"},
    {measure::f1, "f1"},
    {measure::accuracy, "accuracy"},
    {measure::hit_rate, "hit_rate"},
    {measure::ndcg, "ndcg"},
    {measure::ndcg_linear, "ndcg_linear"},
    {measure::ndcg_exponential, "ndcg_exponential"},
    {measure::mrr, "mrr"},
    {measure::ncrr, "ncrr"},
    {measure::map, "map"},
    {measure::average_recall, "average_recall"},
    {measure::popularity, "popularity"},
    {measure::novelty, "novelty"},
    {measure::efd, "efd"},
    {measure::epc, "epc"},
    {measure::tail_share, "tail_share"},
    {measure::tail_count, "tail_count"},
    {measure::list_length, "list_length"},
    {measure::diversity, "diversity"},
    {measure::serendipity, "serendipity"},
    {measure::r_precision, "r_precision"},
    {measure::auc, "auc"},
    {measure::item_coverage, "item_coverage"},
    {measure::user_coverage, "user_coverage"},
    {measure::gini, "gini"},
    {measure::entropy, "entropy"},
    {measure::pop_reo, "pop_reo"},
    {measure::pop_rsp, "pop_rsp"},
    {measure::gauc, "gauc"},
}};
}  // namespace detail

/// The name of a measure, "recall".
constexpr std::string_view name_of(measure what) { return detail::measure_names[static_cast<std::size_t>(what)].text; }
/// Whether a measure has a value for each user; otherwise it has one for all lists together.
constexpr bool is_per_user(measure what) { return what <= measure::auc; }
/// Whether a measure is one of the first K items of a list.
constexpr bool has_cutoff(measure what) {
  return what != measure::auc && what != measure::r_precision && what != measure::gauc;
}
/// Whether a measure depends on what is called the long tail.
constexpr bool needs_long_tail(measure what) {
  return what == measure::tail_share || what == measure::tail_count || what == measure::pop_reo || what == measure::pop_rsp;
}
/// Whether a measure is one of the items' vectors.
constexpr bool needs_item_vectors(measure what) { return what == measure::diversity || what == measure::serendipity; }

}  // namespace eval
}  // namespace mmrec::inline v0

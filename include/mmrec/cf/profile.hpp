// mmrec/cf/profile.hpp - the content recommender: what is like the things a user liked.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <mmrec/cf/detail/feature_rows.hpp>
#include <mmrec/cf/detail/histories.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/features.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/data/matrix.hpp>

namespace mmrec::inline v0 {
namespace cf {

/// How the profile is compared with an item.
enum class profile_similarity {
  dot,     ///< inner product: items with large features score high
  cosine,  ///< of the angle: features are scaled to length 1 first, and the profile after it is formed
};

/// How much an item of the history weighs in the profile.
enum class profile_weighting {
  binary,   ///< all the same
  values,   ///< by its value
  centred,  ///< by its value less the user's mean value, so that disliked items push away; as binary if all are equal
};

template <class Rows>
class profile_model;

/// The content recommender. A user is the weighted mean of the features of the history (weights divided by the sum of their
/// absolute values); an item scores by how well its features agree with that profile. New items score as soon as they have
/// features.
///
/// Shapes     features I x D    out: I scores; no_score for an item without features, and for everything if no item of the
///            history has features, all weights are 0, or (cosine) the profile has length 0
/// Cost       fit O(features); dense: 8 I D bytes, score O((|history| + I) D); sparse: 8 bytes an entry, score
///            O(entries + D)
/// Result     same bits for any executor; the same bits from score() and from a batch of inner products
///            (cf/factor_model.hpp)
/// Throws     shape_error if the features are of other items, data_error for a non-finite feature or none at all,
///            limit_error above the executor's memory limit, unknown_id for a user or item outside the catalogue
/// Avoid when interactions are many and features are poor: cf::item_knn, cf::ease and cf::ials learn what features do not
///            tell
/// Example    tests/cf/profile_test.cpp
/// Reference  Lops, de Gemmis, Semeraro, "Content-based recommender systems: state of the art and trends", Recommender
///            Systems Handbook, 2011, ch. 3
struct profile {
  using input_kind = kind::dense<float>;
  using output_kind = kind::scores;
  template <class Given>
  using output_for = std::conditional_t<kind_fits<Given, kind::dense<float>> || std::is_same_v<Given, kind::sparse<float>>,
                                        kind::scores, void>;
  static constexpr bool collaborative = false;  ///< learns from features

  profile_similarity similarity = profile_similarity::cosine;
  profile_weighting weighting = profile_weighting::binary;

  template <executor Exec>
  profile_model<detail::dense_rows> fit(const Exec& exec, const data::interactions& log,
                                        const data::dense_features& features) const;
  template <executor Exec>
  profile_model<detail::sparse_rows> fit(const Exec& exec, const data::interactions& log,
                                         const data::sparse_features& features) const;

  /// Bytes that fit takes at its peak, its result included.
  template <executor Exec, class Features>
  std::uint64_t fit_bytes(const Exec&, const data::interactions& log, const Features& features) const {
    return detail::user_histories::bytes(log) + detail::feature_bytes(features);
  }

  friend bool operator==(const profile&, const profile&) = default;
};

/// Fitted profiles. A row of features is a std::span<const float> of D numbers where they are dense, a
/// sparse_row_view<float> where they are sparse.
template <class Rows>
class profile_model {
 public:
  using row_view = typename Rows::row_view;

  /// Grows on first use to D numbers and one for each item of the history.
  struct workspace {
    std::vector<float> profile;
    std::vector<float> weights;
  };

  profile_model(const profile& spec, detail::user_histories histories, Rows features)
      : spec_(spec), histories_(std::move(histories)), features_(std::move(features)) {}

  std::size_t users() const { return histories_.users(); }
  std::size_t items() const { return features_.items(); }
  std::size_t width() const { return features_.width(); }

  void score(user_id user, std::span<float> out, workspace& scratch) const {
    score_history(histories_.of("cf::profile::score", user), out, scratch);
  }
  void score_history(history_view history, std::span<float> out, workspace& scratch) const {
    constexpr std::string_view function = "cf::profile::score_history";
    detail::require_history(function, history, items(), spec_.weighting != profile_weighting::binary);
    require_size(function, "out", items(), out.size());
    if (form_profile(history, scratch)) {
      features_.dot_all(scratch.profile, out);
    } else {
      std::fill(out.begin(), out.end(), no_score);
    }
  }

  /// What each item of the history adds to the score of `item`; all 0 where the score is no_score.
  void explain(history_view history, item_id item, std::span<float> out) const {
    constexpr std::string_view function = "cf::profile::explain";
    detail::require_history(function, history, items(), spec_.weighting != profile_weighting::binary);
    detail::require_item(function, item, items());
    require_size(function, "out", history.items.size(), out.size());
    workspace scratch;
    const bool judges = features_.has(item) && form_profile(history, scratch);
    for (std::size_t entry = 0; entry < history.items.size(); ++entry) {
      const item_id other = history.items[entry];
      out[entry] =
          judges && features_.has(other)
              ? static_cast<float>(double{scratch.weights[entry]} * Rows::dot(features_.row(other), features_.row(item)))
              : 0.0f;
    }
  }

  /// The score that an item outside the catalogue would get, from its features alone. Equal to score() of an item with the
  /// same features up to rounding.
  float score_features(row_view row, user_id user, workspace& scratch) const {
    constexpr std::string_view function = "cf::profile::score_features";
    features_.require_row(function, row);
    if (!form_profile(histories_.of(function, user), scratch)) return no_score;
    return static_cast<float>(Rows::dot(row, scratch.profile) * scale_of(row));
  }

  /// How alike an item with these features and each item of the catalogue are, in the similarity of the spec.
  void similar(row_view row, std::span<float> out, workspace& scratch) const {
    constexpr std::string_view function = "cf::profile::similar";
    features_.require_row(function, row);
    require_size(function, "out", items(), out.size());
    scratch.profile.assign(width(), 0.0f);
    Rows::add(row, 1.0f, scratch.profile);
    if (spec_.similarity == profile_similarity::cosine) detail::scale(scratch.profile, Rows::inverse_length(row));
    features_.dot_all(scratch.profile, out);
  }

  /// The user's profile, such that score() = its inner product with the features; NaN where score() is no_score for all.
  /// Shapes  out: D
  void user_vector(user_id user, std::span<float> out, workspace& scratch) const {
    constexpr std::string_view function = "cf::profile::user_vector";
    require_size(function, "out", width(), out.size());
    if (form_profile(histories_.of(function, user), scratch)) {
      std::copy(scratch.profile.begin(), scratch.profile.end(), out.begin());
    } else {
      std::fill(out.begin(), out.end(), no_score);
    }
  }
  /// I x D, as compared: of length 1 for cosine. NaN for items without features.
  matrix_view<float> item_vectors() const requires std::is_same_v<Rows, detail::dense_rows> { return features_.values(); }

  /// The features as compared, with has(item) and row(item).
  const Rows& features() const { return features_; }

 private:
  double scale_of(row_view row) const {
    return spec_.similarity == profile_similarity::cosine ? Rows::inverse_length(row) : 1.0;
  }

  // The weights of the entries, normalised, and the profile as their sum of features; false if there is none.
  bool form_profile(history_view history, workspace& scratch) const {
    const std::size_t count = history.items.size();
    scratch.weights.assign(count, 1.0f);
    if (spec_.weighting != profile_weighting::binary) {
      double mean = 0.0;
      if (spec_.weighting == profile_weighting::centred) {
        const auto [least, most] = std::minmax_element(history.values.begin(), history.values.end());
        if (least == most || *least == *most) return weigh(history, scratch);
        for (const float value : history.values) mean += double{value} / static_cast<double>(count);
      }
      for (std::size_t entry = 0; entry < count; ++entry) {
        scratch.weights[entry] = static_cast<float>(double{history.values[entry]} - mean);
      }
    }
    return weigh(history, scratch);
  }

  bool weigh(history_view history, workspace& scratch) const {
    double total = 0.0;
    for (std::size_t entry = 0; entry < history.items.size(); ++entry) {
      if (!features_.has(history.items[entry])) scratch.weights[entry] = 0.0f;
      total += std::abs(double{scratch.weights[entry]});
    }
    if (total == 0.0) return false;
    scratch.profile.assign(width(), 0.0f);
    for (std::size_t entry = 0; entry < history.items.size(); ++entry) {
      float& weight = scratch.weights[entry];
      if (weight == 0.0f) continue;  // the row may be that of an item without features, NaN
      weight = static_cast<float>(double{weight} / total);
      Rows::add(features_.row(history.items[entry]), weight, scratch.profile);
    }
    if (spec_.similarity == profile_similarity::dot) return true;
    const double factor = detail::inverse_length(scratch.profile);
    detail::scale(scratch.profile, factor);
    detail::scale(scratch.weights, factor);
    return factor != 0.0;
  }

  profile spec_;
  detail::user_histories histories_;
  Rows features_;
};

template <executor Exec>
profile_model<detail::dense_rows> profile::fit(const Exec& exec, const data::interactions& log,
                                               const data::dense_features& features) const {
  require_memory(exec, "cf::profile::fit", fit_bytes(exec, log, features));
  return {*this, detail::user_histories(log),
          detail::dense_rows("cf::profile::fit", features, log.items(), similarity == profile_similarity::cosine)};
}

template <executor Exec>
profile_model<detail::sparse_rows> profile::fit(const Exec& exec, const data::interactions& log,
                                                const data::sparse_features& features) const {
  require_memory(exec, "cf::profile::fit", fit_bytes(exec, log, features));
  return {*this, detail::user_histories(log),
          detail::sparse_rows("cf::profile::fit", features, log.items(), similarity == profile_similarity::cosine)};
}

}  // namespace cf
}  // namespace mmrec::inline v0

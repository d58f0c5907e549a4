// mmrec/data/split/random.hpp - random splits that do not depend on the order of the data.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/data/split/parts.hpp>
#include <mmrec/data/split/share.hpp>

namespace mmrec::inline v0 {
namespace split {

/// Holds out a random share of each user's interactions for test and another for validation.
///
/// Rule       a user's interactions in the order of a hash of (seed, user key, item key); of n, the last round(test n) are
///            test and the round(validation n) before them validation, halves rounded to even: with large shares a user of few
///            interactions may have none in train
/// Result     a function of the seed and the external keys alone: neither the order of the file nor other users matter
/// Cost       O(E log E) time, 2x the input's memory
/// Throws     invalid_config unless both shares are in [0, 1) and their sum in (0, 1); data_error if no interaction is left to
///            train on
/// Avoid when times are known: models see the future of what they predict, and the numbers flatter (Recall@20
///            of cf::ease on MovieLens 100K is .36 instead of user_ratio's .17)
/// Example    const auto parts = split::user_random{.key = seed{7}}(ratings);
struct user_random {
  double validation = 0.1;
  double test = 0.1;
  seed key = seed{42};

  parts<user_random> operator()(const data::interactions& all) const {
    detail::require_shares("split::user_random", validation, test);
    std::vector<detail::label> labels(all.size(), detail::label::train);
    std::vector<std::pair<std::uint64_t, std::size_t>> drawn;  // hash and entry
    std::vector<std::size_t> entries;
    for (std::size_t user = 0; user < all.users(); ++user) {
      const seed own{detail::keyed_hash(key, all.user_keys()->key(user_id{user}))};
      drawn.clear();
      for (std::size_t entry = all.starts()[user]; entry < all.starts()[user + 1]; ++entry) {
        drawn.emplace_back(detail::keyed_hash(own, all.item_keys()->key(all.item_array()[entry])), entry);
      }
      std::sort(drawn.begin(), drawn.end());
      entries.clear();
      for (const auto& [hash, entry] : drawn) entries.push_back(entry);
      detail::label_tail(entries, detail::rounded_share(validation, entries.size()),
                         detail::rounded_share(test, entries.size()), labels);
    }
    detail::require_training("split::user_random", labels);
    return detail::distribute(*this, all, labels);
  }

  /// For captions and reports.
  std::string describe() const { return detail::shares_text("user_random", validation, test, key); }

  friend bool operator==(const user_random&, const user_random&) = default;
};

/// Holds out a random share of all interactions for test and another for validation, whoever they are of: a user may have
/// none in a part, not even in train.
///
/// Rule       all n interactions in the order of a hash of (seed, user key, item key); the last round(test n) are test and
///            the round(validation n) before them validation
/// Result     a function of the seed and the external keys alone
/// Cost       O(E log E) time, 3x the input's memory
/// Throws     invalid_config unless both shares are in [0, 1) and their sum in (0, 1); data_error if no interaction is left to
///            train on
/// Avoid when see user_random
/// Example    const auto parts = split::random_ratio{.validation = 0.1, .test = 0.2}(ratings);
struct random_ratio {
  double validation = 0.1;
  double test = 0.1;
  seed key = seed{42};

  parts<random_ratio> operator()(const data::interactions& all) const {
    detail::require_shares("split::random_ratio", validation, test);
    std::vector<std::pair<std::uint64_t, std::size_t>> drawn;  // hash and entry
    drawn.reserve(all.size());
    for (std::size_t user = 0; user < all.users(); ++user) {
      const seed own{detail::keyed_hash(key, all.user_keys()->key(user_id{user}))};
      for (std::size_t entry = all.starts()[user]; entry < all.starts()[user + 1]; ++entry) {
        drawn.emplace_back(detail::keyed_hash(own, all.item_keys()->key(all.item_array()[entry])), entry);
      }
    }
    std::sort(drawn.begin(), drawn.end());
    std::vector<std::size_t> entries;
    entries.reserve(drawn.size());
    for (const auto& [hash, entry] : drawn) entries.push_back(entry);
    std::vector<detail::label> labels(all.size(), detail::label::train);
    detail::label_tail(entries, detail::rounded_share(validation, entries.size()),
                       detail::rounded_share(test, entries.size()), labels);
    detail::require_training("split::random_ratio", labels);
    return detail::distribute(*this, all, labels);
  }

  /// For captions and reports.
  std::string describe() const { return detail::shares_text("random_ratio", validation, test, key); }

  friend bool operator==(const random_ratio&, const random_ratio&) = default;
};

/// One of several folds that together test every interaction once (cross-validation); fit and evaluate each fold in turn.
///
/// Rule       the fold of an interaction is a hash of (seed, user key, item key) modulo `folds`; test is fold `fold`,
///            validation the next one, after the last one the first
/// Result     a function of the seed and the external keys alone; folds are equal in size up to chance
/// Cost       O(E log E) time, 2x the input's memory
/// Throws     invalid_config unless folds >= 2 (3 with validation) and fold < folds; data_error if no interaction is left to
///            train on
/// Avoid when see user_random
/// Example    for (std::size_t fold = 0; fold < 5; ++fold) judge(split::k_fold{.folds = 5, .fold = fold}(ratings));
struct k_fold {
  std::size_t folds = 5;
  std::size_t fold = 0;
  bool validation = true;  ///< hold out the next fold for validation as well
  seed key = seed{42};

  parts<k_fold> operator()(const data::interactions& all) const {
    constexpr std::string_view function = "split::k_fold";
    require_config(folds >= (validation ? 3u : 2u), function, "folds", "leave nothing to train on");
    require_config(fold < folds, function, "fold", "must be less than folds");
    std::vector<detail::label> labels(all.size(), detail::label::train);
    for (std::size_t user = 0; user < all.users(); ++user) {
      const seed own{detail::keyed_hash(key, all.user_keys()->key(user_id{user}))};
      for (std::size_t entry = all.starts()[user]; entry < all.starts()[user + 1]; ++entry) {
        const auto drawn = detail::keyed_hash(own, all.item_keys()->key(all.item_array()[entry])) % folds;
        if (drawn == fold) labels[entry] = detail::label::test;
        if (validation && drawn == (fold + 1) % folds) labels[entry] = detail::label::validation;
      }
    }
    detail::require_training(function, labels);
    return detail::distribute(*this, all, labels);
  }

  /// For captions and reports.
  std::string describe() const {
    return "k_fold(fold " + std::to_string(fold) + " of " + std::to_string(folds) + (validation ? ", validation" : "") +
           ", seed " + std::to_string(key.value) + ')';
  }

  friend bool operator==(const k_fold&, const k_fold&) = default;
};

/// Takes all interactions of a random share of the items out of train: those items are new to every model, and only their
/// content can place them. Evaluate it with eval::cold_ranking.
///
/// Rule       of the items that have interactions, in the order of a hash of (seed, item key), the last round(test n) give
///            their interactions to test and the round(validation n) before them to validation
/// Result     a function of the seed and the external keys alone
/// Cost       O(E log E) time, 2x the input's memory
/// Throws     invalid_config unless both shares are in [0, 1) and their sum in (0, 1); data_error if no interaction is left to
///            train on
/// Example    const auto parts = split::cold_items{.validation = 0.1, .test = 0.2}(ratings);
struct cold_items {
  double validation = 0.1;
  double test = 0.1;
  seed key = seed{42};

  parts<cold_items> operator()(const data::interactions& all) const {
    detail::require_shares("split::cold_items", validation, test);
    const std::vector<std::uint32_t> counts = all.item_counts();
    std::vector<std::pair<std::uint64_t, std::size_t>> drawn;  // hash and item
    for (std::size_t item = 0; item < all.items(); ++item) {
      if (counts[item] > 0) drawn.emplace_back(detail::keyed_hash(key, all.item_keys()->key(item_id{item})), item);
    }
    std::sort(drawn.begin(), drawn.end());
    std::vector<std::size_t> items;
    items.reserve(drawn.size());
    for (const auto& [hash, item] : drawn) items.push_back(item);
    std::vector<detail::label> label_of_item(all.items(), detail::label::train);
    detail::label_tail(items, detail::rounded_share(validation, items.size()), detail::rounded_share(test, items.size()),
                       label_of_item);
    std::vector<detail::label> labels(all.size());
    std::transform(all.item_array().begin(), all.item_array().end(), labels.begin(),
                   [&](item_id item) { return label_of_item[item.index()]; });
    detail::require_training("split::cold_items", labels);
    return detail::distribute(*this, all, labels);
  }

  /// For captions and reports.
  std::string describe() const { return detail::shares_text("cold_items", validation, test, key); }

  friend bool operator==(const cold_items&, const cold_items&) = default;
};

}  // namespace split
}  // namespace mmrec::inline v0

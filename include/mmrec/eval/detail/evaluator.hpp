// mmrec/eval/detail/evaluator.hpp - one run of a protocol: lists are made, judged user by user, and summed up.
#pragma once
#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/progress.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/eval/auc.hpp>
#include <mmrec/eval/beyond.hpp>
#include <mmrec/eval/detail/judged_sets.hpp>
#include <mmrec/eval/detail/scorers.hpp>
#include <mmrec/eval/evaluation.hpp>
#include <mmrec/eval/judge.hpp>
#include <mmrec/eval/lists.hpp>
#include <mmrec/eval/metric.hpp>
#include <mmrec/eval/protocol.hpp>
#include <mmrec/kernel/topk.hpp>

namespace mmrec::inline v0 {
namespace eval::detail {

/// Users of one task: enough to pay for its buffers, few enough to spread over threads.
inline constexpr std::size_t users_per_task = 32;
/// Parts of the work between two progress reports, when somebody listens.
inline constexpr std::size_t progress_steps = 50;

/// One run of a protocol; see evaluate.
template <class Protocol, class Split, class Role>
class evaluator {
 public:
  evaluator(const Protocol& protocol, const Split& rule, judged_sets sets)
      : protocol_(protocol),
        sets_(std::move(sets)),
        popularity_(sets_.train.item_counts(), active_users(sets_.train), checked(protocol).tail),
        competes_(named_items<typename Protocol::candidates_type, candidates::catalogue, candidates::cold_items,
                              candidates::warm_items>(popularity_.counts())),
        targets_(named_items<typename Protocol::targets_type, targets::all_items, targets::cold_items, targets::warm_items>(
            popularity_.counts())),
        weights_(largest_cutoff()),
        result_(protocol, rule) {
    require_config(!std::isnan(protocol.relevance.at_least), evaluate_name, "relevance.at_least", "must be a number");
    require_same_shape("the held-out set", sets_.held_out);
    for (const data::interactions* set : sets_.masked) require_same_shape("a masked set", *set);
    if (sets_.histories != nullptr) require_same_shape("the set of histories", *sets_.histories);
    if (protocol.metrics.item_vectors != nullptr) {
      require_size(evaluate_name, "rows of metrics.item_vectors", items(),
                   static_cast<std::size_t>(protocol.metrics.item_vectors->rows()));
      likeness_.emplace(*protocol.metrics.item_vectors);
    }
    for (std::size_t item = 0; item < items(); ++item) {
      if (competes_[item] == 0) {
        excluded_.push_back(item_id{item});
      } else {
        competitors_.add(popularity_.in_tail(item_id{item}));
      }
    }
  }

  template <executor Exec, recommender_model Model>
  evaluation<Protocol, Split, Role> run(const Exec& exec, const Model& model) {
    require_size(evaluate_name, "users of the model", sets_.held_out.users(), model.users());
    require_size(evaluate_name, "items of the model", items(), model.items());
    plan();
    if (sets_.histories != nullptr) {
      judge_all(exec, history_scorer<Model>{model, *sets_.histories});
    } else if constexpr (has_factors<Model>) {
      judge_all(exec, factor_scorer<Model>(model, competes_));
    } else {
      judge_all(exec, user_scorer<Model>{model});
    }
    summarize();
    return std::move(result_);
  }

 private:
  /// What a task needs for one user at a time.
  struct buffers {
    std::vector<float> scores;
    std::vector<scored_item> list;
    std::vector<item_id> items;  // of the list
    std::vector<std::uint8_t> hits;
    std::vector<item_id> relevant;
    std::vector<float> values;  // of the relevant items
    std::vector<double> gains[2];
    std::vector<double> ideal[2];
    std::vector<item_id> candidates;
    std::vector<float> candidate_scores;
    std::vector<double> history;
    std::vector<double> sum;
  };

  static const metrics& checked(const Protocol& protocol) {
    protocol.metrics.validate(evaluate_name);
    if constexpr (requires { Protocol::sampled; }) protocol.negatives.validate(evaluate_name);
    return protocol.metrics;
  }
  static std::size_t active_users(const data::interactions& train) {
    std::size_t active = 0;
    for (std::size_t user = 0; user < train.users(); ++user)
      active += train.starts()[user] < train.starts()[user + 1] ? 1 : 0;
    return active;
  }

  void require_same_shape(const std::string& what, const data::interactions& set) const {
    require_size(evaluate_name, "users of " + what, sets_.train.users(), set.users());
    require_size(evaluate_name, "items of " + what, items(), set.items());
  }

  std::size_t items() const { return sets_.train.items(); }
  /// Of what a list can hold.
  std::size_t largest_cutoff() const { return (std::min)(protocol_.metrics.cutoffs.back(), items()); }
  /// They are stored in the order of their enumerators.
  std::size_t measures_per_cutoff() const {
    return static_cast<std::size_t>(likeness_ ? measure::serendipity : measure::list_length) + 1;
  }
  std::size_t users() const { return result_.users_.size(); }

  /// The user's relevant items in increasing order, and their values.
  void find_relevant(user_id user, buffers& own) const {
    own.relevant.clear();
    own.values.clear();
    const history_view held = sets_.held_out.history(user);
    for (std::size_t entry = 0; entry < held.items.size(); ++entry) {
      const std::size_t item = held.items[entry].index();
      if (held.values[entry] < protocol_.relevance.at_least || competes_[item] == 0 || targets_[item] == 0) continue;
      own.relevant.push_back(held.items[entry]);
      own.values.push_back(held.values[entry]);
    }
  }

  /// Finds out who is judged, and makes room for everything that is measured.
  void plan() {
    buffers own;
    for (std::size_t user = 0; user < sets_.held_out.users(); ++user) {
      find_relevant(user_id{user}, own);
      if (own.relevant.empty()) continue;
      result_.users_.push_back(user_id{user});
      result_.relevant_counts_.push_back(static_cast<std::uint32_t>(own.relevant.size()));
    }
    for (const std::size_t k : protocol_.metrics.cutoffs) {
      for (std::size_t index = 0; index < measures_per_cutoff(); ++index) {
        result_.metrics_.emplace_back(static_cast<measure>(index), k);
      }
    }
    if (protocol_.metrics.r_precision) result_.metrics_.emplace_back(measure::r_precision, 0);
    if (protocol_.metrics.auc) result_.metrics_.emplace_back(measure::auc, 0);
    result_.values_.assign(result_.metrics_.size() * users(), 0.0);
    result_.list_room_ = largest_cutoff();
    result_.lists_.assign(users() * largest_cutoff(), item_id{});
    result_.list_sizes_.assign(users(), 0);
    hit_counts_.assign(protocol_.metrics.cutoffs.size() * users(), {});
    relevant_counts_.assign(users(), {});
    candidate_counts_.assign(users(), {});
  }

  template <executor Exec, class Scorer>
  void judge_all(const Exec& exec, const Scorer& scorer) {
    [[maybe_unused]] bool searches = Scorer::searches && !protocol_.metrics.auc;
    if constexpr (requires { Protocol::sampled; }) searches = false;
    progress_sink* const sink = exec.sink();
    std::size_t grain = users_per_task;
    if constexpr (Scorer::searches) grain = searches ? Scorer::batch : grain;
    const std::size_t step = sink == nullptr ? users() : (std::max)(grain, users() / progress_steps + 1);
    for (std::size_t begin = 0; begin < users(); begin += step) {
      const std::size_t end = (std::min)(users(), begin + step);
      for_ranges(exec, end - begin, grain, [&](std::size_t first, std::size_t last) {
        if constexpr (Scorer::searches) {
          if (searches) return search_users(scorer, begin + first, begin + last);
        }
        score_users(scorer, begin + first, begin + last);
      });
      report_progress(sink, evaluate_name, end, users());
    }
  }

  /// How long the list of a user has to be.
  std::size_t list_length(std::size_t relevant) const {
    return protocol_.metrics.r_precision ? (std::max)(largest_cutoff(), relevant) : largest_cutoff();
  }

  template <class Scorer>
  void score_users(const Scorer& scorer, std::size_t first, std::size_t last) {
    typename Scorer::workspace scratch;
    buffers own;
    own.scores.resize(items());
    for (std::size_t place = first; place < last; ++place) {
      const user_id user = result_.users_[place];
      scorer.score(user, std::span<float>(own.scores), scratch);
      find_relevant(user, own);
      require_not_masked(user, own.relevant);
      remove_non_candidates(user, place, own);
      own.list.resize((std::min)(items(), list_length(own.relevant.size())));
      judge(user, place, std::span(own.list).first(kernel::top_k(own.scores, own.list.size(), own.list)), own);
      if (!protocol_.metrics.auc) continue;
      const std::size_t slot = slot_without_cutoff() + (protocol_.metrics.r_precision ? 1 : 0);
      result_.values_[slot * users() + place] = auc(own.scores, own.relevant, candidate_counts_[place].all);
    }
  }

  template <class Scorer>
  void search_users(const Scorer& scorer, std::size_t first, std::size_t last) {
    typename Scorer::workspace scratch;
    buffers own;
    const std::size_t count = last - first;
    const auto searched = std::span<const user_id>(result_.users_).subspan(first, count);
    std::vector<std::vector<item_id>> merged(sets_.masked.size() > 1 ? count : 0);
    std::vector<std::span<const item_id>> excluded(sets_.masked.empty() ? 0 : count);
    std::size_t k = largest_cutoff();
    for (std::size_t index = 0; index < count; ++index) {
      k = (std::max)(k, list_length(result_.relevant_counts_[first + index]));
      for (const data::interactions* set : sets_.masked) {
        const auto more = set->history(searched[index]).items;
        if (excluded[index].empty()) {
          excluded[index] = more;
        } else if (!more.empty()) {
          std::set_union(excluded[index].begin(), excluded[index].end(), more.begin(), more.end(),
                         std::back_inserter(merged[index]));
          excluded[index] = merged[index];
        }
      }
    }
    k = (std::min)(k, items());
    own.list.resize(count * k);
    std::vector<std::size_t> lengths(count);
    scorer.search(searched, k, excluded, own.list, lengths, scratch);
    for (std::size_t index = 0; index < count; ++index) {
      find_relevant(searched[index], own);
      require_not_masked(searched[index], own.relevant);
      candidate_counts_[first + index] = candidates_left(searched[index]);
      judge(searched[index], first + index, std::span(own.list).subspan(index * k, lengths[index]), own);
    }
  }

  void require_not_masked(user_id user, std::span<const item_id> relevant) const {
    for (const data::interactions* set : sets_.masked) {
      const std::span<const item_id> hidden = set->history(user).items;
      for (const item_id item : relevant) {
        if (!std::binary_search(hidden.begin(), hidden.end(), item)) continue;
        throw data_error(evaluate_name, "user \"" + sets_.held_out.user_keys()->key(user) + "\", item \"" +
                                            sets_.held_out.item_keys()->key(item) + "\" is both held out and masked");
      }
    }
  }

  /// Candidates of a user among all competing items.
  tail_counts candidates_left(user_id user) const {
    tail_counts left = competitors_;
    for (const data::interactions* set : sets_.masked) {
      for (const item_id item : set->history(user).items) {
        if (competes_[item.index()] != 0) left.remove(popularity_.in_tail(item));
      }
    }
    return left;
  }

  /// Takes the scores of what is no candidate away.
  void remove_non_candidates(user_id user, std::size_t place, buffers& own) {
    if constexpr (requires { Protocol::sampled; }) {
      draw_candidates(user, own);
      own.candidate_scores.clear();
      for (const item_id item : own.candidates) {
        own.candidate_scores.push_back(own.scores[item.index()]);
        candidate_counts_[place].add(popularity_.in_tail(item));
      }
      std::fill(own.scores.begin(), own.scores.end(), no_score);
      for (std::size_t index = 0; index < own.candidates.size(); ++index) {
        own.scores[own.candidates[index].index()] = own.candidate_scores[index];
      }
    } else {
      candidate_counts_[place] = candidates_left(user);
      for (const item_id item : excluded_) own.scores[item.index()] = no_score;
      for (const data::interactions* set : sets_.masked) {
        for (const item_id item : set->history(user).items) own.scores[item.index()] = no_score;
      }
    }
  }

  /// The relevant items and the negatives drawn for them.
  void draw_candidates(user_id user, buffers& own) const {
    std::vector<std::uint8_t> eligible(items(), 1);
    const auto forbid = [&](const data::interactions& set) {
      for (const item_id item : set.history(user).items) eligible[item.index()] = 0;
    };
    forbid(sets_.train);
    forbid(sets_.held_out);
    for (const data::interactions* set : sets_.masked) forbid(*set);
    if (sets_.histories != nullptr) forbid(*sets_.histories);
    own.candidates = own.relevant;
    protocol_.negatives.draw(user, own.relevant.size(), eligible, popularity_.counts(), own.candidates);
  }

  std::size_t slot_without_cutoff() const { return protocol_.metrics.cutoffs.size() * measures_per_cutoff(); }

  /// Everything about one list but the measures that look at all scores.
  void judge(user_id user, std::size_t place, std::span<const scored_item> list, buffers& own) {
    const std::size_t relevant = own.relevant.size();
    own.items.resize(list.size());
    own.hits.resize(list.size());
    const bool graded = *std::min_element(own.values.begin(), own.values.end()) <= 0.0f ||
                        std::adjacent_find(own.values.begin(), own.values.end(), std::not_equal_to<>{}) != own.values.end();
    if (graded) rank_ideal(own);
    for (std::size_t rank = 0; rank < list.size(); ++rank) {
      own.items[rank] = list[rank].item;
      const auto found = std::lower_bound(own.relevant.begin(), own.relevant.end(), list[rank].item);
      const bool hit = found != own.relevant.end() && *found == list[rank].item;
      own.hits[rank] = hit ? 1 : 0;
      if (!graded) continue;
      const float value = hit ? own.values[static_cast<std::size_t>(found - own.relevant.begin())] : 0.0f;
      own.gains[0].push_back(linear_gain(value));
      own.gains[1].push_back(exponential_gain(value));
    }
    const std::size_t kept = (std::min)(list.size(), largest_cutoff());
    std::copy_n(own.items.begin(), kept, result_.lists_.begin() + static_cast<std::ptrdiff_t>(place * largest_cutoff()));
    result_.list_sizes_[place] = static_cast<std::uint32_t>(kept);
    for (const item_id item : own.relevant) relevant_counts_[place].add(popularity_.in_tail(item));
    if (likeness_) sum_history(user, own);
    for (std::size_t index = 0; index < protocol_.metrics.cutoffs.size(); ++index) judge_at(index, user, place, graded, own);
    if (protocol_.metrics.r_precision) {
      const std::size_t looked_at = (std::min)(relevant, own.hits.size());
      const auto found = std::accumulate(own.hits.begin(), own.hits.begin() + static_cast<std::ptrdiff_t>(looked_at), 0u);
      result_.values_[slot_without_cutoff() * users() + place] = static_cast<double>(found) / static_cast<double>(relevant);
    }
  }

  void judge_at(std::size_t cutoff, user_id user, std::size_t place, bool graded, buffers& own) {
    const std::size_t k = protocol_.metrics.cutoffs[cutoff];
    const std::size_t listed = (std::min)(k, own.hits.size());
    const std::span<const std::uint8_t> hits(own.hits.data(), listed);
    const std::span<const item_id> list(own.items.data(), listed);
    const auto store = [&](measure what, double value) {
      const std::size_t slot = cutoff * measures_per_cutoff() + static_cast<std::size_t>(what);
      result_.values_[slot * users() + place] = value;
    };
    const list_quality quality = judge_hits(hits, own.relevant.size(), candidate_counts_[place].all, k, weights_);
    store(measure::recall, quality.recall);
    store(measure::precision, quality.precision);
    store(measure::f1, quality.f1);
    store(measure::accuracy, quality.accuracy);
    store(measure::hit_rate, quality.hit_rate);
    store(measure::ndcg, quality.ndcg);
    // Where all values are the same, graded relevance is plain relevance.
    store(measure::ndcg_linear, graded ? graded_ndcg(own.gains[0], own.ideal[0], k, weights_) : quality.ndcg);
    store(measure::ndcg_exponential, graded ? graded_ndcg(own.gains[1], own.ideal[1], k, weights_) : quality.ndcg);
    store(measure::mrr, quality.mrr);
    store(measure::ncrr, quality.ncrr);
    store(measure::map, quality.map);
    store(measure::average_recall, quality.average_recall);
    const list_popularity popular = popularity_.describe(list, hits, weights_);
    store(measure::popularity, popular.popularity);
    store(measure::novelty, popular.novelty);
    store(measure::efd, popular.efd);
    store(measure::epc, popular.epc);
    store(measure::tail_share, popular.tail_share);
    store(measure::tail_count, popular.tail_count);
    store(measure::list_length, static_cast<double>(listed));
    tail_counts& found = hit_counts_[cutoff * users() + place];
    for (std::size_t rank = 0; rank < listed; ++rank) {
      if (hits[rank] != 0) found.add(popularity_.in_tail(list[rank]));
    }
    if (!likeness_) return;
    const std::size_t past = described_by().history(user).items.size();
    store(measure::diversity, likeness_->diversity(list, own.sum));
    store(measure::serendipity, likeness_->serendipity(list, hits, own.history, past));
  }

  /// The gains of the relevant items in decreasing order.
  void rank_ideal(buffers& own) const {
    for (std::size_t kind = 0; kind < 2; ++kind) {
      own.gains[kind].clear();
      own.ideal[kind].clear();
      for (const float value : own.values)
        own.ideal[kind].push_back(kind == 0 ? linear_gain(value) : exponential_gain(value));
      std::sort(own.ideal[kind].begin(), own.ideal[kind].end(), std::greater<>{});
    }
  }

  const data::interactions& described_by() const { return sets_.histories != nullptr ? *sets_.histories : sets_.train; }

  void sum_history(user_id user, buffers& own) const {
    own.sum.resize(likeness_->width());
    own.history.assign(likeness_->width(), 0.0);
    for (const item_id item : described_by().history(user).items) likeness_->add_to(own.history, item);
  }

  /// Means over users, added in the order of the users, and the measures of all lists together.
  void summarize() {
    const auto add = [&](measure what, std::size_t k, double value) {
      result_.metrics_.emplace_back(what, k);
      result_.means_.push_back(value);
    };
    const auto values_of = [&](std::size_t slot) { return std::span(result_.values_).subspan(slot * users(), users()); };
    for (std::size_t index = 0; index < result_.metrics_.size(); ++index) {
      const auto values = values_of(index);
      const double sum = std::accumulate(values.begin(), values.end(), 0.0);
      result_.means_.push_back(users() == 0 ? 0.0 : sum / static_cast<double>(users()));
    }
    for (std::size_t cutoff = 0; cutoff < protocol_.metrics.cutoffs.size(); ++cutoff) {
      const std::size_t k = protocol_.metrics.cutoffs[cutoff];
      list_counts counts(competes_);
      std::uint64_t listed = 0;
      for (std::size_t place = 0; place < users(); ++place) {
        const auto list = result_.list(place);
        counts.add(list.first((std::min)(k, list.size())), k);
        listed += (std::min)(k, list.size());
      }
      add(measure::item_coverage, k, counts.item_coverage());
      add(measure::user_coverage, k, counts.user_coverage());
      add(measure::gini, k, counts.gini());
      add(measure::entropy, k, counts.entropy());
      const auto tails = values_of(cutoff * measures_per_cutoff() + static_cast<std::size_t>(measure::tail_count));
      const auto tail = static_cast<std::uint64_t>(std::accumulate(tails.begin(), tails.end(), 0.0));
      const auto hits = std::span(hit_counts_).subspan(cutoff * users(), users());
      const auto [all_hits, tail_hits] = total(hits);
      add(measure::pop_reo, k, inequality(all_hits, tail_hits, relevant_counts_));
      add(measure::pop_rsp, k, inequality(listed, tail, candidate_counts_));
    }
    if (!protocol_.metrics.auc) return;
    const auto aucs = values_of(slot_without_cutoff() + (protocol_.metrics.r_precision ? 1 : 0));
    double sum = 0.0;
    double relevant = 0.0;
    for (std::size_t place = 0; place < users(); ++place) {
      sum += aucs[place] * result_.relevant_counts_[place];
      relevant += result_.relevant_counts_[place];
    }
    add(measure::gauc, 0, relevant > 0.0 ? sum / relevant : 0.0);
  }

  const Protocol& protocol_;
  judged_sets sets_;
  item_popularity popularity_;
  std::vector<std::uint8_t> competes_;
  std::vector<std::uint8_t> targets_;
  std::vector<item_id> excluded_;
  tail_counts competitors_;
  rank_weights weights_;
  std::optional<item_likeness> likeness_;
  std::vector<tail_counts> hit_counts_;  // by cut-off, then user
  std::vector<tail_counts> relevant_counts_;
  std::vector<tail_counts> candidate_counts_;
  evaluation<Protocol, Split, Role> result_;
};

}  // namespace eval::detail
}  // namespace mmrec::inline v0

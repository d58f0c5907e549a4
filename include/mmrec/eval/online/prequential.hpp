// mmrec/eval/online/prequential.hpp - models that learn as they go: each event is a test first, then a lesson.
#pragma once
#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/progress.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/kernel/rank_counts.hpp>

namespace mmrec::inline v0 {
namespace eval::online {

/// How to run through the events.
struct prequential_options {
  std::size_t k = 10;         ///< cut-off of the hit rate and NDCG, at least 1
  std::size_t window = 1000;  ///< judged events of one point of the curve, at least 1
  std::size_t warm_up = 0;    ///< the first events are only learned
  bool repeats = false;       ///< whether an item that the user already met can be recommended again, and is judged
  friend bool operator==(const prequential_options&, const prequential_options&) = default;
};

/// Means over judged events. With one relevant item, NDCG is 1 / log2(rank + 1) within the cut-off.
struct prequential_means {
  std::size_t events = 0;
  double hit_rate = 0.0;
  double ndcg = 0.0;
  double mrr = 0.0;  ///< without cut-off; 0 for an item that the model gives no score
  friend bool operator==(const prequential_means&, const prequential_means&) = default;
};

/// What a run found.
struct prequential_result {
  prequential_means all;
  std::vector<prequential_means> curve;  ///< one point for each window, the last one perhaps shorter
  std::size_t cold_users = 0;            ///< judged events of users that nothing was known of
  std::size_t cold_items = 0;            ///< judged events of items that nobody had met
  std::size_t repeated = 0;              ///< events learned but not judged, because the user had met the item
  friend bool operator==(const prequential_result&, const prequential_result&) = default;
};

/// Goes through events in the order of their times, equal times in the order given. Before the model learns an event it has
/// to rank the items that the user has not met, and the event's item is looked for in the ranking, equal scores by the lower
/// item id. Then update(event) teaches it.
///
/// Shapes     events: their users and items have to be the model's
/// Cost       one model.score and O(I) for each event
/// Result     deterministic, one thread. Cold users and items are judged like all others: this is what a deployed model
///            meets. `before`, if given, is what the model was made of: what users met there they know from the start
/// Throws     shape_error if `before` has other users or items than the model; invalid_config; unknown_id; cancelled; what
///            score and update throw
/// Avoid when the model is only refitted at a few moments: split::at_times judges that
/// Example    cf::item_co_counts counts(exec, past);       // learns at once ...
///            auto model = counts.fit(exec, cf::item_knn{});
///            std::size_t learned = 0;
///            eval::online::prequential(nullptr, events, model, [&](const data::interaction& event) {
///              counts.add(event.user, event.item);
///              if (++learned % 100 == 0) model = counts.fit(exec, cf::item_knn{});  // ... and is asked 100 events later
///            }, {}, &past);
/// Reference  Gama, Sebastiao, Rodrigues, "On evaluating stream learning algorithms", Machine Learning 90, 2013; Vinagre,
///            Jorge, Gama, "Evaluation of recommender systems in streaming environments", RecSys REDD 2014
template <recommender_model Model, std::invocable<const data::interaction&> Update>
prequential_result prequential(progress_sink* sink, std::span<const data::interaction> events, const Model& model,
                               Update&& update, const prequential_options& options = {},
                               const data::interactions* before = nullptr) {
  constexpr std::string_view function = "eval::online::prequential";
  require_config(options.k >= 1, function, "k", "must be at least 1");
  require_config(options.window >= 1, function, "window", "must be at least 1");
  std::vector<std::size_t> order(events.size());
  for (std::size_t index = 0; index < events.size(); ++index) order[index] = index;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return events[a].time < events[b].time; });

  std::vector<std::vector<item_id>> met(model.users());  // each in increasing order
  std::vector<std::uint8_t> item_met(model.items(), 0);
  if (before != nullptr) {
    require_size(function, "users of what was before", met.size(), before->users());
    require_size(function, "items of what was before", item_met.size(), before->items());
    for (std::size_t user = 0; user < met.size(); ++user) {
      const history_view history = before->history(user_id{user});
      met[user].assign(history.items.begin(), history.items.end());
    }
    for (const item_id item : before->item_array()) item_met[item.index()] = 1;
  }
  std::vector<float> scores(model.items());
  typename Model::workspace scratch;
  prequential_result result;
  const auto add = [](prequential_means& to, double rank, bool within) {
    ++to.events;
    to.hit_rate += within ? 1.0 : 0.0;
    to.ndcg += within ? 1.0 / std::log2(rank + 1.0) : 0.0;
    to.mrr += rank > 0.0 ? 1.0 / rank : 0.0;
  };
  constexpr std::size_t progress_step = 256;
  for (std::size_t place = 0; place < order.size(); ++place) {
    if (place % progress_step == 0) report_progress(sink, function, place, order.size());
    const data::interaction& event = events[order[place]];
    const std::size_t user = event.user.index(), item = event.item.index();
    if (user >= met.size()) throw unknown_id(function, "user", std::to_string(user), met.size());
    if (item >= item_met.size()) throw unknown_id(function, "item", std::to_string(item), item_met.size());
    std::vector<item_id>& past = met[user];
    const auto known = std::lower_bound(past.begin(), past.end(), event.item);
    const bool again = known != past.end() && *known == event.item;
    if (place >= options.warm_up && (options.repeats || !again)) {
      model.score(event.user, scores, scratch);
      if (!options.repeats) {
        for (const item_id seen : past) scores[seen.index()] = no_score;
      }
      const float own = scores[item];
      double rank = 0.0;  // of an item without score
      if (own == own) {
        const kernel::rank_counts counts = kernel::count_ranks(scores, own);
        const auto listed_first =
            static_cast<std::size_t>(std::count(scores.begin(), scores.begin() + static_cast<std::ptrdiff_t>(item), own));
        const std::size_t scored =
            scores.size() - static_cast<std::size_t>(
                                std::count_if(scores.begin(), scores.end(), [](float score) { return score != score; }));
        rank = static_cast<double>(scored - counts.below - counts.equal + listed_first + 1);
      }
      const bool within = rank > 0.0 && rank <= static_cast<double>(options.k);
      if (result.curve.empty() || result.curve.back().events == options.window) result.curve.emplace_back();
      add(result.curve.back(), rank, within);
      add(result.all, rank, within);
      result.cold_users += past.empty() ? 1 : 0;
      result.cold_items += item_met[item] == 0 ? 1 : 0;
    } else if (place >= options.warm_up) {
      ++result.repeated;
    }
    update(event);
    if (!again) past.insert(known, event.item);
    item_met[item] = 1;
  }
  const auto divide = [](prequential_means& means) {
    if (means.events == 0) return;
    const auto count = static_cast<double>(means.events);
    means.hit_rate /= count;
    means.ndcg /= count;
    means.mrr /= count;
  };
  divide(result.all);
  std::for_each(result.curve.begin(), result.curve.end(), divide);
  report_progress(sink, function, order.size(), order.size());
  return result;
}

}  // namespace eval::online
}  // namespace mmrec::inline v0

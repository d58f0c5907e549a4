// night.hpp - one evening: fit, choose on validation, judge on test, recommend, explain.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <mmrec/data/split.hpp>
#include <mmrec/eval.hpp>
#include <mmrec/fusion.hpp>
#include <mmrec/io/movielens.hpp>
#include <mmrec/pipeline.hpp>

#include "catalogue.hpp"
#include "console.hpp"
#include "options.hpp"
#include "recipes.hpp"

namespace night {

/// One weight a branch, by name.
using weighting = std::vector<std::pair<std::string, float>>;

/// The protocol of the whole evening: the last tenth of each user's ratings is the test, the tenth before it validation;
/// a film is relevant if it got at least 4 stars; all films compete but those that the user has rated before.
inline constexpr mm::split::user_ratio held_out{.validation = 0.1, .test = 0.1};
inline const mm::eval::metrics measured{.cutoffs = {10, 20}, .auc = true};
inline const mm::eval::relevance relevant{.at_least = 4.0f};
using on_validation = mm::eval::full_ranking<mm::eval::mask::train>;
using on_test = mm::eval::full_ranking<mm::eval::mask::train_and_validation>;
using on_cold_films = mm::eval::cold_ranking<mm::eval::mask::train>;
inline constexpr mm::eval::metric chosen_by{mm::eval::measure::ndcg, 10};

/// Decision-level fusion with the given weights and 0 for every branch that is not named. Films that a branch cannot judge
/// are judged by the others.
template <class Model>
auto weighted(const Model& model, const weighting& weights) {
  const auto names = model.core().fusion().branches();
  std::vector<float> all(names.size(), 0.0f);
  for (const auto& [name, weight] : weights) {
    all[static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin())] = weight;
  }
  return model.with_fusion(mm::fusion::weighted_sum{.weights = all, .missing = mm::fusion::missing::zero});
}

template <class... Parts>
auto late_fusion(const std::tuple<Parts...>& parts) {
  return std::apply(
      [](const auto&... branches) {
        return mm::recommender(mm::modalities(branches...), mm::fusion::weighted_sum{.missing = mm::fusion::missing::zero});
      },
      parts);
}

template <class... Parts>
auto early_fusion(const std::tuple<Parts...>& parts) {
  return std::apply(
      [](const auto&... branches) {
        return mm::recommender(mm::modalities(branches...), mm::fusion::concat{.missing = mm::fusion::missing::renormalize},
                               likes());
      },
      parts);
}

template <class... Parts>
std::vector<std::string> names_of(const std::tuple<Parts...>&) {
  return {std::string(Parts::name())...};
}

/// Chooses the weights of `free` branches beside the fixed ones, one branch after another, on the validation set. The type
/// of the validation set is what keeps test data out of here. The best of many always looks good where it was chosen: what
/// it is worth shows on the test set, beside a branch of pure noise that was chosen in the same way.
template <class Model, class Split>
weighting choose_weights(const Model& model, weighting weights, const std::vector<std::string>& free,
                         const mm::exec::cpu& exec, const mm::split::train_set<Split>& train,
                         const mm::split::validation_set<Split>& validation) {
  const on_validation protocol{.metrics = {.cutoffs = {chosen_by.k}, .auc = false}, .relevance = relevant};
  const auto quality = [&](const weighting& tried) {
    return mm::eval::evaluate(protocol, exec, weighted(model, tried), train, validation).mean(chosen_by);
  };
  double best = quality(weights);
  for (const std::string& name : free) {
    weighting tried = weights;
    tried.emplace_back(name, 0.0f);
    for (const float weight : {0.05f, 0.1f, 0.2f, 0.4f}) {
      tried.back().second = weight;
      const double found = quality(tried);
      if (found <= best) continue;
      best = found;
      weights = tried;
    }
  }
  return weights;
}

inline nlohmann::json to_json(const weighting& weights) {
  nlohmann::json object;
  for (const auto& [name, weight] : weights) object[name] = weight;
  return object;
}
inline nlohmann::json to_json(const mm::eval::interval& value) {
  return {{"mean", value.mean}, {"low", value.low}, {"high", value.high}};
}
inline std::string to_text(const weighting& weights) {
  std::string text;
  for (const auto& [name, weight] : weights) {
    char number[32];
    std::snprintf(number, sizeof number, "%.2g", static_cast<double>(weight));
    if (weight > 0.0f) text += (text.empty() ? "" : " + ") + std::string(number) + ' ' + name;
  }
  return text;
}

template <class Table>
nlohmann::json to_json(const Table& table) {
  nlohmann::json rows = nlohmann::json::array();
  for (const auto& row : table.rows()) {
    nlohmann::json one{{"model", row.model}};
    for (std::size_t index = 0; index < row.values.size(); ++index) {
      one[table.metrics()[index].name()] = to_json(row.values[index]);
    }
    rows.push_back(std::move(one));
  }
  return rows;
}

/// One evening with given branches and features.
template <class Branches, class Features>
class evening {
 public:
  evening(const options& asked, const mm::io::movielens& movies, Branches content, Features features, nlohmann::json& report)
      : asked_(asked),
        movies_(movies),
        table_(make_table(movies, mm::seed{asked.seed})),
        content_(std::move(content)),
        features_(std::move(features)),
        report_(report),
        pool_(asked.threads),
        exec_{.pool = &pool_, .progress = &bar_} {}

  void run() {
    judge();
    judge_cold_films();
    recommend();
    bar_.clear();
  }

 private:
  auto everything() const {
    return late_fusion(std::tuple_cat(behaviour(), content_, std::tuple(mm::modality<"noise">(scaled() | likes()))));
  }

  /// All models under one protocol.
  void judge() {
    const auto parts = held_out(movies_.ratings);
    const mm::seed key{asked_.seed};
    bar_.start("fitting on train");
    choose(mm::fit(everything(), exec_, table_, parts.train, key), parts);

    bar_.start("fitting on train + validation");
    const mm::data::interactions past = parts.train_and_validation();
    const auto model = mm::fit(everything(), exec_, table_, past, key);
    const auto concat = mm::fit(early_fusion(features_), exec_, table_, past, key);

    bar_.start("judging on test");
    const on_test protocol{.metrics = measured, .relevance = relevant};
    const auto judged = [&](const auto& one) { return mm::eval::evaluate(protocol, exec_, one, parts); };
    using evaluation = decltype(judged(concat));
    mm::eval::table<evaluation> table(
        {"ndcg@10", "recall@10", "recall@20", "hit_rate@10", "mrr@10", "auc", "item_coverage@10"});
    const auto add = [&](const std::string& name, const evaluation& result) { table.add(exec_, name, result); };

    const auto alone = [&](const std::string& name) { return judged(weighted(model, {{name, 1.0f}})); };
    add("popularity", alone("popularity"));
    add("item-kNN", alone("item-kNN"));
    const evaluation ease = alone("EASE");
    add("EASE", ease);
    add("iALS", alone("iALS"));
    for (const std::string& name : names_of(content_)) add(name + " alone", alone(name));
    add("concatenation of content", judged(concat));
    const evaluation late = judged(weighted(model, late_));
    const evaluation ensemble = judged(weighted(model, ensemble_));
    const evaluation all = judged(weighted(model, all_));
    const evaluation noisy = judged(weighted(model, noisy_));
    add("late fusion: EASE + content", late);
    add("CF ensemble (control)", ensemble);
    add("CF ensemble + content", all);
    add("EASE + noise (control)", noisy);
    bar_.clear();

    heading("Evaluation");
    std::printf("%s\n95 %% intervals by bootstrap over users\n\n%s\n", ease.describe().c_str(),
                table.text({.digits = 3}).c_str());
    std::printf(
        "weights, chosen on validation by %s:\n  late fusion     %s\n  CF ensemble     %s\n  with content    %s\n  with "
        "noise      %s\n\n",
        chosen_by.name().c_str(), to_text(late_).c_str(), to_text(ensemble_).c_str(), to_text(all_).c_str(),
        to_text(noisy_).c_str());
    report_["evaluation"] = {{"protocol", ease.describe()}, {"models", to_json(table)}};
    report_["weights"] = {{"late fusion", to_json(late_)},
                          {"CF ensemble", to_json(ensemble_)},
                          {"CF ensemble + content", to_json(all_)},
                          {"noise", to_json(noisy_)}};
    compare("late fusion - EASE", late, ease);
    compare("CF ensemble - EASE", ensemble, ease);
    compare("content on top of the CF ensemble", all, ensemble);
    compare("noise on top of EASE", noisy, ease);
  }

  /// Weights are chosen here, and test data cannot come in.
  template <class Model, class Split>
  void choose(const Model& model, const mm::split::parts<Split>& parts) {
    const std::vector<std::string> content = names_of(content_);
    const auto best = [&](const weighting& fixed, const std::vector<std::string>& free) {
      return choose_weights(model, fixed, free, exec_, parts.train, parts.validation);
    };
    bar_.start("choosing weights");
    late_ = best({{"EASE", 1.0f}}, content);
    ensemble_ = best({{"EASE", 1.0f}}, {"item-kNN", "iALS", "popularity"});
    all_ = best(ensemble_, content);
    noisy_ = best({{"EASE", 1.0f}}, {"noise"});
  }

  template <class Evaluation>
  void compare(const char* what, const Evaluation& first, const Evaluation& second) {
    const auto gain = mm::eval::paired_bootstrap(exec_, first, second, chosen_by);
    std::printf("%-36s %s %+.4f [%+.4f, %+.4f], p = %.3f\n", what, chosen_by.name().c_str(), gain.difference.mean,
                gain.difference.low, gain.difference.high, gain.p_value);
    report_["differences"][what] = to_json(gain.difference);
    report_["differences"][what]["p"] = gain.p_value;
  }

  /// Films that nobody in the training data has seen: here content is all there is.
  void judge_cold_films() {
    bar_.start("judging new films");
    const auto parts = mm::split::cold_items{.validation = 0.0, .test = 0.2, .key = mm::seed{asked_.seed}}(movies_.ratings);
    const auto spec = late_fusion(std::tuple_cat(content_, std::tuple(mm::modality<"noise">(scaled() | likes()))));
    const auto model = mm::fit(spec, exec_, table_, parts.train, mm::seed{asked_.seed});
    const auto judged = [&](const auto& one) {
      return mm::eval::evaluate(on_cold_films{.metrics = measured, .relevance = relevant}, exec_, one, parts);
    };
    mm::eval::table<decltype(judged(model))> table({"ndcg@10", "recall@10", "recall@20", "auc"});
    for (const std::string& name : names_of(content_)) {
      table.add(exec_, name + " alone", judged(weighted(model, {{name, 1.0f}})));
    }
    table.add(exec_, "all content, equal weights", judged(weighted(model, content_alone())));
    const auto noise = judged(weighted(model, {{"noise", 1.0f}}));
    table.add(exec_, "noise (control)", noise);
    bar_.clear();
    heading("New films");
    std::printf("A fifth of the films, without any rating in training: collaborative filtering cannot score them.\n%s\n\n%s",
                noise.describe().c_str(), table.text({.digits = 3}).c_str());
    report_["new_films"] = {{"protocol", noise.describe()}, {"models", to_json(table)}};
  }

  /// Ten films for one user, with reasons, and users for a new film; fitted on all there is.
  void recommend() {
    bar_.start("fitting on everything");
    const auto model = mm::fit(everything(), exec_, table_, movies_.ratings, mm::seed{asked_.seed});
    bar_.clear();
    show_list(weighted(model, all_), movies_.ratings.user_keys()->at(asked_.user));
    // Nobody has seen a new film: its content is all there is to go by.
    if (!asked_.cold.empty()) show_new_film(weighted(model, content_alone()));
  }

  weighting content_alone() const {
    weighting equal;
    for (const std::string& name : names_of(content_)) equal.emplace_back(name, 1.0f);
    return equal;
  }

  template <class Model>
  void show_list(const Model& model, mm::user_id user) {
    heading("Ten films for user " + asked_.user);
    const auto favourites = best_rated(user);
    std::printf("rated %zu films, among the best: %s\n\n", movies_.ratings.history(user).items.size(), favourites.c_str());
    std::size_t rank = 0;
    for (const mm::scored_item& entry : model.recommend(user, {.k = 10})) {
      const mm::explanation why = model.explain(user, entry.item);
      std::printf("%2zu  %-46s %.2f\n", ++rank, shortened(movies_.titles[entry.item.index()], 42).c_str(),
                  static_cast<double>(entry.score));
      nlohmann::json one{{"movieId", movies_.items->key(entry.item)},
                         {"title", movies_.titles[entry.item.index()]},
                         {"score", entry.score}};
      std::string parts;
      for (const auto& part : why.modalities) {
        one["modalities"][part.name] = part.contribution;
        if (std::abs(part.contribution) < 0.01f) continue;
        char number[32];
        std::snprintf(number, sizeof number, "%+.2f", static_cast<double>(part.contribution));
        parts += (parts.empty() ? "" : ", ") + part.name + ' ' + number;
      }
      std::printf("      because of %s\n      and that you rated ", parts.c_str());
      for (std::size_t index = 0; index < std::min<std::size_t>(why.history.size(), 2); ++index) {
        const auto& reason = why.history[index];
        std::printf("%s%s (%+.2f)", index == 0 ? "" : ", ", shortened(movies_.titles[reason.item.index()], 34).c_str(),
                    static_cast<double>(reason.contribution));
        one["history"].push_back({{"title", movies_.titles[reason.item.index()]}, {"contribution", reason.contribution}});
      }
      std::printf("\n");
      report_["recommendations"].push_back(std::move(one));
    }
  }

  template <class Model>
  void show_new_film(const Model& model) {
    heading("A new film: \"" + asked_.cold + "\"");
    const auto film = model.describe(describe_new_film(asked_.cold), mm::item_id{0});
    std::printf("known by its words alone; most like\n");
    for (const mm::scored_item& entry : model.similar_items(film, 5)) {
      std::printf("    %-50s %.2f\n", shortened(movies_.titles[entry.item.index()], 46).c_str(),
                  static_cast<double>(entry.score));
      report_["new_film"]["similar"].push_back(movies_.titles[entry.item.index()]);
    }
    std::printf("and would suit\n");
    for (const mm::scored_user& entry : model.recommend_users(exec_, film, 10)) {
      std::printf("    user %-6s %.2f   who likes %s\n", movies_.ratings.user_keys()->key(entry.user).c_str(),
                  static_cast<double>(entry.score), best_rated(entry.user).c_str());
      report_["new_film"]["users"].push_back(
          {{"userId", movies_.ratings.user_keys()->key(entry.user)}, {"score", entry.score}});
    }
  }

  /// Three of the films that a user gave most stars.
  std::string best_rated(mm::user_id user) const {
    const mm::history_view history = movies_.ratings.history(user);
    std::vector<std::size_t> order(history.items.size());
    for (std::size_t index = 0; index < order.size(); ++index) order[index] = index;
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return history.values[a] > history.values[b]; });
    std::string text;
    for (std::size_t index = 0; index < std::min<std::size_t>(order.size(), 3); ++index) {
      text += (index == 0 ? "" : ", ") + shortened(movies_.titles[history.items[order[index]].index()], 30);
    }
    return text;
  }

  const options& asked_;
  const mm::io::movielens& movies_;
  film_table table_;
  Branches content_;
  Features features_;
  nlohmann::json& report_;
  progress_bar bar_;
  mm::exec::thread_pool pool_;
  mm::exec::cpu exec_;
  weighting late_;
  weighting ensemble_;
  weighting all_;
  weighting noisy_;
};

/// Each in a file of its own, so that they compile side by side.
void run_default(const options& asked, const mm::io::movielens& movies, nlohmann::json& report);
void run_full(const options& asked, const mm::io::movielens& movies, nlohmann::json& report);

}  // namespace night

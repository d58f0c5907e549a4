// tests/contract/recommender_contract.hpp - what every recommender has to do, whatever it learns.
//
//   TEST_CASE("my recommender keeps the contract") {
//     contract::check_recommender([](const auto& exec, const data::interactions& log) { return my_spec{}.fit(exec, log); });
//   }
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <numeric>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/topk.hpp>

#include "support/allocations.hpp"
#include "support/catch.hpp"

namespace contract {

using namespace mmrec;

struct expectations {
  bool personal = true;                 ///< scores depend on the history; false for popularity
  bool scores_without_history = false;  ///< whether a user without history gets scores
  bool folds_in_exactly = true;         ///< whether a user's scores are those of the user's history; false if only near to them
  double explain_error = 1e-5;          ///< how far the contributions may be from the score, relative to the largest of them
};

inline data::interactions interactions_of(std::size_t users, std::size_t items, std::vector<data::interaction> events) {
  return {std::make_shared<const data::user_map>(data::user_map::numbered(users)),
          std::make_shared<const data::item_map>(data::item_map::numbered(items)), std::move(events)};
}

/// User u has every item i with u + i even, except i = u: the one unseen item of the user's kind.
inline data::interactions checkerboard(std::size_t size) {
  std::vector<data::interaction> events;
  for (std::size_t u = 0; u < size; ++u) {
    for (std::size_t i = u % 2; i < size; i += 2) {
      if (i != u) events.push_back({user_id{u}, item_id{i}});
    }
  }
  return interactions_of(size, size, std::move(events));
}

/// Popular and rare items, long and short histories, values 1..5, and a last user without history.
inline data::interactions random_log(std::size_t users, std::size_t items) {
  random_stream random(seed{17});
  std::vector<data::interaction> events;
  for (std::size_t u = 0; u + 1 < users; ++u) {
    const std::size_t length = 1 + random.below(25);
    for (const std::uint32_t pick : random.sample(static_cast<std::uint32_t>(items), static_cast<std::uint32_t>(length))) {
      const std::size_t item = pick * std::size_t{pick} / items;  // low ids are popular
      const auto known = [&](const auto& event) { return event.user.index() == u && event.item.index() == item; };
      if (std::none_of(events.begin(), events.end(), known)) {
        events.push_back({user_id{u}, item_id{item}, static_cast<float>(1 + random.below(5)), 0});
      }
    }
  }
  return interactions_of(users, items, std::move(events));
}

template <class Model>
std::vector<float> scores_of(const Model& model, user_id user) {
  typename Model::workspace scratch;
  std::vector<float> scores(model.items());
  model.score(user, scores, scratch);
  return scores;
}

template <class Model>
std::vector<float> scores_of(const Model& model, history_view history) {
  typename Model::workspace scratch;
  std::vector<float> scores(model.items());
  model.score_history(history, scores, scratch);
  return scores;
}

/// The list that a caller makes of the scores: without the items of `excluded`.
inline std::vector<scored_item> list_of(std::vector<float> scores, std::span<const item_id> excluded, std::size_t k) {
  for (const item_id item : excluded) scores[item.index()] = no_score;
  std::vector<scored_item> list(std::min(k, scores.size()));
  list.resize(kernel::top_k(scores, k, list));
  return list;
}

inline bool same_bits(const std::vector<float>& left, const std::vector<float>& right) {
  return left.size() == right.size() && std::memcmp(left.data(), right.data(), left.size() * sizeof(float)) == 0;
}

/// All scores of all users, as one number.
template <class Model>
std::uint64_t hash_of(const Model& model) {
  std::uint64_t hash = 14695981039346656037u;
  for (std::size_t user = 0; user < model.users(); ++user) {
    for (const float score : scores_of(model, user_id{user})) {
      std::uint32_t bits = 0;
      std::memcpy(&bits, &score, sizeof bits);
      if (!std::isnan(score)) hash = (hash ^ bits) * 1099511628211u;
      hash = hash * 31 + 7;
    }
  }
  return hash;
}

template <class Error, class Call>
void requires_error_naming_function(Call&& call) {
  try {
    call();
    FAIL("no exception");
  } catch (const Error& fault) {
    CAPTURE(fault.what());
    CHECK(std::string(fault.what()).find("::score") != std::string::npos);
    CHECK(std::string(fault.what()).find(": ") != std::string::npos);
  }
}

/// fit(exec, interactions) gives a model.
template <class Fit>
void check_recommender(Fit&& fit, const expectations& expected = {}) {
  const exec::cpu one_thread{};
  using model_type = decltype(fit(one_thread, std::declval<const data::interactions&>()));
  static_assert(recommender_model<model_type>);
  static_assert(std::is_copy_constructible_v<model_type>);

  const data::interactions log = random_log(60, 90);
  const user_id empty_user{log.users() - 1};
  const model_type model = fit(one_thread, log);
  REQUIRE(model.users() == log.users());
  REQUIRE(model.items() == log.items());

  SECTION("the held-out diagonal of a checkerboard comes first") {
    if (!expected.personal) return;
    constexpr std::size_t size = 40;
    const data::interactions board = checkerboard(size);
    const auto fitted = fit(one_thread, board);
    for (std::size_t user = 0; user < size; ++user) {
      const auto list = list_of(scores_of(fitted, user_id{user}), board.history(user_id{user}).items, 5);
      CAPTURE(user);
      REQUIRE_FALSE(list.empty());
      CHECK(list.front().item.index() == user);
      for (std::size_t place = 1; place < list.size(); ++place) CHECK(list[place].score < list.front().score);
    }
  }

  SECTION("lists are as long as they can be, in order, without repeats") {
    for (std::size_t user = 0; user + 1 < log.users(); ++user) {
      const history_view seen = log.history(user_id{user});
      const auto scores = scores_of(model, user_id{user});
      const auto judged = std::count_if(scores.begin(), scores.end(), [](float score) { return !std::isnan(score); });
      CHECK(list_of(scores, seen.items, 0).empty());
      auto list = list_of(scores, {}, log.items() + 10);
      CHECK(list.size() == static_cast<std::size_t>(judged));
      CHECK(std::is_sorted(list.begin(), list.end(), kernel::listed_before{}));
      list = list_of(scores, seen.items, log.items() + 10);
      for (const scored_item& entry : list) {
        CHECK_FALSE(std::binary_search(seen.items.begin(), seen.items.end(), entry.item));
      }
      std::vector<item_id> everything;
      for (std::size_t item = 0; item < log.items(); ++item) everything.emplace_back(item);
      CHECK(list_of(scores, everything, 10).empty());
    }
  }

  SECTION("a user without history") {
    const auto scores = scores_of(model, empty_user);
    const bool any = std::any_of(scores.begin(), scores.end(), [](float score) { return !std::isnan(score); });
    CHECK(any == expected.scores_without_history);
    CHECK(same_bits(scores_of(model, history_view{}), scores));
  }

  SECTION("the scores of a user are those of the user's history, bit by bit") {
    if (!expected.folds_in_exactly) return;
    for (std::size_t user = 0; user < log.users(); ++user) {
      CHECK(same_bits(scores_of(model, user_id{user}), scores_of(model, log.history(user_id{user}))));
    }
  }

  SECTION("the scores do not depend on the number of threads, nor on who asks") {
    const std::uint64_t hash = hash_of(model);
    CHECK(hash_of(fit(exec::cpu{.threads = 2}, log)) == hash);
    CHECK(hash_of(fit(exec::cpu{.threads = 8}, log)) == hash);
    const model_type copy = model;
    CHECK(hash_of(copy) == hash);
    std::vector<std::uint64_t> hashes(4);
    std::vector<std::thread> askers;
    for (std::uint64_t& found : hashes) askers.emplace_back([&found, &model] { found = hash_of(model); });
    for (std::thread& asker : askers) asker.join();
    CHECK(hashes == std::vector<std::uint64_t>(4, hash));
  }

  SECTION("the contributions of the history add up to the score") {
    if constexpr (explainable_model<model_type>) {
      for (std::size_t user = 0; user < log.users(); ++user) {
        const history_view history = log.history(user_id{user});
        const auto scores = scores_of(model, user_id{user});
        std::vector<float> parts(history.items.size());
        for (std::size_t item = 0; item < log.items(); ++item) {
          model.explain(history, item_id{item}, parts);
          double sum = 0.0, largest = 0.0;
          for (const float part : parts) {
            sum += double{part};
            largest = std::max(largest, std::abs(double{part}));
          }
          const double score = std::isnan(scores[item]) ? 0.0 : double{scores[item]};
          CAPTURE(user, item, sum, score);
          REQUIRE(std::abs(sum - score) <= expected.explain_error * std::max(largest, std::abs(score)) + 1e-7);
        }
      }
    }
  }

  SECTION("scoring with a warm workspace allocates nothing") {
    typename model_type::workspace scratch;
    std::vector<float> scores(model.items());
    const auto ask_all = [&] {
      for (std::size_t user = 0; user < log.users(); ++user) {
        model.score(user_id{user}, scores, scratch);
        model.score_history(log.history(user_id{user}), scores, scratch);
      }
    };
    ask_all();
    CHECK(test::allocations_of(ask_all) == 0);
  }

  SECTION("requests that make no sense are refused with the function's name") {
    typename model_type::workspace scratch;
    std::vector<float> scores(model.items()), short_scores(model.items() - 1);
    requires_error_naming_function<unknown_id>([&] { model.score(user_id{log.users()}, scores, scratch); });
    requires_error_naming_function<shape_error>([&] { model.score(user_id{0u}, short_scores, scratch); });
    const std::vector<item_id> outside{item_id{log.items()}}, inside{item_id{1u}, item_id{2u}};
    const std::vector<float> value{1.0f};
    requires_error_naming_function<unknown_id>([&] { model.score_history({outside, value}, scores, scratch); });
    requires_error_naming_function<shape_error>([&] { model.score_history({inside, value}, scores, scratch); });
  }
}

}  // namespace contract

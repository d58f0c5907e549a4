// tests/contract/ml100k.hpp - MovieLens 100K, two chronological splits and four measures, written down as plainly as
// possible: an oracle that shares no code with mmrec/eval.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <tuple>
#include <vector>

#include <mmrec/core/ids.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/interactions.hpp>

namespace ml100k {

constexpr std::size_t users = 943, items = 1682;

/// The training part and the test items of each user. Ids are the file's numbers less one.
struct split {
  mmrec::data::interactions train;
  std::vector<std::vector<mmrec::item_id>> test;
};

enum class protocol {
  leave_one_out,  ///< last item = test, second last = validation (dropped), the rest = train
  last_tenth,     ///< k = 0.1 n rounded half to even: last k = test, k before = validation (dropped), the rest = train
};

inline split read(const std::filesystem::path& folder, protocol how) {
  using namespace mmrec;
  std::vector<std::vector<data::interaction>> by_user(users);
  std::ifstream file(folder / "u.data");
  std::size_t user = 0, item = 0;
  float rating = 0.0f;
  for (std::int64_t time = 0; file >> user >> item >> rating >> time;) {
    by_user[user - 1].push_back({user_id{user - 1}, item_id{item - 1}, rating, time});
  }
  std::vector<data::interaction> train;
  std::vector<std::vector<item_id>> test(users);
  for (std::size_t u = 0; u < users; ++u) {
    std::sort(by_user[u].begin(), by_user[u].end(),
              [](const auto& a, const auto& b) { return std::tie(a.time, a.item) < std::tie(b.time, b.item); });
    const std::size_t count = by_user[u].size();
    // nearbyint rounds half to even in the default mode.
    const auto held = how == protocol::leave_one_out
                          ? std::size_t{1}
                          : static_cast<std::size_t>(std::nearbyint(0.1 * static_cast<double>(count)));
    for (std::size_t place = 0; place < count; ++place) {
      if (place + 2 * held < count) train.push_back(by_user[u][place]);
      if (place + held >= count) test[u].push_back(by_user[u][place].item);
    }
  }
  return {{std::make_shared<const data::user_map>(data::user_map::numbered(users)),
           std::make_shared<const data::item_map>(data::item_map::numbered(items)), std::move(train)},
          std::move(test)};
}

/// Recall@10, Recall@20, NDCG@10, NDCG@20, mean over users with test items: the whole catalogue ranked, training items left
/// out, ties to the lower item.
template <class Model>
std::array<double, 4> evaluate(const Model& model, const split& data) {
  using namespace mmrec;
  typename Model::workspace scratch;
  std::vector<float> scores(items);
  std::array<double, 4> sums{};
  std::size_t judged = 0;
  for (std::size_t u = 0; u < users; ++u) {
    if (data.test[u].empty()) continue;
    ++judged;
    model.score(user_id{u}, scores, scratch);
    const history_view seen = data.train.history(user_id{u});
    const std::set<item_id> masked(seen.items.begin(), seen.items.end());
    const std::set<item_id> relevant(data.test[u].begin(), data.test[u].end());
    std::vector<item_id> ranking;
    for (std::size_t item = 0; item < items; ++item) {
      if (masked.count(item_id{item}) == 0 && !std::isnan(scores[item])) ranking.emplace_back(item);
    }
    std::stable_sort(ranking.begin(), ranking.end(),
                     [&](item_id a, item_id b) { return scores[a.index()] > scores[b.index()]; });
    for (std::size_t measure = 0; measure < 2; ++measure) {
      const std::size_t cut = measure == 0 ? 10 : 20;
      double hits = 0.0, gain = 0.0, ideal = 0.0;
      for (std::size_t place = 0; place < std::min(cut, ranking.size()); ++place) {
        if (relevant.count(ranking[place]) == 0) continue;
        hits += 1.0;
        gain += 1.0 / std::log2(static_cast<double>(place) + 2.0);
      }
      for (std::size_t place = 0; place < std::min(cut, relevant.size()); ++place) {
        ideal += 1.0 / std::log2(static_cast<double>(place) + 2.0);
      }
      sums[measure] += hits / static_cast<double>(relevant.size());
      sums[2 + measure] += gain / ideal;
    }
  }
  for (double& sum : sums) sum /= static_cast<double>(judged);
  return sums;
}

}  // namespace ml100k

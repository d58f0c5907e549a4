// A whole evaluation of a model of factors at Recall@20 and NDCG@20, or the search for the lists alone.
// evaluate_ours ITEMS.f32 I USERS.f32 U WIDTH TRAIN.u32 n TEST.u32 m evaluate|auc|lists
//   TRAIN, TEST: n and m items of each user, in increasing order
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <mmrec/core/ids.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/id_map.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/data/split/given.hpp>
#include <mmrec/eval/evaluate.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/topk_dot.hpp>

#include "peers/serve.hpp"

namespace {

using namespace mmrec;

template <class T>
std::vector<T> read(const char* path, std::size_t count) {
  std::vector<T> values(count);
  std::ifstream file(path, std::ios::binary);
  if (!file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(count * sizeof(T)))) {
    throw std::runtime_error("cannot read " + std::string(path));
  }
  return values;
}

struct factor_model {
  matrix<float> user_rows, item_rows;
  struct workspace {};
  std::size_t users() const { return static_cast<std::size_t>(user_rows.rows()); }
  std::size_t items() const { return static_cast<std::size_t>(item_rows.rows()); }
  matrix_view<float> item_vectors() const { return item_rows; }
  void user_vector(user_id user, std::span<float> out, workspace&) const {
    std::copy_n(user_rows.data() + static_cast<Eigen::Index>(user.index()) * user_rows.cols(), out.size(), out.begin());
  }
  void score(user_id user, std::span<float> out, workspace&) const {
    Eigen::Map<vector<float>>(out.data(), item_rows.rows()).noalias() =
        item_rows * user_rows.row(static_cast<Eigen::Index>(user.index())).transpose();
  }
  void score_history(history_view, std::span<float> out, workspace&) const { std::fill(out.begin(), out.end(), no_score); }
};

matrix<float> rows_of(const char* path, std::size_t rows, std::size_t width) {
  const std::vector<float> values = read<float>(path, rows * width);
  return Eigen::Map<const matrix<float>>(values.data(), static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(width));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 11) return 2;
  const std::size_t item_count = std::stoul(argv[2]), user_count = std::stoul(argv[4]), width = std::stoul(argv[5]);
  const factor_model model{rows_of(argv[3], user_count, width), rows_of(argv[1], item_count, width)};
  const auto users = std::make_shared<const data::user_map>(data::user_map::numbered(user_count));
  const auto items = std::make_shared<const data::item_map>(data::item_map::numbered(item_count));
  const auto set_of = [&](const char* path, std::size_t each) {
    const std::vector<std::uint32_t> chosen = read<std::uint32_t>(path, user_count * each);
    std::vector<data::interaction> events;
    for (std::size_t n = 0; n < chosen.size(); ++n) events.push_back({user_id{n / each}, item_id{chosen[n]}});
    return data::interactions(users, items, std::move(events));
  };
  const auto parts =
      split::given{}(set_of(argv[6], std::stoul(argv[7])), {users, items, {}}, set_of(argv[8], std::stoul(argv[9])));
  const char* threads = std::getenv("MMREC_PEER_THREADS");
  const exec::cpu exec{.threads = threads == nullptr ? 1 : std::stoul(threads)};
  const std::string mode = argv[10];
  const eval::full_ranking<eval::mask::train> protocol{.metrics = {.cutoffs = {20}, .auc = mode == "auc"}};
  if (mode != "lists") {
    return peers::serve([&] {
      const auto found = eval::evaluate(protocol, exec, model, parts);
      return found.mean("recall@20") + found.mean("ndcg@20");
    });
  }
  return peers::serve([&] {
    const kernel::packed_items packed(std::span(model.item_rows.data(), item_count * width), item_count, width);
    std::vector<scored_item> lists(user_count * 20);
    std::vector<std::size_t> counts(user_count);
    std::vector<std::span<const item_id>> seen;
    for (std::size_t user = 0; user < user_count; ++user)
      seen.push_back(parts.train.interactions().history(user_id{user}).items);
    packed.search(exec, std::span(model.user_rows.data(), user_count * width), 20, seen, lists, counts);
    return double{lists.back().score};
  });
}

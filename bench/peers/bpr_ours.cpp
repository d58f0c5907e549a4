// Bayesian personalised ranking, beside implicit's and LIBMF's.
//   bpr_ours MATRIX users items factors deterministic|lock_free popularity|uniform biases epochs threads
// MATRIX: E as uint64, then E user ids (uint32, increasing), E item ids (uint32).
// With epochs 0, answers with one more epoch of training a turn, and the share of pairs that it ranked right; with more,
// with a whole fit of so many epochs a turn, and that share in its last one.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <ios>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <mmrec/cf/bpr.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/exec/cpu.hpp>

#include "peers/serve.hpp"

namespace {

using namespace mmrec;

template <class T>
std::vector<T> read(std::ifstream& file, std::size_t count) {
  std::vector<T> values(count);
  file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(count * sizeof(T)));
  if (!file) throw std::runtime_error("file too short");
  return values;
}

std::size_t number(const char* text) { return std::strtoull(text, nullptr, 10); }

data::interactions read_log(const char* path, std::size_t users, std::size_t items) {
  std::ifstream file(path, std::ios::binary);
  const std::size_t entries = read<std::uint64_t>(file, 1)[0];
  const auto user_of = read<std::uint32_t>(file, entries);
  const auto item_of = read<std::uint32_t>(file, entries);
  std::vector<data::interaction> events(entries);
  for (std::size_t n = 0; n < entries; ++n) events[n] = {user_id{user_of[n]}, item_id{item_of[n]}};
  return {std::make_shared<const data::user_map>(data::user_map::numbered(users)),
          std::make_shared<const data::item_map>(data::item_map::numbered(items)), std::move(events)};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 10) return 1;
  const data::interactions log = read_log(argv[1], number(argv[2]), number(argv[3]));
  const std::size_t epochs = number(argv[8]);
  const cf::bpr spec{
      .factors = number(argv[4]),
      .epochs = epochs == 0 ? 1 : epochs,
      .negatives = std::string(argv[6]) == "popularity" ? cf::negative_sampling::popularity : cf::negative_sampling::uniform,
      .item_bias = std::string(argv[7]) == "1",
      .schedule = std::string(argv[5]) == "lock_free" ? cf::parallel::lock_free : cf::parallel::deterministic};
  const exec::cpu_session session(exec::cpu{.threads = number(argv[9])});
  if (epochs != 0) {
    return peers::serve([&] { return spec.fit(session.executor(), log, seed{1}).report().ranked_right.back(); });
  }
  cf::detail::bpr_fitter fitter(session.executor(), spec, log, seed{1});
  return peers::serve([&] { return fitter.run_epoch(0); });
}

// Fitting item neighbours by the cosine of binary columns.
// item_knn_ours PAIRS.u32 COUNT USERS ITEMS NEIGHBOURS: pairs of user and item, each pair once
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <mmrec/cf/item_knn.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/exec/cpu.hpp>

#include "peers/serve.hpp"

int main(int argc, char** argv) {
  if (argc != 6) return 2;
  using namespace mmrec;
  const std::size_t count = std::stoul(argv[2]), users = std::stoul(argv[3]), items = std::stoul(argv[4]);
  const char* threads = std::getenv("MMREC_PEER_THREADS");
  const exec::cpu exec{.threads = threads == nullptr ? 1 : std::stoul(threads)};
  std::vector<std::uint32_t> pairs(2 * count);
  std::ifstream file(argv[1], std::ios::binary);
  if (!file.read(reinterpret_cast<char*>(pairs.data()),
                 static_cast<std::streamsize>(pairs.size() * sizeof(std::uint32_t)))) {
    throw std::runtime_error("cannot read " + std::string(argv[1]));
  }
  std::vector<data::interaction> events;
  events.reserve(count);
  for (std::size_t pair = 0; pair < count; ++pair) {
    events.push_back({user_id{std::size_t{pairs[2 * pair]}}, item_id{std::size_t{pairs[2 * pair + 1]}}});
  }
  const data::interactions log(std::make_shared<const data::user_map>(data::user_map::numbered(users)),
                               std::make_shared<const data::item_map>(data::item_map::numbered(items)), std::move(events));
  const cf::item_knn spec{.neighbours = std::stoul(argv[5])};
  return peers::serve([&] {
    const auto model = spec.fit(exec, log);
    double sum = 0.0;
    for (std::size_t item = 0; item < items; ++item) {
      for (const scored_item& other : model.neighbours(item_id{item})) sum += double{other.score};
    }
    return sum;
  });
}

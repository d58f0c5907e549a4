// The k items with the largest inner product with each query; by floats alone, or with a first pass over bytes.
// topk_ours ITEMS.f32 I QUERIES.f32 B WIDTH K floats|bytes
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/quantized_items.hpp>
#include <mmrec/kernel/topk_dot.hpp>

#include "peers/serve.hpp"

namespace {

std::vector<float> read_floats(const char* path, std::size_t count) {
  std::vector<float> values(count);
  std::ifstream file(path, std::ios::binary);
  if (!file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(count * sizeof(float)))) {
    throw std::runtime_error("cannot read " + std::string(path));
  }
  return values;
}

template <class Items>
int serve(const Items& items, const std::vector<float>& queries, std::size_t batch, std::size_t k) {
  using namespace mmrec;
  const char* threads = std::getenv("MMREC_PEER_THREADS");
  const exec::cpu exec{.threads = threads == nullptr ? 1 : std::stoul(threads)};
  std::vector<scored_item> lists(batch * k);
  std::vector<std::size_t> counts(batch);
  return peers::serve([&] {
    items.search_if(
        exec, queries, k, [](std::size_t) { return kernel::list_all{}; }, lists, counts);
    double sum = 0.0;
    for (const scored_item& entry : lists) sum += double{entry.score};
    return sum;
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 8) return 2;
  using namespace mmrec;
  const std::size_t items = std::stoul(argv[2]), batch = std::stoul(argv[4]), width = std::stoul(argv[5]),
                    k = std::stoul(argv[6]);
  const std::vector<float> queries = read_floats(argv[3], batch * width);
  if (std::string(argv[7]) == "bytes") {
    return serve(kernel::quantized_items(read_floats(argv[1], items * width), items, width), queries, batch, k);
  }
  return serve(kernel::packed_items(read_floats(argv[1], items * width), items, width), queries, batch, k);
}

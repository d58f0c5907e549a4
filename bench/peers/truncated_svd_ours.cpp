// Truncated singular value decomposition of a sparse matrix.
//   truncated_svd_ours MATRIX rows columns components threads
// MATRIX: E as int64, then rows + 1 row starts (int64), E columns (int32), E values (float32). Answers with the sum of the
// squared singular values: what the components capture, when they are exact.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <ios>
#include <stdexcept>
#include <utility>
#include <vector>

#include <mmrec/data/csr.hpp>
#include <mmrec/decomp/truncated_svd.hpp>
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

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) return 1;
  const std::size_t rows = number(argv[2]), columns = number(argv[3]);
  const exec::cpu_session session(exec::cpu{.threads = number(argv[5])});
  std::ifstream file(argv[1], std::ios::binary);
  const auto entries = static_cast<std::size_t>(read<std::int64_t>(file, 1)[0]);
  auto starts = read<std::int64_t>(file, rows + 1);
  auto indices = read<std::int32_t>(file, entries);
  auto values = read<float>(file, entries);
  const csr_matrix<float> x(columns, std::move(starts), std::move(indices), std::move(values));
  const decomp::truncated_svd spec{.components = number(argv[4])};
  return peers::serve([&] {
    const auto model = spec.fit(session.executor(), x, seed{1});
    double squares = 0.0;
    for (const double value : model.singular_values()) squares += value * value;
    return squares;
  });
}

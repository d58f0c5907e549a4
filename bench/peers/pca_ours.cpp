// Principal components and truncated singular value decomposition.
//   pca_ours pca MATRIX rows columns components solver threads     solver: automatic, exact or randomized
//   pca_ours svd MATRIX rows columns components iterations threads
// MATRIX: rows x columns float32, row-major; for svd: E as int64, then rows + 1 row starts (int64), E columns (int32), E
// values (float32). Answers with the variance along the components (pca) or the sum of the singular values (svd).
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <ios>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <mmrec/data/csr.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/decomp/pca.hpp>
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
  if (argc != 8) return 1;
  const std::size_t rows = number(argv[3]), columns = number(argv[4]), components = number(argv[5]);
  const exec::cpu_session session(exec::cpu{.threads = number(argv[7])});
  const exec::cpu& exec = session.executor();
  std::ifstream file(argv[2], std::ios::binary);
  if (std::string(argv[1]) == "svd") {
    const auto entries = static_cast<std::size_t>(read<std::int64_t>(file, 1)[0]);
    auto starts = read<std::int64_t>(file, rows + 1);
    auto indices = read<std::int32_t>(file, entries);
    auto values = read<float>(file, entries);
    const csr_matrix<float> x(columns, std::move(starts), std::move(indices), std::move(values));
    const decomp::truncated_svd spec{.components = components, .power_iterations = number(argv[6])};
    return peers::serve([&] {
      const auto model = spec.fit(exec, x, seed{1});
      return std::accumulate(model.singular_values().begin(), model.singular_values().end(), 0.0);
    });
  }
  const std::string solver = argv[6];
  const auto values = read<float>(file, rows * columns);
  const matrix<float> x =
      Eigen::Map<const matrix<float>>(values.data(), static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(columns));
  const decomp::pca spec{.components = components,
                         .solver = solver == "exact"        ? decomp::pca_solver::exact
                                   : solver == "randomized" ? decomp::pca_solver::randomized
                                                            : decomp::pca_solver::automatic};
  return peers::serve([&] {
    const auto model = spec.fit(exec, x, seed{1});
    return std::accumulate(model.explained_variance().begin(), model.explained_variance().end(), 0.0);
  });
}

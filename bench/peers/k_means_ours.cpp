// k-means from given centres, by Lloyd's iteration.
//   k_means_ours ROWS CENTRES rows columns clusters iterations threads
// ROWS: rows x columns float32, row-major; CENTRES: clusters x columns. Answers with the inertia.
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <ios>
#include <stdexcept>

#include <mmrec/cluster/k_means.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/exec/cpu.hpp>

#include "peers/serve.hpp"

namespace {

using namespace mmrec;

matrix<float> read(const char* path, std::size_t rows, std::size_t columns) {
  matrix<float> values(static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(columns));
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(rows * columns * sizeof(float)));
  if (!file) throw std::runtime_error("file too short");
  return values;
}

std::size_t number(const char* text) { return std::strtoull(text, nullptr, 10); }

}  // namespace

int main(int argc, char** argv) {
  if (argc != 8) return 1;
  const std::size_t rows = number(argv[3]), columns = number(argv[4]), clusters = number(argv[5]);
  const exec::cpu_session session(exec::cpu{.threads = number(argv[7])});
  const matrix<float> x = read(argv[1], rows, columns), centres = read(argv[2], clusters, columns);
  const cluster::k_means spec{.clusters = clusters, .iterations = number(argv[6]), .tolerance = 0.0};
  return peers::serve([&] { return spec.fit_from(session.executor(), x, centres).report().inertia; });
}

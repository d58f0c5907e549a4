// The inverse at the heart of EASE: of a symmetric positive definite n x n float matrix.
//   ease_inverse_ours MATRIX n threads
// MATRIX: n x n float32, row-major. Copies it and inverts the copy; answers with the trace of the inverse.
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <ios>
#include <span>
#include <vector>

#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/cholesky.hpp>

#include "peers/serve.hpp"

int main(int argc, char** argv) {
  if (argc != 4) return 1;
  const std::size_t n = std::strtoull(argv[2], nullptr, 10);
  const mmrec::exec::cpu_session session(mmrec::exec::cpu{.threads = std::strtoull(argv[3], nullptr, 10)});
  std::vector<float> matrix(n * n), work(n * n);
  std::ifstream file(argv[1], std::ios::binary);
  file.read(reinterpret_cast<char*>(matrix.data()), static_cast<std::streamsize>(matrix.size() * sizeof(float)));
  if (!file) return 1;
  return peers::serve([&] {
    work = matrix;
    if (mmrec::kernel::invert_spd(session.executor(), std::span<float>(work), n)) std::abort();
    double trace = 0.0;
    for (std::size_t i = 0; i < n; ++i) trace += static_cast<double>(work[i * n + i]);
    return trace;
  });
}

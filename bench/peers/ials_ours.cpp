// One iteration of implicit ALS: all items, then all users, from given factors.
//   ials_ours SOLVER MATRIX FACTORS users items factors regularization threads
// SOLVER: cholesky, or cg for three steps of conjugate gradients.
// MATRIX: E as uint64, then E user ids (uint32, increasing), E item ids (uint32), E weights alpha r (float32).
// FACTORS: users x factors float32, row-major, then items x factors. Answers with the squared norm of the users' new factors.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <ios>
#include <stdexcept>
#include <string>
#include <vector>

#include <mmrec/cf/detail/ials_half_step.hpp>
#include <mmrec/cf/detail/ials_refine.hpp>
#include <mmrec/exec/cpu.hpp>

#include "peers/serve.hpp"

namespace {

using namespace mmrec;
using namespace mmrec::cf::detail;

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
  if (argc != 9) return 1;
  const bool steps = std::string(argv[1]) == "cg";
  const std::size_t users = number(argv[4]), items = number(argv[5]), factors = number(argv[6]);
  const float regularization = std::strtof(argv[7], nullptr);
  const exec::cpu_session session(exec::cpu{.threads = number(argv[8])});
  const exec::cpu& exec = session.executor();

  std::ifstream file(argv[2], std::ios::binary);
  const std::size_t entries = read<std::uint64_t>(file, 1)[0];
  weighted_rows by_user;
  by_user.starts.assign(users + 1, 0);
  for (const std::uint32_t user : read<std::uint32_t>(file, entries)) ++by_user.starts[user + 1];
  for (std::size_t user = 0; user < users; ++user) by_user.starts[user + 1] += by_user.starts[user];
  by_user.ids = read<std::uint32_t>(file, entries);
  by_user.weights = read<float>(file, entries);
  const weighted_rows by_item = by_user.transposed(items);

  std::ifstream start_file(argv[3], std::ios::binary);
  const auto read_factors = [&](std::size_t rows) {
    const std::vector<float> values = read<float>(start_file, rows * factors);
    factor_matrix result(rows, factors);
    for (std::size_t row = 0; row < rows; ++row) {
      std::copy_n(values.data() + row * factors, factors, result.row(row).begin());
    }
    return result;
  };
  const factor_matrix x0 = read_factors(users), y0 = read_factors(items);
  factor_matrix x = x0, y = y0;

  const std::size_t width = kernel::als_padded(factors), heavy = steps ? no_heavy_row : heavy_row;
  const auto by_user_active = by_user.active();
  const auto by_item_active = by_item.active();
  const auto user_tasks = task_starts(by_user, width, heavy);
  const auto item_tasks = task_starts(by_item, width, heavy);
  const auto prior = [&](std::size_t) { return row_prior{regularization}; };
  kernel::aligned_vector<float> gram, padded;
  scratch_shelf shelf;
  refine_shelf refine;
  const auto half = [&](const factor_matrix& from, const weighted_rows& rows, const std::vector<std::uint8_t>& active,
                        const std::vector<std::size_t>& tasks, factor_matrix& out) {
    gram_of(exec, from, gram, shelf);
    if (steps) {
      conjugate_gradient_half_step(exec, "ials_ours", "row", rows, active, tasks,
                                   {padded_rows(from, padded), gram.data(), width}, 3, prior, out, refine);
    } else {
      half_step(exec, "ials_ours", "row", rows, active, tasks, {from.to_gather(), gram.data(), width}, prior, out, shelf);
    }
  };
  return peers::serve([&] {
    x = x0;
    y = y0;
    half(x, by_item, by_item_active, item_tasks, y);
    half(y, by_user, by_user_active, user_tasks, x);
    return x.view().cast<double>().squaredNorm();
  });
}

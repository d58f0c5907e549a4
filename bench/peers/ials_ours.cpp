// One iteration of implicit ALS with exact solves: all items, then all users, from given user factors.
//   ials_ours MATRIX USER_FACTORS users items factors regularization threads
// MATRIX: E as uint64, then E user ids (uint32, increasing), E item ids (uint32), E weights alpha r (float32).
// USER_FACTORS: users x factors float32, row-major. Answers with the squared norm of the users' new factors.
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
  if (argc != 8) return 1;
  const std::size_t users = number(argv[3]), items = number(argv[4]), factors = number(argv[5]);
  const float regularization = std::strtof(argv[6], nullptr);
  const exec::cpu_session session(exec::cpu{.threads = number(argv[7])});
  const exec::cpu& exec = session.executor();

  std::ifstream file(argv[1], std::ios::binary);
  const std::size_t entries = read<std::uint64_t>(file, 1)[0];
  weighted_rows by_user;
  by_user.starts.assign(users + 1, 0);
  for (const std::uint32_t user : read<std::uint32_t>(file, entries)) ++by_user.starts[user + 1];
  for (std::size_t user = 0; user < users; ++user) by_user.starts[user + 1] += by_user.starts[user];
  by_user.ids = read<std::uint32_t>(file, entries);
  by_user.weights = read<float>(file, entries);
  const weighted_rows by_item = by_user.transposed(items);

  std::ifstream start_file(argv[2], std::ios::binary);
  const std::vector<float> start = read<float>(start_file, users * factors);
  factor_matrix x0(users, factors), x(users, factors), y(items, factors);
  for (std::size_t user = 0; user < users; ++user) {
    std::copy_n(start.data() + user * factors, factors, x0.row(user).begin());
  }

  const std::size_t width = kernel::als_padded(factors);
  const auto by_user_active = by_user.active();
  const auto by_item_active = by_item.active();
  const auto user_tasks = task_starts(by_user, width);
  const auto item_tasks = task_starts(by_item, width);
  const auto prior = [&](std::size_t) { return row_prior{regularization}; };
  kernel::aligned_vector<float> gram;
  scratch_shelf shelf;
  return peers::serve([&] {
    gram_of(exec, x0, gram, shelf);
    half_step(exec, "ials_ours", "item", by_item, by_item_active, item_tasks, {x0.to_gather(), gram.data(), width}, prior, y,
              shelf);
    gram_of(exec, y, gram, shelf);
    half_step(exec, "ials_ours", "user", by_user, by_user_active, user_tasks, {y.to_gather(), gram.data(), width}, prior, x,
              shelf);
    return x.view().cast<double>().squaredNorm();
  });
}

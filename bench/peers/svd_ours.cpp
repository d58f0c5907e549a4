// Biased matrix factorisation by stochastic gradient descent.
//   svd_ours RATINGS users items factors epochs threads
// RATINGS: R as uint64, then R user ids (uint32, increasing), R item ids (uint32), R ratings (float32).
// Answers with a whole fit of so many epochs a turn, and the root mean square error of its predictions of the training data.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <ios>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include <mmrec/cf/svd.hpp>
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
  if (argc != 7) return 1;
  const std::size_t users = number(argv[2]), items = number(argv[3]);
  std::ifstream file(argv[1], std::ios::binary);
  const std::size_t count = read<std::uint64_t>(file, 1)[0];
  const auto user_of = read<std::uint32_t>(file, count), item_of = read<std::uint32_t>(file, count);
  const auto ratings = read<float>(file, count);
  std::vector<data::interaction> events(count);
  for (std::size_t n = 0; n < count; ++n) {
    events[n] = {user_id{std::size_t{user_of[n]}}, item_id{std::size_t{item_of[n]}}, ratings[n]};
  }
  const data::interactions log(std::make_shared<const data::user_map>(data::user_map::numbered(users)),
                               std::make_shared<const data::item_map>(data::item_map::numbered(items)), std::move(events));
  const cf::svd spec{.factors = number(argv[4]), .epochs = number(argv[5])};
  const exec::cpu_session session(exec::cpu{.threads = number(argv[6])});
  return peers::serve([&] {
    const auto model = spec.fit(session.executor(), log, seed{1});
    constexpr std::size_t sample = 97;  // enough to judge a fit, few enough to cost nothing
    double squares = 0.0, judged = 0.0;
    for (std::size_t n = 0; n < count; n += sample) {
      const double error =
          double{model.predict(user_id{std::size_t{user_of[n]}}, item_id{std::size_t{item_of[n]}})} - double{ratings[n]};
      squares += error * error;
      judged += 1.0;
    }
    return std::sqrt(squares / judged);
  });
}

// Feature scaling on the trailer features of a real catalogue, which have infinities and constant columns.
#include <mmrec/exec/cpu.hpp>
#include <mmrec/features.hpp>

#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/data.hpp"

namespace mm = mmrec;
using mm::features::non_finite;

TEST_CASE("dirty trailer features are repaired and counted") {
  const auto folder = test::data_set("movielens-small-mm");
  MMREC_SKIP_WITHOUT(folder, "movielens-small-mm");
  std::ifstream file(*folder / "trailer_avf107.tsv");
  REQUIRE(file);
  std::string line;
  std::getline(file, line);
  std::vector<float> numbers;
  std::size_t bad = 0;
  while (std::getline(file, line)) {
    const char* at = line.c_str() + line.find('\t');
    for (int column = 0; column < 107; ++column) {
      char* end = nullptr;
      numbers.push_back(std::strtof(at, &end));
      bad += std::isfinite(numbers.back()) ? 0 : 1;
      at = end;
    }
  }
  REQUIRE(numbers.size() == 1807 * 107);
  const mm::matrix<float> x = Eigen::Map<const mm::matrix<float>>(numbers.data(), 1807, 107);
  CHECK(bad > 0);
  CHECK_THROWS_AS(mm::features::standardize{}.fit(mm::exec::cpu{}, x), mm::data_error);

  const auto model = mm::features::standardize{.non_finite = non_finite::clip}.fit(mm::exec::cpu{}, x);
  CHECK(model.report() == mm::features::repair_report{.non_finite_values = bad, .constant_columns = 3});
  const auto out = model.transform(mm::exec::cpu{}, x);
  CHECK(out.allFinite());
  for (const int column : {30, 31, 103}) CHECK(out.col(column).isZero(0));
  for (Eigen::Index column = 0; column < 104; ++column) {
    if (column == 30 || column == 31 || column == 103) continue;
    CHECK(std::abs(out.col(column).cast<double>().mean()) < 1e-5);
    CHECK(out.col(column).cast<double>().squaredNorm() / 1807 == Approx(1).epsilon(1e-5));
  }
  const auto scaled =
      mm::features::min_max{.non_finite = non_finite::clip}.fit(mm::exec::cpu{}, x).transform(mm::exec::cpu{}, x);
  CHECK(scaled.minCoeff() >= 0.0f);
  CHECK(scaled.maxCoeff() <= 1.0f);
  const auto rows = mm::features::l2_normalize{}.fit(mm::exec::cpu{}, out).transform(mm::exec::cpu{}, out);
  CHECK((rows.rowwise().norm().array() - 1).abs().maxCoeff() < 1e-5f);
}

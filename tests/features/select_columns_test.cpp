#include <mmrec/core/stage.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/features/select_columns.hpp>

#include <cstddef>
#include <vector>

#include "support/allocations.hpp"
#include "support/catch.hpp"

namespace mm = mmrec;

TEST_CASE("the named columns are kept in their order") {
  const mm::matrix<float> x = mm::matrix<float>::Random(600, 5);
  const auto model = mm::features::select_columns{.columns = {4, 0, 4}}.fit(mm::exec::cpu{}, x);
  CHECK(model.features() == 3);
  const auto out = model.transform(mm::exec::cpu{}, x);
  CHECK(out.col(0) == x.col(4));
  CHECK(out.col(1) == x.col(0));
  CHECK(out.col(2) == x.col(4));
  CHECK(model.transform(mm::exec::cpu{.threads = 8}, x) == out);
  std::vector<float> one(3);
  decltype(model)::workspace scratch;
  CHECK(test::allocations_of([&] { model.transform_one(mm::row_of<float>(x, 599), one, scratch); }) == 0);
  CHECK(one == std::vector<float>{x(599, 4), x(599, 0), x(599, 4)});
  CHECK(mm::takes<mm::features::select_columns, mm::kind::dense<float, 5>>);
}

TEST_CASE("columns that do not exist are named") {
  const mm::matrix<float> x = mm::matrix<float>::Random(3, 5);
  const mm::exec::cpu cpu;
  CHECK_THROWS_WITH(mm::features::select_columns{}.fit(cpu, x),
                    "features::select_columns::fit: columns must name at least one column");
  CHECK_THROWS_WITH((mm::features::select_columns{.columns = {0, 5}}.fit(cpu, x)),
                    "features::select_columns::fit: there is no column 5 among 5");
  const auto model = mm::features::select_columns{.columns = {1}}.fit(cpu, x);
  CHECK_THROWS_AS(model.transform(cpu, x.leftCols(4)), mm::shape_error);
  std::vector<float> in(6), out;
  decltype(model)::workspace scratch;
  CHECK_THROWS_AS(model.transform_one(in, out, scratch), mm::shape_error);
}

#include <mmrec/core/format.hpp>

#include <limits>

#include "support/catch.hpp"

TEST_CASE("numbers become the shortest text that reads back as they were") {
  CHECK(mmrec::to_text(0.1) == "0.1");
  CHECK(mmrec::to_text(0.1f) == "0.1");
  CHECK(mmrec::to_text(-2.0) == "-2");
  CHECK(mmrec::to_text(1e300) == "1e+300");
  CHECK(mmrec::to_text(std::numeric_limits<double>::infinity()) == "inf");
}

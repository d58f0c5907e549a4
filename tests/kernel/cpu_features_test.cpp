#include <mmrec/kernel/cpu_features.hpp>

#include <fstream>
#include <string>

#include "support/catch.hpp"

namespace kernel = mmrec::kernel;

TEST_CASE("usable levels run from portable to the best") {
  const auto levels = kernel::usable_simd_levels();
  REQUIRE(!levels.empty());
  CHECK(levels.front() == kernel::simd_level::portable);
  CHECK(levels.back() == kernel::best_simd_level());
  for (std::size_t i = 1; i < levels.size(); ++i) CHECK(levels[i - 1] < levels[i]);
}

TEST_CASE("the best level agrees with what Linux says about the processor") {
  std::ifstream file("/proc/cpuinfo");
  std::string line, flags;
  while (std::getline(file, line)) {
    if (line.rfind("flags", 0) == 0) {
      flags = line + ' ';
      break;
    }
  }
  if (flags.empty()) {
    WARN("skipped: /proc/cpuinfo lists no flags");
    return;
  }
  const auto has = [&](const std::string& flag) { return flags.find(' ' + flag + ' ') != std::string::npos; };
  const bool avx2 = has("avx2") && has("fma");
  const bool avx512 = avx2 && has("avx512f") && has("avx512bw") && has("avx512dq") && has("avx512vl");
  const auto expected = avx512 ? kernel::simd_level::avx512 : avx2 ? kernel::simd_level::avx2 : kernel::simd_level::portable;
  CHECK(kernel::best_simd_level() == expected);
}

TEST_CASE("levels have names") {
  CHECK(std::string(kernel::name_of(kernel::simd_level::portable)) == "portable");
  CHECK(std::string(kernel::name_of(kernel::simd_level::avx2)) == "avx2");
  CHECK(std::string(kernel::name_of(kernel::simd_level::avx512)) == "avx512");
}

// options.hpp - what the user asked for.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

namespace night {

struct options {
  std::filesystem::path data = {};  ///< a MovieLens folder; the embedded one by default
  std::string user = "42";          ///< userId to recommend for
  std::string cold = {};            ///< description of a film that is not in the catalogue; empty: do not show
  std::filesystem::path json = {};  ///< where to write all numbers; empty: nowhere
  std::size_t min_ratings = 0;      ///< leave out films with fewer ratings
  std::uint64_t seed = 42;
  std::size_t threads = 1;
};

}  // namespace night

// full.cpp - plots and posters as well.
#include "night.hpp"

namespace night {

void run_full(const options& asked, const mm::io::movielens& movies, nlohmann::json& report) {
  evening(asked, movies, full_branches(), full_features(), report).run();
}

}  // namespace night

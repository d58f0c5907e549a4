// default.cpp - words, trailer sound and trailer pictures.
#include "night.hpp"

namespace night {

void run_default(const options& asked, const mm::io::movielens& movies, nlohmann::json& report) {
  evening(asked, movies, default_branches(), default_features(), report).run();
}

}  // namespace night

// movie_night - what shall we watch? Ratings, words, trailer sound and pictures (and plots and posters) of MovieLens films
// go in; an honest evaluation and ten films with reasons come out.
#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <thread>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <mmrec/core/error.hpp>
#include <mmrec/io/atomic_file.hpp>
#include <mmrec/io/movielens.hpp>

#include "catalogue.hpp"
#include "options.hpp"

namespace night {
void run_default(const options& asked, const mm::io::movielens& movies, nlohmann::json& report);
void run_full(const options& asked, const mm::io::movielens& movies, nlohmann::json& report);
}  // namespace night

int main(int argc, char** argv) {
  night::options asked{.data = std::filesystem::path(MMREC_EXAMPLE_DATA_DIR) / "movielens-small",
                       .threads = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 64)};
  CLI::App app{"What shall we watch? Fits, judges and explains a multimodal recommender of films."};
  app.add_option("--data", asked.data,
                 "a folder of MovieLens latest-small's shape; with plots and posters, they are used too")
      ->check(CLI::ExistingDirectory);
  app.add_option("--user", asked.user, "userId to recommend for");
  app.add_option("--cold", asked.cold, "describe a film that is not in the catalogue: whom would it suit?")
      ->expected(0, 1)
      ->default_str("Robots dream of the sea. Animation, children, science fiction, robots, ocean, friendship");
  app.add_option("--json", asked.json, "write all numbers and the configuration to this file");
  app.add_option("--min-ratings", asked.min_ratings, "leave out films with fewer ratings: a quick look");
  app.add_option("--seed", asked.seed, "of everything random");
  app.add_option("--threads", asked.threads, "the numbers do not depend on it")->check(CLI::Range(1, 256));
  CLI11_PARSE(app, argc, argv);

  try {
    const mmrec::io::movielens movies = night::well_known(mmrec::io::read_movielens(asked.data), asked.min_ratings);
    movies.ratings.user_keys()->at(asked.user);  // a wrong --user fails before the work begins
    nlohmann::json report;
    report["configuration"] = {{"data", asked.data.string()},      {"user", asked.user}, {"cold", asked.cold},
                               {"min_ratings", asked.min_ratings}, {"seed", asked.seed}, {"threads", asked.threads}};
    night::show_loaded(movies, asked.data.string(), report);
    const bool full = !movies.plots.file.empty() && !movies.posters.file.empty();
    (full ? night::run_full : night::run_default)(asked, movies, report);
    if (!asked.json.empty()) mmrec::io::write_file(asked.json, report.dump(2) + '\n');
  } catch (const mmrec::error& problem) {
    std::fprintf(stderr, "movie_night: %s\n", problem.what());
    return 1;
  }
  return 0;
}

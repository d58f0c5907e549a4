// compare_recommenders - all recommenders of the library on one data set, in one table: what they find, with intervals, how
// long they take to learn, how much memory they need, and how many users a second they serve; and, where the data are
// ratings, a second one: how well they foretell them.
//
//   compare_recommenders                              on a small data set that comes with the library
//   compare_recommenders --data FOLDER                MovieLens of any size, files of RecBole or MMRec, lists of users' items
//   compare_recommenders --models ease,ials --split last
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <variant>

#include <CLI/CLI.hpp>

#include <mmrec/eval/bootstrap.hpp>

#include "arena.hpp"
#include "folder.hpp"
#include "options.hpp"
#include "rankings.hpp"
#include "ratings.hpp"

namespace {

namespace mm = mmrec;

/// One type for all splits, so that the contest is compiled once.
template <class Split>
contest::parts named(mm::split::parts<Split> cut) {
  return mm::split::given{.name = cut.test.rule().describe()}(cut.train.interactions(), cut.validation.interactions(),
                                                              cut.test.interactions());
}

contest::parts split(const contest::options& asked, const mm::data::interactions& log) {
  if (asked.split == "last") return named(mm::split::leave_last_out{}(log));
  if (asked.split == "time") return named(mm::split::global_time{}(log));
  if (asked.split == "random") return named(mm::split::user_random{.key = mm::seed{asked.seed}}(log));
  return named(mm::split::user_ratio{}(log));
}

void compare(const contest::options& asked) {
  const std::filesystem::path folder =
      asked.data.empty() ? std::filesystem::path(MMREC_EXAMPLE_DATA_DIR) / "movielens-small" : asked.data;
  const auto content = contest::read(folder);
  const auto* own = std::get_if<contest::parts>(&content);
  const contest::arena arena(asked, own != nullptr ? *own : split(asked, std::get<mm::data::interactions>(content)));
  std::printf("%zu users, %zu items, %zu interactions to learn from, %zu to find; %s\n\n", arena.past().users(),
              arena.past().items(), arena.past().size(), arena.data().test.size(),
              arena.data().test.rule().describe().c_str());
  std::fflush(stdout);
  const contest::text_table rankings = contest::compare_rankings(arena);
  const contest::text_table ratings = contest::compare_ratings(arena);
  if (rankings.rows() + ratings.rows() == 0) throw std::runtime_error("none of the models asked for can take part");
  std::printf("[low, high]: 95 %% of %zu resamplings of the users. Fit MB: at the peak, the data not counted.\n",
              mm::eval::bootstrap_options{}.resamples);
  if (asked.markdown.empty()) return;
  std::ofstream file(asked.markdown);
  if (rankings.rows() != 0) file << rankings.markdown();
  if (ratings.rows() != 0) file << (rankings.rows() != 0 ? "\n" : "") << ratings.markdown();
  if (!file.flush()) throw std::runtime_error(asked.markdown.string() + ": cannot be written");
}

}  // namespace

int main(int argc, char** argv) {
  contest::options asked;
  CLI::App app("Compares all recommenders on one data set.");
  app.add_option("--data", asked.data,
                 "with u.data, ratings.dat, ratings.csv, NAME.inter, or train.txt and test.txt; else the embedded one")
      ->check(CLI::ExistingDirectory);
  app.add_option("--split", asked.split, "of data without parts of their own")
      ->check(CLI::IsMember({"ratio", "last", "random", "time"}));
  app.add_option("--models", asked.models, "names, with commas between them")->delimiter(',');
  app.add_option("--relevant-from", asked.relevant_from, "held-out values from here on are relevant");
  app.add_option("--markdown", asked.markdown, "write the tables to this file");
  app.add_option("--seed", asked.seed, "of everything random");
  app.add_option("--threads", asked.threads, "the numbers do not depend on it")->check(CLI::Range(1, 256));
  app.add_option("--memory", asked.memory_gb, "GB; models that are going to need more are left out")
      ->check(CLI::NonNegativeNumber);
  CLI11_PARSE(app, argc, argv);
  try {
    compare(asked);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "compare_recommenders: %s\n", problem.what());
    return 1;
  }
  return 0;
}

// Rating prediction on MovieLens 100K, or 1M: reproduce_ratings DATA_FOLDER
//
// DATA_FOLDER holds u.data and, for the official folds, u1.test .. u5.test of MovieLens 100K, or ratings.dat of 1M. The
// first table is the official folds beside the figures of the same models computed elsewhere in double; the second, five
// random folds beside the benchmark of scikit-surprise (surpriselib.com), whose folds are random as well: the standard
// settings there and here, no tuning. Published figures are rounded to three places.
#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <ctime>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <mmrec/cf/baseline.hpp>
#include <mmrec/cf/global_mean.hpp>
#include <mmrec/cf/nmf.hpp>
#include <mmrec/cf/rating_knn.hpp>
#include <mmrec/cf/slope_one.hpp>
#include <mmrec/cf/svd.hpp>
#include <mmrec/cf/svd_pp.hpp>
#include <mmrec/data/split/random.hpp>
#include <mmrec/eval/ratings.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/io/interactions.hpp>
#include <mmrec/io/movielens.hpp>

namespace {

using namespace mmrec;

struct fold {
  data::interactions train;
  data::interactions test;
};

struct errors {
  double rmse = 0.0;
  double mae = 0.0;
};

/// u.data without uN.test, and uN.test.
fold official_fold(const std::filesystem::path& folder, const data::interactions& all, int number) {
  const auto file = folder / ("u" + std::to_string(number) + ".test");
  data::interactions test =
      io::read_interactions(file, io::movielens_100k_ratings(), {all.user_keys(), all.item_keys()}).interactions;
  data::interactions train = all.filtered([&](const data::interaction& event) {
    const auto held = test.history(event.user).items;
    return !std::binary_search(held.begin(), held.end(), event.item);
  });
  return {std::move(train), std::move(test)};
}

template <class Spec>
auto fit(const Spec& spec, const data::interactions& train) {
  if constexpr (requires { spec.fit(exec::cpu{}, train, seed{1}); }) {
    return spec.fit(exec::cpu{}, train, seed{1});
  } else {
    return spec.fit(exec::cpu{}, train);
  }
}

template <class Spec>
errors judge(const Spec& spec, const fold& data) {
  const auto found = eval::evaluate_ratings(exec::cpu{}, fit(spec, data.train), data.test);
  return {found.value(eval::rating_measure::rmse), found.value(eval::rating_measure::mae)};
}

/// One row for each fold, and the means.
template <class Spec>
void print_official(const char* name, const Spec& spec, const std::vector<fold>& folds,
                    const std::vector<errors>& published) {
  errors ours, theirs;
  for (std::size_t number = 0; number < folds.size(); ++number) {
    const errors found = judge(spec, folds[number]);
    const auto& [rmse, mae] = published[number];
    std::printf("%-12s u%zu     %.6f / %.6f    %.6f / %.6f\n", name, number + 1, found.rmse, found.mae, rmse, mae);
    ours = {ours.rmse + found.rmse / 5.0, ours.mae + found.mae / 5.0};
    theirs = {theirs.rmse + rmse / 5.0, theirs.mae + mae / 5.0};
  }
  std::printf("%-12s mean   %.4f   / %.4f      %.4f   / %.4f\n", name, ours.rmse, ours.mae, theirs.rmse, theirs.mae);
}

template <class Spec>
void print_random(const char* name, const Spec& spec, const std::vector<fold>& folds,
                  const std::optional<errors>& published) {
  const std::clock_t begin = std::clock();
  errors ours;
  for (const fold& one : folds) {
    const errors found = judge(spec, one);
    const auto share = 1.0 / static_cast<double>(folds.size());
    ours = {ours.rmse + share * found.rmse, ours.mae + share * found.mae};
  }
  const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC / static_cast<double>(folds.size());
  std::printf("%-34s %.4f / %.4f", name, ours.rmse, ours.mae);
  if (published) {
    std::printf("   %5.3f / %5.3f   %+.4f / %+.4f", published->rmse, published->mae, ours.rmse - published->rmse,
                ours.mae - published->mae);
  } else {
    std::printf("   %13s   %17s", "-", "-");
  }
  std::printf("   %8.2f s\n", seconds);
  std::fflush(stdout);
}

void reproduce_official(const std::filesystem::path& folder, const data::interactions& all) {
  std::vector<fold> folds;
  for (int number = 1; number <= 5; ++number) folds.push_back(official_fold(folder, all, number));
  std::printf("Official folds        ours (RMSE / MAE)      elsewhere\n");
  print_official("mean", cf::global_mean{}, folds,
                 {{1.153676, .968049}, {1.130664, .948911}, {1.111582, .930604}, {1.113294, .936131}, {1.118675, .939934}});
  print_official("baseline", cf::baseline{}, folds,
                 {{.959944, .761583}, {.947652, .749399}, {.940523, .744516}, {.938284, .744233}, {.942279, .749940}});
  print_official("svd", cf::svd{}, folds, {{.9478, .7474}, {.9378, .7371}, {.9353, .7369}, {.9317, .7340}, {.9351, .7400}});
}

void reproduce_random(const data::interactions& all, bool large) {
  std::vector<fold> folds;
  for (std::size_t number = 0; number < 5; ++number) {
    const auto parts = split::k_fold{.folds = 5, .fold = number, .validation = false}(all);
    folds.push_back({parts.train.interactions(), parts.test.interactions()});
  }
  const auto published = [&](errors of_100k, std::optional<errors> of_1m) {
    return large ? of_1m : std::optional<errors>(of_100k);
  };
  using enum cf::rating_similarity;
  using enum cf::rating_centring;
  constexpr auto users = cf::rating_side::users;
  std::printf("\n%-34s %-15s   %-13s   %-17s   %8s\n", "Five random folds", "ours", "published", "difference", "a fold");
  print_random("mean", cf::global_mean{}, folds, std::nullopt);
  print_random("baseline", cf::baseline{}, folds, published({.944, .748}, errors{.909, .719}));
  print_random("baseline_sgd", cf::baseline_sgd{}, folds, std::nullopt);
  print_random("svd", cf::svd{}, folds, published({.934, .737}, errors{.873, .686}));
  print_random("svd_pp", cf::svd_pp{}, folds, published({.919, .721}, errors{.862, .672}));
  print_random("nmf", cf::nmf{}, folds, published({.963, .758}, errors{.916, .723}));
  print_random("slope_one", cf::slope_one{}, folds, published({.946, .743}, errors{.907, .715}));
  print_random("rating_knn users, msd", cf::rating_knn{.side = users, .similarity = msd, .centring = none}, folds,
               published({.980, .774}, errors{.923, .727}));
  print_random("rating_knn users, msd, mean", cf::rating_knn{.side = users, .similarity = msd, .centring = mean}, folds,
               published({.951, .749}, errors{.929, .738}));
  print_random("rating_knn users, msd, z-score", cf::rating_knn{.side = users, .similarity = msd, .centring = z_score},
               folds, std::nullopt);
  print_random("rating_knn users, msd, baseline", cf::rating_knn{.side = users, .similarity = msd, .centring = baseline},
               folds, published({.931, .733}, errors{.895, .706}));
  print_random("rating_knn items, shrunk, baseline", cf::rating_knn{}, folds, std::nullopt);
}

void reproduce_ratings(const std::filesystem::path& folder) {
  const bool large = std::filesystem::exists(folder / "ratings.dat");
  const data::interactions all = large
                                     ? io::read_interactions(folder / "ratings.dat", io::movielens_1m_ratings()).interactions
                                     : io::read_interactions(folder / "u.data", io::movielens_100k_ratings()).interactions;
  std::printf("%zu ratings by %zu users of %zu items\n\n", all.size(), all.users(), all.items());
  if (!large && std::filesystem::exists(folder / "u1.test")) reproduce_official(folder, all);
  reproduce_random(all, large);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: reproduce_ratings DATA_FOLDER\n");
    return 2;
  }
  try {
    reproduce_ratings(argv[1]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}

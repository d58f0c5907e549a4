// The quick start of the README: a catalogue with two modalities, a recommender on top, a list and the reasons for it.
// [readme]
#include <mmrec/mmrec.hpp>

#include <array>
#include <iomanip>
#include <iostream>
#include <memory>
#include <optional>

namespace mm = mmrec;

int main() {
  // A catalogue: named columns of any kind, in which values may be missing.
  mm::data::item_map titles;
  mm::data::column<"plot", mm::kind::text> plots;
  mm::data::column<"sound", mm::kind::dense<float, 3>> sounds;
  const auto add = [&](const char* title, const char* plot, std::optional<std::array<float, 3>> sound) {
    titles.insert(title);
    plots.push_back(plot);
    sound ? sounds.push_back(*sound) : sounds.push_missing();
  };
  add("Red Planet", "<p>A crew on the planet Mars fights a broken robot</p>", {{0.9f, 0.1f, 0.2f}});
  add("Last Orbit", "<p>A robot wakes the crew of a lost space ship</p>", {{0.8f, 0.2f, 0.3f}});
  add("Deep Space", "<p>A space ship, a lost planet and a robot with a plan</p>", std::nullopt);
  add("Rain in May", "<p>Two strangers fall in love during one rainy week in Paris</p>", {{0.1f, 0.9f, 0.7f}});
  add("Letters", "<p>A love story in letters between Paris and Rome</p>", {{0.2f, 0.8f, 0.8f}});
  add("Two Cafes", "<p>Strangers in Rome share letters, coffee and love</p>", {{0.1f, 0.7f, 0.9f}});
  const mm::data::item_table catalogue(titles, plots, sounds);

  // What users did, by the same keys.
  const auto users = std::make_shared<const mm::data::user_map>(mm::data::user_map::numbered(3));
  const auto likes = [&](std::size_t user, const char* title) {
    return mm::data::interaction{mm::user_id{user}, catalogue.keys()->at(title), 1.0f, 0};
  };
  const mm::data::interactions ratings(users, catalogue.keys(),
                                       {likes(0, "Red Planet"), likes(1, "Rain in May"), likes(1, "Letters"),
                                        likes(2, "Last Orbit"), likes(2, "Red Planet")});

  // Each modality is a pipeline. Nothing is learned yet; the wiring is checked on the line where it is written.
  const auto plot = mm::text::strip_html{} | mm::text::words{} | mm::text::stop_words{.language = "en"} | mm::text::tfidf{} |
                    mm::decomp::truncated_svd{.components = 3};
  const auto sound = mm::features::standardize{} | mm::decomp::pca{.components = 2};

  // Branches meet in a fusion policy that says what to do where one is missing, and a recommender learns on top.
  const auto spec = mm::recommender(mm::modalities(mm::modality<"plot">(plot), mm::modality<"sound">(sound)),
                                    mm::fusion::concat{.missing = mm::fusion::missing::zero}, mm::cf::profile{});

  // fit: a spec becomes a model, another type. Where it runs is an argument.
  const auto model = mm::fit(spec, mm::exec::cpu{.threads = 1}, catalogue, ratings, mm::seed{42});

  // Only a fitted model can recommend. const means that any number of threads may share it.
  std::cout << std::fixed << std::setprecision(2);
  for (const auto& [item, score] : model.recommend(mm::user_id{0}, {.k = 2})) {
    std::cout << catalogue.keys()->key(item) << ' ' << score << ':';
    for (const auto& part : model.explain(mm::user_id{0}, item).modalities) {
      std::cout << ' ' << part.name << ' ' << part.contribution;
    }
    std::cout << '\n';
  }
}
// [readme]

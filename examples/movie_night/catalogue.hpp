// catalogue.hpp - the films as an item table, and what was loaded.
#pragma once
#include <cstddef>
#include <cstdio>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <mmrec/core/random.hpp>
#include <mmrec/data/item_table.hpp>
#include <mmrec/io/movielens.hpp>

#include "console.hpp"

namespace night {

namespace mm = mmrec;

/// What a film is like: its title, genres and tags in one text.
inline std::string words_of(const mm::io::movielens& movies, std::size_t film) {
  std::string text = movies.titles[film];
  for (const std::string& genre : movies.genres[film]) text += ' ' + genre;
  return text + ' ' + movies.tags[film];
}

/// A modality that says nothing, as a control: Gaussian noise of the width of the sound.
inline auto noise_column(std::size_t films, mm::seed key) {
  mm::data::column<"noise", mm::kind::dense<float>> column;
  std::vector<float> row(100);
  for (std::size_t film = 0; film < films; ++film) {
    mm::random_stream random(key, film);
    for (float& value : row) value = static_cast<float>(random.normal());
    column.push_back(std::span<const float>(row));
  }
  return column;
}

/// All modalities as columns. Those that the folder does not have are missing for every film.
inline auto make_table(const mm::io::movielens& movies, mm::seed key) {
  mm::data::column<"words", mm::kind::text> words;
  for (std::size_t film = 0; film < movies.items->size(); ++film) words.push_back(words_of(movies, film));
  return mm::data::item_table(movies.items, std::move(words), mm::io::to_column<"plot", mm::kind::text>(movies.plots),
                              mm::io::to_column<"poster", mm::kind::image<48, 32>>(movies.posters),
                              mm::io::to_column<"sound", mm::kind::dense<float>>(movies.sound),
                              mm::io::to_column<"pictures", mm::kind::dense<float>>(movies.pictures),
                              noise_column(movies.items->size(), key.derive(1)));
}
using film_table = decltype(make_table(std::declval<const mm::io::movielens&>(), mm::seed{}));

/// A one-row table of the same shape for a film that is described by words alone.
inline film_table describe_new_film(const std::string& description) {
  mm::data::column<"words", mm::kind::text> words;
  mm::data::column<"plot", mm::kind::text> plot;
  mm::data::column<"poster", mm::kind::image<48, 32>> poster;
  mm::data::column<"sound", mm::kind::dense<float>> sound;
  mm::data::column<"pictures", mm::kind::dense<float>> pictures;
  mm::data::column<"noise", mm::kind::dense<float>> noise;
  words.push_back(description);
  plot.push_back(description);
  poster.push_missing();
  sound.push_missing();
  pictures.push_missing();
  noise.push_missing();
  return film_table(mm::data::item_map::numbered(1), words, plot, poster, sound, pictures, noise);
}

/// Prints what is there, what is missing and what will be repaired, and puts the same into the report.
inline void show_loaded(const mm::io::movielens& movies, const std::string& folder, nlohmann::json& report) {
  heading("Loaded " + folder);
  const std::size_t films = movies.items->size();
  std::printf("%zu users, %zu films, %zu ratings, %zu tags (%zu for films that are not in the catalogue)\n",
              movies.ratings.users(), films, movies.ratings.size(), movies.tag_count, movies.tags_of_unknown_items);
  report["loaded"] = {
      {"users", movies.ratings.users()}, {"films", films}, {"ratings", movies.ratings.size()}, {"tags", movies.tag_count}};
  const auto line = [&](const char* name, const std::string& what, std::size_t present, std::size_t non_finite) {
    std::printf("  %-9s %-46s %5zu films, missing for %5zu", name, what.c_str(), present, films - present);
    if (non_finite > 0) std::printf("; %zu values are not finite: clipped to their column's range", non_finite);
    std::printf("\n");
    report["loaded"]["modalities"][name] = {{"present", present}, {"missing", films - present}, {"non_finite", non_finite}};
  };
  line("words", "title, genres and tags", films, 0);
  if (!movies.plots.file.empty()) line("plot", "plot", movies.plots.present_count(), 0);
  if (!movies.posters.file.empty()) line("poster", "poster, 48 x 32 pixels", movies.posters.present_count(), 0);
  line("sound", "trailer sound, i-vectors", movies.sound.present_count(), movies.sound.non_finite);
  line("pictures", "trailer pictures, aesthetic features", movies.pictures.present_count(), movies.pictures.non_finite);
}

}  // namespace night

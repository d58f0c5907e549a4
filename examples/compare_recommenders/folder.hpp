// folder.hpp - reads a data set's folder by the names of its files.
#pragma once
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <mmrec/data/interactions.hpp>
#include <mmrec/data/split.hpp>
#include <mmrec/io/adjacency.hpp>
#include <mmrec/io/interactions.hpp>
#include <mmrec/io/mmrec_folder.hpp>
#include <mmrec/io/movielens.hpp>
#include <mmrec/io/recbole_interactions.hpp>

namespace contest {

namespace mm = mmrec;

using parts = mm::split::parts<mm::split::given>;
/// What was done, or, where the data set brings its own split, its parts.
using log_or_parts = std::variant<mm::data::interactions, parts>;

/// The name of a folder, also of one written with a slash at the end.
inline std::string name_of(const std::filesystem::path& folder) {
  return (folder.has_filename() ? folder : folder.parent_path()).filename().string();
}

/// The lists of graph recommenders: train.txt, test.txt and, mostly, valid.txt.
inline log_or_parts read_lists(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files = {folder / "train.txt", folder / "test.txt"};
  const bool validates = std::filesystem::exists(folder / "valid.txt");
  if (validates) files.push_back(folder / "valid.txt");
  std::vector<mm::io::interaction_file> read = mm::io::read_adjacency(files);
  mm::data::interactions& train = read[0].interactions;
  mm::data::interactions validation =
      validates ? std::move(read[2].interactions) : mm::data::interactions(train.user_keys(), train.item_keys(), {});
  return mm::split::given{.name = name_of(folder)}(std::move(train), std::move(validation), std::move(read[1].interactions));
}

/// NAME.inter: RecBole's, whose header gives each column a type, or that of the MMRec toolbox, which brings its split.
inline log_or_parts read_inter(const std::filesystem::path& folder, const std::filesystem::path& file) {
  std::string header;
  std::getline(std::ifstream(file), header);
  if (header.find(':') == std::string::npos) return mm::io::read_mmrec(folder).parts;
  return mm::io::read_recbole_interactions(file).interactions;
}

/// Throws std::runtime_error for a folder that holds nothing known, and what the readers throw.
inline log_or_parts read(const std::filesystem::path& folder) {
  const auto holds = [&](const char* name) { return std::filesystem::exists(folder / name); };
  if (holds("train.txt") && holds("test.txt")) return read_lists(folder);
  if (holds("u.data")) return mm::io::read_interactions(folder / "u.data", mm::io::movielens_100k_ratings()).interactions;
  if (holds("ratings.dat")) {
    return mm::io::read_interactions(folder / "ratings.dat", mm::io::movielens_1m_ratings()).interactions;
  }
  if (holds("ratings.csv")) {
    return mm::io::read_interactions(folder / "ratings.csv", mm::io::movielens_ratings()).interactions;
  }
  const std::filesystem::path inter = folder / (name_of(folder) + ".inter");
  if (std::filesystem::exists(inter)) return read_inter(folder, inter);
  throw std::runtime_error(folder.string() + ": no u.data, ratings.dat, ratings.csv, " + name_of(folder) +
                           ".inter, or train.txt and test.txt");
}

}  // namespace contest

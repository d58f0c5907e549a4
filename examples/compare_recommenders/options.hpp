// options.hpp - what the user asked for.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace contest {

struct options {
  std::filesystem::path data = {};       ///< a data set's folder; empty: the embedded one
  std::string split = "ratio";           ///< how a data set without parts of its own is cut: ratio, last, random or time
  std::vector<std::string> models = {};  ///< those to try; empty: all
  float relevant_from = 0.0f;            ///< held-out values from here on are relevant; 0: all
  std::filesystem::path markdown = {};   ///< where to write the tables; empty: nowhere
  std::uint64_t seed = 1;
  std::size_t threads = 1;
  double memory_gb = 0.0;  ///< a model that is going to need more is left out; 0: no limit

  bool wants(const std::string& model) const {
    return models.empty() || std::find(models.begin(), models.end(), model) != models.end();
  }
};

}  // namespace contest

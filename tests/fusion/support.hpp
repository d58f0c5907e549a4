// tests/fusion/support.hpp - features with every pattern of missing modalities.
#pragma once
#include <mmrec/core/random.hpp>
#include <mmrec/data/features.hpp>
#include <mmrec/fusion/feature_level.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace test {

inline const std::vector<std::string> modality_names = {"plot", "poster", "sound"};

/// Three modalities of widths 3, 1 and 2; item i has modality m exactly when bit m of i modulo 8 is set.
struct catalogue {
  std::vector<mmrec::data::dense_features> features;

  explicit catalogue(std::size_t items, bool complete = false) {
    const Eigen::Index widths[] = {3, 1, 2};
    mmrec::random_stream random(mmrec::seed{11});
    for (std::size_t m = 0; m < 3; ++m) {
      mmrec::data::dense_features f{mmrec::matrix<float>::Zero(static_cast<Eigen::Index>(items), widths[m]),
                                    mmrec::data::presence(items, 0)};
      for (std::size_t item = 0; item < items; ++item) {
        if (!complete && (item % 8 >> m & 1) == 0) continue;
        f.present[item] = 1;
        for (Eigen::Index d = 0; d < widths[m]; ++d) {
          f.values(static_cast<Eigen::Index>(item), d) = static_cast<float>(random.normal());
        }
      }
      features.push_back(f);
    }
  }

  std::vector<mmrec::fusion::modality_features> modalities() const {
    std::vector<mmrec::fusion::modality_features> list;
    for (std::size_t m = 0; m < features.size(); ++m) list.push_back({modality_names[m], &features[m]});
    return list;
  }

  std::vector<std::optional<std::span<const float>>> parts(std::size_t item) const {
    std::vector<std::optional<std::span<const float>>> list;
    for (const auto& f : features) {
      if (f.present[item] != 0) {
        list.emplace_back(mmrec::row_of<float>(f.values, static_cast<Eigen::Index>(item)));
      } else {
        list.emplace_back(std::nullopt);
      }
    }
    return list;
  }
};

}  // namespace test

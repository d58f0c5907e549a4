// mmrec/fusion/concat_model.hpp - what concat and weighted_concat learn.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/data/features.hpp>
#include <mmrec/fusion/detail/weights.hpp>
#include <mmrec/fusion/feature_level.hpp>
#include <mmrec/fusion/missing.hpp>

namespace mmrec::inline v0 {
namespace fusion {

/// Puts the weighted blocks of all modalities side by side. Made by concat and weighted_concat; see there.
class concat_model {
 public:
  template <executor Exec>
  static concat_model fit(std::string_view policy, const std::vector<float>& weights, fusion::missing on_missing,
                          const Exec& exec, std::span<const modality_features> modalities);

  std::size_t width() const { return width_; }
  std::span<const block> blocks() const { return blocks_; }
  std::span<const float> weights() const { return weights_; }
  fusion::missing missing() const { return missing_; }
  /// The row that stands in for a missing block under missing::mean, before weighting; zeros under the other policies.
  std::span<const float> mean() const { return mean_; }

  template <executor Exec>
  data::dense_features fuse(const Exec& exec, std::span<const modality_features> modalities) const;

  bool fuse_one(std::span<const std::optional<std::span<const float>>> parts, std::vector<float>& out) const;

  friend bool operator==(const concat_model&, const concat_model&) = default;

 private:
  std::string function(std::string_view member) const { return policy_ + "::" + std::string(member); }
  void require_inputs(std::string_view function, std::span<const modality_features> modalities) const;
  void require_complete(std::string_view function, std::span<const modality_features> modalities) const;
  template <executor Exec>
  void learn_mean(const Exec& exec, const data::dense_features& features, std::span<float> mean) const;
  template <class Part>
  bool fuse_row(const Part& part, std::span<float> out) const;
  void require_finite_row(std::string_view member, std::string_view item, std::span<const float> row) const;

  std::string policy_;
  std::vector<block> blocks_;
  std::vector<float> weights_;
  fusion::missing missing_ = fusion::missing::error;
  std::vector<float> mean_;
  std::size_t width_ = 0;
};

template <executor Exec>
concat_model concat_model::fit(std::string_view policy, const std::vector<float>& weights, fusion::missing on_missing,
                               const Exec& exec, std::span<const modality_features> modalities) {
  concat_model model;
  model.policy_ = policy;
  model.missing_ = on_missing;
  const std::string function = model.function("fit");
  std::vector<std::string> names;
  for (const modality_features& modality : modalities) names.emplace_back(modality.name);
  model.weights_ = detail::checked_weights(function, weights, names);
  for (std::size_t m = 0; m < names.size(); ++m) {
    model.blocks_.push_back({names[m], model.width_, modalities[m].features->width()});
    model.width_ += modalities[m].features->width();
  }
  model.require_inputs(function, modalities);
  for (std::size_t m = 0; m < names.size(); ++m) {
    const data::dense_features& features = *modalities[m].features;
    if (features.width() == 0) throw data_error(function, "modality " + detail::quoted(names[m]) + " has no features");
    if (model.weights_[m] > 0.0f && data::count_present(features.present) == 0) {
      throw data_error(
          function, "none of the " + std::to_string(features.items()) + " items has modality " + detail::quoted(names[m]));
    }
  }
  if (on_missing == fusion::missing::error) model.require_complete(function, modalities);
  model.mean_.assign(model.width_, 0.0f);
  if (on_missing == fusion::missing::mean) {
    for (std::size_t m = 0; m < names.size(); ++m) {
      const block& place = model.blocks_[m];
      if (model.weights_[m] > 0.0f) {
        model.learn_mean(exec, *modalities[m].features, std::span(model.mean_).subspan(place.offset, place.width));
      }
    }
    model.require_finite_row("fit", "mean of the items", model.mean_);
  }
  return model;
}

template <executor Exec>
data::dense_features concat_model::fuse(const Exec& exec, std::span<const modality_features> modalities) const {
  const std::string name = function("fuse");
  require_size(name, "modalities", blocks_.size(), modalities.size());
  require_inputs(name, modalities);
  if (missing_ == fusion::missing::error) require_complete(name, modalities);
  const std::size_t items = modalities.front().features->items();
  data::dense_features fused{matrix<float>(static_cast<Eigen::Index>(items), static_cast<Eigen::Index>(width_)),
                             data::presence(items, 0)};
  constexpr std::size_t grain = 256;
  for_ranges(exec, items, grain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t item = begin; item < end; ++item) {
      const auto part = [&](std::size_t m) -> const float* {
        const data::dense_features& features = *modalities[m].features;
        if (features.present[item] == 0) return nullptr;
        return features.values.data() + item * features.width();
      };
      const std::span<float> row(fused.values.data() + item * width_, width_);
      fused.present[item] = fuse_row(part, row) ? 1 : 0;
      if (!std::all_of(row.begin(), row.end(), [](float x) { return std::isfinite(x); })) {
        require_finite_row("fuse", "item " + std::to_string(item), row);
      }
    }
  });
  return fused;
}

inline bool concat_model::fuse_one(std::span<const std::optional<std::span<const float>>> parts,
                                   std::vector<float>& out) const {
  if (parts.size() != blocks_.size()) throw shape_error(function("fuse_one"), "modalities", blocks_.size(), parts.size());
  for (std::size_t m = 0; m < parts.size(); ++m) {
    if (parts[m] && parts[m]->size() != blocks_[m].width) {
      throw shape_error(function("fuse_one"), "width of modality " + detail::quoted(blocks_[m].name), blocks_[m].width,
                        parts[m]->size());
    }
    if (!parts[m] && weights_[m] > 0.0f && missing_ == fusion::missing::error) {
      throw data_error(function("fuse_one"), "the item lacks modality " + detail::quoted(blocks_[m].name) + "; " +
                                                 std::string(detail::missing_choices));
    }
  }
  out.resize(width_);
  const bool present = fuse_row([&](std::size_t m) { return parts[m] ? parts[m]->data() : nullptr; }, out);
  if (!std::all_of(out.begin(), out.end(), [](float x) { return std::isfinite(x); }))
    require_finite_row("fuse_one", "the item", out);
  return present;
}

inline void concat_model::require_inputs(std::string_view function, std::span<const modality_features> modalities) const {
  const std::size_t items = modalities.front().features->items();
  for (std::size_t m = 0; m < modalities.size(); ++m) {
    const data::dense_features& features = *modalities[m].features;
    if (modalities[m].name != blocks_[m].name) {
      throw data_error(function, "modality " + std::to_string(m) + " is " + detail::quoted(modalities[m].name) +
                                     ", but was " + detail::quoted(blocks_[m].name) + " when the model was fitted");
    }
    const std::string name = "modality " + detail::quoted(blocks_[m].name);
    require_size(function, "items of " + name, items, features.items());
    require_size(function, "rows of " + name, items, static_cast<std::size_t>(features.values.rows()));
    require_size(function, "width of " + name, blocks_[m].width, features.width());
  }
}

inline void concat_model::require_complete(std::string_view function, std::span<const modality_features> modalities) const {
  std::string lacking;
  for (std::size_t m = 0; m < modalities.size(); ++m) {
    const std::size_t items = modalities[m].features->items();
    const std::size_t absent = items - data::count_present(modalities[m].features->present);
    if (weights_[m] == 0.0f || absent == 0) continue;
    lacking += (lacking.empty() ? "" : ", ") + std::to_string(absent) + " of " + std::to_string(items) +
               " items lack modality " + detail::quoted(blocks_[m].name);
  }
  if (!lacking.empty()) throw data_error(function, lacking + "; " + std::string(detail::missing_choices));
}

/// Sums are kept for each range of items and added in the order of the ranges: the same bits for any number of threads.
template <executor Exec>
void concat_model::learn_mean(const Exec& exec, const data::dense_features& features, std::span<float> mean) const {
  constexpr std::size_t grain = 1024;
  const std::size_t items = features.items();
  const std::size_t width = features.width();
  std::vector<double> partial((items / grain + 1) * width, 0.0);
  for_ranges(exec, items, grain, [&](std::size_t begin, std::size_t end) {
    double* sum = partial.data() + begin / grain * width;
    for (std::size_t item = begin; item < end; ++item) {
      if (features.present[item] == 0) continue;
      const float* row = features.values.data() + item * width;
      for (std::size_t d = 0; d < width; ++d) sum[d] += row[d];
    }
  });
  const auto count = static_cast<double>(data::count_present(features.present));
  for (std::size_t d = 0; d < width; ++d) {
    double sum = 0.0;
    for (std::size_t start = d; start < partial.size(); start += width) sum += partial[start];
    mean[d] = static_cast<float>(sum / count);
  }
}

/// part(m) points at the numbers of modality m, or is null where the item lacks it.
template <class Part>
bool concat_model::fuse_row(const Part& part, std::span<float> out) const {
  double total = 0.0;
  double present = 0.0;
  bool complete = true;
  for (std::size_t m = 0; m < blocks_.size(); ++m) {
    const double square = static_cast<double>(weights_[m]) * static_cast<double>(weights_[m]);
    const bool has = part(m) != nullptr;
    total += square;
    if (has) present += square;
    complete = complete && (has || weights_[m] == 0.0f);
  }
  if (present == 0.0 || (missing_ == fusion::missing::drop && !complete)) {
    std::fill(out.begin(), out.end(), 0.0f);
    return false;
  }
  const double scale = missing_ == fusion::missing::renormalize && !complete ? std::sqrt(total / present) : 1.0;
  for (std::size_t m = 0; m < blocks_.size(); ++m) {
    const float* from = part(m);
    if (from == nullptr) from = mean_.data() + blocks_[m].offset;
    float* to = out.data() + blocks_[m].offset;
    const auto factor = static_cast<float>(static_cast<double>(weights_[m]) * scale);
    if (weights_[m] == 0.0f) {
      std::fill_n(to, blocks_[m].width, 0.0f);
    } else {
      for (std::size_t d = 0; d < blocks_[m].width; ++d) to[d] = factor * from[d];
    }
  }
  return true;
}

inline void concat_model::require_finite_row(std::string_view member, std::string_view item,
                                             std::span<const float> row) const {
  for (const block& place : blocks_) {
    for (std::size_t d = 0; d < place.width; ++d) {
      if (!std::isfinite(row[place.offset + d])) {
        throw data_error(function(member), std::string(item) + ", modality " + detail::quoted(place.name) + ", column " +
                                               std::to_string(d) + ": not finite, or too large once weighted");
      }
    }
  }
}

}  // namespace fusion
}  // namespace mmrec::inline v0

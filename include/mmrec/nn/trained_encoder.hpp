// mmrec/nn/trained_encoder.hpp - a network trained while its pipeline is fitted, as a stage of it.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/fixed_string.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/core/stage.hpp>
#include <mmrec/nn/batches.hpp>
#include <mmrec/nn/encoder.hpp>
#include <mmrec/nn/layers/dense.hpp>
#include <mmrec/nn/loss/bce_with_logits.hpp>
#include <mmrec/nn/loss/softmax_cross_entropy.hpp>
#include <mmrec/nn/optimizer/adam.hpp>
#include <mmrec/nn/sequential.hpp>
#include <mmrec/nn/train/interactions.hpp>
#include <mmrec/nn/train/train.hpp>

namespace mmrec::inline v0 {
namespace nn {
namespace detail {

template <class Net, class... More>
struct longer_network;
template <class First, class... Layers, class... More>
struct longer_network<sequential<First, Layers...>, More...> {
  using type = sequential<First, Layers..., More...>;
};

/// Some of the examples of a source.
template <class Source>
struct subset {
  const Source* source;
  std::span<const std::uint32_t> rows;
  std::size_t size() const { return rows.size(); }
  std::size_t length(std::size_t index) const {
    if constexpr (requires { source->length(0); }) {
      return source->length(rows[index]);
    } else {
      return 1;
    }
  }
  template <class U>
  void write(std::size_t index, U* out) const {
    source->write(rows[index], out);
  }
};

/// Trains Net with a dense layer on top, which is thrown away, on the rows that have targets.
template <class Net, std::size_t Outputs, executor Exec, class Training, class Source, class Target>
weights<Net> train_with_head(const Exec& exec, const Training& how, double validation, const Source& source,
                             std::span<const std::uint32_t> rows, std::span<const Target> targets, seed key) {
  constexpr std::string_view function = "nn::trained_encoder::fit";
  require_config(validation >= 0.0 && validation < 1.0, function, "validation", "must lie in 0..1, below 1");
  using whole = typename longer_network<Net, dense<Outputs>>::type;
  const std::size_t each = rows.empty() ? 0 : targets.size() / rows.size();
  if (rows.empty()) throw data_error(function, "no element of the batch has a target to train on");

  std::vector<std::uint32_t> order(rows.size());
  std::iota(order.begin(), order.end(), std::uint32_t{0});
  random_stream(key.derive(0)).shuffle(std::span(order));
  const auto held_out = static_cast<std::size_t>(validation * static_cast<double>(rows.size()));
  struct part {
    std::vector<std::uint32_t> rows;
    std::vector<Target> targets;
  };
  part training, holding;
  for (std::size_t i = 0; i < order.size(); ++i) {
    part& to = i < held_out ? holding : training;
    to.rows.push_back(rows[order[i]]);
    const auto first = targets.begin() + static_cast<std::ptrdiff_t>(order[i] * each);
    to.targets.insert(to.targets.end(), first, first + static_cast<std::ptrdiff_t>(each));
  }
  auto state = start_training<whole>(how, key.derive(1));
  const labelled<subset<Source>, Target> data{{&source, training.rows}, training.targets};
  const labelled<subset<Source>, Target> check{{&source, holding.rows}, holding.targets};
  train(exec, how, state, data, holding.rows.empty() ? nullptr : &check);

  // The layers of Net come first in both blocks.
  weights<Net> result;
  std::copy_n(state.current.parameters.begin(), result.parameters.size(), result.parameters.begin());
  std::copy_n(state.current.statistics.begin(), result.statistics.size(), result.statistics.begin());
  return result;
}

}  // namespace detail

/// Trains on a class for each element of the batch, given beforehand.
template <std::size_t Classes>
struct by_labels {
  std::vector<std::uint32_t> labels = {};  ///< one for each element of the batch that the stage is fitted on
  training<loss::softmax_cross_entropy, adam> how = {};
  double validation = 0.1;  ///< share of the elements held out to choose the best epoch; 0: none

  template <class Net, executor Exec, class Source, class About>
  weights<Net> train(const Exec& exec, const Source& source, seed key, const About&) const {
    require_size("nn::trained_encoder::fit", "labels", source.size(), labels.size());
    std::vector<std::uint32_t> rows(labels.size());
    std::iota(rows.begin(), rows.end(), std::uint32_t{0});
    return detail::train_with_head<Net, Classes>(exec, how, validation, source, rows, std::span<const std::uint32_t>(labels),
                                                 key);
  }
  friend bool operator==(const by_labels&, const by_labels&) = default;
};

/// Trains on a dense column of the item table, Width numbers in 0..1 an item: genres, tags, shares. Items without a value
/// are not trained on.
template <fixed_string Column, std::size_t Width>
struct by_column {
  training<loss::bce_with_logits, adam> how = {};
  double validation = 0.1;  ///< share of the elements held out to choose the best epoch; 0: none

  template <class Net, executor Exec, class Source, class About>
  weights<Net> train(const Exec& exec, const Source& source, seed key, const About& about) const {
    constexpr std::string_view function = "nn::trained_encoder::fit";
    static_assert(
        requires { about.table; }, "mmrec: nn::by_column reads the item table; fit the stage as a part of a recommender");
    static_assert(std::remove_cvref_t<decltype(about.table)>::template has<Column>(),
                  "mmrec: nn::by_column names a column that the item table does not have");
    const auto& column = about.table.template get<Column>();
    std::vector<std::uint32_t> rows;
    std::vector<float> targets;
    for (std::size_t row = 0; row < about.items.size(); ++row) {
      const auto value = column[item_id{about.items[row]}];
      if (!value) continue;
      require_size(function, "numbers of the target column", Width, value->size());
      rows.push_back(static_cast<std::uint32_t>(row));
      targets.insert(targets.end(), value->begin(), value->end());
    }
    return detail::train_with_head<Net, Width>(exec, how, validation, source, rows, std::span<const float>(targets), key);
  }
  friend bool operator==(const by_column&, const by_column&) = default;
};

/// Trains so that users' vectors, learned beside the network, score the items they touched above others (BPR on content).
struct by_interactions {
  interaction_training how = {};

  template <class Net, executor Exec, class Source, class About>
  weights<Net> train(const Exec& exec, const Source& source, seed key, const About& about) const {
    static_assert(
        requires { about.events; },
        "mmrec: nn::by_interactions learns from interactions; fit the stage as a part of a recommender");
    return train_on_interactions<Net>(exec, how, source, about.items, about.events, key);
  }
  friend bool operator==(const by_interactions&, const by_interactions&) = default;
};

/// A stage whose network is trained when the pipeline is fitted, and then does what nn::encoder does. What it is trained on
/// is the policy `Target`: by_labels<Classes>, by_column<"genres", 18> or by_interactions.
///
/// Shapes     as encoder; the network ends in features (flat<K>), the head that training needs is added and thrown away
/// Cost       that of the training
/// Result     same bits for any number of threads, from the pipeline's seed
/// Throws     what train() throws; shape_error for labels that are not as many as the elements; data_error where nothing has
///            a target
/// Example    modality<"poster">(image::resize_to<48, 32>{} | image::standardize{} |
///                nn::trained_encoder<poster_net, nn::by_interactions>{})
template <network Net, class Target>
requires detail::stage_network<Net>
struct trained_encoder {
  using input_kind = typename encoder_model<Net>::input_kind;
  using output_kind = typename encoder_model<Net>::output_kind;

  Target target{};

  template <executor Exec, class Batch, class About = unsupervised>
  encoder_model<Net> fit(const Exec& exec, const Batch& batch, seed key, const About& about = {}) const {
    using adaptor = detail::stage_input<typename Net::bound::input_shape>;
    const auto source = adaptor::source_of("nn::trained_encoder::fit", batch);
    return encoder_model<Net>(target.template train<Net>(exec, source, key, about));
  }
  friend bool operator==(const trained_encoder&, const trained_encoder&) = default;
};

}  // namespace nn
}  // namespace mmrec::inline v0

// mmrec/nn/train/interactions.hpp - trains a network of items' content on who touched what.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/progress.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/nn/batch_checks.hpp>
#include <mmrec/nn/loss/bpr.hpp>
#include <mmrec/nn/optimizer/adam.hpp>
#include <mmrec/nn/optimizer/update.hpp>
#include <mmrec/nn/sequential.hpp>
#include <mmrec/nn/touched_rows.hpp>
#include <mmrec/nn/train/examples.hpp>
#include <mmrec/nn/train/training.hpp>
#include <mmrec/nn/training_pass.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// How train_on_interactions() works.
struct interaction_training {
  adam optimizer = {};
  std::size_t epochs = 10;
  std::size_t batch_size = 64;        ///< pairs of an item that a user touched and one that he did not
  double user_regularization = 1e-4;  ///< pulls users' vectors to zero

  friend bool operator==(const interaction_training&, const interaction_training&) = default;
};

/// Trains a network of items together with a vector for each user, so that the scalar product of user and item is larger for
/// items that the user touched than for others: Bayesian personalised ranking with items given by their content, as VBPR's
/// visual part. Each pair (user, item) of the interactions is visited once an epoch, with a negative drawn at random.
///
/// Shapes     source: the items' content, row i being item items[i]; the network gives flat<K>; users' vectors: U x K
/// Cost       two forward and backward passes of the network a pair
/// Result     the network's weights; same bits for any number of threads
/// Throws     invalid_config; unknown_id for items that the interactions do not have; data_error where no interaction is with
///            an item of the source, or the weights do not stay finite; diverged
/// Reference  Rendle et al., "BPR", UAI 2009; He, McAuley, "VBPR: visual Bayesian personalized ranking", AAAI 2016
template <network Net, executor Exec, class Source>
weights<Net> train_on_interactions(const Exec& asked, const interaction_training& how, const Source& source,
                                   std::span<const std::uint32_t> items, const data::interactions& events, seed key) {
  constexpr std::string_view function = "nn::train_on_interactions";
  using input = typename Net::bound::input_shape;
  constexpr std::size_t width = Net::bound::output_shape::width;
  static_assert(example_source<Source, input, float>, "mmrec: these examples are not of the network's input shape");
  how.optimizer.validate(function);
  require_config(how.batch_size >= 1, function, "batch_size", "must be at least 1");
  require_config(how.user_regularization >= 0.0, function, "user_regularization", "must not be negative");
  require_size(function, "items of the source", source.size(), items.size());

  constexpr std::uint32_t absent = (std::numeric_limits<std::uint32_t>::max)();
  std::vector<std::uint32_t> row_of_item(events.items(), absent);
  for (std::size_t row = 0; row < items.size(); ++row) {
    if (items[row] >= events.items()) throw unknown_id(function, "item", std::to_string(items[row]), events.items());
    if (row_of_item[items[row]] != absent) {
      throw data_error(function, "item " + std::to_string(items[row]) + " has two rows of content");
    }
    row_of_item[items[row]] = static_cast<std::uint32_t>(row);
  }
  struct pair {
    std::uint32_t user, row;
  };
  std::vector<pair> pairs;
  std::vector<std::vector<std::uint32_t>> touched(events.users());  // rows, sorted
  for (std::size_t user = 0; user < events.users(); ++user) {
    for (std::size_t entry = events.starts()[user]; entry < events.starts()[user + 1]; ++entry) {
      const std::uint32_t row = row_of_item[events.item_array()[entry].index()];
      if (row == absent) continue;
      touched[user].push_back(row);
      pairs.push_back({static_cast<std::uint32_t>(user), row});
    }
    std::sort(touched[user].begin(), touched[user].end());
    // A user who touched everything has no negatives.
    if (touched[user].size() == items.size()) pairs.resize(pairs.size() - touched[user].size());
  }
  if (pairs.empty()) throw data_error(function, "no user touched some, but not all, of the items that have this content");

  const exec::session<Exec> session(asked);
  const auto& exec = session.executor();
  weights<Net> network = initialize<Net>(key.derive(0));
  kernel::aligned_vector<float> users(events.users() * width), user_gradients(users.size());
  random_stream start(key.derive(1));
  for (float& value : users) value = static_cast<float>(start.normal() * 0.1);
  optimizer_state<float> network_state(how.optimizer, Net::parameter_count), user_state(how.optimizer, users.size());
  touched_rows seen(events.users(), how.batch_size);

  const std::size_t most = (std::min)(how.batch_size, pairs.size());
  const dims<input> largest = largest_batch<input, float>(source, 2 * most);
  training_pass<Net> pass(largest, exec.concurrency());
  batch_buffer<input, float> buffer(largest);
  std::vector<std::uint32_t> rows(2 * most);
  kernel::aligned_vector<float> scores(2 * most), score_gradients(2 * most), output_gradients(2 * most * width);
  const std::size_t batches = (pairs.size() + how.batch_size - 1) / how.batch_size;

  for (std::size_t epoch = 0; epoch < how.epochs; ++epoch) {
    random_stream(key.derive(2), epoch).shuffle(std::span(pairs));
    for (std::size_t batch = 0; batch < batches; ++batch) {
      const std::size_t number = epoch * batches + batch;
      report_progress(exec.sink(), function, number, how.epochs * batches);
      const std::size_t first = batch * how.batch_size;
      const std::size_t count = (std::min)(how.batch_size, pairs.size() - first);
      random_stream negatives(key.derive(3), number);
      for (std::size_t i = 0; i < count; ++i) {
        const auto& own = touched[pairs[first + i].user];
        std::uint32_t other = 0;
        do {
          other = negatives.below(static_cast<std::uint32_t>(items.size()));
        } while (std::binary_search(own.begin(), own.end(), other));
        rows[2 * i] = pairs[first + i].row;
        rows[2 * i + 1] = other;
      }
      buffer.fill(exec, source, std::span(rows).first(2 * count), nullptr);
      const auto view = buffer.view();
      detail::require_valid_batch(function, view);
      const seed passing = key.derive(4).derive(number);
      const auto vectors = pass.forward(exec, network, view, passing);
      for (std::size_t i = 0; i < 2 * count; ++i) {
        const float* const user = users.data() + pairs[first + i / 2].user * width;
        float sum = 0.0f;
        for (std::size_t k = 0; k < width; ++k) sum += user[k] * vectors[i * width + k];
        scores[i] = sum;
      }
      const double loss = loss::bpr{}.value_and_gradient(scores.data(), static_cast<const float*>(nullptr), count, 2,
                                                         score_gradients.data());
      if (!std::isfinite(loss)) throw diverged(function, epoch, loss);
      for (std::size_t i = 0; i < 2 * count; ++i) {
        const std::uint32_t who = pairs[first + i / 2].user;
        const float* const user = users.data() + who * width;
        float* const user_gradient = user_gradients.data() + who * width;
        seen.add(who);
        for (std::size_t k = 0; k < width; ++k) {
          output_gradients[i * width + k] = score_gradients[i] * user[k];
          user_gradient[k] += score_gradients[i] * vectors[i * width + k];
        }
      }
      pass.clear_gradients();
      pass.backward(exec, network, view, {output_gradients.data(), 2 * count * width}, passing);
      detail::update_weights(exec, how.optimizer, network_state, network, pass, 1.0);

      const auto moved = seen.sorted();
      const float pull = static_cast<float>(how.user_regularization);
      for (const std::uint32_t who : moved) {
        for (std::size_t k = 0; k < width; ++k) user_gradients[who * width + k] += pull * users[who * width + k];
      }
      user_state.advance();
      update_rows(exec, how.optimizer, user_state, users.data(), user_gradients.data(), 0, width, moved);
      for (const std::uint32_t who : moved) std::fill_n(user_gradients.data() + who * width, width, 0.0f);
      seen.clear();
    }
  }
  detail::require_finite<float>(function, "the trained parameters", network.parameters);
  detail::require_finite<float>(function, "the trained statistics", network.statistics);
  return network;
}

}  // namespace nn
}  // namespace mmrec::inline v0

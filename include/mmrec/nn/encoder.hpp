// mmrec/nn/encoder.hpp - a trained network as a stage of a pipeline.
#pragma once
#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/nn/batches.hpp>
#include <mmrec/nn/frozen.hpp>
#include <mmrec/nn/sequential.hpp>
#include <mmrec/nn/train/train.hpp>
#include <mmrec/nn/weights.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// A network with fixed weights as the model of a stage; copies share the weights.
template <network Net>
requires detail::stage_network<Net>
class encoder_model {
  using adaptor = detail::stage_input<typename Net::bound::input_shape>;

 public:
  using input_kind = typename adaptor::kind_type;
  static constexpr std::size_t width = Net::bound::output_shape::width;
  using output_kind = kind::dense<float, static_cast<int>(width)>;

  struct workspace {
    std::vector<float> input;
    typename frozen<Net>::workspace network;
  };

  explicit encoder_model(const weights<Net>& trained) : network_(std::make_shared<const frozen<Net>>(trained)) {}

  std::size_t features() const { return width; }
  const frozen<Net>& network() const { return *network_; }

  template <executor Exec, class Batch>
  matrix<float> transform(const Exec& asked, const Batch& batch) const {
    const exec::session<Exec> session(asked);
    const auto source = adaptor::source_of("nn::encoder::transform", batch);
    matrix<float> result(static_cast<Eigen::Index>(source.size()), static_cast<Eigen::Index>(width));
    constexpr std::size_t batch_size = 64;
    for_each_output(session.executor(), *network_, source, batch_size,
                    [&](std::size_t first, std::span<const float> outputs) {
                      std::copy(outputs.begin(), outputs.end(), result.data() + first * width);
                    });
    return result;
  }
  /// One element on the calling thread; the same numbers, and no allocation once the workspace is warm.
  template <class Element>
  void transform_one(const Element& in, std::vector<float>& out, workspace& scratch) const {
    const auto view = adaptor::view_one("nn::encoder::transform_one", in, scratch.input);
    const auto outputs = (*network_)(exec::cpu{}, view, scratch.network);
    out.assign(outputs.begin(), outputs.end());
  }

  friend bool operator==(const encoder_model& a, const encoder_model& b) { return *a.network_ == *b.network_; }

 private:
  std::shared_ptr<const frozen<Net>> network_;
};

/// A stage that computes a network with weights from elsewhere: loaded from a file, or trained before.
///
/// Shapes     flat<D> takes dense features, chw<C, H, W> dense planes (C x H x W, as image::standardize gives), sequence<D>
///            sequences, ids what text::token_ids gives; out: N x K, the network's flat<K>
/// Cost       one forward pass an element, folded and packed (see frozen); fit packs the weights once
/// Result     same bits for any number of threads; one element gives what it gives in a batch
/// Throws     fit: invalid_config without weights, data_error for weights that are not finite; transform: shape_error and
///            data_error for elements of another size, or not finite
/// Avoid when there are labels or interactions to train on: trained_encoder
/// Example    image::resize_to<48, 32>{} | image::standardize{} | nn::encoder<poster_net>{.weights = loaded}
template <network Net>
requires detail::stage_network<Net>
struct encoder {
  using input_kind = typename encoder_model<Net>::input_kind;
  using output_kind = typename encoder_model<Net>::output_kind;

  std::shared_ptr<const nn::weights<Net>> weights = nullptr;  ///< shared by the copies of the spec

  template <executor Exec, class Batch>
  encoder_model<Net> fit(const Exec&, const Batch&) const {
    require_config(weights != nullptr, "nn::encoder::fit", "weights", "are missing: load or train them first");
    return encoder_model<Net>(*weights);
  }
  friend bool operator==(const encoder& a, const encoder& b) {
    return a.weights == b.weights || (a.weights != nullptr && b.weights != nullptr && *a.weights == *b.weights);
  }
};

}  // namespace nn
}  // namespace mmrec::inline v0

// mmrec/nn/model/multimodal.hpp - networks of text, picture and sound.
#pragma once
#include <cstddef>

#include <mmrec/nn/branches.hpp>
#include <mmrec/nn/layers/batch_norm.hpp>
#include <mmrec/nn/layers/concat.hpp>
#include <mmrec/nn/layers/conv1d.hpp>
#include <mmrec/nn/layers/conv2d.hpp>
#include <mmrec/nn/layers/dense.hpp>
#include <mmrec/nn/layers/global_pool.hpp>
#include <mmrec/nn/layers/lstm.hpp>
#include <mmrec/nn/layers/max_pool.hpp>
#include <mmrec/nn/layers/relu.hpp>
#include <mmrec/nn/model/text_cnn.hpp>
#include <mmrec/nn/model/text_lstm.hpp>
#include <mmrec/nn/named.hpp>
#include <mmrec/nn/sequential.hpp>
#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// A small encoder of pictures: three convolutions of width 3 on Width, 2 Width and 4 Width channels, each normalised and
/// halved, and the average over the pixels.
///
/// Shapes     Input -> 4 Width
template <shape Input = chw<3, 48, 48>, std::size_t Width = 16>
using image_cnn_features =
    sequential<Input, named<"conv1", conv2d<Width, 3, conv{.bias = false}>>, named<"bn1", batch_norm>, relu, max_pool<2>,
               named<"conv2", conv2d<2 * Width, 3, conv{.bias = false}>>, named<"bn2", batch_norm>, relu, max_pool<2>,
               named<"conv3", conv2d<4 * Width, 3, conv{.bias = false}>>, named<"bn3", batch_norm>, relu, global_avg_pool>;

/// An LSTM over the frames of a spectrogram, Features numbers each.
///
/// Shapes     T x Features -> Hidden
template <std::size_t Features, std::size_t Hidden>
using audio_lstm_features = sequential<sequence<Features>, named<"lstm", lstm<Hidden>>>;

/// Two convolutions along the frames of a spectrogram and the largest answer of each filter.
///
/// Shapes     T x Features -> 2 Filters; of fewer than 2 frames, zeros
template <std::size_t Features, std::size_t Filters>
using audio_cnn_features =
    sequential<sequence<Features>, named<"conv1", conv1d<Filters, 5, conv{.bias = false}>>, named<"bn1", batch_norm>, relu,
               max_pool<2>, named<"conv2", conv1d<2 * Filters, 3, conv{.bias = false}>>, named<"bn2", batch_norm>, relu,
               global_max_pool>;

/// An encoder for each of text, picture and sound, a join, and one dense layer: Y = f(theta [X_text, X_image, X_audio]).
/// The network gives logits: train with loss::bce_with_logits, and read probabilities as sigmoid(logit). Inputs are called
/// "text", "image" and "audio"; names of tensors begin with that, and with "fc." in the dense layer.
///
///   nn::multimodal<nn::text_lstm_features<5000, 64, 64>, nn::resnet50_features<>, nn::audio_lstm_features<40, 64>>
///
/// Shapes     Text, Image and Audio each give features (flat<K>); Join makes them one: concat, sum, product, gated_sum
template <network Text, network Image, network Audio, class Join = concat, std::size_t Outputs = 1>
using multimodal =
    sequential<named<"", branches<Join, branch<"text", Text>, branch<"image", Image>, branch<"audio", Audio>>>,
               named<"fc", dense<Outputs>>>;

/// Sizes of mmn and mm_cnn.
struct multimodal_config {
  std::size_t vocabulary = 10000;       ///< token ids of the text
  std::size_t embedding = 64;           ///< numbers of a token's vector
  std::size_t text = 64;                ///< hidden units, or filters of each width
  std::size_t height = 48, width = 48;  ///< of the picture, in three colours
  std::size_t image = 16;               ///< channels of the first convolution
  std::size_t bands = 40;               ///< of the spectrogram
  std::size_t audio = 64;               ///< hidden units, or filters of the first convolution
  std::size_t outputs = 1;

  friend constexpr bool operator==(const multimodal_config&, const multimodal_config&) = default;
};

/// The multimodal neural network: an LSTM over the tokens, a CNN on the picture, an LSTM over the frames, side by side into
/// one dense layer.
///
///   nn::mmn<>
///   nn::mmn<nn::multimodal_config{.vocabulary = 5000, .image = 32}>
///
/// Shapes     text: T ids, image: 3 x height x width, audio: T x bands -> outputs (logits)
/// Cost       a text of 32 tokens, a picture of 48 x 48 and 100 frames, with the default sizes: 8.7 million multiplications
/// Result     as sequential
template <multimodal_config Config = multimodal_config{}>
using mmn = multimodal<text_lstm_features<Config.vocabulary, Config.embedding, Config.text>,
                       image_cnn_features<chw<3, Config.height, Config.width>, Config.image>,
                       audio_lstm_features<Config.bands, Config.audio>, concat, Config.outputs>;

/// The same with convolutions for each: text_cnn's over the tokens, along the frames of the spectrogram.
///
/// Shapes     as mmn
/// Cost       for the same inputs 10 million multiplications
/// Result     as sequential
template <multimodal_config Config = multimodal_config{}>
using mm_cnn = multimodal<text_cnn_features<Config.vocabulary, Config.embedding, Config.text>,
                          image_cnn_features<chw<3, Config.height, Config.width>, Config.image>,
                          audio_cnn_features<Config.bands, Config.audio>, concat, Config.outputs>;

}  // namespace nn
}  // namespace mmrec::inline v0

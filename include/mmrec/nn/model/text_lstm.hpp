// mmrec/nn/model/text_lstm.hpp - a recurrent network for texts.
#pragma once
#include <cstddef>

#include <mmrec/nn/layers/dense.hpp>
#include <mmrec/nn/layers/embedding.hpp>
#include <mmrec/nn/layers/lstm.hpp>
#include <mmrec/nn/layers/recurrent.hpp>
#include <mmrec/nn/named.hpp>
#include <mmrec/nn/sequential.hpp>
#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// Vectors of tokens, an LSTM over them, a dense layer on what it ends in. Names: embedding, lstm, fc.
///
///   nn::text_lstm<5000, 64, 128, 10>                                          ten classes of titles
///   nn::text_lstm<5000, 64, 128, 10, nn::recurrent{.bidirectional = true}>    read from both sides
///   nn::text_lstm_features<5000, 64, 128>                                     as an encoder: 128 features
///
/// Shapes     T ids -> Classes (logits); the features Hidden, twice that with two directions
/// Cost       4 Hidden (D + Hidden) multiplications a token
/// Result     as sequential
/// Throws     data_error from the network's entry for an id outside 0..Vocabulary-1
/// PyTorch    nn.Embedding, nn.LSTM, nn.Linear on the last state
template <std::size_t Vocabulary, std::size_t D, std::size_t Hidden, std::size_t Classes, recurrent Options = recurrent{}>
using text_lstm = sequential<ids, named<"embedding", embedding<Vocabulary, D>>, named<"lstm", lstm<Hidden, Options>>,
                             named<"fc", dense<Classes>>>;
/// The same without the last layer.
template <std::size_t Vocabulary, std::size_t D, std::size_t Hidden, recurrent Options = recurrent{}>
using text_lstm_features =
    sequential<ids, named<"embedding", embedding<Vocabulary, D>>, named<"lstm", lstm<Hidden, Options>>>;

}  // namespace nn
}  // namespace mmrec::inline v0

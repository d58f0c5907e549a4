// mmrec/nn/model/text_cnn.hpp - a convolutional network for texts.
#pragma once
#include <cstddef>

#include <mmrec/nn/chain.hpp>
#include <mmrec/nn/layers/conv1d.hpp>
#include <mmrec/nn/layers/dense.hpp>
#include <mmrec/nn/layers/dropout.hpp>
#include <mmrec/nn/layers/embedding.hpp>
#include <mmrec/nn/layers/global_pool.hpp>
#include <mmrec/nn/layers/relu.hpp>
#include <mmrec/nn/named.hpp>
#include <mmrec/nn/parallel.hpp>
#include <mmrec/nn/sequential.hpp>
#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn {
namespace detail {

/// Filters that look at Width tokens in a row, and the best match of each in the text. The maximum comes first: relu does not
/// change which number is the largest.
template <std::size_t Filters, std::size_t Width>
using text_filters = chain<named<"", conv1d<Filters, Width, conv{.padding = 0}>>, global_max_pool, relu>;

template <std::size_t Vocabulary, std::size_t D, std::size_t Filters, class... Head>
using text_cnn_of =
    sequential<ids, named<"embedding", embedding<Vocabulary, D>>,
               named<"convs", parallel<text_filters<Filters, 3>, text_filters<Filters, 4>, text_filters<Filters, 5>>>,
               Head...>;

}  // namespace detail

/// Vectors of tokens, Filters filters each of 3, 4 and 5 tokens, the largest answer of each filter, dropout of a half, a
/// dense layer. Names: embedding, convs.0, convs.1, convs.2, fc.
///
///   nn::text_cnn<5000, 64, 64, 10>                  ten classes of titles
///   nn::text_cnn_features<5000, 64, 64>             as an encoder: 192 features
///
/// Shapes     T ids -> Classes (logits); the features 3 Filters. Filters wider than a text answer 0
/// Cost       12 D Filters multiplications a token
/// Result     as sequential
/// Throws     data_error from the network's entry for an id outside 0..Vocabulary-1
/// Reference  Kim, "Convolutional neural networks for sentence classification", EMNLP 2014
template <std::size_t Vocabulary, std::size_t D, std::size_t Filters, std::size_t Classes>
using text_cnn = detail::text_cnn_of<Vocabulary, D, Filters, dropout<50>, named<"fc", dense<Classes>>>;
/// The same without dropout and the last layer.
template <std::size_t Vocabulary, std::size_t D, std::size_t Filters>
using text_cnn_features = detail::text_cnn_of<Vocabulary, D, Filters>;

}  // namespace nn
}  // namespace mmrec::inline v0

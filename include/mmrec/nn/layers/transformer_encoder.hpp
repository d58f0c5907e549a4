// mmrec/nn/layers/transformer_encoder.hpp - one layer of a transformer's encoder.
#pragma once
#include <cstddef>
#include <type_traits>

#include <mmrec/nn/chain.hpp>
#include <mmrec/nn/layers/dense.hpp>
#include <mmrec/nn/layers/dropout.hpp>
#include <mmrec/nn/layers/layer_norm.hpp>
#include <mmrec/nn/layers/multi_head_attention.hpp>
#include <mmrec/nn/layers/relu.hpp>
#include <mmrec/nn/named.hpp>
#include <mmrec/nn/residual.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// Where a transformer's layers normalise: the sum of shortcut and sublayer, or what goes into the sublayer.
enum class norm_position { post, pre };

namespace detail {

/// Layers one after another, with dropout at the end if any is asked for.
template <unsigned Percent, class... Layers>
using chain_with_dropout =
    std::conditional_t<Percent == 0, chain<Layers...>, chain<Layers..., named<"dropout", dropout<Percent>>>>;

template <std::size_t D, std::size_t Heads, std::size_t FeedForward, class Activation, norm_position Norm, unsigned Percent>
struct transformer_layers {
  using attend = named<"self_attn", multi_head_attention<Heads>>;
  using widen = chain_with_dropout<Percent, named<"linear1", dense<FeedForward>>, Activation>;
  using narrow = named<"linear2", dense<D>>;
  using first = named<"norm1", layer_norm>;
  using second = named<"norm2", layer_norm>;
  template <class... Layers>
  using beside = named<"", residual<chain_with_dropout<Percent, Layers...>>>;
  using type =
      std::conditional_t<Norm == norm_position::post, chain<beside<attend>, first, beside<named<"", widen>, narrow>, second>,
                         chain<beside<first, attend>, beside<second, named<"", widen>, narrow>>>;
};

}  // namespace detail

/// Self-attention and a network of two dense layers for each step, each beside a shortcut and with a layer_norm.
///
///   transformer_encoder<8, 1024>                                    relu, normalised after each sum
///   transformer_encoder<8, 1024, gelu, norm_position::pre, 10>      gelu, normalised before, a tenth dropped in training
///
/// Shapes     keeps T x D, Heads divides D; inside, T x FeedForward
/// Cost       4 D^2 + 2 T D + 2 D FeedForward multiplications a step
/// Result     an example depends on itself alone; same bits for any number of threads
/// PyTorch    nn.TransformerEncoderLayer(D, Heads, FeedForward, batch_first=True), with its names of tensors; dropout
///            falls on the attention's result, not on its weights, and is 0 unless asked for
/// Reference  Vaswani et al., "Attention is all you need", NeurIPS 2017; Xiong et al., "On layer normalization in the
///            transformer architecture", ICML 2020, for norm_position::pre
template <std::size_t Heads, std::size_t FeedForward, class Activation = relu, norm_position Norm = norm_position::post,
          unsigned DropoutPercent = 0>
struct transformer_encoder {
  template <class In>
  struct on;
  template <std::size_t D>
  struct on<sequence<D>>
      : detail::transformer_layers<D, Heads, FeedForward, Activation, Norm, DropoutPercent>::type::template on<sequence<D>> {
  };
};

}  // namespace nn
}  // namespace mmrec::inline v0

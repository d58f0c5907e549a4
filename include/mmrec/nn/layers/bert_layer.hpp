// mmrec/nn/layers/bert_layer.hpp - one layer of BERT.
#pragma once
#include <cstddef>
#include <ratio>

#include <mmrec/nn/chain.hpp>
#include <mmrec/nn/layers/dense.hpp>
#include <mmrec/nn/layers/gelu.hpp>
#include <mmrec/nn/layers/layer_norm.hpp>
#include <mmrec/nn/layers/self_attention.hpp>
#include <mmrec/nn/layers/transformer_encoder.hpp>
#include <mmrec/nn/named.hpp>
#include <mmrec/nn/residual.hpp>

namespace mmrec::inline v0 {
namespace nn {
namespace detail {
template <std::size_t D, std::size_t Heads, std::size_t FeedForward, unsigned Percent>
struct bert_layers {
  using norm = basic_layer_norm<std::pico>;
  using attend = chain_with_dropout<Percent, named<"attention.self", self_attention<Heads, projection_names::bert>>,
                                    named<"attention.output.dense", dense<D>>>;
  using feed =
      chain_with_dropout<Percent, named<"intermediate.dense", dense<FeedForward>>, gelu, named<"output.dense", dense<D>>>;
  using type = chain<named<"", residual<attend>>, named<"attention.output.LayerNorm", norm>, named<"", residual<feed>>,
                     named<"output.LayerNorm", norm>>;
};
}  // namespace detail

/// A transformer's encoder layer with gelu, normalised after each sum with 1e-12, under the names of BERT's files:
/// attention.self.query.weight, attention.output.LayerNorm.bias, intermediate.dense.weight, ...
///
/// Shapes     keeps T x D, Heads divides D; inside, T x FeedForward
/// Cost       4 D^2 + 2 T D + 2 D FeedForward multiplications a step
/// Result     an example depends on itself alone; same bits for any number of threads
/// Reference  Devlin, Chang, Lee, Toutanova, "BERT", NAACL 2019
template <std::size_t Heads, std::size_t FeedForward, unsigned DropoutPercent = 0>
struct bert_layer {
  template <class In>
  struct on;
  template <std::size_t D>
  struct on<sequence<D>> : detail::bert_layers<D, Heads, FeedForward, DropoutPercent>::type::template on<sequence<D>> {};
};

}  // namespace nn
}  // namespace mmrec::inline v0

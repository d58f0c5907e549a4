// mmrec/nn/layers/multi_head_attention.hpp - attention of a sequence on itself, with a projection of the heads' results.
#pragma once
#include <cstddef>

#include <mmrec/nn/chain.hpp>
#include <mmrec/nn/layers/dense.hpp>
#include <mmrec/nn/layers/self_attention.hpp>
#include <mmrec/nn/named.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// nn::self_attention and a dense layer after it.
///
/// Shapes     keeps T x D, Heads divides D; in_proj_weight D x 3 D, in_proj_bias, out_proj.weight D x D, out_proj.bias
/// Cost       4 D^2 + 2 T D multiplications a step
/// Result     an example depends on itself alone; same bits for any number of threads
/// PyTorch    nn.MultiheadAttention(D, Heads, batch_first=True) of x, x, x with a padding mask
/// Reference  Vaswani et al., "Attention is all you need", NeurIPS 2017
template <std::size_t Heads>
struct multi_head_attention {
  template <class In>
  struct on;
  template <std::size_t D>
  struct on<sequence<D>> : chain<named<"", self_attention<Heads>>, named<"out_proj", dense<D>>>::template on<sequence<D>> {};
};

}  // namespace nn
}  // namespace mmrec::inline v0

// mmrec/nn/layers/mean_pool.hpp - the mean of a sequence's steps.
#pragma once
#include <mmrec/nn/layers/global_pool.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// The mean of the steps within an example's length, as sentence encoders take of BERT's last layer: nn::global_avg_pool by
/// the name it has there.
///
/// Shapes     T x D -> D; zeros for length 0
/// Reference  Reimers, Gurevych, "Sentence-BERT", EMNLP 2019
using mean_pool = global_avg_pool;

}  // namespace nn
}  // namespace mmrec::inline v0

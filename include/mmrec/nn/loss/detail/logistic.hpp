// mmrec/nn/loss/detail/logistic.hpp - the logistic function and its logarithm, safe for every logit.
#pragma once
#include <cmath>

namespace mmrec::inline v0 {
namespace nn::loss::detail {

/// sigmoid(x), sigmoid(-x), log(1 + exp(x)) and log(1 + exp(-x)), each to a few ulps: none is formed by a cancelling difference.
template <class T>
struct logistic {
  T sigmoid, other_sigmoid, softplus, other_softplus;

  explicit logistic(T x) {
    const T decay = std::exp(-std::abs(x));  // in [0, 1]: no overflow
    const T low = decay / (T(1) + decay);
    const T high = T(1) / (T(1) + decay);
    const T rest = std::log1p(decay);
    const bool negative = x < T(0);
    sigmoid = negative ? low : high;
    other_sigmoid = negative ? high : low;
    softplus = negative ? rest : x + rest;
    other_softplus = negative ? rest - x : rest;
  }
};

}  // namespace nn::loss::detail
}  // namespace mmrec::inline v0

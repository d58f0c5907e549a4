// mmrec/nn/cuda/detail/update_rules.cuh - the rules of optimisers, as device code.
#pragma once
#include <mmrec/exec/cuda/launch.cuh>
#include <mmrec/nn/optimizer/adagrad.hpp>
#include <mmrec/nn/optimizer/adam.hpp>
#include <mmrec/nn/optimizer/rmsprop.hpp>
#include <mmrec/nn/optimizer/sgd.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace detail {

// What the members remember_first, remember_second and move of each rule do, which are the host's. A rule of one's own joins
// in with functions of these names in its own namespace.

template <class T>
__device__ __forceinline__ T update_move(const nn::detail::sgd_rule<T>& rule, T p, T g, T, T) {
  return p - rule.rate * (g + rule.weight_decay * p);
}

template <class T, bool LooksAhead>
__device__ __forceinline__ T update_first(const nn::detail::momentum_rule<T, LooksAhead>& rule, T p, T g, T velocity) {
  return rule.decay * velocity + (g + rule.weight_decay * p);
}
template <class T, bool LooksAhead>
__device__ __forceinline__ T update_move(const nn::detail::momentum_rule<T, LooksAhead>& rule, T p, T g, T velocity, T) {
  if constexpr (LooksAhead) {
    return p - rule.rate * ((g + rule.weight_decay * p) + rule.decay * velocity);
  } else {
    return p - rule.rate * velocity;
  }
}

template <class T>
__device__ __forceinline__ T update_first(const nn::detail::adam_rule<T>& rule, T p, T g, T mean) {
  return mean + rule.rest1 * ((g + rule.penalty * p) - mean);
}
template <class T>
__device__ __forceinline__ T update_second(const nn::detail::adam_rule<T>& rule, T p, T g, T square) {
  const T gradient = g + rule.penalty * p;
  return rule.beta2 * square + rule.rest2 * (gradient * gradient);
}
template <class T>
__device__ __forceinline__ T update_move(const nn::detail::adam_rule<T>& rule, T p, T, T mean, T root) {
  return rule.shrink * p - rule.rate * (mean / (rule.unbias * root + rule.epsilon));
}

template <class T>
__device__ __forceinline__ T update_first(const nn::detail::adagrad_rule<T>& rule, T p, T g, T sum) {
  const T gradient = g + rule.weight_decay * p;
  return sum + gradient * gradient;
}
template <class T>
__device__ __forceinline__ T update_move(const nn::detail::adagrad_rule<T>& rule, T p, T g, T, T root) {
  return p - rule.rate * ((g + rule.weight_decay * p) / (root + rule.epsilon));
}

template <class T>
__device__ __forceinline__ T update_first(const nn::detail::rmsprop_rule<T>& rule, T p, T g, T average) {
  const T gradient = g + rule.weight_decay * p;
  return rule.decay * average + rule.rest * (gradient * gradient);
}
template <class T>
__device__ __forceinline__ T update_move(const nn::detail::rmsprop_rule<T>& rule, T p, T g, T, T root) {
  return p - rule.rate * ((g + rule.weight_decay * p) / (root + rule.epsilon));
}

__device__ __forceinline__ float update_root(float x) { return sqrtf(x); }
__device__ __forceinline__ double update_root(double x) { return sqrt(x); }

/// The whole of a step for one parameter.
template <class T, class Rule>
__device__ __forceinline__ void update_one(const Rule& rule, T& p, T g, T& first, T& second) {
  T root = T(0);
  if constexpr (Rule::slot_count >= 1) first = update_first(rule, p, g, first);
  if constexpr (Rule::slot_count >= 2) second = update_second(rule, p, g, second);
  if constexpr (Rule::has_root) root = update_root(Rule::slot_count >= 2 ? second : first);
  p = update_move(rule, p, g, first, root);
}

}  // namespace detail
}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0

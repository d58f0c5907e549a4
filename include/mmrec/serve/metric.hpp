// mmrec/serve/metric.hpp - what makes two vectors alike.
#pragma once
#include <cmath>
#include <cstddef>
#include <span>

#include <mmrec/core/recommender.hpp>

namespace mmrec::inline v0 {
namespace serve {

enum class metric {
  inner_product,  ///< sum of products: what factor models score by
  cosine          ///< the same of vectors scaled to length 1; a vector of length 0 is like nothing and never listed
};

namespace detail {

/// Writes a vector as an index holds it or is asked with it.
inline void write_vector(std::span<const float> from, metric how, float* to) {
  double squares = 0.0;
  if (how == metric::cosine) {
    for (const float value : from) squares += double{value} * double{value};
  }
  const double length = std::sqrt(squares);
  for (std::size_t factor = 0; factor < from.size(); ++factor) {
    // 0 / 0 and infinity / infinity are NaN, which is no score.
    to[factor] = how == metric::cosine ? static_cast<float>(double{from[factor]} / length) : from[factor];
  }
}

}  // namespace detail
}  // namespace serve
}  // namespace mmrec::inline v0

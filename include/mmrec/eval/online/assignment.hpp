// mmrec/eval/online/assignment.hpp - which users see which variant of an A/B test, without a table of who saw what.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/random.hpp>

namespace mmrec::inline v0 {
namespace eval::online {

/// 64 bits of a text and a key: FNV-1a over the bytes, started from the mixed key, and two rounds of splitmix64's finaliser
/// with the key between them. Each bit of the result flips with probability 1/2 when a bit of text or key does (tested). Not
/// a secret: who knows the key can find texts that collide.
inline std::uint64_t keyed_hash(seed key, std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL ^ key.derive(0).value;
  for (const char character : text) hash = (hash ^ static_cast<unsigned char>(character)) * 1099511628211ULL;
  return seed{seed{hash}.derive(text.size()).value ^ key.value}.derive(1).value;
}

/// Assigns units (users, sessions, devices) to variants by their external keys.
///
/// Rule       the hash of a key under (key, name) divides [0, 1) evenly; variant v owns a stretch of it as long as its share,
///            in the order of the shares
/// Result     a function of name, key, shares and the unit's key alone: the same in every process, on every machine. Tests of
///            different names are independent. If the first of two shares grows, nobody leaves the first variant
/// Cost       O(length of the key); no memory, no allocation
/// Throws     invalid_config on construction unless there are shares, all positive and finite
/// Avoid when assignments have to be hidden from the users (see keyed_hash)
/// Example    const eval::online::experiment test("new ranker", {0.9, 0.1});
///            if (test.variant(session.user_key) == 1) ...
/// Reference  Kohavi, Longbotham, Sommerfield, Henne, "Controlled experiments on the web: survey and practical guide", Data
///            Mining and Knowledge Discovery 18, 2009 (section 4.1.2)
class experiment {
 public:
  explicit experiment(std::string_view name, std::vector<double> shares = {0.5, 0.5}, seed key = seed{42})
      : key_{keyed_hash(key, name)} {
    constexpr std::string_view function = "eval::online::experiment";
    require_config(!shares.empty(), function, "shares", "must not be empty");
    double total = 0.0;
    for (const double share : shares) {
      require_config(share > 0.0 && std::isfinite(share), function, "shares", "must be positive and finite");
      total += share;
    }
    double sum = 0.0;
    for (const double share : shares) {
      sum += share;
      ends_.push_back(sum / total);
    }
  }

  std::size_t variants() const { return ends_.size(); }

  /// 0..variants() - 1.
  std::size_t variant(std::string_view unit_key) const {
    const double place = static_cast<double>(keyed_hash(key_, unit_key) >> 11) * 0x1.0p-53;
    std::size_t found = 0;
    while (found + 1 < ends_.size() && place >= ends_[found]) ++found;
    return found;
  }

 private:
  seed key_;
  std::vector<double> ends_;
};

namespace detail {
/// The upper tail of the chi-squared distribution: the regularised gamma function Q(freedom / 2, x / 2), by its series
/// where that converges fast and by Lentz's continued fraction elsewhere.
inline double chi_squared_tail(double x, std::size_t freedom) {
  if (x <= 0.0) return 1.0;
  const double a = 0.5 * static_cast<double>(freedom), y = 0.5 * x;
  const double factor = std::exp(a * std::log(y) - y - std::lgamma(a));
  if (y < a + 1.0) {
    double term = 1.0 / a, sum = term;
    for (double n = a + 1.0; term > sum * 1e-17; n += 1.0) {
      term *= y / n;
      sum += term;
    }
    return 1.0 - factor * sum;
  }
  double b = y + 1.0 - a, c = 1e300, d = 1.0 / b, fraction = d;
  for (int n = 1; n < 100'000; ++n) {
    const double above = -static_cast<double>(n) * (static_cast<double>(n) - a);
    b += 2.0;
    d = 1.0 / (above * d + b);
    c = b + above / c;
    fraction *= c * d;
    if (std::abs(c * d - 1.0) < 1e-16) break;
  }
  return factor * fraction;
}
}  // namespace detail

/// The p value of Pearson's chi-squared test that units were assigned by the shares. A tiny one (below 0.001) says that an
/// experiment loses or moves units and must not be read at all.
///
/// Throws     shape_error if the lengths differ; invalid_config for less than two variants or a share that is not positive;
///            data_error without units
/// Example    eval::online::sample_ratio_p(units_of_each_variant, shares) < 0.001
/// Reference  Fabijan et al., "Diagnosing sample ratio mismatch in online controlled experiments", KDD 2019
inline double sample_ratio_p(std::span<const std::uint64_t> units, std::span<const double> shares) {
  constexpr std::string_view function = "eval::online::sample_ratio_p";
  require_size(function, "shares", units.size(), shares.size());
  require_config(units.size() >= 2, function, "variants", "must be at least 2");
  for (const double share : shares)
    require_config(share > 0.0 && std::isfinite(share), function, "shares", "must be positive and finite");
  const auto all = static_cast<double>(std::accumulate(units.begin(), units.end(), std::uint64_t{0}));
  if (all == 0.0) throw data_error(function, "there are no units");
  const double total = std::accumulate(shares.begin(), shares.end(), 0.0);
  double statistic = 0.0;
  for (std::size_t variant = 0; variant < units.size(); ++variant) {
    const double expected = all * shares[variant] / total;
    const double difference = static_cast<double>(units[variant]) - expected;
    statistic += difference * difference / expected;
  }
  return detail::chi_squared_tail(statistic, units.size() - 1);
}

}  // namespace eval::online
}  // namespace mmrec::inline v0

// mmrec/cluster/rules.hpp - segments of users by rules over what they did.
#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <mmrec/cluster/activity.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/data/segments.hpp>

namespace mmrec::inline v0 {
namespace cluster {

/// A test of one user's activity.
template <class P>
concept activity_predicate = std::copy_constructible<P> && std::predicate<const P&, const activity&>;

/// A predicate that combines with others by &&, || and !; both sides of && and || are cheap and have no effects, so that
/// nothing depends on which is asked first.
template <activity_predicate P>
struct condition {
  P holds;
  bool operator()(const activity& user) const { return holds(user); }
};
template <class P>
condition(P) -> condition<P>;

/// Any callable as a condition: cluster::when([](const cluster::activity& user) { return ...; }).
template <activity_predicate P>
condition<P> when(P predicate) {
  return {std::move(predicate)};
}

template <class P, class Q>
auto operator&&(condition<P> left, condition<Q> right) {
  return when([left, right](const activity& user) { return left(user) && right(user); });
}
template <class P, class Q>
auto operator||(condition<P> left, condition<Q> right) {
  return when([left, right](const activity& user) { return left(user) || right(user); });
}
template <class P>
auto operator!(condition<P> operand) {
  return when([operand](const activity& user) { return !operand(user); });
}

/// A number of an activity that compares with a constant: cluster::events >= 20.
template <auto Member>
struct quantity {
  using value_type = std::remove_cvref_t<decltype(std::declval<const activity&>().*Member)>;
  friend auto operator<(quantity, value_type bound) {
    return when([bound](const activity& user) { return user.*Member < bound; });
  }
  friend auto operator>(quantity, value_type bound) {
    return when([bound](const activity& user) { return user.*Member > bound; });
  }
  friend auto operator<=(quantity, value_type bound) {
    return when([bound](const activity& user) { return user.*Member <= bound; });
  }
  friend auto operator>=(quantity, value_type bound) {
    return when([bound](const activity& user) { return user.*Member >= bound; });
  }
};
inline constexpr quantity<&activity::events> events{};
inline constexpr quantity<&activity::value_sum> value_sum{};
inline constexpr quantity<&activity::value_mean> value_mean{};
inline constexpr quantity<&activity::first_time> first_time{};
inline constexpr quantity<&activity::last_time> last_time{};

/// A named segment and who belongs to it.
template <activity_predicate P>
struct rule {
  std::string name;
  P holds;
};
template <class Name, class P>
rule(Name, P) -> rule<P>;

/// The segment of each user: the first rule that holds; `none` where no rule does.
///
/// Cost       O(E + U rules)
/// Throws     data_error for two rules of one name; what a predicate throws
/// Avoid when thresholds are to follow the data: use rfm
/// Example    cluster::segment_by_rules(log, cluster::rule{"new", cluster::first_time >= week_ago},
///                                      cluster::rule{"heavy", cluster::events >= 50 && cluster::value_mean > 3.5},
///                                      cluster::rule{"others", cluster::events >= 1});
template <class... P>
data::segments segment_by_rules(const data::interactions& log, const rule<P>&... rules) {
  std::vector<std::uint32_t> labels;
  labels.reserve(log.users());
  for (const activity& user : activities(log)) {
    std::uint32_t label = 0;
    const bool found = ((rules.holds(user) || (++label, false)) || ...);
    labels.push_back(found ? label : data::segments::none);
  }
  return {{rules.name...}, std::move(labels)};
}

}  // namespace cluster
}  // namespace mmrec::inline v0

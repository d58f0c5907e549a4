// mmrec/eval/tune/space.hpp - the settings of a spec that a search may choose from.
#pragma once
#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/random.hpp>

namespace mmrec::inline v0 {
namespace eval::tune {

namespace detail {
/// A setting as text: numbers so that they read back as the same, in any locale.
template <class T>
std::string text_of(const T& value) {
  if constexpr (std::same_as<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_enum_v<T>) {
    return text_of(static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (std::is_arithmetic_v<T>) {
    std::array<char, 64> digits{};
    const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    return {digits.data(), result.ptr};
  } else {
    return std::string(value);
  }
}
}  // namespace detail

/// How the values of a range are drawn.
enum class scale {
  linear,       ///< each value equally likely
  logarithmic,  ///< each order of magnitude equally likely: for learning rates and regularisation
};

/// One setting that a trial has: "factors" is "64".
struct setting {
  std::string name;
  std::string value;
  friend bool operator==(const setting&, const setting&) = default;
};

/// A spec with some settings left open: each has a name, the place in the spec, and a list of values or a range. The place
/// is a pointer to a member, or a callable that gives a reference into the spec for members of members.
///
/// Cost       memory for the lists
/// Throws     invalid_config for an empty list, a name given twice, a range that is empty or not finite, or a logarithmic
///            one that does not begin above 0
/// Example    auto space = eval::tune::space(cf::ials{.iterations = 10})
///                .choose("factors", &cf::ials::factors, {32, 64, 128})
///                .range("regularization", &cf::ials::regularization, 1e-3f, 1e-1f, eval::tune::scale::logarithmic);
template <class Spec>
class space {
 public:
  explicit space(Spec base = {}) : base_(std::move(base)) {}

  /// One of several values.
  template <class Place, class T = std::remove_cvref_t<std::invoke_result_t<Place, Spec&>>>
  space& choose(std::string name, Place place, std::type_identity_t<std::vector<T>> values) {
    require_config(!values.empty(), "eval::tune::space::choose", name, "needs at least one value");
    open_setting& added = add("eval::tune::space::choose", std::move(name));
    added.values = values.size();
    added.choose = [place, values](Spec& spec, std::size_t index) {
      std::invoke(place, spec) = values[index];
      return detail::text_of<T>(values[index]);
    };
    return *this;
  }

  /// Any number from `low` to `high`, both included for integers. Only random searches can draw from it.
  template <class Place, class T = std::remove_cvref_t<std::invoke_result_t<Place, Spec&>>>
  requires std::is_arithmetic_v<T> space& range(std::string name, Place place, std::type_identity_t<T> low,
                                                std::type_identity_t<T> high, scale by = scale::linear) {
    constexpr std::string_view function = "eval::tune::space::range";
    const auto from = static_cast<double>(low), to = static_cast<double>(high);
    require_config(std::isfinite(from) && std::isfinite(to) && from < to, function, name, "needs low < high, both finite");
    require_config(by == scale::linear || from > 0.0, function, name, "needs low > 0 on a logarithmic scale");
    open_setting& added = add(function, std::move(name));
    added.draw = [place, low, high, by](Spec& spec, random_stream& random) {
      const T value = drawn(low, high, by, random.uniform());
      std::invoke(place, spec) = value;
      return detail::text_of<T>(value);
    };
    return *this;
  }

  /// A spec, and what was chosen for it, in the order of names.
  struct point {
    Spec spec;
    std::vector<setting> settings;
  };

  const Spec& base() const { return base_; }
  std::size_t size() const { return open_.size(); }
  /// Whether all settings are lists.
  bool finite() const {
    for (const open_setting& one : open_) {
      if (one.values == 0) return false;
    }
    return true;
  }
  /// The number of points of a finite space, the largest std::size_t if there are more.
  std::size_t points() const {
    std::size_t product = 1;
    for (const open_setting& one : open_) {
      if (one.values != 0 && product > (std::numeric_limits<std::size_t>::max)() / one.values) {
        return (std::numeric_limits<std::size_t>::max)();
      }
      product *= one.values;
    }
    return product;
  }
  /// Point number `index` of a finite space; the last setting changes fastest.
  point at(std::size_t index) const {
    point found{base_, std::vector<setting>(open_.size())};
    for (std::size_t place = open_.size(); place-- > 0;) {
      const open_setting& one = open_[place];
      found.settings[place] = {one.name, one.choose(found.spec, index % one.values)};
      index /= one.values;
    }
    return found;
  }
  /// A random point: each value of a list equally likely.
  point draw(random_stream& random) const {
    point found{base_, {}};
    for (const open_setting& one : open_) {
      std::string value = one.values == 0 ? one.draw(found.spec, random)
                                          : one.choose(found.spec, random.below(static_cast<std::uint32_t>(one.values)));
      found.settings.push_back({one.name, std::move(value)});
    }
    return found;
  }

 private:
  struct open_setting {
    std::string name;
    std::size_t values = 0;  // 0 for a range
    std::function<std::string(Spec&, std::size_t)> choose = {};
    std::function<std::string(Spec&, random_stream&)> draw = {};
  };

  open_setting& add(std::string_view function, std::string name) {
    for (const open_setting& one : open_) require_config(one.name != name, function, name, "is a setting already");
    open_.push_back({std::move(name)});
    return open_.back();
  }

  template <class T>
  static T drawn(T low, T high, scale by, double share) {
    // An integer owns the stretch from itself to the next one.
    const double width = std::is_integral_v<T> ? 1.0 : 0.0;
    const auto from = static_cast<double>(low), to = static_cast<double>(high) + width;
    const double value = by == scale::linear ? from + share * (to - from)
                                             : std::exp(std::log(from) + share * (std::log(to) - std::log(from)));
    if (value <= from) return low;
    if (value >= static_cast<double>(high)) return high;
    return static_cast<T>(value);
  }

  Spec base_;
  std::vector<open_setting> open_;
};

}  // namespace eval::tune
}  // namespace mmrec::inline v0

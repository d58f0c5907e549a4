// mmrec/serve/attributes.hpp - what rules ask about items: numbers and categories, column by column.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/fixed_string.hpp>
#include <mmrec/core/ids.hpp>

namespace mmrec::inline v0 {
namespace serve {
namespace detail {

constexpr bool distinct_names(std::initializer_list<std::string_view> names) {
  for (auto one = names.begin(); one != names.end(); ++one) {
    if (std::find(names.begin(), one, *one) != one) return false;
  }
  return true;
}

}  // namespace detail

/// A number of each item: a price, an age, a margin, 1 or 0 for yes or no. NaN: the item has none.
///
/// Cost       4 I bytes
/// Example    serve::numeric<"price">({19.9f, 5.0f, serve::no_value})
template <fixed_string Name>
class numeric {
 public:
  using value_type = float;
  static constexpr std::string_view name() { return Name.view(); }

  numeric() = default;
  explicit numeric(std::vector<float> values) : values_(std::move(values)) {
    for (const float value : values_) {
      if (std::isnan(value)) continue;
      least_ = (std::min)(least_, value);
      largest_ = (std::max)(largest_, value);
    }
  }

  std::size_t size() const { return values_.size(); }
  float operator[](item_id item) const { return values_[item.index()]; }
  bool has(item_id item) const { return !std::isnan(values_[item.index()]); }
  /// The range of the values; +infinity and -infinity if no item has one.
  float least() const { return least_; }
  float largest() const { return largest_; }

 private:
  std::vector<float> values_;
  float least_ = std::numeric_limits<float>::infinity();
  float largest_ = -std::numeric_limits<float>::infinity();
};

/// An item without a value in a numeric column.
inline constexpr float no_value = std::numeric_limits<float>::quiet_NaN();

/// One of a number of names for each item: a brand, a genre, a seller. The empty name: the item has none.
///
/// Cost       4 I bytes and the distinct names
/// Example    serve::categorical<"brand">({"acme", "apex", ""})
template <fixed_string Name>
class categorical {
 public:
  using value_type = std::string_view;
  static constexpr std::string_view name() { return Name.view(); }
  /// The code of items without a value; the others' codes are 0..codes()-1 in order of first appearance.
  static constexpr std::uint32_t no_code = 0xffffffffU;

  categorical() = default;
  explicit categorical(const std::vector<std::string>& values) {
    std::unordered_map<std::string_view, std::uint32_t> known;
    codes_.reserve(values.size());
    for (const std::string& value : values) {
      if (value.empty()) {
        codes_.push_back(no_code);
        continue;
      }
      const auto [entry, is_new] = known.try_emplace(value, static_cast<std::uint32_t>(names_.size()));
      if (is_new) names_.push_back(value);
      codes_.push_back(entry->second);
    }
  }

  std::size_t size() const { return codes_.size(); }
  std::uint32_t code(item_id item) const { return codes_[item.index()]; }
  bool has(item_id item) const { return codes_[item.index()] != no_code; }
  /// Number of distinct names.
  std::size_t codes() const { return names_.size(); }
  std::string_view name_of(std::uint32_t code) const { return names_[code]; }
  std::string_view operator[](item_id item) const {
    return has(item) ? std::string_view(names_[code(item)]) : std::string_view();
  }

 private:
  std::vector<std::uint32_t> codes_;
  std::vector<std::string> names_;
};

/// The attributes of a catalogue. The columns' names are part of the type: a rule that asks for one that is not there does
/// not compile.
///
///   const serve::item_attributes about(3, serve::numeric<"price">(prices), serve::categorical<"brand">(brands));
///
/// Throws     shape_error naming the column, if it has not one entry for each of the `items`
/// Threads    const: shared by any number of threads
template <class... Columns>
class item_attributes {
  static_assert(detail::distinct_names({Columns::name()...}), "mmrec: two columns of these attributes have the same name");

 public:
  explicit item_attributes(std::size_t items, Columns... columns) : items_(items), columns_(std::move(columns)...) {
    (check(Columns::name(), std::get<Columns>(columns_).size()), ...);
  }

  std::size_t items() const { return items_; }

  template <fixed_string Name>
  static constexpr bool has() {
    return ((Columns::name() == Name.view()) || ...);
  }
  template <fixed_string Name>
  const auto& get() const {
    static_assert(has<Name>(), "mmrec: these item attributes have no column of that name");
    return std::get<index<Name>()>(columns_);
  }

 private:
  template <fixed_string Name>
  static constexpr std::size_t index() {
    std::size_t position = 0;
    (void)((Columns::name() == Name.view() || (++position, false)) || ...);
    return position < sizeof...(Columns) ? position : 0;
  }
  void check(std::string_view column, std::size_t entries) const {
    if (entries == items_) return;
    throw shape_error("serve::item_attributes", std::string("entries of column \"") + std::string(column) + '"', items_,
                      entries);
  }
  std::size_t items_ = 0;
  std::tuple<Columns...> columns_;
};

}  // namespace serve
}  // namespace mmrec::inline v0

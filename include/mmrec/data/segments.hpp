// mmrec/data/segments.hpp - users in named groups.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/ids.hpp>

namespace mmrec::inline v0 {
namespace data {

/// A segment of each user, and the names of the segments; a segment may be empty, and a user may belong to none.
class segments {
 public:
  /// The label of a user who belongs to no segment.
  static constexpr std::uint32_t none = 0xffffffffU;

  segments() = default;
  /// One label a user, below the number of names or `none`. Throws data_error for another one, and for two equal names.
  segments(std::vector<std::string> names, std::vector<std::uint32_t> labels)
      : names_(std::move(names)), labels_(std::move(labels)), sizes_(names_.size()) {
    constexpr std::string_view function = "data::segments";
    for (std::size_t name = 0; name < names_.size(); ++name) {
      const auto begin = names_.begin(), end = begin + static_cast<std::ptrdiff_t>(name);
      if (std::find(begin, end, names_[name]) != end) {
        throw data_error(function, "two segments are named \"" + names_[name] + '"');
      }
    }
    for (std::size_t user = 0; user < labels_.size(); ++user) {
      if (labels_[user] == none) continue;
      if (labels_[user] >= names_.size()) {
        throw data_error(function, "label " + std::to_string(labels_[user]) + " of user " + std::to_string(user) +
                                       " is none of the " + std::to_string(names_.size()) + " segments");
      }
      ++sizes_[labels_[user]];
    }
  }

  /// Number of users, U.
  std::size_t users() const { return labels_.size(); }
  /// Number of segments.
  std::size_t size() const { return names_.size(); }
  std::span<const std::string> names() const { return names_; }
  /// The label of each user.
  std::span<const std::uint32_t> labels() const { return labels_; }
  /// Number of users in each segment.
  std::span<const std::size_t> sizes() const { return sizes_; }

  /// The label of a user. Throws unknown_id.
  std::uint32_t of(user_id user) const {
    if (user.index() >= users()) throw unknown_id("data::segments::of", "user", std::to_string(user.index()), users());
    return labels_[user.index()];
  }
  /// The number of the segment of that name. Throws unknown_id.
  std::uint32_t label(std::string_view name) const {
    const auto found = std::find(names_.begin(), names_.end(), name);
    if (found == names_.end()) {
      throw unknown_id("data::segments::label", "segment", '"' + std::string(name) + '"', size());
    }
    return static_cast<std::uint32_t>(found - names_.begin());
  }
  /// The users of a segment, in increasing order. O(U).
  std::vector<user_id> members(std::uint32_t label) const {
    if (label >= size()) throw unknown_id("data::segments::members", "segment", std::to_string(label), size());
    std::vector<user_id> result;
    result.reserve(sizes_[label]);
    for (std::size_t user = 0; user < users(); ++user) {
      if (labels_[user] == label) result.emplace_back(user);
    }
    return result;
  }

  friend bool operator==(const segments&, const segments&) = default;

 private:
  std::vector<std::string> names_;
  std::vector<std::uint32_t> labels_;
  std::vector<std::size_t> sizes_;
};

}  // namespace data
}  // namespace mmrec::inline v0

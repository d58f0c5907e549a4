// mmrec/text/vocabulary.hpp - terms numbered as columns.
#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include <mmrec/core/error.hpp>
#include <mmrec/data/text_column.hpp>
#include <mmrec/text/detail/term_table.hpp>

namespace mmrec::inline v0 {
namespace text {

/// A list of different terms; the place of each is its column. Look-up in both directions, O(bytes of the term).
/// Memory: the bytes of the terms, and 32 to 40 bytes for each.
class vocabulary {
 public:
  vocabulary() = default;
  /// Numbers the terms in the order given. Throws data_error if one comes twice, limit_error
  /// beyond 2^31 - 1 terms.
  template <data::text_batch Terms>
  explicit vocabulary(const Terms& terms) {
    const auto count = static_cast<std::size_t>(terms.size());
    constexpr std::size_t largest = (std::numeric_limits<std::int32_t>::max)();
    if (count > largest) throw limit_error("text::vocabulary", "terms", largest, count);
    table_.reserve(count);
    for (std::size_t column = 0; column < count; ++column) {
      const std::string_view term = terms[column];
      table_.find_or_insert(table_.hash(term));
      if (table_.size() != column + 1) {
        throw data_error("text::vocabulary", "the term '" + std::string(term) + "' is listed twice");
      }
      terms_.push_back(term);
    }
  }

  std::size_t size() const { return terms_.size(); }
  /// The term of a column below size().
  std::string_view operator[](std::size_t column) const { return terms_[column]; }
  /// The column of a term, -1 if it has none.
  std::int32_t find(std::string_view term) const {
    return static_cast<std::int32_t>(table_.find(term));  // `none` becomes -1
  }
  std::optional<std::int32_t> column(std::string_view term) const {
    const std::int32_t found = find(term);
    return found >= 0 ? std::optional(found) : std::nullopt;
  }

  const detail::term_table<detail::no_payload>& table() const { return table_; }  ///< for stages of this group

  friend bool operator==(const vocabulary& a, const vocabulary& b) { return a.terms_ == b.terms_; }

 private:
  data::text_column terms_;
  detail::term_table<detail::no_payload> table_;
};

}  // namespace text
}  // namespace mmrec::inline v0

// mmrec/text/document_frequency.hpp - a bound on the number of documents that hold a term.
#pragma once
#include <concepts>
#include <cstddef>

namespace mmrec::inline v0 {
namespace text {

/// A number of documents, or a share of them. A whole number is a count: `.min_df = 2`. A share is written as such:
/// `.max_df = text::ratio(0.9)`. A bare fraction does not compile, so that 1 (one document) is never taken for 1.0 (all).
class document_frequency {
 public:
  template <std::integral N>
  constexpr document_frequency(N documents)  // NOLINT: implicit on purpose
      : value_(static_cast<double>(documents)), is_ratio_(false) {}
  template <std::floating_point F>
  document_frequency(F) = delete;

  constexpr bool is_ratio() const { return is_ratio_; }
  constexpr double value() const { return value_; }
  /// The bound for a corpus of that many documents; not rounded, as scikit-learn compares.
  constexpr double of(std::size_t documents) const { return is_ratio_ ? value_ * static_cast<double>(documents) : value_; }
  constexpr bool valid() const { return value_ >= 0 && (!is_ratio_ || value_ <= 1); }

  friend constexpr bool operator==(const document_frequency&, const document_frequency&) = default;
  friend constexpr document_frequency ratio(double share);

 private:
  constexpr document_frequency(double value, bool is_ratio) : value_(value), is_ratio_(is_ratio) {}
  double value_;
  bool is_ratio_;
};

/// A share of all documents, 0..1.
constexpr document_frequency ratio(double share) { return {share, true}; }

}  // namespace text
}  // namespace mmrec::inline v0

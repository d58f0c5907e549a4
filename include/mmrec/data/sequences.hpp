// mmrec/data/sequences.hpp - rows of features over time: views, owners, columns.
#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/limits.hpp>

namespace mmrec::inline v0 {
namespace data {

/// T x D numbers, one row a step.
template <class T = float>
struct sequence_view {
  std::span<const T> values;  ///< steps * width of them
  std::size_t steps = 0;
  std::size_t width = 0;

  std::span<const T> operator[](std::size_t step) const { return values.subspan(step * width, width); }
};

/// Anything that has a size and gives a sequence for an index.
template <class B, class T>
concept sequence_batch = requires(const B& batch, std::size_t index) {
  { batch.size() } -> std::convertible_to<std::size_t>;
  { batch[index] } -> std::convertible_to<sequence_view<T>>;
};

/// An owned sequence that keeps its memory between uses.
template <class T = float>
struct sequence {
  std::size_t steps = 0;
  std::size_t width = 0;
  std::vector<T> values;

  void resize(std::size_t new_steps, std::size_t new_width) {
    steps = new_steps;
    width = new_width;
    values.resize(new_steps * new_width);
  }
  sequence_view<T> view() const { return {values, steps, width}; }
  friend bool operator==(const sequence&, const sequence&) = default;
};

/// N sequences of one width and any lengths, in one block of memory. A sequence without steps is a value like any other.
template <class T = float>
class sequences {
 public:
  using scalar = T;

  explicit sequences(std::size_t width = 0) : width_(width) {}
  /// Sequences of zeros of these lengths, to be filled through rows().
  sequences(std::span<const std::size_t> lengths, std::size_t width) : width_(width) {
    starts_.reserve(lengths.size() + 1);
    for (const std::size_t length : lengths) {
      starts_.push_back(static_cast<std::size_t>(checked_add("data::sequences", starts_.back(), length)));
    }
    values_.resize(static_cast<std::size_t>(checked_multiply("data::sequences", starts_.back(), width)));
  }

  /// Throws shape_error for another width than that of the sequences before; the first one decides if none was given.
  void push_back(const sequence_view<T>& value) {
    const std::size_t width = size() == 0 && width_ == 0 ? value.width : width_;
    require_size("data::sequences::push_back", "width of the sequence", width, value.width);
    require_size("data::sequences::push_back", "numbers of the sequence", value.steps * value.width, value.values.size());
    if (starts_.size() == starts_.capacity()) starts_.reserve(2 * starts_.size());  // what can fail comes first
    values_.insert(values_.end(), value.values.begin(), value.values.end());
    starts_.push_back(starts_.back() + value.steps);
    width_ = width;
  }

  std::size_t size() const { return starts_.size() - 1; }
  std::size_t width() const { return width_; }
  /// Steps of one sequence.
  std::size_t steps(std::size_t index) const { return starts_[index + 1] - starts_[index]; }
  /// Steps before each sequence, and of all of them: size() + 1 numbers.
  std::span<const std::size_t> starts() const { return starts_; }
  sequence_view<T> operator[](std::size_t index) const {
    return {std::span<const T>(values_).subspan(starts_[index] * width_, steps(index) * width_), steps(index), width_};
  }
  /// All rows of all sequences.
  std::span<const T> values() const { return values_; }
  /// The same, to write.
  std::span<T> all() { return values_; }
  /// The numbers of one sequence, to write.
  std::span<T> rows(std::size_t index) {
    return std::span<T>(values_).subspan(starts_[index] * width_, steps(index) * width_);
  }
  friend bool operator==(const sequences&, const sequences&) = default;

 private:
  std::vector<T> values_;
  std::vector<std::size_t> starts_{0};
  std::size_t width_ = 0;
};

}  // namespace data
}  // namespace mmrec::inline v0

// mmrec/data/text_column.hpp - many documents in one block of memory.
#pragma once
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mmrec::inline v0 {
namespace data {

/// Anything that has a size and gives a string for an index: text_column, std::vector<std::string>, a view of your own.
template <class B>
concept text_batch = requires(const B& batch, std::size_t index) {
  { batch.size() } -> std::convertible_to<std::size_t>;
  { batch[index] } -> std::convertible_to<std::string_view>;
};

/// Documents one after another; 8 bytes a document besides its own.
class text_column {
 public:
  void reserve(std::size_t documents, std::size_t bytes) {
    starts_.reserve(documents + 1);
    bytes_.reserve(bytes);
  }
  void push_back(std::string_view document) {
    bytes_.append(document);
    starts_.push_back(bytes_.size());
  }
  std::size_t size() const { return starts_.size() - 1; }
  std::size_t bytes() const { return bytes_.size(); }
  std::string_view operator[](std::size_t index) const {
    return std::string_view(bytes_).substr(starts_[index], starts_[index + 1] - starts_[index]);
  }
  friend bool operator==(const text_column&, const text_column&) = default;

 private:
  std::string bytes_;
  std::vector<std::size_t> starts_{0};
};

}  // namespace data
}  // namespace mmrec::inline v0

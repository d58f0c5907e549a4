// mmrec/text/detail/term_counter.hpp - one pass over the tokens of some documents: terms numbered as they come, and counted.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <mmrec/text/detail/pending_terms.hpp>
#include <mmrec/text/detail/term_table.hpp>

namespace mmrec::inline v0 {
namespace text::detail {

/// How often the term of number `term` occurs in one document.
struct term_entry {
  std::uint32_t term;
  std::uint32_t count;
};

/// Lies in the record of the term, beside its bytes: counting a token touches this cache line and its entry.
struct term_statistics {
  std::uint32_t documents = 0;
  std::uint64_t last_entry = 0;  // 1 + number of its newest entry: tells whether the document at hand has one already
};

/// A token sink. Entries lie document after document, in order of first occurrence.
class term_counter {
 public:
  void keep_rows(bool keep) { keep_rows_ = keep; }

  void operator()(std::string_view token) {
    if (pending_.push<false>(table_, token)) count_pending();
  }
  void padded(std::string_view token) {
    if (pending_.push<true>(table_, token)) count_pending();
  }

  void finish() {
    count_pending();
    if (keep_rows_) {
      row_ends_.push_back(entries_.size());
    } else {
      dropped_ += entries_.size();
      entries_.clear();
    }
    row_begin_ = dropped_ + entries_.size();
  }

  const term_table<term_statistics>& table() const { return table_; }
  const std::vector<term_entry>& entries() const { return entries_; }
  const std::vector<std::uint64_t>& row_ends() const { return row_ends_; }

 private:
  void count_pending() {
    pending_.drain(table_, [this](const hashed_term& token) { count(token); });
  }

  void count(const hashed_term& token) {
    const std::uint32_t number = table_.find_or_insert(token);
    term_statistics& term = table_[number].payload;
    if (term.last_entry > row_begin_) {
      ++entries_[term.last_entry - 1 - dropped_].count;
      return;
    }
    ++term.documents;
    entries_.push_back({number, 1});
    term.last_entry = dropped_ + entries_.size();
  }

  term_table<term_statistics> table_;
  pending_terms pending_;
  std::vector<term_entry> entries_;
  std::vector<std::uint64_t> row_ends_;
  std::uint64_t row_begin_ = 0;
  std::uint64_t dropped_ = 0;
  bool keep_rows_ = true;
};

}  // namespace text::detail
}  // namespace mmrec::inline v0

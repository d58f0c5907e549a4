// mmrec/text/detail/corpus_counts.hpp - learns a vocabulary and the counts of its terms in one pass over a corpus.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/tokens.hpp>
#include <mmrec/data/csr.hpp>
#include <mmrec/data/text_column.hpp>
#include <mmrec/text/detail/row_builder.hpp>
#include <mmrec/text/detail/shards.hpp>
#include <mmrec/text/detail/term_counter.hpp>
#include <mmrec/text/detail/term_table.hpp>
#include <mmrec/text/document_frequency.hpp>
#include <mmrec/text/vocabulary.hpp>

namespace mmrec::inline v0 {
namespace text::detail {

/// Which terms become columns.
struct vocabulary_rules {
  document_frequency min_df;
  document_frequency max_df;
  std::size_t max_features;  // 0: no bound
  bool binary;               // a document counts once, however often it holds the term
};

inline void require_rules(std::string_view function, const vocabulary_rules& rules) {
  constexpr std::string_view bounds = "must be a count of at least 0 or a ratio in 0..1";
  require_config(rules.min_df.valid(), function, "min_df", bounds);
  require_config(rules.max_df.valid(), function, "max_df", bounds);
}

/// All terms of a corpus in the order of their bytes, before any is left out.
class corpus_counts {
 public:
  template <executor Exec, token_source Source>
  corpus_counts(std::string_view function, const Exec& exec, const Source& source, bool keep_rows)
      : documents_(static_cast<std::size_t>(source.size())), shards_(shard_count(exec, documents_)) {
    std::vector<typename Source::workspace> scratch(shards_.size());
    for (shard& part : shards_) part.counter.keep_rows(keep_rows);
    for_shards(exec, function, documents_, shards_.size(), [&](std::size_t index, std::size_t begin, std::size_t end) {
      // Counted in locals of this thread's own cache lines, given back at the end of the step.
      term_counter counter = std::move(shards_[index].counter);
      for (std::size_t document = begin; document < end; ++document) source.stream(document, scratch[index], counter);
      shards_[index].counter = std::move(counter);
    });
    merge();
  }

  /// Chooses the columns. Throws data_error when there are none.
  void choose(std::string_view function, const vocabulary_rules& rules) {
    if (keys_.empty()) {
      throw data_error(function, "no document holds a term: empty documents, or stop words alone");
    }
    const double least = rules.min_df.of(documents_);
    const double most = rules.max_df.of(documents_);
    require_config(least <= most, function, "max_df", "allows fewer documents than min_df asks for");
    std::vector<std::uint32_t> order = alphabetical();
    std::erase_if(order, [&](std::uint32_t term) {
      const auto documents = static_cast<double>(term_documents_[term]);
      return documents < least || documents > most;
    });
    if (rules.max_features != 0 && order.size() > rules.max_features) keep_most_frequent(order, rules);
    if (order.empty()) throw data_error(function, "min_df and max_df leave no term");
    number_columns(order);
  }

  std::size_t documents() const { return documents_; }
  vocabulary& terms() { return vocabulary_; }
  /// In how many documents the term of each column occurs.
  const std::vector<std::uint32_t>& column_documents() const { return column_documents_; }

  /// Counts as a matrix, each row passed through weigh(columns, counts to be made values). Needs keep_rows.
  template <class T, executor Exec, class Weigh>
  csr_matrix<T> rows(const Exec& exec, const Weigh& weigh) const {
    std::vector<std::size_t> first_entry(shards_.size() + 1, 0);
    std::vector<std::size_t> first_row(shards_.size() + 1, 0);
    for (std::size_t index = 0; index < shards_.size(); ++index) {
      first_entry[index + 1] = first_entry[index] + kept_entries(shards_[index]);
      first_row[index + 1] = first_row[index] + shards_[index].counter.row_ends().size();
    }
    std::vector<std::int64_t> starts(documents_ + 1, 0);
    std::vector<std::int32_t> columns(first_entry.back());
    std::vector<T> values(first_entry.back());
    exec.run(shards_.size(), [&](std::size_t index) {
      row_builder row;
      row.prepare(vocabulary_.size());
      const shard& part = shards_[index];
      std::size_t entry = 0;
      std::size_t out = first_entry[index];
      std::size_t document = first_row[index];
      for (const std::uint64_t end : part.counter.row_ends()) {
        for (; entry < end; ++entry) {
          const term_entry& counted = part.counter.entries()[entry];
          const std::int32_t column = part.columns[counted.term];
          if (column >= 0) row.add(static_cast<std::uint32_t>(column), counted.count);
        }
        const std::size_t begin = out;
        row.drain([&](std::uint32_t column, std::uint32_t count) {
          columns[out] = static_cast<std::int32_t>(column);
          values[out] = static_cast<T>(count);
          ++out;
        });
        weigh(std::span<const std::int32_t>(columns).subspan(begin, out - begin),
              std::span(values).subspan(begin, out - begin));
        starts[++document] = static_cast<std::int64_t>(out);
      }
    });
    return csr_matrix<T>(vocabulary_.size(), std::move(starts), std::move(columns), std::move(values));
  }

 private:
  struct shard {
    term_counter counter;
    std::vector<std::uint32_t> terms;   // number among all terms, of each of its own
    std::vector<std::int32_t> columns;  // column, of each of its own; -1 where left out
  };

  /// Numbers the terms of all shards together, in the order of the shards.
  void merge() {
    for (shard& part : shards_) {
      const term_table<term_statistics>& table = part.counter.table();
      part.terms.reserve(table.size());
      for (const auto& [key, statistics] : table.records()) {
        part.terms.push_back(shards_.size() == 1 ? static_cast<std::uint32_t>(part.terms.size()) : number_of(table, key));
        if (part.terms.back() == term_documents_.size()) term_documents_.push_back(0);
        term_documents_[part.terms.back()] += statistics.documents;
      }
    }
    if (shards_.size() == 1) {
      for (const auto& entry : shards_.front().counter.table().records()) keys_.push_back(entry.key);
    } else {
      for (const auto& entry : all_.records()) keys_.push_back(entry.key);
    }
  }
  std::uint32_t number_of(const term_table<term_statistics>& from, const term_key& key) {
    return all_.find_or_insert(is_long(key) ? all_.hash(from.long_term(key)) : all_.hash(key));
  }

  std::string_view long_term(const term_key& key) const {
    return shards_.size() == 1 ? shards_.front().counter.table().long_term(key) : all_.long_term(key);
  }

  /// Term numbers in the order of the terms' bytes.
  std::vector<std::uint32_t> alphabetical() const {
    struct item {
      std::uint64_t first;
      std::uint64_t second;
      std::uint32_t term;
    };
    std::vector<item> items;
    items.reserve(keys_.size());
    for (std::size_t term = 0; term < keys_.size(); ++term) {
      term_key prefix = keys_[term];
      if (is_long(prefix)) {
        prefix = short_key(long_term(prefix).substr(0, short_term));
        prefix.high |= long_mark;
      }
      // Bytes of big-endian numbers compare as strings do; the last one, the length, settles ties with zero bytes.
      items.push_back({__builtin_bswap64(prefix.low), __builtin_bswap64(prefix.high), static_cast<std::uint32_t>(term)});
    }
    std::sort(items.begin(), items.end(), [&](const item& a, const item& b) {
      if (a.first != b.first) return a.first < b.first;
      if (a.second != b.second || !is_long(keys_[a.term])) return a.second < b.second;
      return long_term(keys_[a.term]) < long_term(keys_[b.term]);
    });
    std::vector<std::uint32_t> order(items.size());
    std::transform(items.begin(), items.end(), order.begin(), [](const item& entry) { return entry.term; });
    return order;
  }

  /// Ties go to the term that comes first in the alphabet; the order stays alphabetical.
  void keep_most_frequent(std::vector<std::uint32_t>& order, const vocabulary_rules& rules) const {
    std::vector<std::uint64_t> frequency(keys_.size(), 0);
    for (const shard& part : shards_) {
      for (const term_entry& entry : part.counter.entries()) {
        frequency[part.terms[entry.term]] += rules.binary ? 1 : entry.count;
      }
    }
    std::vector<std::uint32_t> places(order.size());
    for (std::size_t place = 0; place < places.size(); ++place) places[place] = static_cast<std::uint32_t>(place);
    const auto middle = places.begin() + static_cast<std::ptrdiff_t>(rules.max_features);
    std::nth_element(places.begin(), middle, places.end(), [&](std::uint32_t a, std::uint32_t b) {
      const std::uint64_t often_a = frequency[order[a]];
      const std::uint64_t often_b = frequency[order[b]];
      return often_a != often_b ? often_a > often_b : a < b;
    });
    places.resize(rules.max_features);
    std::sort(places.begin(), places.end());
    for (std::uint32_t& place : places) place = order[place];
    order = std::move(places);
  }

  void number_columns(const std::vector<std::uint32_t>& order) {
    std::vector<std::int32_t> column_of(keys_.size(), -1);
    data::text_column terms;
    std::array<char, 16> buffer;
    column_documents_.resize(order.size());
    for (std::size_t column = 0; column < order.size(); ++column) {
      const std::uint32_t term = order[column];
      column_of[term] = static_cast<std::int32_t>(column);
      column_documents_[column] = term_documents_[term];
      terms.push_back(is_long(keys_[term]) ? long_term(keys_[term]) : short_term_bytes(keys_[term], buffer));
    }
    for (shard& part : shards_) {
      part.columns.resize(part.terms.size());
      std::transform(part.terms.begin(), part.terms.end(), part.columns.begin(),
                     [&](std::uint32_t term) { return column_of[term]; });
    }
    all_kept_ = order.size() == keys_.size();
    vocabulary_ = vocabulary(terms);
  }

  std::size_t kept_entries(const shard& part) const {
    const std::vector<term_entry>& entries = part.counter.entries();
    if (all_kept_) return entries.size();
    return static_cast<std::size_t>(std::count_if(entries.begin(), entries.end(),
                                                  [&](const term_entry& entry) { return part.columns[entry.term] >= 0; }));
  }

  std::size_t documents_;
  std::vector<shard> shards_;
  term_table<no_payload> all_;  // of several shards together
  std::vector<term_key> keys_;
  std::vector<std::uint32_t> term_documents_;
  vocabulary vocabulary_;
  std::vector<std::uint32_t> column_documents_;
  bool all_kept_ = true;
};

}  // namespace text::detail
}  // namespace mmrec::inline v0

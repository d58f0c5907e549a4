// mmrec/text/detail/count_rows.hpp - counts of the terms of a fixed vocabulary, for a batch and for one document.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/executor.hpp>
#include <mmrec/core/tokens.hpp>
#include <mmrec/data/csr.hpp>
#include <mmrec/text/detail/pending_terms.hpp>
#include <mmrec/text/detail/row_builder.hpp>
#include <mmrec/text/detail/shards.hpp>
#include <mmrec/text/detail/term_table.hpp>
#include <mmrec/text/vocabulary.hpp>

namespace mmrec::inline v0 {
namespace text::detail {

/// Scratch memory for one row.
struct row_scratch {
  row_builder row;
  pending_terms pending;
};

/// A token sink: adds each term that has a column.
class column_sink {
 public:
  column_sink(const vocabulary& terms, row_scratch& scratch) : table_(&terms.table()), scratch_(&scratch) {}
  void operator()(std::string_view token) {
    if (scratch_->pending.push<false>(*table_, token)) finish();
  }
  void padded(std::string_view token) {
    if (scratch_->pending.push<true>(*table_, token)) finish();
  }
  void finish() {
    scratch_->pending.drain(*table_, [this](const hashed_term& token) {
      const std::uint32_t column = table_->find(token);
      if (column != term_table<no_payload>::none) scratch_->row.add(column, 1);
    });
  }

 private:
  const term_table<no_payload>* table_;
  row_scratch* scratch_;
};

/// Appends the row that `emit` streams to `out`, weighted by weigh(columns, values).
template <class T, class Emit, class Weigh>
void append_row(const vocabulary& terms, Emit&& emit, row_scratch& scratch, sparse_row<T>& out, const Weigh& weigh) {
  scratch.row.prepare(terms.size());
  const std::size_t begin = out.indices.size();
  column_sink sink(terms, scratch);
  try {
    emit(sink);
  } catch (...) {  // the workspace stays fit for use
    scratch.pending.clear();
    scratch.row.drain([](std::uint32_t, std::uint32_t) {});
    throw;
  }
  scratch.row.drain([&](std::uint32_t column, std::uint32_t count) {
    out.indices.push_back(static_cast<std::int32_t>(column));
    out.values.push_back(static_cast<T>(count));
  });
  weigh(std::span<const std::int32_t>(out.indices).subspan(begin), std::span(out.values).subspan(begin));
}

template <class T, executor Exec, token_source Source, class Weigh>
csr_matrix<T> count_rows(std::string_view function, const Exec& exec, const Source& source, const vocabulary& terms,
                         const Weigh& weigh) {
  struct shard {
    typename Source::workspace scratch;
    row_scratch row;
    sparse_row<T> rows;
    std::vector<std::size_t> ends;
  };
  const auto documents = static_cast<std::size_t>(source.size());
  std::vector<shard> shards(shard_count(exec, documents));
  for_shards(exec, function, documents, shards.size(), [&](std::size_t index, std::size_t begin, std::size_t end) {
    shard& part = shards[index];
    for (std::size_t document = begin; document < end; ++document) {
      append_row(
          terms, [&](auto& sink) { source.stream(document, part.scratch, sink); }, part.row, part.rows, weigh);
      part.ends.push_back(part.rows.indices.size());
    }
  });
  std::vector<std::int64_t> starts;
  starts.reserve(documents + 1);
  starts.push_back(0);
  std::vector<std::size_t> first(shards.size() + 1, 0);
  for (std::size_t index = 0; index < shards.size(); ++index) {
    first[index + 1] = first[index] + shards[index].rows.indices.size();
    for (const std::size_t end : shards[index].ends) starts.push_back(static_cast<std::int64_t>(first[index] + end));
  }
  sparse_row<T> all;
  if (shards.size() == 1) {
    all = std::move(shards.front().rows);
  } else {
    all.indices.resize(first.back());
    all.values.resize(first.back());
    exec.run(shards.size(), [&](std::size_t index) {
      const auto place = static_cast<std::ptrdiff_t>(first[index]);
      std::copy(shards[index].rows.indices.begin(), shards[index].rows.indices.end(), all.indices.begin() + place);
      std::copy(shards[index].rows.values.begin(), shards[index].rows.values.end(), all.values.begin() + place);
    });
  }
  return csr_matrix<T>(terms.size(), std::move(starts), std::move(all.indices), std::move(all.values));
}

/// Makes every count 1 if asked.
struct count_weights {
  bool binary = false;
  template <class T>
  void operator()(std::span<const std::int32_t>, std::span<T> values) const {
    if (binary) std::fill(values.begin(), values.end(), T{1});
  }
  friend bool operator==(const count_weights&, const count_weights&) = default;
};

}  // namespace text::detail
}  // namespace mmrec::inline v0

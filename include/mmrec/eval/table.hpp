// mmrec/eval/table.hpp - evaluations of several models side by side, as text.
#pragma once
#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/eval/bootstrap.hpp>
#include <mmrec/eval/evaluation.hpp>
#include <mmrec/eval/metric.hpp>
#include <mmrec/eval/permutation.hpp>
#include <mmrec/exec/cpu.hpp>

namespace mmrec::inline v0 {
namespace eval {

/// A number with a fixed number of digits after the point, in any locale.
inline std::string fixed_digits(double value, int digits) {
  std::array<char, 384> text{};  // the longest double has 309 digits before the point
  const auto result =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed, std::clamp(digits, 0, 60));
  return {text.data(), result.ptr};
}

/// One model of a table.
struct table_row {
  std::string model;
  /// For each metric of the table; low = high = mean for measures of all lists together.
  std::vector<interval> values;
  /// This model minus the first, for each metric: nothing for measures of all lists together. Empty in the first row.
  std::vector<std::optional<paired_difference>> to_baseline;
  /// The p values of the paired permutation test of the same differences.
  std::vector<std::optional<double>> permutation_p;
};

/// How a table looks.
struct table_format {
  int digits = 4;
  bool intervals = true;      ///< print "[low, high]" beside each mean
  double significance = 0.0;  ///< if > 0: print a star at means that differ from the first model's, corrected_p() below it
};

/// Models under one protocol, the first one being the baseline. It holds numbers; text is made of them on request.
///
/// Throws     add: data_error unless the evaluation compares with the first one (see require_comparable); unknown_id for a
///            metric that was not measured. Evaluations of another type do not compile.
/// Example    eval::table<decltype(popular)> table({"recall@20", "ndcg@20"});
///            table.add(exec, "popularity", popular);
///            table.add(exec, "EASE", ease);
///            std::puts((popular.describe() + '\n' + table.text()).c_str());
template <class Evaluation>
class table {
 public:
  explicit table(std::vector<metric> metrics, bootstrap_options options = {})
      : metrics_(std::move(metrics)), options_(options) {}

  /// Adds a model, with intervals and its differences to the first one. O(metrics resamples users); users are resampled once
  /// for all metrics.
  template <executor Exec>
  void add(const Exec& exec, std::string model, const Evaluation& result) {
    const mmrec::exec::session<Exec> session(exec);
    constexpr std::string_view function = "eval::table::add";
    std::vector<std::vector<double>> differences(metrics_.size());
    std::vector<std::span<const double>> columns;  // of each metric its values, then, below the first row, its differences
    for (std::size_t index = 0; index < metrics_.size(); ++index) {
      const metric which = metrics_[index];
      if (first_) require_comparable(function, *first_, result, which);
      if (!is_per_user(which.what)) continue;
      columns.push_back(result.per_user(which));
      detail::require_options(function, options_, columns.back().size());
      detail::require_finite(function, which.name(), columns.back());
      if (!first_) continue;
      differences[index] = detail::differences_of(result.per_user(which), first_->per_user(which));
      columns.push_back(differences[index]);
    }
    auto means = detail::resampled_means(session.executor(), columns, options_);
    table_row row{std::move(model), {}, {}, {}};
    auto next = means.begin();
    for (std::size_t index = 0; index < metrics_.size(); ++index) {
      const metric which = metrics_[index];
      const bool resamples = is_per_user(which.what);
      const double mean = result.mean(which);
      row.values.push_back({mean, mean, mean});
      if (resamples) {
        row.values.back() =
            detail::interval_of(std::move(*next++), detail::mean_of(result.per_user(which)), options_.confidence);
      }
      if (!first_) continue;
      row.to_baseline.emplace_back();
      row.permutation_p.emplace_back();
      if (!resamples) continue;
      row.to_baseline.back() = detail::difference_of(std::move(*next++), differences[index], options_);
      row.permutation_p.back() = paired_permutation(session.executor(), result, *first_, which, signs()).p_value;
    }
    rows_.push_back(std::move(row));
    if (!first_) first_ = result;
  }

  const std::vector<metric>& metrics() const { return metrics_; }
  const std::vector<table_row>& rows() const { return rows_; }

  /// The permutation tests' p values of all rows after Holm's correction for their number, by row, then metric, as in
  /// table_row: a table with many models and metrics holds "significant" differences by chance.
  std::vector<std::vector<std::optional<double>>> corrected_p() const {
    std::vector<double> together;
    for (const table_row& row : rows_) {
      for (const std::optional<double>& p : row.permutation_p) {
        if (p) together.push_back(*p);
      }
    }
    const std::vector<double> corrected = holm(together);
    std::vector<std::vector<std::optional<double>>> values;
    std::size_t next = 0;
    for (const table_row& row : rows_) {
      values.push_back(row.permutation_p);
      for (std::optional<double>& p : values.back()) {
        if (p) p = corrected[next++];
      }
    }
    return values;
  }

  /// Columns aligned with spaces; ends with a line feed.
  std::string text(const table_format& format = {}) const { return print(format, "", "  ", "\n", '\0'); }
  /// A Markdown table; ends with a line feed.
  std::string markdown(const table_format& format = {}) const { return print(format, "| ", " | ", " |\n", '-'); }

 private:
  using line = std::vector<std::string>;

  /// So many that their smallest p value stays below 5 % after the correction of a table of hundreds of cells.
  permutation_options signs() const {
    return {(std::max)(permutation_options{}.permutations, options_.resamples), options_.key};
  }

  std::vector<line> cells(const table_format& format) const {
    std::vector<line> lines(1, line{"model"});
    for (const metric which : metrics_) lines.front().push_back(which.name());
    const auto corrected = corrected_p();
    for (std::size_t index = 0; index < rows_.size(); ++index) {
      const table_row& row = rows_[index];
      line next{row.model};
      for (std::size_t column = 0; column < row.values.size(); ++column) {
        const interval& value = row.values[column];
        std::string cell = fixed_digits(value.mean, format.digits);
        const bool compared = column < corrected[index].size() && corrected[index][column].has_value();
        if (compared && *corrected[index][column] < format.significance) cell += '*';
        if (format.intervals && value.low != value.high) {
          cell += " [" + fixed_digits(value.low, format.digits) + ", " + fixed_digits(value.high, format.digits) + ']';
        }
        next.push_back(std::move(cell));
      }
      lines.push_back(std::move(next));
    }
    return lines;
  }

  /// Characters of UTF-8 text: every byte that does not continue one.
  static std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }));
  }

  std::string print(const table_format& format, std::string_view left, std::string_view between, std::string_view right,
                    char rule) const {
    const std::vector<line> lines = cells(format);
    std::vector<std::size_t> widths(metrics_.size() + 1, 3);
    for (const line& one : lines) {
      for (std::size_t column = 0; column < one.size(); ++column) {
        widths[column] = (std::max)(widths[column], width_of(one[column]));
      }
    }
    std::string all;
    const auto put = [&](const line& one) {
      std::string text(left);
      for (std::size_t column = 0; column < one.size(); ++column) {
        if (column > 0) text += between;
        text += one[column];
        // No spaces at the end of a line of plain text.
        if (column + 1 < one.size() || rule != '\0') text.append(widths[column] - width_of(one[column]), ' ');
      }
      all += text;
      all += right;
    };
    put(lines.front());
    if (rule != '\0') {
      line dashes;
      for (const std::size_t width : widths) dashes.emplace_back(width, rule);
      put(dashes);
    }
    std::for_each(lines.begin() + 1, lines.end(), put);
    return all;
  }

  std::vector<metric> metrics_;
  bootstrap_options options_;
  std::vector<table_row> rows_;
  std::optional<Evaluation> first_;
};

}  // namespace eval
}  // namespace mmrec::inline v0

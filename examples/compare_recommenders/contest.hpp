// contest.hpp - fits one model after another on the same data, judges all under one protocol, and prints what it cost.
#pragma once
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <mmrec/core.hpp>
#include <mmrec/data.hpp>
#include <mmrec/eval.hpp>
#include <mmrec/exec.hpp>

#include "folder.hpp"
#include "lineup.hpp"
#include "options.hpp"

namespace contest {

/// Wall-clock seconds since it was made.
class stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// What a model took.
struct cost {
  double fit_seconds = 0.0;
  double fit_megabytes = 0.0;     ///< at the peak, as the model foretells it
  double users_per_second = 0.0;  ///< scored, ranked and judged
};

/// Lines of cells, each column padded to one width.
class text_columns {
 public:
  void add(std::vector<std::string> line) { lines_.push_back(std::move(line)); }
  std::string text(const char* between, const char* begin, const char* end) const {
    std::vector<std::size_t> widths(lines_.front().size(), 0);
    for (const auto& line : lines_) {
      for (std::size_t column = 0; column < line.size(); ++column)
        widths[column] = (std::max)(widths[column], line[column].size());
    }
    std::string all;
    for (const auto& line : lines_) {
      all += begin;
      for (std::size_t column = 0; column < line.size(); ++column) {
        all += line[column];
        if (column + 1 == line.size()) break;
        all.append(widths[column] - line[column].size(), ' ');
        all += between;
      }
      all += end;
    }
    return all;
  }

 private:
  std::vector<std::vector<std::string>> lines_;
};

inline std::string digits(double value, int count) { return mm::eval::fixed_digits(value, count); }

/// Runs the contest on a split data set.
class contest {
 public:
  contest(const options& asked, parts data)
      : asked_(asked),
        parts_(std::move(data)),
        past_(parts_.train_and_validation()),
        pool_(asked.threads),
        exec_{.pool = &pool_, .memory_limit = static_cast<std::uint64_t>(asked.memory_gb * 1e9)} {
    if (asked.relevant_from > 0.0f) protocol_.relevance.at_least = asked.relevant_from;
  }

  void run() {
    std::printf("%zu users, %zu items, %zu interactions to learn from, %zu to find; %s\n\n", past_.users(), past_.items(),
                past_.size(), parts_.test.size(), parts_.test.rule().describe().c_str());
    std::fflush(stdout);
    for_each_model([&](const std::string& name, const auto& spec) {
      const auto& wanted = asked_.models;
      if (wanted.empty() || std::find(wanted.begin(), wanted.end(), name) != wanted.end()) enter(name, spec);
    });
    if (costs_.empty()) throw std::runtime_error("none of the models asked for is known");
    std::printf("%s\n%s", protocol_.describe().c_str(), table(", ", "  ", "", "\n").c_str());
    std::printf("\n[low, high]: 95 %% of 1,000 resamplings of the users. Fit MB: at the peak, the data not counted.\n");
    if (asked_.markdown.empty()) return;
    std::ofstream file(asked_.markdown);
    file << table(", ", " | ", "| ", " |\n");
    if (!file.flush()) throw std::runtime_error(asked_.markdown.string() + ": cannot be written");
  }

 private:
  using protocol = mm::eval::full_ranking<mm::eval::mask::train_and_validation>;
  using evaluation = mm::eval::evaluation<protocol, mm::split::given, mm::split::role::test>;

  template <class Spec>
  auto fit(const Spec& spec) const {
    if constexpr (requires { spec.fit(exec_, past_, mm::seed{asked_.seed}); }) {
      return spec.fit(exec_, past_, mm::seed{asked_.seed});
    } else {
      return spec.fit(exec_, past_);
    }
  }

  template <class Spec>
  void enter(const std::string& name, const Spec& spec) {
    std::fprintf(stderr, "%s ...\n", name.c_str());
    try {
      cost used;
      const stopwatch fitting;
      const auto model = fit(spec);
      used.fit_seconds = fitting.seconds();
      if constexpr (requires { spec.fit_bytes(exec_, past_); }) {
        used.fit_megabytes = static_cast<double>(spec.fit_bytes(exec_, past_)) / 1e6;
      }
      const stopwatch judging;
      const evaluation result = mm::eval::evaluate(protocol_, exec_, model, parts_);
      used.users_per_second = static_cast<double>(result.users().size()) / judging.seconds();
      results_.add(exec_, name, result);
      costs_.push_back(used);
    } catch (const mm::limit_error& refused) {
      std::fprintf(stderr, "  left out: %s\n", refused.what());
    }
  }

  std::string table(const char* low_to_high, const char* between, const char* begin, const char* end) const {
    text_columns text;
    std::vector<std::string> line{"model"};
    for (const mm::eval::metric which : results_.metrics()) line.push_back(which.name());
    for (const char* more : {"fit s", "fit MB", "users/s"}) line.emplace_back(more);
    text.add(line);
    for (std::size_t index = 0; index < costs_.size(); ++index) {
      const mm::eval::table_row& row = results_.rows()[index];
      line = {row.model};
      for (const mm::eval::interval& value : row.values) {
        line.push_back(digits(value.mean, 4));
        if (value.low == value.high) continue;
        line.back() += " [" + digits(value.low, 4) + low_to_high + digits(value.high, 4) + ']';
      }
      line.push_back(digits(costs_[index].fit_seconds, 2));
      line.push_back(digits(costs_[index].fit_megabytes, 0));
      line.push_back(digits(costs_[index].users_per_second, 0));
      text.add(line);
    }
    return text.text(between, begin, end);
  }

  const options& asked_;
  parts parts_;
  mm::data::interactions past_;
  mm::exec::thread_pool pool_;
  mm::exec::cpu exec_;
  protocol protocol_{.metrics = {.cutoffs = {10, 20}, .auc = false}};
  mm::eval::table<evaluation> results_{{"ndcg@10", "recall@20", "ndcg@20", "item_coverage@20"}};
  std::vector<cost> costs_;
};

}  // namespace contest

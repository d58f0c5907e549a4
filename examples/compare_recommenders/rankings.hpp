// rankings.hpp - which models put what users went on to choose at the top of their lists.
#pragma once
#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

#include <mmrec/eval.hpp>

#include "arena.hpp"
#include "lineup.hpp"
#include "report.hpp"

namespace contest {

/// Judges all models that rank, and prints a line of each: quality with intervals, what learning took, and how many users a
/// second are scored, ranked and judged.
inline text_table compare_rankings(const arena& at) {
  using protocol = mm::eval::full_ranking<mm::eval::mask::train_and_validation>;
  using evaluation = mm::eval::evaluation<protocol, mm::split::given, mm::split::role::test>;
  protocol how{.metrics = {.cutoffs = {10, 20}, .auc = false}};
  if (at.asked().relevant_from > 0.0f) how.relevance.at_least = at.asked().relevant_from;
  mm::eval::table<evaluation> results{{"ndcg@10", "recall@20", "ndcg@20", "item_coverage@20"}};

  std::vector<std::string> titles{"model"};
  for (const mm::eval::metric which : results.metrics()) titles.push_back(which.name());
  titles.insert(titles.end(), {"fit s", "fit MB", "users/s"});
  text_table lines(std::move(titles));
  for_each_ranking_model([&](const std::string& name, const auto& spec) {
    at.enter(name, spec, [&](const auto& model, const cost& learning) {
      const stopwatch clock;
      const evaluation result = mm::eval::evaluate(how, at.exec(), model, at.data());
      const double users_per_second = static_cast<double>(result.users().size()) / clock.seconds();
      results.add(at.exec(), name, result);
      std::vector<std::string> line{name};
      for (const mm::eval::interval& value : results.rows().back().values) line.push_back(with_interval(value));
      line.insert(line.end(), {digits(learning.seconds, 2), digits(learning.megabytes, 0), digits(users_per_second, 0)});
      lines.add(std::move(line));
    });
  });
  if (lines.rows() != 0) std::printf("%s\n%s\n", how.describe().c_str(), lines.plain().c_str());
  return lines;
}

}  // namespace contest

// TF-IDF of a corpus of one document a line, lower-cased words, float32.
//   tfidf_ours CORPUS fit_transform|transform|count|bigrams threads
// Answers with the sum of all values.
#include <cstdlib>
#include <fstream>
#include <numeric>
#include <string>
#include <string_view>

#include <mmrec/data/csr.hpp>
#include <mmrec/data/text_column.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/pipeline/operators.hpp>
#include <mmrec/text.hpp>

#include "peers/serve.hpp"

namespace {

using namespace mmrec;

double sum(const csr_matrix<float>& rows) { return std::accumulate(rows.values().begin(), rows.values().end(), 0.0); }

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 1;
  data::text_column documents;
  std::ifstream file(argv[1]);
  for (std::string line; std::getline(file, line);) documents.push_back(line);
  const std::string_view work = argv[2];
  const exec::cpu_session session(exec::cpu{.threads = std::strtoull(argv[3], nullptr, 10)});
  const exec::cpu& exec = session.executor();

  const auto tfidf = text::words{} | text::tfidf{};
  if (work == "fit_transform") return peers::serve([&] { return sum(tfidf.fit_transform(exec, documents).output); });
  if (work == "count") {
    const auto count = text::words{} | text::count{};
    return peers::serve([&] { return sum(count.fit_transform(exec, documents).output); });
  }
  if (work == "bigrams") {
    const auto bigrams = text::words{} | text::ngrams{.min_n = 1, .max_n = 2} | text::tfidf{.min_df = 2};
    return peers::serve([&] { return sum(bigrams.fit_transform(exec, documents).output); });
  }
  if (work == "transform") {
    const auto model = tfidf.fit(exec, documents);
    return peers::serve([&] { return sum(model.transform(exec, documents)); });
  }
  return 1;
}

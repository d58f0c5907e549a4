// Words, counts and TF-IDF of a corpus, in bytes a second. The corpus: the lines of the file that MMREC_BENCH_CORPUS names,
// or 8 MB of words drawn from a power law over 50,000. byte_loop, a plain loop that classifies and lower-cases byte by byte,
// is the reference of `words`.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <benchmark/benchmark.h>

#include <mmrec/core/random.hpp>
#include <mmrec/data/csr.hpp>
#include <mmrec/data/text_column.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/pipeline/operators.hpp>
#include <mmrec/text.hpp>

namespace {

using namespace mmrec;

const data::text_column& corpus() {
  static const data::text_column documents = [] {
    data::text_column result;
    if (const char* path = std::getenv("MMREC_BENCH_CORPUS"); path != nullptr) {
      std::ifstream file(path);
      for (std::string line; std::getline(file, line);) result.push_back(line);
      return result;
    }
    random_stream random(seed{1}, 1);
    constexpr std::size_t vocabulary = 50000;
    std::vector<std::string> words(vocabulary);
    for (std::size_t rank = 0; rank < vocabulary; ++rank) {
      const double length = 2 + std::log1p(static_cast<double>(rank)) * (0.2 + random.uniform());
      for (double letter = 0; letter < length; ++letter) {
        words[rank] += static_cast<char>('a' + static_cast<int>(26 * random.uniform()));
      }
    }
    while (result.bytes() < std::size_t{8} << 20) {
      std::string document;
      for (int word = 0; word < 150; ++word) {
        const double rank = std::exp(random.uniform() * std::log(static_cast<double>(vocabulary))) - 1;
        document += words[static_cast<std::size_t>(rank)];
        document += word % 12 == 11 ? ". " : " ";
      }
      result.push_back(document);
    }
    return result;
  }();
  return documents;
}

void set_rate(benchmark::State& state) {
  state.SetBytesProcessed(static_cast<std::int64_t>(corpus().bytes()) * static_cast<std::int64_t>(state.iterations()));
}

struct tally {
  std::size_t* bytes;
  void operator()(std::string_view token) { *bytes += token.size(); }
  void finish() {}
};

void words(benchmark::State& state) {
  const data::text_column& documents = corpus();
  text::words::workspace scratch;
  std::size_t bytes = 0;
  auto sink = text::words{}.attach(scratch, tally{&bytes});
  for (auto _ : state) {
    for (std::size_t document = 0; document < documents.size(); ++document) sink(documents[document]);
    benchmark::DoNotOptimize(bytes);
  }
  set_rate(state);
}
BENCHMARK(words);

void byte_loop(benchmark::State& state) {
  const data::text_column& documents = corpus();
  std::size_t bytes = 0;
  std::string word;
  for (auto _ : state) {
    for (std::size_t document = 0; document < documents.size(); ++document) {
      word.clear();
      for (const char byte : documents[document]) {
        const bool capital = byte >= 'A' && byte <= 'Z';
        if (capital || (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '_') {
          word += capital ? static_cast<char>(byte | 0x20) : byte;
        } else {
          if (word.size() > 1) bytes += word.size();
          word.clear();
        }
      }
    }
    benchmark::DoNotOptimize(bytes);
  }
  set_rate(state);
}
BENCHMARK(byte_loop);

template <class Spec>
void fit_transform(benchmark::State& state, const Spec& spec) {
  const exec::cpu_session session(exec::cpu{.threads = static_cast<std::size_t>(state.range(0))});
  for (auto _ : state) benchmark::DoNotOptimize(spec.fit_transform(session.executor(), corpus()).output.entries());
  set_rate(state);
}
BENCHMARK_CAPTURE(fit_transform, count, text::words{} | text::count{})->Arg(1);
BENCHMARK_CAPTURE(fit_transform, tfidf, text::words{} | text::tfidf{})->Arg(1);
BENCHMARK_CAPTURE(fit_transform, tfidf, text::words{} | text::tfidf{})->Arg(2)->UseRealTime();
BENCHMARK_CAPTURE(fit_transform, tfidf_stop_words_bigrams,
                  text::words{} | text::stop_words{} | text::ngrams{} | text::tfidf{.min_df = 2})
    ->Arg(1);

void transform(benchmark::State& state) {
  const auto model = (text::words{} | text::tfidf{}).fit(exec::cpu{}, corpus());
  for (auto _ : state) benchmark::DoNotOptimize(model.transform(exec::cpu{}, corpus()).entries());
  set_rate(state);
}
BENCHMARK(transform);

void transform_one(benchmark::State& state) {
  const auto model = (text::words{} | text::tfidf{}).fit(exec::cpu{}, corpus());
  std::remove_cvref_t<decltype(model)>::workspace scratch;
  sparse_row<float> row;
  std::size_t document = 0;
  std::size_t bytes = 0;
  for (auto _ : state) {
    model.transform_one(corpus()[document], row, scratch);
    bytes += corpus()[document].size();
    document = (document + 1) % corpus().size();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}
BENCHMARK(transform_one);

}  // namespace

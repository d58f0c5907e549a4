// Reading tables such as MovieLens' ratings.csv: bytes a second of text, with a hand-written loop over the same bytes beside
// it.
#include <benchmark/benchmark.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>

#include <mmrec/core/random.hpp>
#include <mmrec/io/adjacency.hpp>
#include <mmrec/io/interactions.hpp>
#include <mmrec/io/movielens.hpp>
#include <mmrec/io/table.hpp>

namespace mm = mmrec;
namespace io = mmrec::io;

namespace {

// userId,movieId,rating,timestamp: grouped by user, as in the real file.
const std::string& ratings() {
  static const std::string bytes = [] {
    constexpr std::size_t users = 4000, each = 100;
    mm::random_stream random(mm::seed{1});
    std::string text = "userId,movieId,rating,timestamp\r\n";
    for (std::size_t user = 1; user <= users; ++user) {
      std::uint32_t movie = 0;
      for (std::size_t at = 0; at < each; ++at) {
        movie += 1 + random.below(300);
        const std::uint32_t halves = 1 + random.below(10);
        text += std::to_string(user) + ',' + std::to_string(movie) + ',' + std::to_string(halves / 2) +
                (halves % 2 == 0 ? ".0," : ".5,") + std::to_string(900000000 + random.below(600000000)) + "\r\n";
      }
    }
    return text;
  }();
  return bytes;
}

void set_rate(benchmark::State& state) {
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(ratings().size()));
}

// Splitting alone.
void split(benchmark::State& state) {
  for (auto _ : state) {
    io::table_reader table(ratings(), "ratings.csv");
    std::size_t bytes = 0;
    while (table.next()) bytes += table[2].size();
    benchmark::DoNotOptimize(bytes);
  }
  set_rate(state);
}
BENCHMARK(split);

// Splitting and parsing all four columns.
void parse(benchmark::State& state) {
  for (auto _ : state) {
    io::table_reader table(ratings(), "ratings.csv");
    double sum = 0;
    while (table.next()) {
      sum += static_cast<double>(table.value<std::int64_t>(0)) + static_cast<double>(table.value<std::int64_t>(1)) +
             table.value<float>(2) + static_cast<double>(table.value<std::int64_t>(3));
    }
    benchmark::DoNotOptimize(sum);
  }
  set_rate(state);
}
BENCHMARK(parse);

// The reference: from_chars straight over the bytes, trusting every delimiter.
void parse_unchecked(benchmark::State& state) {
  for (auto _ : state) {
    const std::string& text = ratings();
    const char* at = text.data() + text.find('\n') + 1;
    const char* const end = text.data() + text.size();
    double sum = 0;
    while (at != end) {
      std::int64_t user = 0, movie = 0, time = 0;
      float rating = 0;
      at = std::from_chars(at, end, user).ptr + 1;
      at = std::from_chars(at, end, movie).ptr + 1;
      at = std::from_chars(at, end, rating).ptr + 1;
      at = std::from_chars(at, end, time).ptr + 2;
      sum += static_cast<double>(user) + static_cast<double>(movie) + rating + static_cast<double>(time);
    }
    benchmark::DoNotOptimize(sum);
  }
  set_rate(state);
}
BENCHMARK(parse_unchecked);

// All the way to interactions: keys to ids, checks of values and duplicates, sorting.
void interactions(benchmark::State& state) {
  for (auto _ : state) {
    const auto file = io::parse_interactions(ratings(), "ratings.csv", io::movielens_ratings());
    benchmark::DoNotOptimize(file.interactions.size());
  }
  set_rate(state);
}
BENCHMARK(interactions)->Unit(benchmark::kMillisecond);

}  // namespace

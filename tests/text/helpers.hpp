// tests/text/helpers.hpp - what comes out of a text stage for one document.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <mmrec/exec/cpu.hpp>

namespace test {

struct collector {
  std::vector<std::string>* tokens;
  int* documents;
  void operator()(std::string_view token) { tokens->emplace_back(token); }
  void finish() { ++*documents; }
};

/// Fits the spec and streams one document, in pieces, through its model.
template <class Spec>
std::vector<std::string> tokens_of(const Spec& spec, const std::vector<std::string>& pieces) {
  std::vector<std::string> tokens;
  int documents = 0;
  const auto model = spec.fit(mmrec::exec::cpu{}, std::vector<std::string>{});
  typename std::remove_cvref_t<decltype(model)>::workspace scratch;
  auto sink = model.attach(scratch, collector{&tokens, &documents});
  for (const std::string& piece : pieces) sink(piece);
  sink.finish();
  return tokens;
}
template <class Spec>
std::vector<std::string> tokens_of(const Spec& spec, std::string_view document) {
  return tokens_of(spec, std::vector<std::string>{std::string(document)});
}

/// Counts what comes, keeps nothing.
struct tally {
  std::size_t* tokens;
  std::size_t* bytes;
  void operator()(std::string_view token) {
    ++*tokens;
    *bytes += token.size();
  }
  void finish() {}
};

}  // namespace test

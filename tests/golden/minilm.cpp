// Sentence embeddings of all-MiniLM-L6-v2 by its weights, for minilm.py: minilm MODEL.safetensors IDS OUT.f32
// IDS has a line of token ids for each sentence; OUT gets 384 numbers for each.
#include <cstdint>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include <mmrec/exec/cpu.hpp>
#include <mmrec/io/weights.hpp>
#include <mmrec/nn/frozen.hpp>
#include <mmrec/nn/model/bert.hpp>

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  using namespace mmrec;
  using net = nn::sentence_encoder<nn::minilm_l6>;

  std::vector<std::vector<std::int32_t>> sentences;
  std::ifstream file(argv[2]);
  std::size_t longest = 0;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    auto& ids = sentences.emplace_back();
    for (std::int32_t id = 0; words >> id;) ids.push_back(id);
    longest = std::max(longest, ids.size());
  }
  // One batch: each sentence padded to the longest.
  std::vector<std::int32_t> padded(sentences.size() * longest);
  std::vector<std::uint32_t> lengths;
  for (std::size_t row = 0; row < sentences.size(); ++row) {
    std::copy(sentences[row].begin(), sentences[row].end(), padded.begin() + static_cast<std::ptrdiff_t>(row * longest));
    lengths.push_back(static_cast<std::uint32_t>(sentences[row].size()));
  }

  try {
    const nn::frozen<net> encoder(io::read_weights<net>(argv[1], {.ignore_others = true}));
    nn::frozen<net>::workspace memory;
    const auto vectors = encoder(exec::cpu{}, {padded.data(), sentences.size(), longest, lengths.data()}, memory);
    std::ofstream(argv[3], std::ios::binary)
        .write(reinterpret_cast<const char*>(vectors.data()), static_cast<std::streamsize>(vectors.size_bytes()));
  } catch (const error& failure) {
    std::cerr << failure.what() << '\n';
    return 1;
  }
}

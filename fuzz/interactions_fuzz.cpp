// Any bytes as a table of interactions end in interactions or in a typed exception.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <mmrec/core/error.hpp>
#include <mmrec/io/interactions.hpp>
#include <mmrec/io/movielens.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const auto& format :
       {mmrec::io::movielens_ratings(), mmrec::io::movielens_1m_ratings(), mmrec::io::movielens_100k_ratings()}) {
    try {
      (void)mmrec::io::parse_interactions(bytes, "fuzz", format);
    } catch (const mmrec::error&) {
    }
  }
  return 0;
}

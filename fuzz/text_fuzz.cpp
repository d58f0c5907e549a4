// Any bytes as a document, malformed HTML and UTF-8 included, pass through the text stages.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <mmrec/exec/cpu.hpp>
#include <mmrec/pipeline.hpp>
#include <mmrec/text/ngrams.hpp>
#include <mmrec/text/stop_words.hpp>
#include <mmrec/text/strip_html.hpp>
#include <mmrec/text/tfidf.hpp>
#include <mmrec/text/words.hpp>

namespace mm = mmrec;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<std::string> documents{std::string(reinterpret_cast<const char*>(data), size), "a film about words"};
  const auto stages = mm::text::strip_html{} | mm::text::words{} | mm::text::stop_words{.language = "en"} |
                      mm::text::ngrams{} | mm::text::tfidf{};
  (void)stages.fit_transform(mm::exec::cpu{}, documents);
  return 0;
}

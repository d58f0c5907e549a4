// Runs the fuzzers' targets over their corpus: what a fuzzer once found stays found.
#include "../../fuzz/targets.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include <mmrec/io/file.hpp>

#include "support/catch.hpp"

namespace {
const std::filesystem::path corpus = std::filesystem::path(MMREC_TEST_GOLDEN_DIR) / ".." / ".." / "fuzz" / "corpus";
}

TEST_CASE("every file of the corpus, and every prefix of it, passes its target") {
  const std::map<std::string, std::function<void(std::string_view)>> targets{{"table", fuzz::table},
                                                                             {"npy", fuzz::npy},
                                                                             {"interactions", fuzz::interactions},
                                                                             {"lists", fuzz::lists},
                                                                             {"wav", fuzz::wav},
                                                                             {"safetensors", fuzz::safetensors},
                                                                             {"recbole", fuzz::recbole},
                                                                             {"movielens", fuzz::movielens},
                                                                             {"labelled", fuzz::labelled}};
  for (const auto& [name, target] : targets) {
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(corpus / name)) {
      const std::string bytes = mmrec::io::read_file(entry.path());
      CAPTURE(entry.path());
      for (std::size_t size = 0; size <= bytes.size(); ++size)
        CHECK_NOTHROW(target(std::string_view(bytes).substr(0, size)));
      ++files;
    }
    CAPTURE(name);
    CHECK(files >= 5);
  }
}

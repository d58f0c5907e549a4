// tests/nn/golden_numbers.hpp - golden files of lines that are a name and numbers.
#pragma once
#include <algorithm>
#include <cstddef>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <mmrec/core/parse.hpp>
#include <mmrec/io/file.hpp>

namespace test {

class golden_numbers {
 public:
  explicit golden_numbers(const std::string& name) {
    const std::string text = mmrec::io::read_file(std::string(MMREC_TEST_GOLDEN_DIR "/") + name);
    std::string_view rest = text;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      std::string_view line = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      std::vector<double>* numbers = nullptr;
      while (!line.empty()) {
        const std::size_t stop = std::min(line.find(' '), line.size());
        const std::string_view word = line.substr(0, stop);
        line.remove_prefix(std::min(stop + 1, line.size()));
        if (numbers == nullptr) {
          numbers = &numbers_[std::string(word)];
        } else {
          numbers->push_back(mmrec::require_number<double>("golden", word, {.non_finite = true}));
        }
      }
    }
  }
  const std::vector<double>& operator[](const std::string& name) const {
    const auto found = numbers_.find(name);
    if (found == numbers_.end()) throw std::runtime_error("no golden " + name);
    return found->second;
  }
  template <class T>
  std::vector<T> as(const std::string& name) const {
    std::vector<T> result;
    for (const double x : (*this)[name]) result.push_back(static_cast<T>(x));
    return result;
  }

 private:
  std::map<std::string, std::vector<double>> numbers_;
};

}  // namespace test

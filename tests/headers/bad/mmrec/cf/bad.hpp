// mmrec/cf/bad.hpp - breaks the layers and the rules on purpose: the checks have to say so.
#pragma once
#include <mmrec/text/bad.hpp>
#include <mmrec/pipeline/bad.hpp>

inline bool digits(const char* text) {
  printf("%s", text);
  return std::regex_match(text, std::regex("[0-9]*"));
}

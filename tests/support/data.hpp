// tests/support/data.hpp - where the real data sets are, and how a test says that they are not there.
#pragma once
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include "support/catch.hpp"

namespace test {

/// The folder of a data set under MMREC_TEST_DATA, or nothing when it is absent.
inline std::optional<std::filesystem::path> data_set(const std::string& name) {
  const char* root = std::getenv("MMREC_TEST_DATA");
  if (root == nullptr || *root == '\0') return std::nullopt;
  std::filesystem::path folder = std::filesystem::path(root) / name;
  if (!std::filesystem::exists(folder)) return std::nullopt;
  return folder;
}

}  // namespace test

/// Ends the test case as skipped: reported by name, never counted as a failure.
#define MMREC_SKIP_WITHOUT(folder, name)                                                     \
  do {                                                                                       \
    if (!(folder)) {                                                                         \
      WARN("skipped: data set '" name "' is not under MMREC_TEST_DATA");                     \
      return;                                                                                \
    }                                                                                        \
  } while (false)

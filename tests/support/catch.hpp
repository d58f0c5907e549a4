// tests/support/catch.hpp - Catch2 2.13 or 3, whichever is installed.
#pragma once
#include <string>

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;
namespace test {
/// Matches a string that holds another one.
inline auto contains(const std::string& part) { return Catch::Matchers::ContainsSubstring(part); }
}  // namespace test
#else
#include <catch2/catch.hpp>
namespace test {
/// Matches a string that holds another one.
inline auto contains(const std::string& part) { return Catch::Matchers::Contains(part); }
}  // namespace test
#endif

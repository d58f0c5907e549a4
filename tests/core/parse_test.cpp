#include <mmrec/core/parse.hpp>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include <mmrec/core/random.hpp>

#include "support/catch.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;
using fault = mm::number_fault;

TEST_CASE("plain decimal numbers are read") {
  struct row {
    std::string text;
    double value;
  };
  const std::vector<row> rows{{"0", 0},
                              {"-0", 0},
                              {"7", 7},
                              {"007", 7},
                              {"4.5", 4.5},
                              {"-12.25", -12.25},
                              {"1e3", 1000},
                              {"1E-2", 0.01},
                              {"2.5e+2", 250},
                              {".5", 0.5},
                              {"5.", 5},
                              {"0e400", 0},
                              {"0.000e-999", 0},
                              {"0.1", 0.1},
                              {"123456789012345678901234567890", 123456789012345678901234567890.0},
                              {"1.7976931348623157e308", std::numeric_limits<double>::max()}};
  for (const row& r : rows) {
    CAPTURE(r.text);
    const auto result = mm::parse_number<double>(r.text);
    CHECK(result.fault == fault::none);
    CHECK(result.value == r.value);
  }
  CHECK(std::signbit(mm::parse_number<double>("-0").value));
  CHECK(mm::parse_number<float>("0.1").value == 0.1f);
  CHECK(mm::parse_number<float>("16777217").value == 16777216.0f);
}

TEST_CASE("anything else is refused, with the reason") {
  struct row {
    std::string text;
    fault why;
  };
  const std::vector<row> rows{{"", fault::empty},
                              {" 1", fault::not_a_number},
                              {"1 ", fault::not_a_number},
                              {"1\n", fault::not_a_number},
                              {"+1", fault::not_a_number},
                              {"--1", fault::not_a_number},
                              {"-", fault::not_a_number},
                              {".", fault::not_a_number},
                              {"e5", fault::not_a_number},
                              {"1e", fault::not_a_number},
                              {"1e+", fault::not_a_number},
                              {"0x10", fault::not_a_number},
                              {"1,5", fault::not_a_number},
                              {"1'000", fault::not_a_number},
                              {"1_000", fault::not_a_number},
                              {"1.2.3", fault::not_a_number},
                              {"four", fault::not_a_number},
                              {"1f", fault::not_a_number},
                              {"nan(1)", fault::not_a_number},
                              {"1e400", fault::out_of_range},
                              {"-1e400", fault::out_of_range},
                              {"1e99999999999999999999", fault::out_of_range},
                              {"1e-400", fault::out_of_range},
                              {"0.0001e-999", fault::out_of_range},
                              {"inf", fault::not_finite},
                              {"-inf", fault::not_finite},
                              {"INF", fault::not_finite},
                              {"infinity", fault::not_finite},
                              {"nan", fault::not_finite},
                              {"NaN", fault::not_finite},
                              {"-nan", fault::not_finite},
                              {std::string("1\0", 2), fault::not_a_number},
                              {"\xc2\xa0"
                               "1",
                               fault::not_a_number}};
  for (const row& r : rows) {
    CAPTURE(r.text);
    CHECK(mm::parse_number<double>(r.text).fault == r.why);
    CHECK(mm::parse_number<double>(r.text).value == 0);
    CHECK_FALSE(mm::find_number<double>(r.text).has_value());
    CHECK_THROWS_AS(mm::require_number<double>("f", r.text), mm::data_error);
  }
  CHECK(mm::parse_number<float>("1e39").fault == fault::out_of_range);
  CHECK(mm::parse_number<float>("1e-46").fault == fault::out_of_range);
  CHECK(mm::parse_number<float>("1e-45").value > 0);  // the smallest subnormal
}

TEST_CASE("non-finite numbers are read when asked for") {
  const mm::number_options all{.non_finite = true};
  CHECK(std::isinf(mm::parse_number<float>("inf", all).value));
  CHECK(mm::parse_number<float>("-Infinity", all).value == -std::numeric_limits<float>::infinity());
  CHECK(std::isnan(mm::parse_number<float>("NaN", all).value));
  CHECK(std::isnan(mm::parse_number<float>("-nan", all).value));
  CHECK(mm::parse_number<float>("1e400", all).fault == fault::out_of_range);  // a number, and not the one it says
  CHECK(mm::parse_number<float>("nan(0)", all).fault == fault::not_a_number);
  CHECK(mm::parse_number<float>("infinit", all).fault == fault::not_a_number);
}

TEST_CASE("whole numbers keep to their range") {
  CHECK(mm::parse_number<std::int64_t>("9223372036854775807").value == std::numeric_limits<std::int64_t>::max());
  CHECK(mm::parse_number<std::int64_t>("-9223372036854775808").value == std::numeric_limits<std::int64_t>::min());
  CHECK(mm::parse_number<std::int64_t>("9223372036854775808").fault == fault::out_of_range);
  CHECK(mm::parse_number<std::uint8_t>("255").value == 255);
  CHECK(mm::parse_number<std::uint8_t>("256").fault == fault::out_of_range);
  CHECK(mm::parse_number<std::uint32_t>("-1").fault == fault::out_of_range);
  CHECK(mm::parse_number<std::uint32_t>("-").fault == fault::not_a_number);
  CHECK(mm::parse_number<std::uint32_t>("-1x").fault == fault::not_a_number);
  CHECK(mm::parse_number<int>("4.0").fault == fault::not_a_number);
  CHECK(mm::parse_number<int>("1e3").fault == fault::not_a_number);
  CHECK(mm::parse_number<int>("").fault == fault::empty);
  CHECK(mm::parse_number<int>("+4").fault == fault::not_a_number);
  CHECK(mm::parse_number<int>("99999999999999999999x").fault == fault::not_a_number);
}

TEST_CASE("numbers equal the C library's in its own locale") {
  // strtod of glibc is correctly rounded and was written by others.
  mm::random_stream random(mm::seed{11});
  for (int round = 0; round < 20000; ++round) {
    char text[64];
    const int digits = 1 + static_cast<int>(random.below(20));
    const int exponent = static_cast<int>(random.below(600)) - 300;
    std::string number = random.below(2) == 0 ? "" : "-";
    for (int digit = 0; digit < digits; ++digit) {
      number += static_cast<char>('0' + random.below(10));
      if (digit == digits / 2) number += '.';
    }
    std::snprintf(text, sizeof text, "%se%d", number.c_str(), exponent);
    const double wanted = std::strtod(text, nullptr);
    const auto got = mm::parse_number<double>(text);
    CAPTURE(text);
    if (std::isinf(wanted)) {
      CHECK(got.fault == fault::out_of_range);
    } else if (got) {
      REQUIRE(got.value == wanted);
    } else {
      CHECK(std::abs(wanted) < std::numeric_limits<double>::min());
    }
    const float narrow = std::strtof(text, nullptr);
    const auto got_narrow = mm::parse_number<float>(text);
    if (got_narrow) REQUIRE(got_narrow.value == narrow);
  }
}

TEST_CASE("messages carry the text and the reason") {
  CHECK(test::thrown<mm::data_error>([] { mm::require_number<float>("f", "four"); }) == "f: \"four\" is not a number");
  CHECK(test::thrown<mm::data_error>([] { mm::require_number<int>("f", "4.5"); }) == "f: \"4.5\" is not a whole number");
  CHECK(test::thrown<mm::data_error>([] { mm::require_number<float>("f", "1e400"); }) == "f: \"1e400\" is out of range");
  CHECK(test::thrown<mm::data_error>([] { mm::require_number<unsigned>("f", "-3"); }) ==
        "f: \"-3\" is negative or too large");
  CHECK(test::thrown<mm::data_error>([] { mm::require_number<float>("f", "nan"); }) == "f: \"nan\" is not finite");
  CHECK(test::thrown<mm::data_error>([] { mm::require_number<float>("f", ""); }) ==
        "f: \"\" is empty where a number is wanted");
  CHECK(mm::in_quotation(std::string("a\tb\0\x7f", 5)) == "\"a\\x09b\\x00\\x7f\"");
  CHECK(mm::in_quotation(std::string(100, 'a')) == '"' + std::string(40, 'a') + "\"...");
}

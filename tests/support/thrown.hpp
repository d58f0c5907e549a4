// tests/support/thrown.hpp - what a call throws: its exact type and its text.
#pragma once
#include <exception>
#include <string>
#include <typeinfo>

namespace test {

/// The text of the exception, if its type is exactly E; else a text that says what happened instead.
template <class E, class Call>
std::string thrown(Call&& call) {
  try {
    call();
  } catch (const std::exception& error) {
    if (typeid(error) == typeid(E)) return error.what();
    return std::string("another exception, ") + typeid(error).name() + ": " + error.what();
  }
  return "no exception";
}

}  // namespace test

// mmrec/core/error.hpp - what the library throws, and the checks that throw it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace mmrec::inline v0 {

/// Base of every exception the library throws for the caller's data, files and requests.
/// The text starts with the public function's name ("cf::ials::fit: ...") and carries the sizes or names at fault.
/// Faults of the library itself are MMREC_ASSERTs; slow convergence is a field of a model's report, not an error.
class error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A field of a spec or an argument has a value that makes no sense, whatever the data.
class invalid_config : public error {
 public:
  invalid_config(std::string_view function, std::string_view field, std::string_view why)
      : error(std::string(function) + ": " + std::string(field) + ' ' + std::string(why)), field_(field) {}
  const std::string& field() const noexcept { return field_; }

 private:
  std::string field_;
};

/// Two sizes that have to agree do not.
class shape_error : public error {
 public:
  shape_error(std::string_view function, std::string_view what, std::size_t expected, std::size_t actual)
      : error(std::string(function) + ": " + std::string(what) + ": expected " + std::to_string(expected) + ", got " +
              std::to_string(actual)),
        expected_(expected),
        actual_(actual) {}
  std::size_t expected() const noexcept { return expected_; }
  std::size_t actual() const noexcept { return actual_; }

 private:
  std::size_t expected_;
  std::size_t actual_;
};

/// The content of the caller's data breaks a rule (a non-finite feature, a modality that no item has, ...).
class data_error : public error {
 public:
  using error::error;
  data_error(std::string_view function, std::string_view what) : error(std::string(function) + ": " + std::string(what)) {}
};

/// A file or byte buffer is malformed. The text starts with the file's name, then line and column, as compilers print
/// them, not with a function's name. Line and column count from 1; 0 means that they do not apply.
class parse_error : public data_error {
 public:
  parse_error(std::string_view source, std::uint64_t line, std::uint64_t column, std::string_view what)
      : data_error(position(source, line, column) + ": " + std::string(what)), source_(source), line_(line), column_(column) {}
  const std::string& source() const noexcept { return source_; }
  std::uint64_t line() const noexcept { return line_; }
  std::uint64_t column() const noexcept { return column_; }

 private:
  static std::string position(std::string_view source, std::uint64_t line, std::uint64_t column) {
    std::string text(source);
    if (line != 0) text += ':' + std::to_string(line);
    if (column != 0) text += ':' + std::to_string(column);
    return text;
  }
  std::string source_;
  std::uint64_t line_;
  std::uint64_t column_;
};

/// The operating system refused to open, read or write a file.
class io_error : public error {
 public:
  io_error(std::string_view function, std::string_view file, std::string_view why)
      : error(std::string(function) + ": " + std::string(file) + ": " + std::string(why)), file_(file) {}
  const std::string& file() const noexcept { return file_; }

 private:
  std::string file_;
};

/// An id or key that the model or data set does not know.
class unknown_id : public error {
 public:
  unknown_id(std::string_view function, std::string_view kind, std::string_view key, std::size_t known)
      : error(std::string(function) + ": unknown " + std::string(kind) + ' ' + std::string(key) + " (" +
              std::to_string(known) + " known)") {}
};

/// Honouring the request would exceed a limit (see core/limits.hpp).
class limit_error : public error {
 public:
  limit_error(std::string_view function, std::string_view what, std::uint64_t limit, std::uint64_t asked)
      : error(std::string(function) + ": " + std::string(what) + ' ' + std::to_string(asked) + " exceeds the limit of " +
              std::to_string(limit)) {}
};

/// Training produced NaN or infinity, or a matrix that must be positive definite is not.
class numeric_error : public error {
 public:
  using error::error;
  numeric_error(std::string_view function, std::string_view what)
      : error(std::string(function) + ": " + std::string(what)) {}
};

/// The caller asked, through a progress sink, to stop.
class cancelled : public error {
 public:
  explicit cancelled(std::string_view function) : error(std::string(function) + ": cancelled by the caller") {}
};

/// A backend or component that was asked for is not part of this build or machine.
class unavailable : public error {
 public:
  unavailable(std::string_view function, std::string_view what)
      : error(std::string(function) + ": " + std::string(what)) {}
};

/// Throws shape_error unless both sizes agree.
inline void require_size(std::string_view function, std::string_view what, std::size_t expected, std::size_t actual) {
  if (expected != actual) throw shape_error(function, what, expected, actual);
}

/// Throws invalid_config unless the condition holds.
inline void require_config(bool condition, std::string_view function, std::string_view field, std::string_view why) {
  if (!condition) throw invalid_config(function, field, why);
}

}  // namespace mmrec::inline v0

// mmrec/io/file.hpp - whole files into memory, and what can go wrong with that.
#pragma once
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <mmrec/core/error.hpp>
#include <mmrec/core/limits.hpp>

namespace mmrec::inline v0 {
namespace io {

namespace detail {
/// The system's words for an error number.
inline std::string why(int code) { return std::generic_category().message(code); }

/// Owns a file descriptor.
class descriptor {
 public:
  descriptor() = default;
  explicit descriptor(int number) : number_(number) {}
  descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  explicit operator bool() const { return number_ >= 0; }
  int number() const { return number_; }
  /// Closes and says how it went: for written files, where the answer matters.
  int close() { return ::close(std::exchange(number_, -1)); }

 private:
  int number_ = -1;
};
}  // namespace detail

/// Whether there is something of this name. Throws io_error where the system does not tell.
inline bool file_exists(const std::filesystem::path& path) {
  std::error_code code;
  const bool found = std::filesystem::exists(path, code);
  if (code) throw io_error("io::file_exists", path.native(), code.message());
  return found;
}

/// The bytes of a regular file.
///
/// Cost       one allocation of the file's size, one copy from the system
/// Throws     io_error where the system refuses, for directories, pipes and devices, and for a file that changes its size
///            while it is read; limit_error, before any memory is taken, for a file larger than bounds.file_bytes
inline std::string read_file(const std::filesystem::path& path, const limits& bounds = {}) {
  constexpr std::string_view function = "io::read_file";
  // O_NONBLOCK: opening a pipe that nobody writes to must not hang; it has no effect on regular files.
  const detail::descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) throw io_error(function, path.native(), detail::why(errno));
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) throw io_error(function, path.native(), detail::why(errno));
  if (!S_ISREG(status.st_mode)) {
    throw io_error(function, path.native(), S_ISDIR(status.st_mode) ? "is a directory" : "is not a regular file");
  }
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > bounds.file_bytes) {
    throw limit_error(function, std::string(path.native()) + ": size in bytes", bounds.file_bytes, size);
  }
  // One byte more than expected, to notice a file that grew.
  std::string bytes(static_cast<std::size_t>(size) + 1, '\0');
  std::size_t filled = 0;
  for (;;) {
    const ssize_t got = ::read(file.number(), bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw io_error(function, path.native(), detail::why(errno));
    filled += static_cast<std::size_t>(got);
    if (got == 0 || filled == bytes.size()) break;
  }
  if (filled != size) throw io_error(function, path.native(), "changed its size while being read");
  bytes.pop_back();
  return bytes;
}

}  // namespace io
}  // namespace mmrec::inline v0

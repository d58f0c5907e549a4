// mmrec/io/atomic_file.hpp - files that are written whole or not at all.
#pragma once
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <mmrec/core/error.hpp>
#include <mmrec/io/file.hpp>

namespace mmrec::inline v0 {
namespace io {

/// Writes to a temporary file beside the target, and on commit() makes it durable and puts it in the target's place in one
/// step. Whoever opens the target sees the old file or the new one, whole, even after a crash. Without commit() the
/// target is untouched and the temporary file is removed.
///
/// Result     after commit() has returned, the content and the directory entry are on the disk (as far as fsync can tell)
/// Throws     io_error for every refusal of the system; the target then is as before, except where making the directory
///            durable fails: then the new file stands, but may not outlive a power cut
/// Avoid when the target is a symbolic link to be written through (the link itself is replaced) or has several hard links
class atomic_file {
 public:
  explicit atomic_file(std::filesystem::path target) : target_(std::move(target)) {
    if (!target_.has_filename()) fail("is not the name of a file", target_);
    struct stat status {};
    const bool exists = ::lstat(target_.c_str(), &status) == 0;
    if (!exists && errno != ENOENT) fail(detail::why(errno), target_);
    if (exists && !S_ISREG(status.st_mode) && !S_ISLNK(status.st_mode)) fail("exists and is not a regular file", target_);
    open_temporary();
    // A replaced file keeps its permissions.
    if (exists && S_ISREG(status.st_mode) && ::fchmod(file_.number(), status.st_mode & 07777) != 0) {
      const int code = errno;
      remove_temporary();
      fail(detail::why(code), temporary_);
    }
  }
  atomic_file(const atomic_file&) = delete;
  atomic_file& operator=(const atomic_file&) = delete;
  ~atomic_file() { remove_temporary(); }

  /// Appends bytes.
  void write(std::span<const std::byte> bytes) {
    if (!file_) fail("write after commit", target_);
    while (!bytes.empty()) {
      const std::size_t step = std::min<std::size_t>(bytes.size(), std::size_t{1} << 30);
      const ssize_t wrote = ::write(file_.number(), bytes.data(), step);
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) fail(detail::why(errno), temporary_);
      if (wrote == 0) fail("the system wrote nothing", temporary_);
      bytes = bytes.subspan(static_cast<std::size_t>(wrote));
    }
  }
  void write(std::string_view text) { write(std::as_bytes(std::span(text.data(), text.size()))); }

  /// Makes what was written the target's content.
  void commit() {
    if (!file_) fail("commit after commit", target_);
    if (::fsync(file_.number()) != 0) fail(detail::why(errno), temporary_);
    if (file_.close() != 0) fail(detail::why(errno), temporary_);
    if (std::rename(temporary_.c_str(), target_.c_str()) != 0) fail(detail::why(errno), target_);
    temporary_.clear();
    const detail::descriptor folder(::open(folder_of(target_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder || ::fsync(folder.number()) != 0) fail(detail::why(errno), folder_of(target_));
  }

 private:
  static std::filesystem::path folder_of(const std::filesystem::path& file) {
    return file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  }
  [[noreturn]] static void fail(std::string_view reason, const std::filesystem::path& file) {
    throw io_error("io::atomic_file", file.native(), reason);
  }
  void open_temporary() {
    constexpr int attempts = 1000;  // names of files that other writers, or crashed ones, left behind
    const std::string stem = "." + target_.filename().native() + ".tmp" + std::to_string(::getpid()) + "-";
    for (int attempt = 0; attempt < attempts; ++attempt) {
      temporary_ = folder_of(target_) / (stem + std::to_string(attempt));
      file_ = detail::descriptor(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
      if (file_) return;
      if (errno != EEXIST) break;
    }
    const std::filesystem::path wanted = std::exchange(temporary_, {});
    fail(detail::why(errno), wanted);
  }
  void remove_temporary() noexcept {
    // The temporary file is of no use to anyone: a failure to remove it is not worth hiding the first error for.
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
  }

  std::filesystem::path target_;
  std::filesystem::path temporary_;
  detail::descriptor file_;
};

/// Replaces a file's content by these bytes, whole or not at all; see atomic_file.
inline void write_file(const std::filesystem::path& path, std::string_view bytes) {
  atomic_file file(path);
  file.write(bytes);
  file.commit();
}

}  // namespace io
}  // namespace mmrec::inline v0

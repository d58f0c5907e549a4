#include <mmrec/io/atomic_file.hpp>
#include <mmrec/io/file.hpp>

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;
namespace io = mmrec::io;
namespace fs = std::filesystem;

namespace {
std::size_t files_in(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}
}  // namespace

TEST_CASE("files are read whole") {
  const test::temporary_folder folder;
  const std::string bytes("a\0b\r\n\xff", 6);
  CHECK(io::read_file(folder.write("some", bytes)) == bytes);
  CHECK(io::read_file(folder.write("none", "")).empty());
  const std::string large(3u << 20, 'x');
  CHECK(io::read_file(folder.write("large", large)) == large);
}

TEST_CASE("what is not a readable regular file is refused by name") {
  const test::temporary_folder folder;
  CHECK_THAT(test::thrown<mm::io_error>([&] { io::read_file(folder.path() / "missing"); }),
             test::contains("io::read_file: ") && test::contains("missing: No such file"));
  CHECK_THAT(test::thrown<mm::io_error>([&] { io::read_file(folder.path()); }), test::contains("is a directory"));
  CHECK_THAT(test::thrown<mm::io_error>([] { io::read_file("/dev/zero"); }), test::contains("is not a regular file"));
  const fs::path pipe = folder.path() / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK_THAT(test::thrown<mm::io_error>([&] { io::read_file(pipe); }),
             test::contains("is not a regular file"));  // and does not hang
  CHECK_THROWS_AS(io::read_file(""), mm::io_error);
  if (::geteuid() != 0) {
    const fs::path secret = folder.write("secret", "x");
    fs::permissions(secret, fs::perms::none);
    CHECK_THROWS_AS(io::read_file(secret), mm::io_error);
  }
  // Files of /proc say that they hold nothing, and then hold something.
  if (fs::exists("/proc/self/status")) CHECK_THROWS_AS(io::read_file("/proc/self/status"), mm::io_error);
}

TEST_CASE("the size limit holds before memory is taken") {
  const test::temporary_folder folder;
  const fs::path file = folder.write("ten", "0123456789");
  mm::limits bounds;
  bounds.file_bytes = 10;
  CHECK(io::read_file(file, bounds).size() == 10);
  bounds.file_bytes = 9;
  CHECK_THAT(test::thrown<mm::limit_error>([&] { io::read_file(file, bounds); }),
             test::contains("ten: size in bytes 10 exceeds the limit of 9"));
  const fs::path sparse = folder.write("sparse", "");
  fs::resize_file(sparse, std::uintmax_t{1} << 40);
  CHECK_THROWS_AS(io::read_file(sparse), mm::limit_error);
}

TEST_CASE("a file is replaced whole, and only by commit") {
  const test::temporary_folder folder;
  const fs::path target = folder.write("model", "old");
  {
    io::atomic_file file(target);
    file.write("new ");
    CHECK(files_in(folder.path()) == 2);
    CHECK(io::read_file(target) == "old");
    file.write("content");
    file.commit();
    CHECK_THROWS_AS(file.write("more"), mm::io_error);
    CHECK_THROWS_AS(file.commit(), mm::io_error);
  }
  CHECK(io::read_file(target) == "new content");
  CHECK(files_in(folder.path()) == 1);
  {
    io::atomic_file abandoned(target);
    abandoned.write("half");
  }
  CHECK(io::read_file(target) == "new content");
  CHECK(files_in(folder.path()) == 1);
  io::write_file(folder.path() / "fresh", "made");
  CHECK(io::read_file(folder.path() / "fresh") == "made");
}

TEST_CASE("two writers of one file do not mix") {
  const test::temporary_folder folder;
  const fs::path target = folder.path() / "model";
  io::atomic_file first(target), second(target);
  first.write("first");
  second.write("second");
  second.commit();
  first.commit();
  CHECK(io::read_file(target) == "first");
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("permissions of a replaced file stay, and a relative name works") {
  const test::temporary_folder folder;
  const fs::path target = folder.write("model", "old");
  fs::permissions(target, fs::perms::owner_read | fs::perms::owner_write);
  io::write_file(target, "new");
  CHECK(fs::status(target).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
  const fs::path before = fs::current_path();
  fs::current_path(folder.path());
  io::write_file("relative", "here");
  fs::current_path(before);
  CHECK(io::read_file(folder.path() / "relative") == "here");
}

TEST_CASE("writers are refused with the file's name, and leave nothing behind") {
  const test::temporary_folder folder;
  CHECK_THROWS_AS(io::write_file(folder.path(), "x"), mm::io_error);
  CHECK_THROWS_AS(io::write_file(folder.path() / "", "x"), mm::io_error);
  CHECK_THAT(test::thrown<mm::io_error>([&] { io::write_file(folder.path() / "no" / "model", "x"); }),
             test::contains("io::atomic_file: ") && test::contains("No such file"));
  CHECK_THROWS_AS(io::write_file("/dev/full", "x"), mm::io_error);
  const fs::path pipe = folder.path() / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK_THAT(test::thrown<mm::io_error>([&] { io::write_file(pipe, "x"); }), test::contains("not a regular file"));
  CHECK(files_in(folder.path()) == 1);
  if (::geteuid() != 0) {
    fs::permissions(folder.path(), fs::perms::owner_read | fs::perms::owner_exec);
    CHECK_THROWS_AS(io::write_file(folder.path() / "model", "x"), mm::io_error);
    fs::permissions(folder.path(), fs::perms::owner_all);
  }
}

TEST_CASE("a write beyond the process's file size limit is an error and the old file stays") {
  const test::temporary_folder folder;
  const fs::path target = folder.write("model", "old");
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    // In a child, because the limit cannot be raised again by everybody. Codes: 0 as promised, 1 not.
    struct rlimit small {
      1000, 1000
    };
    ::setrlimit(RLIMIT_FSIZE, &small);
    ::signal(SIGXFSZ, SIG_IGN);
    int code = 1;
    try {
      io::write_file(target, std::string(5000, 'x'));
    } catch (const mm::io_error&) {
      code = 0;
    }
    ::_exit(code);
  }
  int status = 1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK(io::read_file(target) == "old");
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("a file is there or not, and a name that the system refuses is an error of ours") {
  const test::temporary_folder folder;
  CHECK(mmrec::io::file_exists(folder.write("a.txt", "x")));
  CHECK(mmrec::io::file_exists(folder.path()));
  CHECK_FALSE(mmrec::io::file_exists(folder.path() / "none"));
  const auto endless = folder.path() / std::string(1000, 'x');
  CHECK(test::thrown<mmrec::io_error>([&] { mmrec::io::file_exists(endless); }).find("io::file_exists: ") == 0);
}

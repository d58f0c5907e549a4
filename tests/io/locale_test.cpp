// The same bytes are the same numbers in every locale.
#include <clocale>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <locale>
#include <string>
#include <string_view>
#include <vector>

#include <mmrec/io/adjacency.hpp>
#include <mmrec/io/feature_table.hpp>
#include <mmrec/io/movielens.hpp>
#include <mmrec/io/npy.hpp>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#include "support/thrown.hpp"

// The C library itself leaks a list when it reads LOCPATH; only the leak sanitizer calls this.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:argz_add_sep"; }

namespace mm = mmrec;
namespace io = mmrec::io;

namespace {

// Everything the readers make of a small folder, as text whose floating point numbers are bit patterns.
std::string read_everything(const std::filesystem::path& folder) {
  std::string all;
  const auto add = [&](float value) {
    std::uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    all += std::to_string(bits) + ' ';
  };
  const io::movielens films = io::read_movielens(folder);
  for (const float value : films.ratings.value_array()) add(value);
  for (const std::int64_t time : films.ratings.time_array()) all += std::to_string(time) + ' ';
  for (const std::string& title : films.titles) all += title + '|';
  for (const int year : films.years) all += std::to_string(year) + ' ';
  for (Eigen::Index at = 0; at < films.sound.values.size(); ++at) add(films.sound.values.data()[at]);
  const auto lists = io::read_adjacency({folder / "train.txt"});
  all += std::to_string(lists[0].interactions.items());
  for (const char* text : {"1.5", "1,5", "1.500,5", "-0.25", "1e-3", "INF", "inf", "\xc4\xb0NF", "1'000", "1 000"}) {
    const auto number = mm::parse_number<double>(text);
    all += std::to_string(static_cast<int>(number.fault)) + ' ';
    add(static_cast<float>(number.value));
  }
  all += io::format_npy<float>(std::vector<float>{1234567.25f}, std::vector<std::size_t>{1});
  all += test::thrown<mm::parse_error>([&] { io::parse_interactions("user,item,value\na,b,1234567,5\n", "t.csv"); });
  return all;
}

class locale_guard {
 public:
  locale_guard() : c_(std::setlocale(LC_ALL, nullptr)), cpp_() {}
  ~locale_guard() {
    std::setlocale(LC_ALL, c_.c_str());
    std::locale::global(cpp_);
  }

 private:
  std::string c_;
  std::locale cpp_;
};

// The first of these locales that the system has or localedef can make.
std::string available(const std::vector<std::string>& names, const std::filesystem::path& folder) {
  for (const std::string& name : names) {
    if (std::setlocale(LC_ALL, name.c_str()) != nullptr) return name;
  }
  const std::string wanted = names.front();
  const std::string source = wanted.substr(0, wanted.find('.'));
  // A folder of its own: glibc remembers that a locale was not in a folder.
  const std::filesystem::path made = folder / source;
  std::filesystem::create_directory(made);
  const std::string command = "localedef -i " + source + " -f UTF-8 '" + (made / wanted).native() + "' >/dev/null 2>&1";
  if (std::system(command.c_str()) != 0) return {};
  ::setenv("LOCPATH", made.c_str(), 1);
  const std::string found = std::setlocale(LC_ALL, wanted.c_str()) != nullptr ? wanted : std::string();
  return found;
}

}  // namespace

TEST_CASE("readers do not follow the locale") {
  const test::temporary_folder folder;
  folder.write("ratings.csv", "userId,movieId,rating,timestamp\n1,10,4.5,964982703\n1000,10,0.5,1000000\n");
  folder.write("movies.csv", "movieId,title,genres\n10,\xc4\xb0stanbul (1995),Drama\n");
  folder.write("audio_ivector100.tsv", "movieId\ta\tb\tc\n10\t0.125\t-1.5e-3\tinf\n");
  folder.write("train.txt", "0 1000 2000\n");
  const locale_guard guard;
  std::setlocale(LC_ALL, "C");
  const std::string wanted = read_everything(folder.path());
  std::size_t tried = 0;
  for (const auto& names : {std::vector<std::string>{"de_DE.UTF-8", "de_DE.utf8", "de_DE"},
                            {"tr_TR.UTF-8", "tr_TR.utf8", "tr_TR"},
                            {"hi_IN.UTF-8", "hi_IN"}}) {
    const std::string name = available(names, folder.path());
    if (name.empty()) {
      WARN("skipped: locale " + names.front() + " is not here and cannot be made");
      continue;
    }
    CAPTURE(name);
    ++tried;
    if (name.starts_with("de")) REQUIRE(std::localeconv()->decimal_point == std::string(","));  // the test can fail
    CHECK(read_everything(folder.path()) == wanted);
    try {
      std::locale::global(std::locale(name));
      CHECK(read_everything(folder.path()) == wanted);
    } catch (const std::runtime_error&) {
      WARN("the C++ library does not know locale " + name);
    }
    std::locale::global(std::locale::classic());
  }
  CAPTURE(tried);
}

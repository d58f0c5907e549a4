#include <mmrec/io/movielens_classic.hpp>

#include <mmrec/core/error.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/data.hpp"
#include "support/temporary_folder.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;
namespace io = mmrec::io;

namespace {

const std::string marks = "|0|0|0|1|1|1|0|0|0|0|0|0|0|0|0|0|0|0|0\n";
const std::string films =
    "1|Toy Story (1995)|01-Jan-1995||http://x" + marks + "7|Caf\xe9 (1996)|||y|1|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0\n";
const std::string people = "1|24|M|technician|85711\n2|53|F|other|94043\n";
const std::string films_dat = "1::Toy Story (1995)::Animation|Children's\n3::L\xe9on: The Professional (1994)::Crime\n";
const std::string people_dat = "1::F::1::10::48067\n2::M::56::16::70072\n";

std::string write_100k(const test::temporary_folder& folder) {
  folder.write("u.item", films);
  folder.write("u.user", people);
  folder.write("u.data", "1\t7\t3\t100\n2\t1\t5\t90\n2\t7\t1\t91\n");
  folder.write("u2.test", "2\t7\t1\t91\n");
  return folder.path().native() + '/';
}

}  // namespace

TEST_CASE("100K: films in Latin-1, people, ratings") {
  const test::temporary_folder folder;
  write_100k(folder);
  const io::movielens_release release = io::read_movielens_100k_folder(folder.path());
  CHECK(release.films.titles == std::vector<std::string>{"Toy Story (1995)", "Caf\xc3\xa9 (1996)"});
  CHECK(release.films.years == std::vector<int>{1995, 1996});
  CHECK(release.films.genres == std::vector<std::vector<std::string>>{{"Animation", "Children's", "Comedy"}, {}});
  CHECK(release.films.items->key(mm::item_id{1}) == "7");
  CHECK(release.people.ages == std::vector<int>{24, 53});
  CHECK(release.people.genders == std::vector<char>{'M', 'F'});
  CHECK(release.people.occupations == std::vector<std::string>{"technician", "other"});
  CHECK(release.people.zip_codes == std::vector<std::string>{"85711", "94043"});
  CHECK(release.ratings.size() == 3);
  CHECK(release.ratings.user_keys() == release.people.users);
  CHECK(release.ratings.item_keys() == release.films.items);

  const auto parts = io::read_movielens_100k_fold(folder.path(), 2, release.ratings);
  CHECK(parts.test.size() == 1);
  CHECK(parts.validation.size() == 0);
  CHECK(parts.train.size() == 2);
  CHECK(parts.train.rule().describe() == "given(MovieLens 100K u2)");
  folder.write("u2.base", "1\t7\t3\t100\n");
  CHECK(io::read_movielens_100k_fold(folder.path(), 2, release.ratings).train.size() == 1);
  folder.write("u2.base", "2\t7\t1\t91\n");
  CHECK_THROWS_AS(io::read_movielens_100k_fold(folder.path(), 2, release.ratings), mm::data_error);
  CHECK(test::thrown<mm::invalid_config>([&] { io::read_movielens_100k_fold(folder.path(), 6, release.ratings); }) ==
        "io::read_movielens_100k_fold: fold must be 1 to 5");
  CHECK_THROWS_AS(io::read_movielens_100k_fold(folder.path(), 1, release.ratings), mm::io_error);
}

TEST_CASE("1M and 10M: tables between double colons") {
  const test::temporary_folder folder;
  folder.write("movies.dat", films_dat);
  folder.write("users.dat", people_dat);
  folder.write("ratings.dat", "1::3::5::978300760\n2::1::3::978302109\n");
  const io::movielens_release release = io::read_movielens_dat(folder.path());
  CHECK(release.films.titles == std::vector<std::string>{"Toy Story (1995)", "L\xc3\xa9on: The Professional (1994)"});
  CHECK(release.films.genres[0] == std::vector<std::string>{"Animation", "Children's"});
  CHECK(release.people.ages == std::vector<int>{1, 56});
  CHECK(release.people.genders == std::vector<char>{'F', 'M'});
  CHECK(release.people.occupations == std::vector<std::string>{"10", "16"});
  CHECK(release.ratings.size() == 2);
  CHECK(release.ratings.users() == 2);

  const test::temporary_folder ten_million;
  ten_million.write("movies.dat", "1::Am\xc3\xa9lie (2001)::(no genres listed)\n");
  ten_million.write("ratings.dat", "9::1::4.5::978300760\n");
  const io::movielens_release large = io::read_movielens_dat(ten_million.path());
  CHECK(large.films.titles[0] == "Am\xc3\xa9lie (2001)");  // UTF-8 stays
  CHECK(large.films.genres[0].empty());
  CHECK(large.people.users == nullptr);
  CHECK(large.ratings.value_array()[0] == 4.5f);
}

TEST_CASE("malformed tables are refused with file, line and column") {
  const auto film = [](const std::string& bytes) {
    return test::thrown<mm::parse_error>([&] { io::parse_movielens_100k_films(bytes, "x"); });
  };
  CHECK(film("1|A|b\n") == "x:1:1: 3 columns where 24 are wanted");
  CHECK(film("one|A|||" + marks) == "x:1:1: column 1: \"one\" is not a whole number");
  CHECK(film("-1|A|||" + marks) == "x:1:1: column 1: \"-1\" is negative");
  CHECK(film("1|A|||" + marks + "1|B|||" + marks) == "x:2:1: column 1: \"1\" is in the table already");
  std::string marked = "1|A|||" + marks;
  marked[marked.size() - 2] = '2';
  CHECK(film(marked) == "x:1:44: column 24: \"2\" is neither 0 nor 1");
  const auto person = [](const std::string& bytes) {
    return test::thrown<mm::parse_error>([&] { io::parse_movielens_1m_people(bytes, "x"); });
  };
  CHECK(person("1::F::1::10\n") == "x:1:1: 4 columns where 5 are wanted");
  CHECK(person("1::F::200::10::z\n") == "x:1:7: column 3: \"200\" is no age");
  CHECK(person("1::G::20::10::z\n") == "x:1:4: column 2: \"G\" is neither F nor M");
  CHECK(person("1::F::20::10::z\n1::F::20::10::z\n") == "x:2:1: column 1: \"1\" is in the table already");
  CHECK(test::thrown<mm::parse_error>([] { io::parse_movielens_dat_films("1::A\n", "x"); }) ==
        "x:1:1: 2 columns where 3 are wanted");
  const test::temporary_folder folder;
  write_100k(folder);
  folder.write("u.data", "1\t7\t3\t100\n2\t9\t5\t90\n");
  CHECK(test::thrown<mm::unknown_id>([&] {
          io::read_movielens_100k_folder(folder.path());
        }).ends_with("u.data:2:3: unknown item \"9\" (2 known)"));
  folder.write("u.data", "1\t7\t0.5\t100\n");
  CHECK(test::thrown<mm::parse_error>([&] {
          io::read_movielens_100k_folder(folder.path());
        }).ends_with("u.data:1:5: column 3: \"0.5\" is outside the range of values"));
}

TEST_CASE("every prefix, and every byte damaged, gives tables or an error") {
  const auto try_bytes = [](const std::string& bytes) {
    const auto attempt = [&](auto parse) {
      try {
        static_cast<void>(parse(bytes, "x", mm::limits{}));
      } catch (const mm::error&) {
      }
    };
    attempt(io::parse_movielens_100k_films);
    attempt(io::parse_movielens_100k_people);
    attempt(io::parse_movielens_dat_films);
    attempt(io::parse_movielens_1m_people);
  };
  for (const std::string& whole : {films, people, films_dat, people_dat}) {
    for (std::size_t size = 0; size <= whole.size(); ++size) CHECK_NOTHROW(try_bytes(whole.substr(0, size)));
    for (std::size_t at = 0; at < whole.size(); ++at) {
      for (const char byte : {'\0', '|', ':', '\n', '9', '-', '\xe9'}) {
        std::string damaged = whole;
        damaged[at] = byte;
        CHECK_NOTHROW(try_bytes(damaged));
      }
    }
  }
}

TEST_CASE("the real 100K has what its README says") {
  const auto folder = test::data_set("ml-100k-mm");
  MMREC_SKIP_WITHOUT(folder, "ml-100k-mm");
  const io::movielens_release release = io::read_movielens_100k_folder(*folder);
  CHECK(release.films.items->size() == 1682);
  CHECK(release.people.users->size() == 943);
  CHECK(release.ratings.size() == 100'000);
  CHECK(release.films.titles[0] == "Toy Story (1995)");
  CHECK(release.films.genres[0] == std::vector<std::string>{"Animation", "Children's", "Comedy"});
  std::size_t held_out = 0;
  for (int fold = 1; fold <= 5; ++fold) {
    const auto parts = io::read_movielens_100k_fold(*folder, fold, release.ratings);
    CHECK(parts.train.size() == 80'000);
    CHECK(parts.test.size() == 20'000);
    held_out += parts.test.size();
  }
  CHECK(held_out == 100'000);
}

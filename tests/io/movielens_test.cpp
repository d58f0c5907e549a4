#include <mmrec/io/movielens.hpp>

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"
#include "support/data.hpp"
#include "support/temporary_folder.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;
namespace io = mmrec::io;

namespace {
const std::string ratings =
    "userId,movieId,rating,timestamp\r\n1,30,4.0,964982703\r\n2,10,0.5,964982704\r\n1,10,5,964982705\r\n";
const std::string movies =
    "movieId,title,genres\r\n30,Heat (1995),Action|Crime\r\n10,\"Postman, The (Il \"\"Postino\"\") (1994) \",Comedy\r\n"
    "20,Babylon 5,(no genres listed)\r\n25,Death Note (2006-2007),\r\n";

std::filesystem::path write_small(const test::temporary_folder& folder) {
  folder.write("ratings.csv", ratings);
  folder.write("movies.csv", movies);
  return folder.path();
}
// The error of reading the small folder after one file was changed, from the file's name on.
template <class E = mm::parse_error>
std::string fault(const std::string& file, std::string_view bytes) {
  const test::temporary_folder folder;
  write_small(folder);
  folder.write("posters_32x48_rgb.u8", std::string(2 * 4608, 'x'));
  folder.write("posters_index.tsv", "movieId\tpacked_row\n");
  folder.write(file, bytes);
  const std::string text = test::thrown<E>([&] { io::read_movielens(folder.path()); });
  const std::size_t name = text.find(folder.path().native() + '/');
  return name == std::string::npos ? text : text.substr(name + folder.path().native().size() + 1);
}
}  // namespace

TEST_CASE("a folder with the needed files alone") {
  const test::temporary_folder folder;
  const io::movielens data = io::read_movielens(write_small(folder));
  CHECK(data.items->size() == 4);
  CHECK(data.items->key(mm::item_id{0}) == "30");
  CHECK(data.titles == std::vector<std::string>{"Heat (1995)", "Postman, The (Il \"Postino\") (1994)", "Babylon 5",
                                                "Death Note (2006-2007)"});
  CHECK(data.years == std::vector<int>{1995, 1994, 0, 2006});
  CHECK(data.genres == std::vector<std::vector<std::string>>{{"Action", "Crime"}, {"Comedy"}, {}, {}});
  CHECK(data.tags == std::vector<std::string>(4));
  CHECK(data.ratings.users() == 2);
  CHECK(data.ratings.items() == 4);
  CHECK(data.ratings.size() == 3);
  CHECK(data.ratings.item_keys() == data.items);
  CHECK(data.ratings.value_array()[0] == 4.0f);
  CHECK(data.ratings.time_array()[0] == 964982703);
  for (const auto& present : {data.plots.present, data.posters.present, data.sound.present, data.pictures.present}) {
    CHECK(present == mm::data::presence(4, 0));
  }
  CHECK(data.plots.file.empty());
  CHECK(data.ratings_table.records == 3);
  CHECK(data.movies_table.records == 4);
}

TEST_CASE("a folder with everything") {
  const test::temporary_folder folder;
  write_small(folder);
  folder.write("tags.csv", "userId,movieId,tag,timestamp\n1,10,slow,1\n2,30,\"tense, cold\",2\n2,99,lost,3\n2,10,slow,4\n");
  folder.write("text.tsv",
               "movieId\tsource\ttext\n10\ttmdb\tA \"postman\" meets a poet.\n30\tnone\t\n99\ttmdb\tElsewhere.\n20\tomdb\tA "
               "station.\n");
  folder.write("posters_index.tsv", "movieId\tpacked_row\n30\t1\n10\t-1\n20\t0\n98\t1\n99\t-1\n");
  folder.write("posters_32x48_rgb.u8", std::string(4608, 'a') + std::string(4608, 'b'));
  folder.write("audio_ivector100.tsv", "movieId\tf0\tf1\n20\t0.5\t1\n");
  folder.write("trailer_avf107.tsv", "movieId\tf0\n30\tinf\n20\t2\n");
  const io::movielens data = io::read_movielens(folder.path());
  CHECK(data.tags == std::vector<std::string>{"tense, cold", "slow, slow", "", ""});
  CHECK(data.tag_count == 4);
  CHECK(data.tags_of_unknown_items == 1);
  CHECK(data.plots.present == mm::data::presence{0, 1, 1, 0});
  REQUIRE(data.plots.values.size() == 2);
  CHECK(data.plots.values[0] == "A \"postman\" meets a poet.");
  CHECK(data.plots.unknown_items == 1);
  CHECK(data.posters.present == mm::data::presence{1, 0, 1, 0});
  REQUIRE(data.posters.values.size() == 2);
  CHECK(data.posters.values[0].height() == 48);
  CHECK(data.posters.values[0].width() == 32);
  CHECK(data.posters.values[0].row(47)[95] == 'b');
  CHECK(data.posters.values[1].row(0)[0] == 'a');
  CHECK(data.posters.unknown_items == 1);
  CHECK(data.sound.present == mm::data::presence{0, 0, 1, 0});
  CHECK(data.sound.values(0, 1) == 1);
  CHECK(data.pictures.present == mm::data::presence{1, 0, 1, 0});
  CHECK(data.pictures.non_finite == 1);
}

TEST_CASE("bad files of the folder are named with line and column") {
  CHECK(fault("ratings.csv", "") == "ratings.csv:1:1: is empty where a header line is wanted");
  CHECK_THAT(fault("ratings.csv", "userId,movieId,rating\n1,10,4\n"),
             test::contains("ratings.csv:1:1: there is no column \"timestamp\""));
  CHECK(fault("ratings.csv", "userId,movieId,rating,timestamp\n1,10,5.5,1\n") ==
        "ratings.csv:2:6: column \"rating\": \"5.5\" is outside the range of values");
  CHECK(fault("ratings.csv", "userId,movieId,rating,timestamp\n1,10,0,1\n") ==
        "ratings.csv:2:6: column \"rating\": \"0\" is outside the range of values");
  CHECK(fault("ratings.csv", "userId,movieId,rating,timestamp\n1,10,nan,1\n") ==
        "ratings.csv:2:6: column \"rating\": \"nan\" is not finite");
  CHECK(fault<mm::unknown_id>("ratings.csv", "userId,movieId,rating,timestamp\n1,11,4,1\n") ==
        "ratings.csv:2:3: unknown item \"11\" (4 known)");
  CHECK(fault("ratings.csv", "userId,movieId,rating,timestamp\n1,10,4,1\n1,10,4,1\n") ==
        "ratings.csv:3:1: the same user and item as on line 2; choose a policy for duplicates");
  CHECK(fault("movies.csv", "movieId,title,genres\n1,A,B\n1,C,D\n") ==
        "movies.csv:3:1: column \"movieId\": \"1\" is in the table already");
  CHECK(fault("movies.csv", "movieId,title,genres\n-1,A,B\n") == "movies.csv:2:1: column \"movieId\": \"-1\" is negative");
  CHECK(fault("movies.csv", "movieId,title,genres\nx,A,B\n") ==
        "movies.csv:2:1: column \"movieId\": \"x\" is not a whole number");
  CHECK(fault("movies.csv", "movieId,title,genres\n1,American President, The (1995),Comedy\n") ==
        "movies.csv:2:34: 4 fields where 3 are wanted");
  CHECK(fault("tags.csv", "userId,movieId,tag,timestamp\n1,ten,funny,1\n") ==
        "tags.csv:2:3: column \"movieId\": \"ten\" is not a whole number");
  CHECK(fault("text.tsv", "movieId\ttext\n10\ta\n10\tb\n") ==
        "text.tsv:3:1: column \"movieId\": \"10\" is in the table already");
  CHECK(fault("posters_index.tsv", "movieId\tpacked_row\n10\t2\n") ==
        "posters_index.tsv:2:4: column \"packed_row\": \"2\" is none of the 2 posters");
  CHECK(fault("posters_index.tsv", "movieId\tpacked_row\n10\t-2\n") ==
        "posters_index.tsv:2:4: column \"packed_row\": \"-2\" is none of the 2 posters");
  CHECK(fault("posters_32x48_rgb.u8", "xyz") == "posters_32x48_rgb.u8: 3 bytes are not a whole number of posters of 4608");
  CHECK(fault("audio_ivector100.npy", "xyz") == "audio_ivector100.npy: is not an .npy file");
  CHECK_THAT(fault("trailer_avf107.tsv", "movieId\tf0\n10\t1\n20\tx\n"), test::contains("trailer_avf107.tsv:3:4: column \"f0\""));
}

TEST_CASE("missing files") {
  const test::temporary_folder folder;
  CHECK_THAT(test::thrown<mm::io_error>([&] { io::read_movielens(folder.path()); }), test::contains("movies.csv"));
  folder.write("movies.csv", movies);
  CHECK_THAT(test::thrown<mm::io_error>([&] { io::read_movielens(folder.path()); }), test::contains("ratings.csv"));
  folder.write("ratings.csv", ratings);
  folder.write("posters_32x48_rgb.u8", "");
  CHECK_THAT(test::thrown<mm::io_error>([&] { io::read_movielens(folder.path()); }), test::contains("posters_index.tsv"));
}

TEST_CASE("malformed records are skipped and counted where asked") {
  const test::temporary_folder folder;
  write_small(folder);
  folder.write("ratings.csv", ratings + "broken\r\n1,20,7,1\r\n2,20,3,1\r\n");
  folder.write("movies.csv", movies + "x,y,z\r\n");
  const io::movielens data = io::read_movielens(folder.path(), io::malformed::skip);
  CHECK(data.ratings.size() == 4);
  CHECK(data.ratings_table.skipped == 2);
  CHECK(data.movies_table.skipped == 1);
  CHECK(data.items->size() == 4);
}

TEST_CASE("the embedded data set has the counts its source states") {
  const io::movielens data = io::read_movielens(MMREC_TEST_GOLDEN_DIR "/../../examples/data/movielens-small");
  CHECK(data.items->size() == 9742);
  CHECK(data.ratings.users() == 610);
  CHECK(data.ratings.size() == 100836);
  CHECK(data.tag_count == 3683);
  const auto values = data.ratings.value_array();
  CHECK(std::accumulate(values.begin(), values.end(), 0.0) == 353083.0);
  CHECK(data.titles[0] == "Toy Story (1995)");
  CHECK(data.years[0] == 1995);
  CHECK(data.genres[0] == std::vector<std::string>{"Adventure", "Animation", "Children", "Comedy", "Fantasy"});
  CHECK(std::count(data.years.begin(), data.years.end(), 0) == 12);
  CHECK(data.titles[data.items->at("7789").index()] == "11'09\"01 - September 11 (2002)");
  CHECK(data.sound.present_count() == 1807);
  CHECK(data.sound.values.cols() == 100);
  CHECK(data.sound.non_finite == 0);
  CHECK(data.pictures.present_count() == 1807);
  CHECK(data.pictures.values.cols() == 107);
  CHECK(data.pictures.non_finite == 16);
  CHECK(data.pictures.values.col(30).minCoeff() == data.pictures.values.col(30).maxCoeff());
  CHECK(data.plots.present_count() == 0);
}

TEST_CASE("the folder with plots and posters has the counts its source states") {
  const auto folder = test::data_set("movielens-small-mm");
  MMREC_SKIP_WITHOUT(folder, "movielens-small-mm");
  const io::movielens data = io::read_movielens(*folder);
  CHECK(data.plots.present_count() == 9311);
  CHECK(data.posters.present_count() == 3365);
  CHECK(data.posters.unknown_items == 120);  // of the older data sets' films
  // Read from text here, from arrays there.
  const io::movielens embedded = io::read_movielens(MMREC_TEST_GOLDEN_DIR "/../../examples/data/movielens-small");
  CHECK(data.sound.values == embedded.sound.values);
  CHECK(data.sound.present == embedded.sound.present);
  CHECK(data.pictures.values == embedded.pictures.values);
  CHECK(data.tags == embedded.tags);
}

TEST_CASE("MovieLens 100K") {
  const auto folder = test::data_set("ml-100k-mm");
  MMREC_SKIP_WITHOUT(folder, "ml-100k-mm");
  const auto all = io::read_movielens_100k(*folder / "u.data").interactions;
  CHECK(all.users() == 943);
  CHECK(all.items() == 1682);
  CHECK(all.size() == 100000);
  const auto part =
      io::read_movielens_100k(*folder / "u1.test", {.users = all.user_keys(), .items = all.item_keys()}).interactions;
  CHECK(part.size() == 20000);
  CHECK(part.users() == 943);
}

TEST_CASE("MovieLens 1M's format") {
  const auto file =
      io::parse_interactions("1::1193::5::978300760\n1::661::3::978302109\n", "ratings.dat", io::movielens_1m_ratings());
  CHECK(file.interactions.size() == 2);
  CHECK(file.interactions.item_keys()->key(mm::item_id{1}) == "661");
  CHECK(test::thrown<mm::parse_error>([] {
          io::parse_interactions("1::1193::5\n1::2::3::4\n", "ratings.dat", io::movielens_1m_ratings());
        }) == "ratings.dat:1:1: there is no column 4, only 3");
}

#include <mmrec/text/tfidf.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/tokens.hpp>
#include <mmrec/data/csr.hpp>
#include <mmrec/data/text_column.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/pipeline/operators.hpp>
#include <mmrec/text/char_ngrams.hpp>
#include <mmrec/text/count.hpp>
#include <mmrec/text/ngrams.hpp>
#include <mmrec/text/stop_words.hpp>
#include <mmrec/text/strip_html.hpp>
#include <mmrec/text/token_lists.hpp>
#include <mmrec/text/words.hpp>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/data.hpp"
#include "support/thrown.hpp"

using namespace mmrec;

namespace {

using documents = std::vector<std::string>;
using count = text::basic_count<double>;
using tfidf = text::basic_tfidf<double>;

documents corpus() {
  std::ifstream file(std::string(MMREC_TEST_GOLDEN_DIR) + "/text_corpus.txt");
  REQUIRE(file);
  documents lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  REQUIRE(lines.size() == 17);
  return lines;
}

/// What scikit-learn makes of the corpus, see golden/text_tfidf.py.
struct golden_case {
  std::vector<std::string> terms;
  std::vector<double> idf;
  std::vector<std::vector<std::pair<std::int32_t, double>>> rows;
};

double number(std::string_view digits) {
  double value = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  REQUIRE(result.ptr == digits.data() + digits.size());
  return value;
}

const std::map<std::string, golden_case>& golden_cases() {
  static const std::map<std::string, golden_case> cases = [] {
    std::ifstream file(std::string(MMREC_TEST_GOLDEN_DIR) + "/text_tfidf.txt");
    REQUIRE(file);
    std::map<std::string, golden_case> result;
    golden_case* current = nullptr;
    for (std::string line; std::getline(file, line);) {
      std::vector<std::string> fields;
      for (std::size_t begin = 0; begin <= line.size();) {
        const std::size_t end = std::min(line.find('\t', begin), line.size());
        fields.push_back(line.substr(begin, end - begin));
        begin = end + 1;
      }
      const std::string kind = fields.front();
      fields.erase(fields.begin());
      if (kind == "case") {
        current = &result[fields.at(0)];
      } else if (kind == "terms") {
        current->terms = fields;
      } else if (kind == "idf") {
        for (const std::string& field : fields) current->idf.push_back(number(field));
      } else {
        auto& row = current->rows.emplace_back();
        for (const std::string& field : fields) {
          if (field.empty()) continue;
          const std::size_t colon = field.find(':');
          row.emplace_back(static_cast<std::int32_t>(number(field.substr(0, colon))), number(field.substr(colon + 1)));
        }
      }
    }
    return result;
  }();
  return cases;
}

/// Fits on the first 14 documents and compares terms, idf and the rows of all with scikit-learn's.
template <class Spec>
void check_golden(const std::string& name, const Spec& spec) {
  INFO(name);
  const golden_case& golden = golden_cases().at(name);
  const documents all = corpus();
  const documents fitted(all.begin(), all.begin() + 14);
  const auto both = spec.fit_transform(exec::cpu{}, fitted);
  const auto& model = both.model.right();
  REQUIRE(model.features() == golden.terms.size());
  for (std::size_t column = 0; column < golden.terms.size(); ++column) {
    CHECK(model.term(column) == golden.terms[column]);
    CHECK(model.column(golden.terms[column]) == static_cast<std::int32_t>(column));
    if constexpr (requires { model.idf(); }) {
      if (!golden.idf.empty()) CHECK(std::abs(model.idf()[column] - golden.idf[column]) <= 1e-12);
    }
  }
  const csr_matrix<double> rows = both.model.transform(exec::cpu{}, all);
  REQUIRE(rows.rows() == golden.rows.size());
  for (std::size_t document = 0; document < all.size(); ++document) {
    const auto row = rows.row(document);
    REQUIRE(row.indices.size() == golden.rows[document].size());
    for (std::size_t entry = 0; entry < row.indices.size(); ++entry) {
      CHECK(row.indices[entry] == golden.rows[document][entry].first);
      CHECK(std::abs(row.values[entry] - golden.rows[document][entry].second) <= 1e-12);
    }
    if (document < fitted.size()) {  // fit_transform, fit then transform, and one document alone: the same bits
      const auto first = both.output.row(document);
      CHECK(std::equal(first.indices.begin(), first.indices.end(), row.indices.begin(), row.indices.end()));
      CHECK(std::equal(first.values.begin(), first.values.end(), row.values.begin(), row.values.end()));
    }
    sparse_row<double> one;
    typename std::remove_cvref_t<decltype(both.model)>::workspace scratch;
    both.model.transform_one(std::string_view(all[document]), one, scratch);
    CHECK(std::equal(one.indices.begin(), one.indices.end(), row.indices.begin(), row.indices.end()));
    CHECK(std::equal(one.values.begin(), one.values.end(), row.values.begin(), row.values.end()));
  }
  CHECK(spec.fit(exec::cpu{}, fitted).right() == model);
}

const std::vector<std::string> fixed = {"sea", "map", "поезд", "the", "никогда", "북", "seven"};

}  // namespace

TEST_CASE("count equals scikit-learn's CountVectorizer") {
  const text::words words;
  check_golden("count", words | count{});
  check_golden("count_binary", words | count{.binary = true});
  check_golden("count_bigrams", words | text::ngrams{.min_n = 1, .max_n = 2} | count{});
  check_golden("count_trigrams", words | text::ngrams{.min_n = 2, .max_n = 3} | count{});
  check_golden("count_case", text::words{.lowercase = false} | count{});
  check_golden("count_short", text::words{.min_length = 1} | count{});
  check_golden("count_long", text::words{.min_length = 6} | count{});
  check_golden("count_min_df_2", words | count{.min_df = 2});
  check_golden("count_max_df_2", words | count{.max_df = 2});
  check_golden("count_df_ratios", words | count{.min_df = text::ratio(0.1), .max_df = text::ratio(0.3)});
  check_golden("count_features", words | count{.max_features = 5});
  check_golden("count_binary_features", words | count{.max_features = 7, .binary = true});
  check_golden("count_fixed", words | count{.vocabulary = fixed});
  check_golden("count_stop", words | text::stop_words{} | count{});
  check_golden("count_stop_bigrams", words | text::stop_words{} | text::ngrams{} | count{});
  check_golden("count_char", words | text::char_ngrams{.min_n = 2, .max_n = 4} | count{});
}

TEST_CASE("tfidf equals scikit-learn's TfidfVectorizer") {
  const text::words words;
  check_golden("tfidf", words | tfidf{});
  check_golden("tfidf_plain_idf", words | tfidf{.smooth_idf = false});
  check_golden("tfidf_no_idf", words | tfidf{.use_idf = false});
  check_golden("tfidf_sublinear", words | tfidf{.sublinear_tf = true});
  check_golden("tfidf_l1", words | tfidf{.length = text::norm::l1});
  check_golden("tfidf_unscaled", words | tfidf{.length = text::norm::none});
  check_golden("tfidf_binary", words | tfidf{.binary = true});
  check_golden("tfidf_binary_features", words | tfidf{.max_features = 7, .binary = true});
  check_golden("tfidf_fixed", words | tfidf{.vocabulary = fixed});
  check_golden(
      "tfidf_all",
      words | text::ngrams{} |
          tfidf{
              .min_df = 2, .max_df = text::ratio(0.5), .length = text::norm::l1, .smooth_idf = false, .sublinear_tf = true});
}

TEST_CASE("single precision is double precision rounded") {
  const documents all = corpus();
  const auto wide = (text::words{} | tfidf{}).fit_transform(exec::cpu{}, all);
  const auto narrow = (text::words{} | text::tfidf{}).fit_transform(exec::cpu{}, all);
  REQUIRE(wide.output.entries() == narrow.output.entries());
  for (std::size_t entry = 0; entry < wide.output.entries(); ++entry) {
    CHECK(narrow.output.values()[entry] == Approx(wide.output.values()[entry]).epsilon(1e-6));
  }
}

namespace {
/// A larger corpus of random words, some long, with a power law.
data::text_column random_corpus(std::size_t size) {
  std::mt19937 random(7);
  data::text_column result;
  for (std::size_t document = 0; document < size; ++document) {
    std::string text;
    for (std::size_t word = random() % 60; word > 0; --word) {
      const std::size_t rank = (random() % 3000) * (random() % 3000) / 3000;
      text += (rank % 11 == 0 ? "averylongwordofmanyletters" : "w") + std::to_string(rank) + ' ';
    }
    result.push_back(text);
  }
  return result;
}
}  // namespace

TEST_CASE("tfidf gives the same bits for 1, 2 and 8 threads") {
  const data::text_column texts = random_corpus(3000);
  const auto check = [&](const auto& spec) {
    const auto one = spec.fit_transform(exec::cpu{}, texts);
    for (const std::size_t threads : {std::size_t{2}, std::size_t{8}}) {
      const exec::cpu exec{.threads = threads};
      const auto many = spec.fit_transform(exec, texts);
      CHECK(many.model.right() == one.model.right());
      CHECK(many.output == one.output);
      CHECK(spec.fit(exec, texts).right() == one.model.right());
      CHECK(one.model.transform(exec, texts) == one.output);
    }
    CHECK(one.model.transform(exec::cpu{}, texts) == one.output);
  };
  check(text::words{} | text::tfidf{});
  check(text::words{} | text::ngrams{} | tfidf{.min_df = 3, .max_features = 500, .sublinear_tf = true});
  check(text::words{} | text::count{.vocabulary = {"w1", "averylongwordofmanyletters0", "w2"}});
}

TEST_CASE("max_features keeps the most frequent terms, ties by alphabet") {
  text::token_lists lists;
  lists.push_back({"d", "b", "c", "a", "e", "e"});
  lists.push_back({"b", "a", "f"});
  const auto model = text::count{.max_features = 4}.fit(exec::cpu{}, lists);
  REQUIRE(model.features() == 4);
  CHECK(model.term(0) == "a");
  CHECK(model.term(1) == "b");
  CHECK(model.term(2) == "c");
  CHECK(model.term(3) == "e");
}

TEST_CASE("tokens of any bytes and lengths are terms, in the order of their bytes") {
  text::token_lists lists;
  const std::string nul("a\0", 2);
  const std::string long_a(15, 'a');
  const documents tokens = {"",     "a", nul, "ab", long_a, long_a + "a", long_a + "b", long_a + std::string("\0", 1),
                            "\xff", "b"};
  lists.push_back(tokens);
  lists.push_back(tokens);
  const auto both = text::count{}.fit_transform(exec::cpu{}, lists);
  documents sorted = tokens;
  std::sort(sorted.begin(), sorted.end());
  REQUIRE(both.model.features() == sorted.size());
  for (std::size_t column = 0; column < sorted.size(); ++column) CHECK(both.model.term(column) == sorted[column]);
  CHECK(both.output.entries() == 2 * sorted.size());
  CHECK(both.model.column("a b") == std::nullopt);
}

TEST_CASE("one document does not allocate once the workspace is warm") {
  const data::text_column texts = random_corpus(500);
  const auto spec = text::strip_html{} | text::words{} | text::stop_words{} | text::ngrams{} | text::tfidf{};
  const auto both = spec.fit_transform(exec::cpu{}, texts);
  std::remove_cvref_t<decltype(both.model)>::workspace scratch;
  sparse_row<float> row;
  const auto all = [&] {
    std::size_t entries = 0;
    for (std::size_t document = 0; document < texts.size(); ++document) {
      both.model.transform_one(texts[document], row, scratch);
      entries += row.indices.size();
    }
    return entries;
  };
  CHECK(all() == both.output.entries());
  std::size_t entries = 0;
  CHECK(test::allocations_of([&] { entries = all(); }) == 0);
  CHECK(entries == both.output.entries());
}

TEST_CASE("an exception while a document streams leaves the workspace fit for use") {
  const documents texts = {"one two three", "two three"};
  const auto both = (text::words{.on_malformed = text::malformed::reject} | tfidf{}).fit_transform(exec::cpu{}, texts);
  std::remove_cvref_t<decltype(both.model)>::workspace scratch;
  sparse_row<double> row;
  CHECK_THROWS_AS(both.model.transform_one(std::string_view("one two \xff"), row, scratch), data_error);
  both.model.transform_one(std::string_view(texts[1]), row, scratch);
  const auto expected = both.output.row(1);
  CHECK(std::equal(row.indices.begin(), row.indices.end(), expected.indices.begin(), expected.indices.end()));
  CHECK(std::equal(row.values.begin(), row.values.end(), expected.values.begin(), expected.values.end()));
}

TEST_CASE("bad settings and data are named") {
  const documents texts = {"one two", "two three"};
  const exec::cpu exec;
  const auto fitting = [&](const auto& spec, const documents& data) {
    return [&exec, spec, data] { (text::words{} | spec).fit_transform(exec, data); };
  };
  const auto config = [&](const auto& spec) { return test::thrown<invalid_config>(fitting(spec, texts)); };
  CHECK(config(tfidf{.min_df = -1}) ==
        "text::tfidf::fit_transform: min_df must be a count of at least 0 or a ratio in 0..1");
  CHECK(config(tfidf{.max_df = text::ratio(1.5)}) ==
        "text::tfidf::fit_transform: max_df must be a count of at least 0 or a ratio in 0..1");
  CHECK(config(count{.min_df = text::ratio(std::nan(""))}) ==
        "text::count::fit_transform: min_df must be a count of at least 0 or a ratio in 0..1");
  CHECK(config(tfidf{.min_df = 2, .max_df = 1}) ==
        "text::tfidf::fit_transform: max_df allows fewer documents than min_df asks for");
  CHECK(config(tfidf{.min_df = 2, .vocabulary = {"one"}}) ==
        "text::tfidf::fit_transform: vocabulary is fixed: min_df, max_df and max_features have nothing to choose");

  const auto data = [&](const auto& spec, const documents& in) { return test::thrown<data_error>(fitting(spec, in)); };
  CHECK(data(tfidf{}, {}) == "text::tfidf::fit_transform: no document holds a term: empty documents, or stop words alone");
  CHECK(data(tfidf{}, {"", "a ."}) ==
        "text::tfidf::fit_transform: no document holds a term: empty documents, or stop words alone");
  CHECK(data(count{.min_df = 2, .max_df = 2}, {"x1 y1", "z1 w1", "q1"}) ==
        "text::count::fit_transform: min_df and max_df leave no term");
  CHECK(data(tfidf{.vocabulary = {"one", "two", "one"}}, texts) == "text::vocabulary: the term 'one' is listed twice");
  CHECK(data(tfidf{.vocabulary = {"one", "seven"}, .smooth_idf = false}, texts) ==
        "text::tfidf::fit_transform: a term of the vocabulary occurs in no document, so that its idf is infinite: use "
        "smooth_idf");
  const auto wrong_parts = [] { text::tfidf_model<float>(text::vocabulary(documents{"a", "b"}), {.idf = {1.0f}}); };
  CHECK(test::thrown<shape_error>(wrong_parts) == "text::tfidf_model: idf: expected 2, got 1");
  for (const float bad : {0.0f, -1.0f, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    const auto wrong_idf = [&] { text::tfidf_model<float>(text::vocabulary(documents{"a", "b"}), {.idf = {1.0f, bad}}); };
    CHECK(test::thrown<data_error>(wrong_idf) == "text::tfidf_model: an idf is not finite and positive");
  }
}

TEST_CASE("documents without known terms give empty rows, and no documents an empty matrix") {
  const auto model = (text::words{} | tfidf{}).fit(exec::cpu{}, documents{"one two"});
  const csr_matrix<double> rows = model.transform(exec::cpu{}, documents{"", "seven eight", "one"});
  CHECK(rows.row(0).indices.empty());
  CHECK(rows.row(1).indices.empty());
  CHECK(rows.row(2).values[0] == 1.0);
  const csr_matrix<double> none = model.transform(exec::cpu{.threads = 4}, documents{});
  CHECK(none.rows() == 0);
  CHECK(none.cols() == 2);
}

TEST_CASE("a bare fraction is no document frequency") {
  STATIC_REQUIRE(std::is_convertible_v<int, text::document_frequency>);
  STATIC_REQUIRE_FALSE(std::is_convertible_v<double, text::document_frequency>);
  CHECK(text::document_frequency(1) != text::ratio(1.0));
}

TEST_CASE("progress is reported, and stops the work") {
  struct counting final : progress_sink {
    int reports = 0;
    int stop_after = 1000;
    bool report(const progress_event& event) override {
      CHECK(event.done <= event.total);
      return ++reports < stop_after;
    }
  } sink;
  const data::text_column texts = random_corpus(5000);
  const auto spec = text::words{} | text::tfidf{};
  spec.fit_transform(exec::cpu{.progress = &sink}, texts);
  CHECK(sink.reports > 1);
  sink.reports = 0;
  sink.stop_after = 2;
  CHECK_THROWS_AS(spec.fit_transform(exec::cpu{.progress = &sink}, texts), cancelled);
  CHECK(sink.reports == 2);
}

namespace {

struct news {
  documents texts;
  std::vector<std::size_t> labels;
};

/// Files of 20 Newsgroups, Latin-1 turned into UTF-8.
news read_news(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> groups;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) groups.push_back(entry.path());
  std::sort(groups.begin(), groups.end());
  news result;
  for (std::size_t label = 0; label < groups.size(); ++label) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(groups[label])) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    for (const auto& path : files) {
      std::ifstream file(path, std::ios::binary);
      const std::string latin{std::istreambuf_iterator<char>(file), {}};
      std::string utf8;
      for (const char c : latin) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
          utf8 += c;
        } else {
          utf8 += static_cast<char>(0xc0 | (byte >> 6));
          utf8 += static_cast<char>(0x80 | (byte & 0x3f));
        }
      }
      result.texts.push_back(utf8);
      result.labels.push_back(label);
    }
  }
  return result;
}

/// Multinomial naive Bayes with alpha 1 on weighted rows; the share of test rows it labels rightly.
double naive_bayes(const csr_matrix<double>& train, const std::vector<std::size_t>& labels, const csr_matrix<double>& test,
                   const std::vector<std::size_t>& truth, std::size_t classes) {
  std::vector<std::vector<double>> weight(classes, std::vector<double>(train.cols(), 1.0));
  std::vector<double> total(classes, static_cast<double>(train.cols()));
  std::vector<double> prior(classes, 0.0);
  for (std::size_t row = 0; row < train.rows(); ++row) {
    prior[labels[row]] += 1;
    for (std::size_t entry = 0; entry < train.row(row).indices.size(); ++entry) {
      weight[labels[row]][static_cast<std::size_t>(train.row(row).indices[entry])] += train.row(row).values[entry];
      total[labels[row]] += train.row(row).values[entry];
    }
  }
  std::size_t right = 0;
  for (std::size_t row = 0; row < test.rows(); ++row) {
    std::size_t best = 0;
    double best_score = -1e300;
    for (std::size_t label = 0; label < classes; ++label) {
      double score = std::log(prior[label] / static_cast<double>(train.rows()));
      for (std::size_t entry = 0; entry < test.row(row).indices.size(); ++entry) {
        const auto column = static_cast<std::size_t>(test.row(row).indices[entry]);
        score += test.row(row).values[entry] * std::log(weight[label][column] / total[label]);
      }
      if (score > best_score) {
        best_score = score;
        best = label;
      }
    }
    right += best == truth[row] ? 1 : 0;
  }
  return static_cast<double>(right) / static_cast<double>(test.rows());
}

}  // namespace

TEST_CASE("20 Newsgroups: the vocabulary and the accuracy of naive Bayes that scikit-learn has") {
  const auto folder = test::data_set("text-20ng4");
  MMREC_SKIP_WITHOUT(folder, "text-20ng4");
  const news train = read_news(*folder / "20news-bydate-train");
  const news test = read_news(*folder / "20news-bydate-test");
  const auto both = (text::words{} | tfidf{}).fit_transform(exec::cpu{.threads = 2}, train.texts);
  CHECK(both.model.right().features() == 35788);
  const double accuracy =
      naive_bayes(both.output, train.labels, both.model.transform(exec::cpu{}, test.texts), test.labels, 4);
  CHECK(accuracy == Approx(0.83489).margin(5e-6));
}

TEST_CASE("Chinese titles: pairs of characters tell the topic of a title") {
  const auto folder = test::data_set("text-zh-thucnews");
  MMREC_SKIP_WITHOUT(folder, "text-zh-thucnews");
  const auto read = [&](const char* name) {
    std::ifstream file(*folder / name);
    news result;
    for (std::string line; std::getline(file, line);) {
      const std::size_t tab = line.find('\t');
      result.texts.push_back(line.substr(0, tab));
      result.labels.push_back(static_cast<std::size_t>(std::stoul(line.substr(tab + 1))));
    }
    return result;
  };
  const news train = read("dev.txt");
  const news test = read("test.txt");
  REQUIRE(train.texts.size() == 10000);
  const auto accuracy = [&](text::cjk runs) {
    const auto both = (text::words{.cjk_runs = runs} | tfidf{}).fit_transform(exec::cpu{}, train.texts);
    return naive_bayes(both.output, train.labels, both.model.transform(exec::cpu{}, test.texts), test.labels, 10);
  };
  const double runs = accuracy(text::cjk::run);
  const double pairs = accuracy(text::cjk::bigrams);
  INFO("runs " << runs << ", pairs " << pairs);
  CHECK(pairs > 0.8);
  CHECK(pairs > runs + 0.1);
}

#include <mmrec/text/strip_html.hpp>

#include <algorithm>
#include <cstddef>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <mmrec/text/detail/html_entities.hpp>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "text/helpers.hpp"

using namespace mmrec;

namespace {
std::string stripped(std::string_view html) {
  const std::vector<std::string> pieces = test::tokens_of(text::strip_html{}, html);
  REQUIRE(pieces.size() == 1);
  return pieces.front();
}
}  // namespace

TEST_CASE("strip_html takes the text out of HTML") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", ""},
      {"plain text > here", "plain text > here"},
      // tags
      {"<p>one</p><p>two</p>", "one two "},
      {"a<br>b<br/>c<BR />d", "a b c d"},
      {"<b>W</b>ord <I>x</I>y <span class=\"c\">z</span>", "Word xy z"},
      {"<unknown-tag>x</unknown-tag>y", "x y"},
      {"a<a href='x>y'>b</a>c", "abc"},
      {"a<a href=\"x>y\" title = 'p > q'>b</a>", "ab"},
      {"<p don't>x<p isn't>y", "x y"},  // quotes that begin no value
      {"<a href=\"unclosed>x</a> y", "x y"},
      {"<a b=\"1>x\" y", ""},
      // no tags
      {"1 < 2 > 1", "1 < 2 > 1"},
      {"I <3 you", "I <3 you"},
      {"a <b", "a <b"},
      {"<", "<"},
      {"a<", "a<"},
      {"</", "</"},
      {"<>x", "<>x"},
      {"</>x", "x"},
      {"x</ y>z", "xz"},
      // comments, declarations
      {"a<!-- b <p> -- > c -->d", "ad"},
      {"a<!-->b<!--->c", "abc"},
      {"a<!-- open <b>x</b>", "a"},
      {"<!DOCTYPE html><?xml version='1'?>x<!x>", "x"},
      {"<![CDATA[a < b & c]]>d", "a < b & cd"},
      {"<![CDATA[open>", "open>"},
      // content that is no text
      {"a<script>if (x < 1 && '</b>') {}</script>b", "a b"},
      {"a<SCRIPT src=x>y</scripty>z</Script >b", "a b"},
      {"a<style>p > b {}</style\n>b", "a b"},
      {"a<script>never closed <b>x</b>", "a "},
      {"<title>kept</title>", "kept "},
      // entities
      {"&lt;b&gt; &amp;amp; &quot;&apos;&#39;", "<b> &amp; \"''"},
      {"&eacute;&Eacute;&euro;&hellip;&thetasym;&alpha;", "éÉ€…ϑα"},
      {"&#233;&#xE9;&#XE9;&#x1F600;&#0000065;", "ééé😀A"},
      {"&#146;&#128;", "’€"},
      {"&#0;&#xD800;&#x110000;&#99999999999999999999;", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
      {"&copy 2024 &nbsp&nbsp;x &ltb", "\xc2\xa9 2024 \xc2\xa0\xc2\xa0x &ltb"},
      {"&copyx &euro x &nosuch; &; & && &# &#x &#xg &a", "&copyx &euro x &nosuch; &; & && &# &#x &#xg &a"},
      {"AT&T Q&A ?a=1&lt=2", "AT&T Q&A ?a=1&lt=2"},
      {"fish &amp", "fish &"},
      {"x &#65", "x A"},
      // anything else passes
      {std::string("a\0<b>c", 6), std::string("a\0c", 3)},
      {"北京<br>大学&middot;\xff", "北京 大学·\xff"},
  };
  for (const auto& [html, expected] : cases) {
    INFO(html);
    CHECK(stripped(html) == expected);
  }
}

TEST_CASE("text without markup passes through uncopied") {
  const std::string plain = "no markup at all > here";
  struct same {
    const char* wanted;
    bool* is_same;
    void operator()(std::string_view text) { *is_same = text.data() == wanted; }
    void finish() {}
  };
  bool is_same = false;
  text::strip_html::workspace scratch;
  auto sink = text::strip_html{}.attach(scratch, same{plain.data(), &is_same});
  sink(plain);
  CHECK(is_same);
}

TEST_CASE("the names of entities are in order, and no longer than looked at") {
  const auto& names = text::detail::html_entities;
  CHECK(std::is_sorted(names.begin(), names.end(), [](const auto& a, const auto& b) { return a.name < b.name; }));
  for (const auto& entity : names) CHECK(entity.name.size() <= text::detail::longest_entity_name);
  CHECK(std::is_sorted(text::detail::inline_elements.begin(), text::detail::inline_elements.end()));
  CHECK(std::is_sorted(text::detail::hidden_elements.begin(), text::detail::hidden_elements.end()));
}

TEST_CASE("text is never longer than its HTML, for random markup, and nothing is read out of bounds") {
  const std::vector<std::string> parts = {"<",    ">",   "&",    ";",  "a",         "\"",  "'",   "=",        "/",
                                          "!",    "-",   "#",    "x",  "1",         " ",   "<p>", "<script>", "</script>",
                                          "<!--", "-->", "&amp", "&#", "<![CDATA[", "]]>", "é",   "&gt"};
  std::mt19937 random(4);
  for (int round = 0; round < 20000; ++round) {
    std::string html;
    for (std::size_t part = random() % 12; part > 0; --part) html += parts[random() % parts.size()];
    const std::vector<char> exact(html.begin(), html.end());
    INFO(html);
    REQUIRE(stripped(std::string_view(exact.data(), exact.size())).size() <= html.size());
  }
}

TEST_CASE("strip_html does not allocate once warm, and takes a megabyte of anything") {
  const text::strip_html strip;
  text::strip_html::workspace scratch;
  std::size_t pieces = 0;
  std::size_t bytes = 0;
  auto sink = strip.attach(scratch, test::tally{&pieces, &bytes});
  const std::size_t size = std::size_t{1} << 20;
  // Each of these is quadratic for a reader that looks for the end of a tag, comment or value again and again.
  for (const std::string unit : {"a", "<", "&", "<a ", "<a \"", "<a b=\"", "<a b='>", "<!--", "<!-- -", "</", "<script>",
                                 "<script></scrip", "&#", "&#1", "&a", "<![CDATA[", "<?", "<a b='><a b=\">"}) {
    std::string document;
    while (document.size() < size) document += unit;
    for (const std::string tail : {"", ">", "'>", "-->"}) {
      sink(document + tail);
      CHECK(scratch.text.size() <= document.size() + tail.size());
    }
    CHECK(test::allocations_of([&] { sink(document); }) == 0);
  }
}

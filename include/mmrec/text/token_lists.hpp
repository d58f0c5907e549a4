// mmrec/text/token_lists.hpp - documents that come as lists of tokens.
#pragma once
#include <cstddef>
#include <initializer_list>
#include <string_view>
#include <vector>

#include <mmrec/data/text_column.hpp>

namespace mmrec::inline v0 {
namespace text {

/// An owned batch of kind::tokens: what tokens a caller's own segmenter, tags or genres give, ready for count and tfidf.
///
///   text::token_lists genres;
///   genres.push_back({"drama", "crime"});
///   auto model = text::tfidf{}.fit(exec::cpu{}, genres);
class token_lists {
 public:
  struct workspace {};

  void push_back(std::initializer_list<std::string_view> tokens) { append(tokens); }
  /// Any range of strings.
  template <class Tokens>
  void push_back(const Tokens& tokens) {
    append(tokens);
  }

  std::size_t size() const { return starts_.size() - 1; }  ///< documents

  template <class Sink>
  void stream(std::size_t document, workspace&, Sink& sink) const {
    for (std::size_t token = starts_[document]; token < starts_[document + 1]; ++token) sink(tokens_[token]);
    sink.finish();
  }

  friend bool operator==(const token_lists&, const token_lists&) = default;

 private:
  template <class Tokens>
  void append(const Tokens& tokens) {
    for (const auto& token : tokens) tokens_.push_back(std::string_view(token));
    starts_.push_back(tokens_.size());
  }

  data::text_column tokens_;
  std::vector<std::size_t> starts_{0};
};

}  // namespace text
}  // namespace mmrec::inline v0

// mmrec/core/tokens.hpp - streams of tokens: what a batch of kind::tokens is.
#pragma once
#include <concepts>
#include <cstddef>
#include <string_view>
#include <utility>

#include <mmrec/core/stage.hpp>

namespace mmrec::inline v0 {

/// Receives the strings of one document after another: called with each string_view, which is valid during the call only,
/// and once with finish() at the end of each document. A sink may have padded(token) as well: the same as a call, for a
/// token behind which 16 more bytes can be read, whatever they are.
template <class S>
concept token_sink = std::movable<S> && requires(S& sink, std::string_view token) {
  sink(token);
  sink.finish();
};

/// Memory behind a token that a sink's padded() may read.
inline constexpr std::size_t token_padding = 16;

/// Gives a token that has `token_padding` bytes behind it, to sinks of either sort.
template <class Sink>
void give_padded(Sink& sink, std::string_view token) {
  if constexpr (requires { sink.padded(token); }) {
    sink.padded(token);
  } else {
    sink(token);
  }
}

/// Passes on to a sink that lives elsewhere and outlives it.
template <class Sink>
class sink_ref {
 public:
  explicit sink_ref(Sink& sink) : sink_(&sink) {}
  void operator()(std::string_view token) { (*sink_)(token); }
  void padded(std::string_view token) { give_padded(*sink_, token); }
  void finish() { sink_->finish(); }

 private:
  Sink* sink_;
};

namespace detail {
struct token_sink_archetype {
  void operator()(std::string_view) {}
  void finish() {}
};
}  // namespace detail

/// A batch of kind::tokens: streams the tokens of any of its documents, as often as asked and from several threads at once,
/// each with a workspace of its own. stream() calls the sink with each token and then finish().
template <class S>
concept token_source = requires(const S& source, std::size_t document, typename S::workspace& scratch,
                                detail::token_sink_archetype& sink) {
  requires std::default_initializable<typename S::workspace>;
  { source.size() } -> std::convertible_to<std::size_t>;
  source.stream(document, scratch, sink);
};

/// The documents of a batch of text as they come out of a transducer model (one stage or a chain of them), computed anew
/// each time they are asked for: nothing but a reference to both is stored, and both must outlive it.
template <class Batch, transducer_model Model>
class streamed {
 public:
  using workspace = typename Model::workspace;

  streamed(const Batch& batch, const Model& model) : batch_(&batch), model_(&model) {}

  std::size_t size() const { return static_cast<std::size_t>(batch_->size()); }

  template <class Sink>
  void stream(std::size_t document, workspace& scratch, Sink& sink) const {
    auto head = model_->attach(scratch, sink_ref<Sink>(sink));
    head(std::string_view((*batch_)[document]));
    head.finish();
  }

 private:
  const Batch* batch_;
  const Model* model_;
};

}  // namespace mmrec::inline v0

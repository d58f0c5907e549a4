// mmrec/nn/layers/bert_embeddings.hpp - what BERT makes of token ids before its first layer.
#pragma once
#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <ratio>
#include <string>
#include <string_view>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/kernel/embedding.hpp>
#include <mmrec/nn/chain.hpp>
#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/layers/detail/ids.hpp>
#include <mmrec/nn/layers/layer_norm.hpp>
#include <mmrec/nn/named.hpp>

namespace mmrec::inline v0 {
namespace nn {
namespace detail {

/// y[t] = words[id of t] + positions[t] + types[0].
template <std::size_t Vocabulary, std::size_t Positions, std::size_t Types, std::size_t D>
struct token_and_position_on : layer_base<ids, sequence<D>> {
  static_assert(Vocabulary != 0 && Positions != 0 && Types != 0 && D != 0);
  static constexpr tensor_spec table(std::string_view name, std::size_t rows, bool sparse) {
    // BERT starts from a standard deviation of 0.02.
    return {.name = name, .extents = {rows, D}, .rank = 2, .initial = fill::normal, .fan = 2500, .sparse = sparse};
  }
  static constexpr std::array parameters{table("word_embeddings.weight", Vocabulary, true),
                                         table("position_embeddings.weight", Positions, false),
                                         table("token_type_embeddings.weight", Types, false)};
  static std::string name() {
    return "bert_embeddings<" + std::to_string(Vocabulary) + ", " + std::to_string(Positions) + ", " +
           std::to_string(Types) + ", " + std::to_string(D) + '>';
  }

  template <class T>
  static void check_input(std::string_view function, const batch_view<ids, T>& in) {
    for (std::size_t example = 0; example < in.count; ++example) {
      if (in.length(example) <= Positions) continue;
      throw data_error(function, "example " + std::to_string(example) + " has " + std::to_string(in.length(example)) +
                                     " tokens, more than the " + std::to_string(Positions) + " positions there are");
    }
    require_ids_below(function, Vocabulary, in);
  }

  template <executor Exec, class T>
  static void forward(const context<Exec>& pass, const batch_view<ids, T>& in, T* out, const layer_memory<T>& memory) {
    const kernel::id_batch batch = id_batch_of(in);
    const T *const words = memory.parameters, *const positions = words + Vocabulary * D,
                   *const type = positions + Positions * D;
    for_ranges(pass.exec, in.count, 1, [&](std::size_t example, std::size_t) {
      T* to = out + example * in.steps * D;
      const std::size_t length = batch.length(example);
      for (std::size_t step = 0; step < length; ++step, to += D) {
        const T *const word = words + batch.row(example, step) * D, *const position = positions + step * D;
        for (std::size_t i = 0; i < D; ++i) to[i] = (word[i] + type[i]) + position[i];
      }
      std::fill_n(to, (in.steps - length) * D, T(0));
    });
  }
  template <executor Exec, class T>
  static void backward(const context<Exec>& pass, const batch_view<ids, T>& in, const T*, const T* out_gradient, T*,
                       const layer_memory<T>& memory) {
    note_rows(pass.exec, in, static_cast<std::size_t>(-1), memory);
    const kernel::id_batch batch = id_batch_of(in);
    T *const words = memory.gradients, *const positions = words + Vocabulary * D, *const type = positions + Positions * D;
    kernel::detail::for_columns(pass.exec, D, [&](std::size_t first, std::size_t count) {
      for (std::size_t example = 0; example < in.count; ++example) {
        const std::size_t length = batch.length(example);
        for (std::size_t step = 0; step < length; ++step) {
          const T* const from = out_gradient + (example * in.steps + step) * D + first;
          kernel::detail::add_row(count, from, words + batch.row(example, step) * D + first);
          kernel::detail::add_row(count, from, positions + step * D + first);
          kernel::detail::add_row(count, from, type + first);
        }
      }
    });
  }
};

template <std::size_t Vocabulary, std::size_t Positions, std::size_t Types, std::size_t D>
struct token_and_position {
  template <class In>
  struct on;
  template <std::same_as<ids> In>
  struct on<In> : token_and_position_on<Vocabulary, Positions, Types, D> {};
};

}  // namespace detail

/// The sum of a token's vector, its position's and that of token type 0, normalised: layer_norm with 1e-12. All tokens are
/// of the first type, as those of one text are.
///
/// Shapes     T ids -> T x D; word_embeddings.weight Vocabulary x D, position_embeddings.weight Positions x D,
///            token_type_embeddings.weight Types x D, LayerNorm.weight and .bias D
/// Result     same bits for any number of threads; the gradient of the word embeddings is sparse
/// Throws     data_error from the network's entry for an id outside 0..Vocabulary-1 and for an example of more than
///            Positions tokens
/// Reference  Devlin, Chang, Lee, Toutanova, "BERT", NAACL 2019
template <std::size_t Vocabulary, std::size_t Positions, std::size_t Types, std::size_t D>
struct bert_embeddings {
  template <class In>
  struct on;
  template <std::same_as<ids> In>
  struct on<In> : chain<named<"", detail::token_and_position<Vocabulary, Positions, Types, D>>,
                        named<"LayerNorm", basic_layer_norm<std::pico>>>::template on<ids> {};
};

}  // namespace nn
}  // namespace mmrec::inline v0

// mmrec/nn/layers/embedding.hpp - a vector for each token.
#pragma once
#include <array>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>

#include <mmrec/kernel/embedding.hpp>
#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/layers/detail/ids.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// No token is padding.
inline constexpr std::size_t no_padding = static_cast<std::size_t>(-1);

namespace detail {

template <std::size_t Vocabulary, std::size_t D, std::size_t Padding>
struct embedding_on : layer_base<ids, sequence<D>> {
  static constexpr std::array parameters{tensor_spec{.name = "weight",
                                                     .extents = {Vocabulary, D},
                                                     .rank = 2,
                                                     .initial = fill::normal,
                                                     .sparse = true,
                                                     .zero_row = Padding}};
  static constexpr bool on_devices = true;
  static std::string name() { return "embedding<" + std::to_string(Vocabulary) + ", " + std::to_string(D) + '>'; }

  template <class T>
  static void check_input(std::string_view function, const batch_view<ids, T>& in) {
    require_ids_below(function, Vocabulary, in);
  }
  template <backend Exec, class T>
  static void forward(const context<Exec>& pass, const batch_view<ids, T>& in, T* out, const layer_memory<T>& memory) {
    using kernel::embedding_forward;
    embedding_forward(pass.exec, id_batch_of(in), D, memory.parameters, out);
  }
  template <backend Exec, class T>
  static void backward(const context<Exec>& pass, const batch_view<ids, T>& in, const T*, const T* out_gradient, T*,
                       const layer_memory<T>& memory) {
    using kernel::embedding_backward;
    note_rows(pass.exec, in, Padding, memory);
    embedding_backward(pass.exec, id_batch_of(in), D, out_gradient, Padding, memory.gradients);
  }
};

}  // namespace detail

/// Looks up a row of a table for each id. The row of the id `Padding` starts as zeros and is not trained.
///
/// Shapes     T ids -> T x D; weight Vocabulary x D
/// Cost       copies T D numbers; the gradient is sparse: of the rows that a batch has touched, no others
/// Result     same bits for any number of threads
/// Throws     data_error from the network's entry for an id outside 0..Vocabulary-1
/// PyTorch    nn.Embedding(Vocabulary, D, padding_idx)
template <std::size_t Vocabulary, std::size_t D, std::size_t Padding = no_padding>
struct embedding {
  static_assert(Vocabulary != 0 && D != 0);
  template <class In>
  struct on;
  template <std::same_as<ids> In>
  struct on<In> : detail::embedding_on<Vocabulary, D, Padding> {};
};

}  // namespace nn
}  // namespace mmrec::inline v0

// mmrec/nn/layers/embedding_bag.hpp - the sum or mean of the vectors of an example's tokens.
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

using kernel::bag_mode;

namespace detail {

template <std::size_t Vocabulary, std::size_t D, bag_mode Mode>
struct embedding_bag_on : layer_base<ids, flat<D>> {
  static constexpr std::array parameters{
      tensor_spec{.name = "weight", .extents = {Vocabulary, D}, .rank = 2, .initial = fill::normal, .sparse = true}};
  static constexpr bool on_devices = true;
  static std::string name() { return "embedding_bag<" + std::to_string(Vocabulary) + ", " + std::to_string(D) + '>'; }

  template <class T>
  static void check_input(std::string_view function, const batch_view<ids, T>& in) {
    require_ids_below(function, Vocabulary, in);
  }
  template <backend Exec, class T>
  static void forward(const context<Exec>& pass, const batch_view<ids, T>& in, T* out, const layer_memory<T>& memory) {
    using kernel::embedding_bag_forward;
    embedding_bag_forward(pass.exec, id_batch_of(in), Mode, D, memory.parameters, out);
  }
  template <backend Exec, class T>
  static void backward(const context<Exec>& pass, const batch_view<ids, T>& in, const T*, const T* out_gradient, T*,
                       const layer_memory<T>& memory) {
    using kernel::embedding_bag_backward;
    note_rows(pass.exec, in, static_cast<std::size_t>(-1), memory);
    embedding_bag_backward(pass.exec, id_batch_of(in), Mode, D, out_gradient, memory.gradients);
  }
};

}  // namespace detail

/// Adds up or averages the rows of a table that an example's ids name. An example without ids gives zeros.
///
/// Shapes     T ids -> D; weight Vocabulary x D
/// Cost       T D additions; the gradient is sparse: of the rows that a batch has touched, no others
/// Result     same bits for any number of threads
/// Throws     data_error from the network's entry for an id outside 0..Vocabulary-1
/// PyTorch    nn.EmbeddingBag(Vocabulary, D, mode="mean" or "sum")
template <std::size_t Vocabulary, std::size_t D, bag_mode Mode = bag_mode::mean>
struct embedding_bag {
  static_assert(Vocabulary != 0 && D != 0);
  template <class In>
  struct on;
  template <std::same_as<ids> In>
  struct on<In> : detail::embedding_bag_on<Vocabulary, D, Mode> {};
};

}  // namespace nn
}  // namespace mmrec::inline v0

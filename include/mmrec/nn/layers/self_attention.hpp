// mmrec/nn/layers/self_attention.hpp - steps of a sequence that look at each other.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <mmrec/kernel/affine.hpp>
#include <mmrec/kernel/attention.hpp>
#include <mmrec/kernel/gemm.hpp>
#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/memory.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// How the tensors of queries, keys and values are named and laid out.
enum class projection_names {
  torch,  ///< in_proj_weight D x 3 D, in_proj_bias: queries, keys, values side by side
  bert    ///< query.weight D x D, query.bias, key.weight, ...: three dense layers
};

namespace detail {

template <std::size_t D, std::size_t Heads, projection_names Names>
struct self_attention_on : layer_base<sequence<D>, sequence<D>> {
  static_assert(Heads != 0 && D % Heads == 0, "mmrec: heads of equal width: their number has to divide the features");
  using In = sequence<D>;
  static constexpr bool joined = Names == projection_names::torch;
  static constexpr auto parameters = [] {
    if constexpr (joined) {
      // PyTorch draws the joined weight by Glorot's rule, within sqrt(6 / (D + 3 D)).
      return std::array{tensor_spec{"in_proj_weight",
                                    {D, 3 * D},
                                    2,
                                    fill::uniform,
                                    (std::max)(std::size_t{1}, 2 * D / 3),
                                    torch_layout::output_first},
                        vector_spec("in_proj_bias", 3 * D, fill::zeros)};
    } else {
      const auto weight = [](std::string_view name) {
        return tensor_spec{name, {D, D}, 2, fill::uniform, D, torch_layout::output_first};
      };
      return std::array{weight("query.weight"), vector_spec("query.bias", D, fill::zeros),
                        weight("key.weight"),   vector_spec("key.bias", D, fill::zeros),
                        weight("value.weight"), vector_spec("value.bias", D, fill::zeros)};
    }
  }();

  static std::string name() { return "self_attention<" + std::to_string(Heads) + '>'; }
  static constexpr std::uint64_t multiply_adds(std::size_t steps) {
    return std::uint64_t{3} * D * D * steps + std::uint64_t{2} * D * steps * steps;
  }

  template <class T>
  static constexpr std::size_t state_bytes(const dims<In>& in) {
    return 3 * in.size() * sizeof(T);
  }
  template <class T>
  static constexpr std::size_t scratch_bytes(const dims<In>& in, std::size_t concurrency) {
    const std::size_t rows = in.size() / D;
    return projected_bytes<T>(in) +
           sizeof(T) * (std::max)({kernel::affine_scratch<T>(rows, D, 3 * D, concurrency),
                                   kernel::affine_backward_weights_scratch<T>(rows, D, 3 * D, concurrency),
                                   kernel::affine_backward_input_scratch<T>(rows, D, 3 * D, concurrency),
                                   kernel::attention_backward_scratch<T>(shape_of(in), concurrency)});
  }

  template <executor Exec, class T>
  static void forward(const context<Exec>& pass, const batch_view<In, T>& in, T* out, const layer_memory<T>& memory) {
    T* const projected = reinterpret_cast<T*>(memory.state == nullptr ? memory.scratch : memory.state);
    T* const scratch = reinterpret_cast<T*>(memory.scratch + projected_bytes<T>(in.size()));
    const std::size_t rows = in.size().size() / D;
    if constexpr (joined) {
      project<3 * D>(pass, in, memory.parameters, projected, scratch);
    } else {
      for (std::size_t part = 0; part < 3; ++part) {
        project<D>(pass, in, memory.parameters + part * part_size, projected + part * rows * D, scratch);
      }
    }
    const T* const values = projected;
    kernel::attention_forward(pass.exec, shape_of(in), parts_of(values, rows), out, scratch, pass.level);
  }
  template <executor Exec, class T>
  static void backward(const context<Exec>& pass, const batch_view<In, T>& in, const T*, const T* out_gradient,
                       T* in_gradient, const layer_memory<T>& memory) {
    const T* const projected = reinterpret_cast<const T*>(memory.state);
    T* const by_projected = reinterpret_cast<T*>(memory.scratch);
    T* const scratch = reinterpret_cast<T*>(memory.scratch + projected_bytes<T>(in.size()));
    const std::size_t rows = in.size().size() / D;
    kernel::attention_backward(pass.exec, shape_of(in), parts_of(projected, rows), out_gradient,
                               parts_of(by_projected, rows), scratch, pass.level);
    constexpr std::size_t parts = joined ? 1 : 3, columns = joined ? 3 * D : D;
    for (std::size_t part = 0; part < parts; ++part) {
      const T* const given = by_projected + part * rows * D;
      T* const gradient = memory.gradients + part * part_size;
      kernel::affine_backward_weights(pass.exec, rows, D, columns, in.data, given, gradient, gradient + D * columns, scratch,
                                      pass.level);
      if (in_gradient == nullptr) continue;
      kernel::gemm(pass.exec,
                   kernel::gemm_problem<T>{.rows = rows,
                                           .columns = D,
                                           .inner = columns,
                                           .a = kernel::as_stored(given, columns),
                                           .b = kernel::transposed(memory.parameters + part * part_size, columns),
                                           .c = in_gradient,
                                           .c_stride = D,
                                           .accumulate = part != 0},
                   scratch, pass.level);
    }
  }

  // Frozen, the three projections are one, packed as the product reads it, and its bias.
  template <class T>
  static constexpr std::size_t frozen_size() {
    return kernel::gemm_packed_size<T>(D, 3 * D) + 3 * D;
  }
  template <class T>
  static void freeze(const T* trained, const T*, T* frozen) {
    std::vector<T> together(trained, trained + (D + 1) * 3 * D);
    if constexpr (!joined) {
      // The bias is one row more.
      for (std::size_t row = 0; row <= D; ++row) {
        for (std::size_t part = 0; part < 3; ++part) {
          std::copy_n(trained + part * part_size + row * D, D, together.data() + (row * 3 + part) * D);
        }
      }
    }
    kernel::gemm_pack(D, 3 * D, kernel::as_stored<T>(together.data(), 3 * D), frozen);
    std::copy_n(together.data() + D * 3 * D, 3 * D, frozen + kernel::gemm_packed_size<T>(D, 3 * D));
  }
  template <class T>
  static constexpr std::size_t infer_scratch_bytes(const dims<In>& in, std::size_t concurrency) {
    return projected_bytes<T>(in) + sizeof(T) * (std::max)(kernel::affine_scratch<T>(in.size() / D, D, 3 * D, concurrency),
                                                           kernel::attention_forward_scratch<T>(shape_of(in), concurrency));
  }
  template <executor Exec, class T>
  static void infer(const context<Exec>& pass, const batch_view<In, T>& in, T* out, const T* frozen, std::byte* scratch) {
    using one_product = self_attention_on<D, Heads, projection_names::torch>;
    T* const projected = reinterpret_cast<T*>(scratch);
    T* const rest = reinterpret_cast<T*>(scratch + projected_bytes<T>(in.size()));
    const std::size_t rows = in.size().size() / D;
    kernel::affine_packed(pass.exec, rows, D, 3 * D, in.data, frozen, frozen + kernel::gemm_packed_size<T>(D, 3 * D), false,
                          projected, rest, pass.level);
    const T* const values = projected;
    kernel::attention_forward(pass.exec, shape_of(in), one_product::parts_of(values, rows), out, rest, pass.level);
  }

 private:
  template <std::size_t, std::size_t, projection_names>
  friend struct self_attention_on;
  static constexpr std::size_t part_size = (D + 1) * D;  ///< of one dense layer of three

  template <class T>
  static constexpr std::size_t projected_bytes(const dims<In>& in) {
    return padded(3 * in.size() * sizeof(T));
  }
  static constexpr kernel::attention_shape shape_of(const dims<In>& in) {
    return {in.count, in.steps, Heads, D / Heads, nullptr};
  }
  template <class T>
  static kernel::attention_shape shape_of(const batch_view<In, T>& in) {
    return {in.count, in.steps, Heads, D / Heads, in.lengths};
  }
  template <class T>
  static kernel::attention_rows<T> parts_of(T* projected, std::size_t rows) {
    if constexpr (joined) {
      return {projected, projected + D, projected + 2 * D, 3 * D};
    } else {
      return {projected, projected + rows * D, projected + 2 * rows * D, D};
    }
  }
  template <std::size_t Columns, executor Exec, class T>
  static void project(const context<Exec>& pass, const batch_view<In, T>& in, const T* weights, T* to, T* scratch) {
    kernel::affine(pass.exec, in.size().size() / D, D, Columns, in.data, weights, weights + D * Columns, false, to, scratch,
                   pass.level);
  }
};

}  // namespace detail

/// Each step becomes an average of all steps' values, weighted by how well its query meets their keys, for several heads
/// side by side: softmax(Q K^T / sqrt(D / Heads)) V with Q, K, V = x W + b. Steps beyond an example's length are not
/// looked at.
///
/// Shapes     keeps T x D, Heads divides D; in_proj_weight D x 3 D, in_proj_bias 3 D, or three of D x D
/// Cost       3 D^2 + 2 T D multiplications a step; keeps 3 D numbers a step
/// Result     an example depends on itself alone; same bits for any number of threads
/// PyTorch    nn.MultiheadAttention(D, Heads, batch_first=True) without its output projection, which
///            nn::multi_head_attention adds
/// Reference  Vaswani et al., "Attention is all you need", NeurIPS 2017
template <std::size_t Heads, projection_names Names = projection_names::torch>
struct self_attention {
  template <class In>
  struct on;
  template <std::size_t D>
  struct on<sequence<D>> : detail::self_attention_on<D, Heads, Names> {};
};

}  // namespace nn
}  // namespace mmrec::inline v0

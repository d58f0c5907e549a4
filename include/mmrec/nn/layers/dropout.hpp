// mmrec/nn/layers/dropout.hpp - leaving out numbers at random while training.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include <mmrec/core/executor.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/layers/activation.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// Training, sets each number to zero with a chance of Percent in a hundred and enlarges the others, so that the expected
/// value stays; otherwise passes its input on.
///
/// Shapes     any, kept
/// Cost       a random draw of 16 bits a number, forward and backward; keeps nothing
/// Result     which numbers are left out follows from the step's key and their place in the batch alone: same bits for any
///            number of threads
/// PyTorch    nn.Dropout(Percent / 100), whose random numbers are others
/// Reference  Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout", JMLR 15, 2014
template <unsigned Percent>
struct dropout {
  static_assert(Percent < 100, "mmrec: dropout<Percent> leaves out Percent of a hundred numbers, fewer than all");
  template <class In>
  struct on;
  template <detail::real_shape In>
  struct on<In>;
};

namespace detail {

template <class In, unsigned Percent>
struct dropout_on : layer_base<In, In> {
  static std::string name() { return "dropout<" + std::to_string(Percent) + '>'; }

  template <executor Exec, class T>
  static void forward(const context<Exec>& pass, const batch_view<In, T>& in, T* out, const layer_memory<T>&) {
    const std::size_t size = in.size().size();
    if (pass.training && Percent != 0) {
      keep_some(pass, size, in.data, out);
    } else {
      std::copy_n(in.data, size, out);
    }
  }
  template <executor Exec, class T>
  static void backward(const context<Exec>& pass, const batch_view<In, T>& in, const T*, const T* out_gradient,
                       T* in_gradient, const layer_memory<T>&) {
    const std::size_t size = in.size().size();
    if (in_gradient == nullptr) return;
    if (pass.training && Percent != 0) {
      keep_some(pass, size, out_gradient, in_gradient);
    } else {
      std::copy_n(out_gradient, size, in_gradient);
    }
  }

 private:
  /// Of the 2^16 values of a draw, those that leave a number out.
  static constexpr std::uint32_t dropped = (Percent * 65536u + 50u) / 100u;
  static constexpr std::size_t draws = 8;  ///< of 16 bits in one block of random bits

  template <executor Exec, class T>
  static void keep_some(const context<Exec>& pass, std::size_t size, const T* from, T* to) {
    constexpr T factor = T(65536.0 / (65536.0 - dropped));
    const philox::key_type key{static_cast<std::uint32_t>(pass.key.value), static_cast<std::uint32_t>(pass.key.value >> 32)};
    for_ranges(pass.exec, (size + draws - 1) / draws, 2048, [&](std::size_t begin, std::size_t end) {
      for (std::size_t block = begin; block < end; ++block) {
        const auto bits = philox::block(
            {static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(std::uint64_t{block} >> 32), 0, 0}, key);
        const std::size_t first = block * draws, count = (std::min)(draws, size - first);
        for (std::size_t i = 0; i < count; ++i) {
          const std::uint32_t draw = (bits[i / 2] >> (i % 2 * 16)) & 0xffffu;
          to[first + i] = draw < dropped ? T(0) : from[first + i] * factor;
        }
      }
    });
  }
};

}  // namespace detail

template <unsigned Percent>
template <detail::real_shape In>
struct dropout<Percent>::on<In> : detail::dropout_on<In, Percent> {};

}  // namespace nn
}  // namespace mmrec::inline v0

// mmrec/nn/layers/dropout.hpp - leaving out numbers at random while training.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

#include <mmrec/core/executor.hpp>
#include <mmrec/kernel/dropout.hpp>
#include <mmrec/kernel/memory.hpp>
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
  static constexpr bool on_devices = true;
  static std::string name() { return "dropout<" + std::to_string(Percent) + '>'; }

  template <backend Exec, class T>
  static void forward(const context<Exec>& pass, const batch_view<In, T>& in, T* out, const layer_memory<T>&) {
    keep_some(pass, in.size().size(), in.data, out);
  }
  template <backend Exec, class T>
  static void backward(const context<Exec>& pass, const batch_view<In, T>& in, const T*, const T* out_gradient,
                       T* in_gradient, const layer_memory<T>&) {
    if (in_gradient != nullptr) keep_some(pass, in.size().size(), out_gradient, in_gradient);
  }

 private:
  /// Of the 2^16 values of a draw, those that leave a number out.
  static constexpr std::uint32_t dropped = (Percent * 65536u + 50u) / 100u;

  template <backend Exec, class T>
  static void keep_some(const context<Exec>& pass, std::size_t size, const T* from, T* to) {
    if (pass.training && Percent != 0) {
      using kernel::dropout;
      dropout(pass.exec, size, dropped, T(65536.0 / (65536.0 - dropped)), pass.key, from, to);
    } else {
      using kernel::copy;
      copy(pass.exec, size, from, to);
    }
  }
};

}  // namespace detail

template <unsigned Percent>
template <detail::real_shape In>
struct dropout<Percent>::on<In> : detail::dropout_on<In, Percent> {};

}  // namespace nn
}  // namespace mmrec::inline v0

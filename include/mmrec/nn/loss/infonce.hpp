// mmrec/nn/loss/infonce.hpp - contrast of two embeddings of the same things, with the rest of the batch as negatives.
#pragma once
#include <cmath>
#include <cstddef>
#include <string_view>

#include <mmrec/core/error.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/gemm.hpp>
#include <mmrec/nn/loss/detail/softmax_row.hpp>

namespace mmrec::inline v0 {
namespace nn::loss {

/// Row i of one embedding is to be more similar to row i of the other than to all its other rows: the cross-entropy of the
/// softmax over similarity / temperature, averaged over the batch, and over both directions when it is symmetric.
///
/// Shapes     left, right and their gradients: B x D; the gradients may both be null: the value alone is wanted
/// Cost       O(B^2 D) time, on the calling thread; scratch(B, D) elements of memory, no allocation
/// Result     sums of exponentials are formed in double, in order; a zero row has similarity 0 to all and, normalised, no
///            gradient; 0 for an empty batch
/// Throws     validate: invalid_config. value_and_gradients: nothing
/// Reference  van den Oord, Li, Vinyals, "Representation learning with contrastive predictive coding", 2018; symmetric form:
///            Radford et al., "Learning transferable visual models from natural language supervision", ICML 2021
struct infonce {
  double temperature = 0.07;  ///< above 0
  bool symmetric = true;      ///< also right to left
  bool normalize = true;      ///< similarity is the cosine; otherwise the inner product

  void validate(std::string_view function) const {
    require_config(temperature > 0.0 && std::isfinite(temperature), function, "temperature", "must be positive and finite");
  }
  /// Elements of T that value_and_gradients wants as scratch.
  static constexpr std::size_t scratch(std::size_t batch, std::size_t width) {
    return 3 * batch * width + 3 * batch * batch + 2 * batch;
  }

  template <class T>
  double value_and_gradients(const T* left, const T* right, std::size_t batch, std::size_t width, T* left_gradient,
                             T* right_gradient, T* scratch, kernel::simd_level level = kernel::best_simd_level()) const {
    if (batch == 0) return 0.0;
    T* const unit_left = scratch;
    T* const unit_right = unit_left + batch * width;
    T* const turned = unit_right + batch * width;  // D x B
    T* const similarity = turned + batch * width;  // B x B
    T* const pull = similarity + batch * batch;    // B x B: the gradient with respect to similarity / temperature
    T* const other = pull + batch * batch;         // B x B
    T* const left_length = other + batch * batch;  // inverse lengths
    T* const right_length = left_length + batch;
    unit_rows(left, batch, width, unit_left, left_length);
    unit_rows(right, batch, width, unit_right, right_length);
    transpose(unit_right, batch, width, turned);
    kernel::multiply_rows(unit_left, width, batch, width, turned, batch, batch, similarity, batch, level);
    const T inverse = static_cast<T>(1.0 / temperature);
    for (std::size_t i = 0; i < batch * batch; ++i) similarity[i] *= inverse;

    const bool gradients = left_gradient != nullptr && right_gradient != nullptr;
    const double share = (symmetric ? 0.5 : 1.0) / static_cast<double>(batch);
    double total = one_direction(similarity, batch, share, pull);
    if (symmetric) {
      transpose(similarity, batch, batch, other);
      total += one_direction(other, batch, share, similarity);
      transpose(similarity, batch, batch, other);
      for (std::size_t i = 0; i < batch * batch; ++i) pull[i] += other[i];
    }
    if (!gradients) return total;

    for (std::size_t i = 0; i < batch * batch; ++i) pull[i] *= inverse;
    kernel::multiply_rows(pull, batch, batch, batch, unit_right, width, width, left_gradient, width, level);
    transpose(pull, batch, batch, other);
    kernel::multiply_rows(other, batch, batch, batch, unit_left, width, width, right_gradient, width, level);
    if (normalize) {
      through_length(unit_left, left_length, batch, width, left_gradient);
      through_length(unit_right, right_length, batch, width, right_gradient);
    }
    return total;
  }

  friend bool operator==(const infonce&, const infonce&) = default;

 private:
  template <class T>
  static void transpose(const T* from, std::size_t rows, std::size_t columns, T* to) {
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t j = 0; j < columns; ++j) to[j * rows + i] = from[i * columns + j];
    }
  }
  /// Rows of length 1, or as they are; a zero row stays zero.
  template <class T>
  void unit_rows(const T* rows, std::size_t batch, std::size_t width, T* result, T* inverse_length) const {
    for (std::size_t i = 0; i < batch; ++i) {
      double squares = 0.0;
      for (std::size_t d = 0; d < width; ++d) {
        squares += static_cast<double>(rows[i * width + d]) * static_cast<double>(rows[i * width + d]);
      }
      const double inverse = !normalize ? 1.0 : squares > 0.0 ? 1.0 / std::sqrt(squares) : 0.0;
      inverse_length[i] = static_cast<T>(inverse);
      for (std::size_t d = 0; d < width; ++d) {
        result[i * width + d] = static_cast<T>(static_cast<double>(rows[i * width + d]) * inverse);
      }
    }
  }
  /// Turns the gradient of unit rows into that of the rows: the part along the row is lost.
  template <class T>
  static void through_length(const T* unit, const T* inverse_length, std::size_t batch, std::size_t width, T* gradient) {
    for (std::size_t i = 0; i < batch; ++i) {
      double along = 0.0;
      for (std::size_t d = 0; d < width; ++d) {
        along += static_cast<double>(unit[i * width + d]) * static_cast<double>(gradient[i * width + d]);
      }
      for (std::size_t d = 0; d < width; ++d) {
        const std::size_t at = i * width + d;
        gradient[at] = (gradient[at] - static_cast<T>(along) * unit[at]) * inverse_length[i];
      }
    }
  }
  /// Cross-entropy of each row with its own column as the target, times `share`, and its gradient.
  template <class T>
  static double one_direction(const T* logits, std::size_t batch, double share, T* gradient) {
    double total = 0.0;
    for (std::size_t i = 0; i < batch; ++i) {
      const T* row = logits + i * batch;
      T* out = gradient + i * batch;
      const detail::row_exponentials all = detail::exponentiate_row(row, batch, i, out);
      total += all.loss();
      detail::scale_row(out, batch, static_cast<T>(share / all.sum()), T(0));
      out[i] = static_cast<T>(-all.others * (share / all.sum()));
    }
    return share * total;
  }
};

}  // namespace nn::loss
}  // namespace mmrec::inline v0

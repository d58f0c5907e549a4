// mmrec/nn/batches.hpp - how batches of the pipeline's kinds feed networks.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/data/sequences.hpp>
#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn {
namespace detail {

/// What a stage with a network of input shape S takes, how it reads a batch of it, and one element.
///
///   kind; element; source(batch), a source of examples (see train/examples.hpp); check(function, batch);
///   view_one(element, memory), a batch of one
template <class S>
struct stage_input;

template <std::size_t D>
struct stage_input<flat<D>> {
  using kind_type = kind::dense<float, static_cast<int>(D)>;
  struct source {
    matrix_view<float> rows;
    std::size_t size() const { return static_cast<std::size_t>(rows.rows()); }
    void write(std::size_t index, float* out) const {
      const float* const row = rows.data() + index * static_cast<std::size_t>(rows.outerStride());
      std::copy(row, row + D, out);
    }
  };
  static source source_of(std::string_view function, const matrix_view<float>& batch) {
    require_size(function, "numbers of an example", D, static_cast<std::size_t>(batch.cols()));
    return {batch};
  }
  static batch_view<flat<D>, float> view_one(std::string_view function, std::span<const float> element,
                                             std::vector<float>&) {
    require_size(function, "numbers of an example", D, element.size());
    return {element.data(), 1};
  }
};

/// Pictures come as planes (C x H x W), as image::standardize gives them, and go with channels last.
template <std::size_t C, std::size_t H, std::size_t W>
struct stage_input<chw<C, H, W>> {
  static constexpr std::size_t size = C * H * W;
  using kind_type = kind::dense<float, static_cast<int>(size)>;
  static void interleave(const float* planes, float* out) {
    for (std::size_t pixel = 0; pixel < H * W; ++pixel) {
      for (std::size_t channel = 0; channel < C; ++channel) out[pixel * C + channel] = planes[channel * H * W + pixel];
    }
  }
  struct source {
    matrix_view<float> rows;
    std::size_t size() const { return static_cast<std::size_t>(rows.rows()); }
    void write(std::size_t index, float* out) const {
      interleave(rows.data() + index * static_cast<std::size_t>(rows.outerStride()), out);
    }
  };
  static source source_of(std::string_view function, const matrix_view<float>& batch) {
    require_size(function, "numbers of a picture", size, static_cast<std::size_t>(batch.cols()));
    return {batch};
  }
  static batch_view<chw<C, H, W>, float> view_one(std::string_view function, std::span<const float> element,
                                                  std::vector<float>& memory) {
    require_size(function, "numbers of a picture", size, element.size());
    memory.resize(size);
    interleave(element.data(), memory.data());
    return {memory.data(), 1};
  }
};

template <class Shape, class T, std::size_t Width>
struct sequence_input {
  struct source {
    const data::sequences<T>* all;
    std::size_t size() const { return all->size(); }
    std::size_t length(std::size_t index) const { return all->steps(index); }
    void write(std::size_t index, T* out) const {
      const auto values = (*all)[index].values;
      std::copy(values.begin(), values.end(), out);
    }
  };
  static source source_of(std::string_view function, const data::sequences<T>& batch) {
    if (batch.size() != 0) require_size(function, "numbers of a step", Width, batch.width());
    return {&batch};
  }
  static batch_view<Shape, float> view_one(std::string_view function, const data::sequence_view<T>& element,
                                           std::vector<float>&) {
    if (element.steps != 0) require_size(function, "numbers of a step", Width, element.width);
    return {element.values.data(), 1, element.steps};
  }
};
template <std::size_t D>
struct stage_input<sequence<D>> : sequence_input<sequence<D>, float, D> {
  using kind_type = kind::sequence<float, static_cast<int>(D)>;
};
template <>
struct stage_input<ids> : sequence_input<ids, std::int32_t, 1> {
  using kind_type = kind::ids;
};

/// Network Net can be a stage: one input of a kind that pipelines have, features at the end.
template <class Net>
concept stage_network = requires {
  typename stage_input<typename Net::bound::input_shape>::kind_type;
  Net::bound::output_shape::width;
  requires !has_steps<typename Net::bound::output_shape>;
};

}  // namespace detail
}  // namespace nn
}  // namespace mmrec::inline v0

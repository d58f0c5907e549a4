// mmrec/data/tensor.hpp - n-dimensional arrays: xtensor, and views between it, Eigen, spans and pictures.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>

// xtensor 0.26 moved its headers into folders.
#if __has_include(<xtensor/containers/xtensor.hpp>)
#include <xtensor/containers/xtensor.hpp>
#else
#include <xtensor/xtensor.hpp>
#endif

#include <mmrec/core/error.hpp>
#include <mmrec/core/limits.hpp>
#include <mmrec/data/image.hpp>
#include <mmrec/data/matrix.hpp>

namespace mmrec::inline v0 {

/// Owner of an array of N dimensions, row-major: the last index runs fastest. This header is the only one that knows where
/// xtensor's headers are; xt::xarray, whose number of dimensions is a run-time matter, is not used in this library.
template <class T, std::size_t N>
using tensor = xt::xtensor<T, N, xt::layout_type::row_major>;

namespace detail {
// xtensor allocates nothing here but makes an allocator of its element type, which for const is not allowed.
template <class T>
using memory_view = xt::xbuffer_adaptor<T*, xt::no_ownership, std::allocator<std::remove_const_t<T>>>;
}  // namespace detail

/// An array of N dimensions over memory that somebody else owns; T may be const.
template <class T, std::size_t N>
using tensor_view = xt::xtensor_adaptor<detail::memory_view<T>, N, xt::layout_type::row_major>;

/// The same where rows may be padded.
template <class T, std::size_t N>
using strided_tensor_view = xt::xtensor_adaptor<detail::memory_view<T>, N, xt::layout_type::dynamic>;

namespace detail {
template <class T, std::size_t N>
tensor_view<T, N> view_memory(T* memory, std::size_t size, const std::array<std::size_t, N>& shape) {
  return tensor_view<T, N>(memory_view<T>(memory, size), shape);
}
}  // namespace detail

// All functions below make views, without a copy: the viewed object must outlive the view and keep its size.

/// All elements of a tensor, in row-major order.
template <class T, std::size_t N>
std::span<const T> as_span(const tensor<T, N>& values) {
  return {values.data(), values.size()};
}
template <class T, std::size_t N>
std::span<T> as_span(tensor<T, N>& values) {
  return {values.data(), values.size()};
}
template <class T, std::size_t N>
void as_span(tensor<T, N>&&) = delete;

/// A span as a tensor of the given shape. Throws shape_error when the shape does not have as many elements.
template <class T, std::size_t N>
tensor_view<T, N> as_tensor(std::span<T> values, const std::array<std::size_t, N>& shape) {
  std::uint64_t count = 1;
  for (const std::size_t size : shape) count = checked_multiply("as_tensor", count, size);
  require_size("as_tensor", "elements", static_cast<std::size_t>(count), values.size());
  return detail::view_memory(values.data(), values.size(), shape);
}

/// A matrix as a tensor of rank 2.
template <class T>
tensor_view<const T, 2> as_tensor(const matrix<T>& values) {
  const std::array<std::size_t, 2> shape{static_cast<std::size_t>(values.rows()), static_cast<std::size_t>(values.cols())};
  return detail::view_memory(values.data(), static_cast<std::size_t>(values.size()), shape);
}
template <class T>
tensor_view<T, 2> as_tensor(matrix<T>& values) {
  const std::array<std::size_t, 2> shape{static_cast<std::size_t>(values.rows()), static_cast<std::size_t>(values.cols())};
  return detail::view_memory(values.data(), static_cast<std::size_t>(values.size()), shape);
}
template <class T>
void as_tensor(matrix<T>&&) = delete;

/// A tensor of rank 2 as a matrix.
template <class T>
Eigen::Map<const matrix<T>> as_matrix(const tensor<T, 2>& values) {
  return {values.data(), static_cast<Eigen::Index>(values.shape()[0]), static_cast<Eigen::Index>(values.shape()[1])};
}
template <class T>
Eigen::Map<matrix<T>> as_matrix(tensor<T, 2>& values) {
  return {values.data(), static_cast<Eigen::Index>(values.shape()[0]), static_cast<Eigen::Index>(values.shape()[1])};
}
template <class T>
void as_matrix(tensor<T, 2>&&) = delete;

/// A tensor of H x W x 3 bytes as a picture. Throws shape_error for another number of channels.
inline data::image_view as_image(const tensor<std::uint8_t, 3>& pixels) {
  require_size("as_image", "channels", data::rgb_channels, pixels.shape()[2]);
  return {as_span(pixels), pixels.shape()[0], pixels.shape()[1]};
}
void as_image(tensor<std::uint8_t, 3>&&) = delete;

/// A picture as a tensor of H x W x 3 bytes; padding between its rows is stepped over.
inline strided_tensor_view<const std::uint8_t, 3> as_tensor(const data::image_view& picture) {
  const std::size_t height = picture.height(), width = picture.width();
  const std::size_t row_bytes = width * data::rgb_channels;
  const std::size_t stride =
      height < 2 ? row_bytes : static_cast<std::size_t>(picture.row(1).data() - picture.row(0).data());
  using view = strided_tensor_view<const std::uint8_t, 3>;
  // A dimension of length 1 has stride 0 in xtensor, so that it broadcasts. The buffer's size has to be the number of
  // elements, padding left out; elements are found by the strides.
  const auto step = [](std::size_t length, std::size_t value) {
    return length == 1 ? std::ptrdiff_t{0} : static_cast<std::ptrdiff_t>(value);
  };
  const typename view::strides_type strides{step(height, stride), step(width, data::rgb_channels), 1};
  return view(detail::memory_view<const std::uint8_t>(height == 0 ? nullptr : picture.row(0).data(), height * row_bytes),
              {height, width, data::rgb_channels}, strides);
}

}  // namespace mmrec::inline v0

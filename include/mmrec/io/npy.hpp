// mmrec/io/npy.hpp - arrays in NumPy's .npy files.
#pragma once
#include <algorithm>
#include <bit>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/limits.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/io/atomic_file.hpp>
#include <mmrec/io/detail/npy_header.hpp>
#include <mmrec/io/file.hpp>

namespace mmrec::inline v0 {
namespace io {

/// Types of numbers that are read from and written to .npy files.
template <class T>
concept npy_number = std::same_as<T, float> || std::same_as<T, double> || std::same_as<T, std::int32_t> ||
    std::same_as<T, std::int64_t> || std::same_as<T, std::uint8_t>;

/// An array of any rank, in C order: the last index runs fastest. Rank 0 is a single number.
template <npy_number T>
struct npy_array {
  std::vector<std::size_t> shape;
  std::vector<T> values;
  friend bool operator==(const npy_array&, const npy_array&) = default;
};

namespace detail {
template <npy_number T>
constexpr std::string_view npy_code() {
  if constexpr (std::same_as<T, float>) return "<f4";
  if constexpr (std::same_as<T, double>) return "<f8";
  if constexpr (std::same_as<T, std::int32_t>) return "<i4";
  if constexpr (std::same_as<T, std::int64_t>) return "<i8";
  if constexpr (std::same_as<T, std::uint8_t>) return "|u1";
}

/// Turns Fortran order, where the first index runs fastest, into C order.
template <class T>
std::vector<T> to_c_order(const std::vector<T>& fortran, const std::vector<std::size_t>& shape) {
  std::vector<std::size_t> strides(shape.size(), 1);
  for (std::size_t axis = 1; axis < shape.size(); ++axis) strides[axis] = strides[axis - 1] * shape[axis - 1];
  std::vector<std::size_t> index(shape.size(), 0);
  std::vector<T> result(fortran.size());
  std::size_t from = 0;
  for (T& value : result) {
    value = fortran[from];
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return result;
}
}  // namespace detail

/// Reads an array from the bytes of an .npy file, versions 1.0 to 3.0, C or Fortran order. The file's type must be T
/// exactly; big-endian files, Python objects and structured types are refused.
///
/// Cost       one copy (two for Fortran order); memory is taken only after the header was found to match the file's size
/// Result     numbers as they are in the file, non-finite ones included
/// Throws     parse_error naming `source` for anything that is not exactly one such array; limit_error for a header or a
///            shape beyond the limits
/// Reference  NumPy enhancement proposal 1, A simple file format for NumPy arrays
template <npy_number T>
npy_array<T> parse_npy(std::string_view bytes, std::string_view source, const limits& bounds = {}) {
  static_assert(std::endian::native == std::endian::little,
                "mmrec reads and writes .npy files on little-endian machines only");
  detail::npy_header header = detail::parse_npy_header(bytes, source, bounds);
  if (header.type != detail::npy_code<T>()) {
    throw parse_error(
        source, 0, 0,
        "holds numbers of type '" + header.type + "' where '" + std::string(detail::npy_code<T>()) + "' is wanted");
  }
  const std::string_view data = bytes.substr(header.size);
  const std::uint64_t count = detail::npy_count(header.shape, sizeof(T), source);
  if (data.size() != count * sizeof(T)) {
    throw parse_error(source, 0, 0,
                      "holds " + std::to_string(data.size()) + " bytes of numbers where its shape wants " +
                          std::to_string(count * sizeof(T)));
  }
  npy_array<T> array{std::move(header.shape), std::vector<T>(static_cast<std::size_t>(count))};
  if (!data.empty()) std::memcpy(array.values.data(), data.data(), data.size());
  if (header.fortran_order && array.shape.size() > 1) array.values = detail::to_c_order(array.values, array.shape);
  return array;
}

/// Reads an .npy file; see parse_npy and read_file.
template <npy_number T>
npy_array<T> read_npy(const std::filesystem::path& path, const limits& bounds = {}) {
  return parse_npy<T>(read_file(path, bounds), path.native(), bounds);
}

/// Reads an .npy file that holds a matrix, N x D. Throws parse_error for another rank; besides, see parse_npy.
template <npy_number T>
matrix<T> read_npy_matrix(const std::filesystem::path& path, const limits& bounds = {}) {
  const npy_array<T> array = read_npy<T>(path, bounds);
  if (array.shape.size() != 2) {
    throw parse_error(path.native(), 0, 0,
                      "holds an array of rank " + std::to_string(array.shape.size()) + " where a matrix is wanted");
  }
  matrix<T> result(static_cast<Eigen::Index>(array.shape[0]), static_cast<Eigen::Index>(array.shape[1]));
  std::copy(array.values.begin(), array.values.end(), result.data());
  return result;
}

/// The bytes of an .npy file, version 1.0, C order. Throws shape_error when the shape does not have as many numbers,
/// invalid_config when it has more than 32 dimensions.
template <npy_number T>
std::string format_npy(std::span<const std::type_identity_t<T>> values, std::span<const std::size_t> shape) {
  require_config(shape.size() <= detail::npy_largest_rank, "io::format_npy", "shape", "must have at most 32 dimensions");
  const std::uint64_t count = detail::npy_count({shape.begin(), shape.end()}, sizeof(T), "io::format_npy");
  require_size("io::format_npy", "numbers", static_cast<std::size_t>(count), values.size());
  std::string bytes = detail::format_npy_header(detail::npy_code<T>(), shape);
  bytes.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  return bytes;
}

/// Writes an .npy file, whole or not at all (see atomic_file). Throws what format_npy does, or io_error.
template <npy_number T>
void write_npy(const std::filesystem::path& path, std::span<const std::type_identity_t<T>> values,
               std::span<const std::size_t> shape) {
  write_file(path, format_npy<T>(values, shape));
}
template <npy_number T>
void write_npy(const std::filesystem::path& path, const matrix<T>& values) {
  const std::size_t shape[2] = {static_cast<std::size_t>(values.rows()), static_cast<std::size_t>(values.cols())};
  write_npy<T>(path, std::span(values.data(), static_cast<std::size_t>(values.size())), shape);
}

}  // namespace io
}  // namespace mmrec::inline v0

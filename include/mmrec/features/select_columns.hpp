// mmrec/features/select_columns.hpp - some of the columns, in an order of one's own.
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/data/matrix.hpp>

namespace mmrec::inline v0 {
namespace features {

template <class T>
class select_columns_model;

/// Keeps the named columns, in the order in which they are named; one may be named twice.
///
/// Shapes     in N x D; out N x (number of columns named)
/// Cost       O(numbers kept)
/// Throws     invalid_config if no column is named; data_error if one does not exist; shape_error if D differs from fit
/// Example    features::select_columns{.columns = {0, 1, 7}}
template <class T>
struct basic_select_columns {
  using input_kind = kind::dense<T>;
  using output_kind = kind::dense<T>;

  std::vector<std::size_t> columns = {};  ///< counted from 0

  template <executor Exec>
  select_columns_model<T> fit(const Exec&, const matrix_view<T>& in) const {
    constexpr std::string_view function = "features::select_columns::fit";
    require_config(!columns.empty(), function, "columns", "must name at least one column");
    const auto width = static_cast<std::size_t>(in.cols());
    for (const std::size_t column : columns) {
      if (column >= width) {
        throw data_error(function, "there is no column " + std::to_string(column) + " among " + std::to_string(width));
      }
    }
    return {columns, width};
  }

  friend bool operator==(const basic_select_columns&, const basic_select_columns&) = default;
};

using select_columns = basic_select_columns<float>;

/// See basic_select_columns.
template <class T>
class select_columns_model {
 public:
  using input_kind = kind::dense<T>;
  using output_kind = kind::dense<T>;
  struct workspace {};

  select_columns_model(std::vector<std::size_t> columns, std::size_t width) : columns_(std::move(columns)), width_(width) {}

  std::size_t features() const { return columns_.size(); }
  std::span<const std::size_t> columns() const { return columns_; }

  template <executor Exec>
  matrix<T> transform(const Exec& exec, const matrix_view<T>& in) const {
    require_size("features::select_columns::transform", "features", width_, static_cast<std::size_t>(in.cols()));
    matrix<T> out(in.rows(), static_cast<Eigen::Index>(features()));
    constexpr std::size_t grain = 256;
    for_ranges(exec, static_cast<std::size_t>(in.rows()), grain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t row = begin; row < end; ++row) {
        gather(row_of<T>(in, static_cast<Eigen::Index>(row)), out.data() + row * features());
      }
    });
    return out;
  }

  void transform_one(std::span<const T> in, std::vector<T>& out, workspace&) const {
    require_size("features::select_columns::transform_one", "features", width_, in.size());
    out.resize(features());
    gather(in, out.data());
  }

  friend bool operator==(const select_columns_model&, const select_columns_model&) = default;

 private:
  void gather(std::span<const T> in, T* out) const {
    for (std::size_t index = 0; index < columns_.size(); ++index) out[index] = in[columns_[index]];
  }

  std::vector<std::size_t> columns_;
  std::size_t width_ = 0;
};

}  // namespace features
}  // namespace mmrec::inline v0

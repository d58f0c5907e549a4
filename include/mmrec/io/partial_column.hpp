// mmrec/io/partial_column.hpp - one property of the items of a catalogue, as a reader found it: not every item has it.
#pragma once
#include <cstddef>
#include <string>
#include <type_traits>

#include <mmrec/core/error.hpp>
#include <mmrec/core/fixed_string.hpp>
#include <mmrec/data/features.hpp>
#include <mmrec/data/item_table.hpp>
#include <mmrec/data/matrix.hpp>

namespace mmrec::inline v0 {
namespace io {

/// Values of the items that have one, in item order: a text_column, an image_column, or a matrix with one row for each.
template <class Values>
struct partial_column {
  Values values;
  data::presence present;         ///< one entry an item of the catalogue
  std::string file;               ///< where the values come from; empty when there was no such file
  std::size_t unknown_items = 0;  ///< values in the file for items that are not in the catalogue: left out
  std::size_t non_finite = 0;     ///< numbers that are not finite: kept, for a later stage with a policy for them

  std::size_t present_count() const { return data::count_present(present); }
};

/// The same as a named column of an item table.
/// Example  io::to_column<"sound", kind::dense<float>>(movies.sound)
template <fixed_string Name, class Kind, class Values>
data::column<Name, Kind> to_column(const partial_column<Values>& found) {
  constexpr bool is_matrix = std::is_same_v<Values, matrix<float>>;
  std::size_t rows;
  if constexpr (is_matrix) {
    rows = static_cast<std::size_t>(found.values.rows());
  } else {
    rows = found.values.size();
  }
  require_size("io::to_column", "values", found.present_count(), rows);
  data::column<Name, Kind> column;
  std::size_t next = 0;
  for (const std::uint8_t is_present : found.present) {
    if (is_present == 0) {
      column.push_missing();
    } else if constexpr (is_matrix) {
      column.push_back(row_of(found.values, static_cast<Eigen::Index>(next++)));
    } else {
      column.push_back(found.values[next++]);
    }
  }
  return column;
}

}  // namespace io
}  // namespace mmrec::inline v0

// mmrec/nn/describe.hpp - what a network is made of, as a table.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/sequential.hpp>
#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// One layer of a network.
struct layer_row {
  std::string path;    ///< what the names of its tensors begin with: "0", "layer1.0.conv1"
  std::string layer;   ///< "conv2d<32, 3>"
  std::string input;   ///< "3 x 48 x 32"; what it joins, where there are several
  std::string output;  ///< "32 x 48 x 32"
  std::size_t parameters = 0;
  std::uint64_t multiply_adds = 0;   ///< of one example
  std::size_t activation_bytes = 0;  ///< of one example: its output, and what it keeps until its backward pass
};

/// The layers of a network in their order, and what they come to.
struct network_table {
  std::vector<layer_row> layers;
  std::size_t parameters = 0;
  std::uint64_t multiply_adds = 0;
  std::size_t activation_bytes = 0;  ///< Net::activation_bytes: what a training pass plans, the network's output aside

  /// Lines of equal length, the last of which has the totals.
  std::string text() const;
};

namespace detail {

/// Makes a row of each layer of an enumeration.
class row_lister {
 public:
  explicit row_lister(const enumeration_position& position) : at_(position) {}
  std::vector<layer_row> rows;

  template <class B>
  void layer(const std::string& prefix, bound_tag<B>) {
    using output = typename B::output_shape;
    layer_row row;
    row.path = prefix.empty() ? std::string() : prefix.substr(0, prefix.size() - 1);
    row.layer = std::string(B::name());
    row.output = shape_name<output>::text();
    row.parameters = total_size(B::parameters);
    if constexpr (requires { typename B::input_shape; }) {
      const dims<typename B::input_shape> in{1, at_.steps};
      row.input = shape_name<typename B::input_shape>::text();
      row.multiply_adds = B::multiply_adds(at_.steps);
      row.activation_bytes = sizeof(float) * output_dims<B>(in).size() + B::template state_bytes<float>(in);
    } else {
      row.input = joined_;
      joined_.clear();
      row.multiply_adds = B::multiply_adds();
      row.activation_bytes = sizeof(float) * shape_size<output>::of(1) + B::template state_bytes<float>(1);
    }
    rows.push_back(std::move(row));
  }
  void parameter(const std::string&, const tensor_spec&, std::size_t) {}
  void statistic(const std::string&, const tensor_spec&, std::size_t) {}
  void mark(landmark place, std::string_view, const std::string&) {
    // The last layer of each branch gives what is joined.
    if (place == landmark::branch && branches_++ > 0) join_last();
    if (place == landmark::join) {
      join_last();
      branches_ = 0;
    }
  }

 private:
  void join_last() { joined_ += (joined_.empty() ? "" : ", ") + rows.back().output; }
  const enumeration_position& at_;
  std::string joined_;
  std::size_t branches_ = 0;
};

template <network Net>
network_table table_of(enumeration_position at) {
  row_lister lister(at);
  enumerate<typename Net::bound>(lister, at);
  network_table table;
  table.layers = std::move(lister.rows);
  table.parameters = Net::parameter_count;
  for (const layer_row& row : table.layers) table.multiply_adds += row.multiply_adds;
  return table;
}

}  // namespace detail

/// The layers of a network, for examples of `steps` steps where it takes sequences.
template <network Net>
network_table table_of(std::size_t steps = 1) {
  enumeration_position at;
  at.steps = steps;
  network_table table = detail::table_of<Net>(at);
  if constexpr (detail::is_bundle<typename Net::bound::input_shape>) {
    auto all = dims<typename Net::bound::input_shape>{}.steps;
    all.fill(steps);
    table.activation_bytes = Net::template activation_bytes<float>(all);
  } else {
    table.activation_bytes = Net::template activation_bytes<float>(steps);
  }
  return table;
}
/// The same for a network of several inputs with steps of their own.
template <network Net, std::size_t Inputs>
network_table table_of(const std::array<std::size_t, Inputs>& steps) {
  enumeration_position at;
  at.input_steps = steps.data();
  network_table table = detail::table_of<Net>(at);
  table.activation_bytes = Net::template activation_bytes<float>(steps);
  return table;
}

/// The table of a network as text, to be printed or logged:
///
///   layer                    input        output       parameters  multiply-adds  activation bytes
///   0      conv2d<8, 3>      3 x 8 x 6    8 x 8 x 6           224          10368              1536
///   1      relu              8 x 8 x 6    8 x 8 x 6             0              0              1536
///   2      global_avg_pool   8 x 8 x 6    8                     0              0                32
///   total                                                     224          10368              3072
template <network Net>
std::string describe(std::size_t steps = 1) {
  return table_of<Net>(steps).text();
}
template <network Net, std::size_t Inputs>
std::string describe(const std::array<std::size_t, Inputs>& steps) {
  return table_of<Net>(steps).text();
}

inline std::string network_table::text() const {
  constexpr std::size_t columns = 7, first_number = 4;
  using line = std::array<std::string, columns>;
  const auto numbers = [](line cells, std::size_t parameter_count, std::uint64_t multiplications, std::size_t bytes) {
    cells[4] = std::to_string(parameter_count);
    cells[5] = std::to_string(multiplications);
    cells[6] = std::to_string(bytes);
    return cells;
  };
  std::vector<line> lines{{"layer", "", "input", "output", "parameters", "multiply-adds", "activation bytes"}};
  for (const layer_row& row : layers) {
    lines.push_back(numbers({row.path, row.layer, row.input, row.output, "", "", ""}, row.parameters, row.multiply_adds,
                            row.activation_bytes));
  }
  lines.push_back(numbers({"total", "", "", "", "", "", ""}, parameters, multiply_adds, activation_bytes));

  std::array<std::size_t, columns> widths{};
  for (const line& cells : lines) {
    for (std::size_t column = 0; column < columns; ++column) {
      widths[column] = (std::max)(widths[column], cells[column].size());
    }
  }
  std::string result;
  for (const line& cells : lines) {
    for (std::size_t column = 0; column < columns; ++column) {
      const std::string room(widths[column] - cells[column].size(), ' ');
      if (column != 0) result += "  ";
      result += column < first_number ? cells[column] + room : room + cells[column];
    }
    result += '\n';
  }
  return result;
}

}  // namespace nn
}  // namespace mmrec::inline v0

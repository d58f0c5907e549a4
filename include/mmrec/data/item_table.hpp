// mmrec/data/item_table.hpp - a catalogue: items with named, typed columns in which values may be missing.
#pragma once
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <mmrec/core/config.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/fixed_string.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/data/csr.hpp>
#include <mmrec/data/features.hpp>
#include <mmrec/data/id_map.hpp>
#include <mmrec/data/image.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/data/sequences.hpp>
#include <mmrec/data/sound.hpp>
#include <mmrec/data/text_column.hpp>

namespace mmrec::inline v0 {
namespace data {

namespace detail {

/// Rows of equal width, appended one by one.
template <class T, int D>
class dense_rows {
 public:
  void push_back(std::span<const T> row) {
    if (rows_ == 0 && D == dynamic) width_ = row.size();
    MMREC_ASSERT(row.size() == width_);
    values_.insert(values_.end(), row.begin(), row.end());
    ++rows_;
  }
  std::size_t size() const { return rows_; }
  /// The width that the next row must have.
  std::size_t width_for(std::size_t offered) const { return rows_ == 0 && D == dynamic ? offered : width_; }
  std::span<const T> operator[](std::size_t index) const { return std::span(values_).subspan(index * width_, width_); }
  Eigen::Map<const matrix<T>> batch() const {
    return {values_.data(), static_cast<Eigen::Index>(rows_), static_cast<Eigen::Index>(width_)};
  }

 private:
  std::vector<T> values_;
  std::size_t width_ = D == dynamic ? 0 : static_cast<std::size_t>(D);
  std::size_t rows_ = 0;
};

/// Sparse rows over a number of columns that is told beforehand.
template <class T>
class sparse_rows {
 public:
  explicit sparse_rows(std::size_t columns = 0) : values_(columns) {}
  void push_back(const sparse_row_view<T>& row) { values_.push_row(row); }
  std::size_t size() const { return values_.rows(); }
  sparse_row_view<T> operator[](std::size_t index) const { return values_.row(index); }
  const csr_matrix<T>& batch() const { return values_; }

 private:
  csr_matrix<T> values_;
};

template <class Column>
class self_batch : public Column {
 public:
  const Column& batch() const { return *this; }
};

template <class Kind>
struct storage_of;
template <>
struct storage_of<kind::text> {
  using type = self_batch<text_column>;
  using element = std::string_view;
};
template <>
struct storage_of<kind::sound> {
  using type = self_batch<sound_column>;
  using element = sound_view;
};
template <int H, int W>
struct storage_of<kind::image<H, W>> {
  using type = self_batch<image_column>;
  using element = image_view;
};
template <class T, int D>
struct storage_of<kind::dense<T, D>> {
  using type = dense_rows<T, D>;
  using element = std::span<const T>;
};
template <class T, int D>
struct storage_of<kind::sequence<T, D>> {
  using type = self_batch<sequences<T>>;
  using element = sequence_view<T>;
};
template <>
struct storage_of<kind::ids> {
  using type = self_batch<sequences<std::int32_t>>;
  using element = sequence_view<std::int32_t>;
};
template <class T>
struct storage_of<kind::sparse<T>> {
  using type = sparse_rows<T>;
  using element = sparse_row_view<T>;
};

constexpr std::size_t index_of_name(std::string_view wanted, std::initializer_list<std::string_view> names) {
  std::size_t position = 0;
  for (const std::string_view name : names) {
    if (name == wanted) return position;
    ++position;
  }
  return 0;
}

constexpr bool distinct_names(std::initializer_list<std::string_view> names) {
  for (auto one = names.begin(); one != names.end(); ++one) {
    for (auto other = names.begin(); other != one; ++other) {
      if (*one == *other) return false;
    }
  }
  return true;
}

}  // namespace detail

/// One property of every item, of one kind, under a name that is part of the type. Values are stored for the items that
/// have one, in item order; the others are missing, which is never mixed up with an empty or zero value.
template <fixed_string Name, class Kind>
class column {
 public:
  using kind_type = Kind;
  using element = typename detail::storage_of<Kind>::element;
  static constexpr std::string_view name() { return Name.view(); }

  column() = default;
  /// For sparse features: how many columns there are.
  explicit column(std::size_t width) requires(is_sparse_kind<Kind>) : values_(width) {}

  /// The next item has this value. Throws shape_error, naming the column and the item, for a picture or row whose size
  /// breaks the kind or the column.
  void push_back(element value) {
    check_extent(value, static_cast<Kind*>(nullptr));
    values_.push_back(value);
    positions_.push_back(static_cast<std::uint32_t>(values_.size()));
    present_.push_back(1);
  }
  /// The next item has no value.
  void push_missing() {
    positions_.push_back(static_cast<std::uint32_t>(values_.size()));
    present_.push_back(0);
  }

  /// Number of items, with a value or without.
  std::size_t size() const { return present_.size(); }
  std::size_t present_count() const { return values_.size(); }
  const presence& present() const { return present_; }
  /// The values of the items that have one, as a batch that stages take.
  decltype(auto) batch() const { return values_.batch(); }
  /// The value of one item, if it has one.
  std::optional<element> operator[](item_id item) const {
    if (item.index() >= size()) throw unknown_id("data::column", "item", std::to_string(item.index()), size());
    if (present_[item.index()] == 0) return std::nullopt;
    return values_[positions_[item.index()] - 1];
  }

 private:
  void check_extent(const element&, void*) const {}  // a kind without extents
  template <class T, int D>
  void check_extent(const std::span<const T>& row, kind::dense<T, D>*) const {
    require_extent("width of the features", values_.width_for(row.size()), row.size());
  }
  template <class T, int D>
  void check_extent(const sequence_view<T>& value, kind::sequence<T, D>*) const {
    if constexpr (D != dynamic) require_extent("width of the sequence", static_cast<std::size_t>(D), value.width);
  }
  template <int H, int W>
  void check_extent(const image_view& picture, kind::image<H, W>*) const {
    if constexpr (H != dynamic) require_extent("height of the picture", static_cast<std::size_t>(H), picture.height());
    if constexpr (W != dynamic) require_extent("width of the picture", static_cast<std::size_t>(W), picture.width());
  }
  void require_extent(std::string_view what, std::size_t expected, std::size_t actual) const {
    if (expected == actual) return;  // the text is made for errors alone
    throw shape_error("data::column::push_back",
                      std::string(what) + " of item " + std::to_string(size()) + " in column \"" + std::string(name()) + '"',
                      expected, actual);
  }
  typename detail::storage_of<Kind>::type values_;
  std::vector<std::uint32_t> positions_;
  presence present_;
};

/// Items with their keys and columns. The columns' names and kinds are part of the type, so that a pipeline that asks for
/// a column that is not there, or of another kind, does not compile.
template <class... Columns>
class item_table {
 public:
  /// Throws shape_error, naming the column, when a column has not one entry for each key; invalid_config for null keys.
  explicit item_table(std::shared_ptr<const item_map> keys, Columns... columns)
      : keys_(std::move(keys)), columns_(std::move(columns)...) {
    static_assert(detail::distinct_names({Columns::name()...}), "mmrec: two columns of this table have the same name");
    require_config(keys_ != nullptr, "data::item_table", "keys", "must not be null");
    check(std::index_sequence_for<Columns...>{});
  }
  explicit item_table(item_map keys, Columns... columns)
      : item_table(std::make_shared<const item_map>(std::move(keys)), std::move(columns)...) {}

  std::size_t items() const { return keys_->size(); }
  const std::shared_ptr<const item_map>& keys() const { return keys_; }

  template <fixed_string Name>
  static constexpr bool has() {
    return ((Columns::name() == Name.view()) || ...);
  }
  /// The column of that name.
  template <fixed_string Name>
  const auto& get() const {
    static_assert(has<Name>(), "mmrec: this item table has no column of that name");
    return std::get<index<Name>()>(columns_);
  }
  /// The kind of the column of that name.
  template <fixed_string Name>
  using kind_of = typename std::tuple_element_t<detail::index_of_name(Name.view(), {Columns::name()...}),
                                                std::tuple<Columns...>>::kind_type;

 private:
  template <fixed_string Name>
  static constexpr std::size_t index() {
    return detail::index_of_name(Name.view(), {Columns::name()...});
  }
  template <std::size_t... Index>
  void check(std::index_sequence<Index...>) const {
    (require_size("data::item_table", std::string("entries of column \"") + std::string(Columns::name()) + '"', items(),
                  std::get<Index>(columns_).size()),
     ...);
  }
  std::shared_ptr<const item_map> keys_;
  std::tuple<Columns...> columns_;
};

}  // namespace data
}  // namespace mmrec::inline v0

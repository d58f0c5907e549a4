// mmrec/cf/detail/ials_half_step.hpp - solves for all users, or all items, while the other side is held fixed.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/kernel/als.hpp>
#include <mmrec/kernel/batched_cholesky.hpp>

namespace mmrec::inline v0 {
namespace cf::detail {

/// Rows with more entries than `heavy_row` are cut into at most `heavy_segments` segments of at least `heavy_segment`, so
/// that one very popular item does not keep a single thread busy. What is summed in which order follows from the lengths.
inline constexpr std::size_t heavy_row = 32768;
inline constexpr std::size_t heavy_segment = 8192;
inline constexpr std::size_t heavy_segments = 64;
/// Consecutive rows of about this cost are one task.
inline constexpr std::size_t task_cost = 16384;
/// Rows of a partial sum of Y^T Y; at most `gram_parts` parts.
inline constexpr std::size_t gram_rows = 1024;
inline constexpr std::size_t gram_parts = 64;

/// How many partial sums a row of this many entries, or a Gram matrix of this many rows, makes.
inline std::size_t heavy_length(std::size_t entries) {
  return (std::max)(heavy_segment, (entries + heavy_segments - 1) / heavy_segments);
}
inline std::size_t heavy_count(std::size_t entries) { return (entries + heavy_length(entries) - 1) / heavy_length(entries); }
inline std::size_t gram_grain(std::size_t rows) { return (std::max)(gram_rows, (rows + gram_parts - 1) / gram_parts); }
inline std::size_t gram_count(std::size_t rows) { return (rows + gram_grain(rows) - 1) / gram_grain(rows); }

/// The weights alpha r of one side's rows: row r holds entries starts[r] .. starts[r + 1] - 1.
struct weighted_rows {
  std::vector<std::size_t> starts;
  std::vector<std::uint32_t> ids;
  std::vector<float> weights;

  std::size_t rows() const { return starts.size() - 1; }
  std::size_t length(std::size_t row) const { return starts[row + 1] - starts[row]; }
  std::span<const std::uint32_t> ids_of(std::size_t row) const { return std::span(ids).subspan(starts[row], length(row)); }
  std::span<const float> weights_of(std::size_t row) const { return std::span(weights).subspan(starts[row], length(row)); }
  /// Which rows have an entry of positive weight; the others are no part of the model.
  std::vector<std::uint8_t> active() const {
    std::vector<std::uint8_t> result(rows());
    for (std::size_t row = 0; row < rows(); ++row) {
      const auto of_row = weights_of(row);
      result[row] = std::any_of(of_row.begin(), of_row.end(), [](float weight) { return weight > 0.0f; }) ? 1 : 0;
    }
    return result;
  }
  double weight_sum(std::size_t row) const {
    double sum = 0.0;
    for (const float weight : weights_of(row)) sum += static_cast<double>(weight);
    return sum;
  }

  weighted_rows transposed(std::size_t columns) const {
    weighted_rows result;
    result.starts.assign(columns + 1, 0);
    for (const std::uint32_t id : ids) ++result.starts[id + 1];
    for (std::size_t column = 0; column < columns; ++column) result.starts[column + 1] += result.starts[column];
    result.ids.resize(ids.size());
    result.weights.resize(ids.size());
    std::vector<std::size_t> next(result.starts.begin(), result.starts.end() - 1);
    for (std::size_t row = 0; row < rows(); ++row) {
      for (std::size_t entry = starts[row]; entry < starts[row + 1]; ++entry) {
        const std::size_t target = next[ids[entry]]++;
        result.ids[target] = static_cast<std::uint32_t>(row);
        result.weights[target] = weights[entry];
      }
    }
    return result;
  }
};

/// Memory for the normal equations of a few rows.
class ials_scratch {
 public:
  /// In floats.
  static constexpr std::size_t size(std::size_t width, std::size_t systems) {
    return systems * (width * width + 2 * width) + kernel::als_scratch_size(width);
  }
  void prepare(std::size_t width, std::size_t systems) {
    width_ = width;
    if (memory_.size() < size(width, systems)) memory_.resize(size(width, systems));
    matrices_ = memory_.data() + kernel::als_scratch_size(width);
    sides_ = matrices_ + systems * width * width;
    scales_ = sides_ + systems * width;
  }
  float* panel() { return memory_.data(); }
  float* matrix(std::size_t system) { return matrices_ + system * width_ * width_; }
  float* side(std::size_t system) { return sides_ + system * width_; }
  float* scales() { return scales_; }

 private:
  kernel::aligned_vector<float> memory_;
  std::size_t width_ = 0;
  float* matrices_ = nullptr;
  float* sides_ = nullptr;
  float* scales_ = nullptr;
};

/// Lends scratch memory to tasks and keeps it for the next one. What a task computes does not depend on what it is lent.
template <class Scratch>
class shelf_of {
 public:
  template <class... Sizes>
  std::unique_ptr<Scratch> take(const Sizes&... sizes) {
    std::unique_ptr<Scratch> taken;
    {
      const std::lock_guard lock(mutex_);
      if (!shelf_.empty()) {
        taken = std::move(shelf_.back());
        shelf_.pop_back();
      }
    }
    if (taken == nullptr) taken = std::make_unique<Scratch>();
    taken->prepare(sizes...);
    return taken;
  }
  void give_back(std::unique_ptr<Scratch> taken) {
    const std::lock_guard lock(mutex_);
    shelf_.push_back(std::move(taken));
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Scratch>> shelf_;
};

using scratch_shelf = shelf_of<ials_scratch>;

/// What pulls one row's factors and where to: strength * |x - mean|^2; no mean means zero.
struct row_prior {
  float strength;
  const float* mean = nullptr;
};

/// One side of the model, held fixed: its factors and their Gram matrix (width x width, upper blocks).
struct fixed_side {
  kernel::als_rows rows;
  const float* gram;
  std::size_t width;
};

/// N x K numbers, row-major, that begin on a cache line, so that rows of a multiple of 16 factors share no line.
class factor_matrix {
 public:
  factor_matrix() = default;
  factor_matrix(std::size_t rows, std::size_t columns) : rows_(rows), columns_(columns), values_(rows * columns, 0.0f) {}
  std::size_t rows() const { return rows_; }
  std::size_t columns() const { return columns_; }
  std::span<float> row(std::size_t index) { return std::span(values_).subspan(index * columns_, columns_); }
  std::span<const float> row(std::size_t index) const { return std::span(values_).subspan(index * columns_, columns_); }
  Eigen::Map<const matrix<float>> view() const {
    return {values_.data(), static_cast<Eigen::Index>(rows_), static_cast<Eigen::Index>(columns_)};
  }
  kernel::als_rows to_gather() const { return {values_.data(), columns_, columns_}; }

 private:
  std::size_t rows_ = 0;
  std::size_t columns_ = 0;
  kernel::aligned_vector<float> values_;
};

/// Adds the prior to normal equations; the padding gets the identity.
inline void add_prior(const row_prior& prior, std::size_t factors, std::size_t width, float* matrix, float* side) {
  for (std::size_t k = 0; k < width; ++k) matrix[k * width + k] += k < factors ? prior.strength : 1.0f;
  if (prior.mean == nullptr) return;
  for (std::size_t k = 0; k < factors; ++k) side[k] += prior.strength * prior.mean[k];
}

/// The normal equations of one row, in system `system` of the scratch.
inline void build_row(const fixed_side& fixed, std::span<const std::uint32_t> ids, std::span<const float> weights,
                      const row_prior& prior, ials_scratch& scratch, std::size_t system) {
  float* side = scratch.side(system);
  std::fill(side, side + fixed.width, 0.0f);
  kernel::als_accumulate(fixed.rows, ids.data(), weights.data(), ids.size(), fixed.gram, scratch.matrix(system), side,
                         fixed.width, scratch.panel());
  add_prior(prior, fixed.rows.width, fixed.width, scratch.matrix(system), side);
}

/// Solves the first `systems` systems of the scratch in place.
inline bool solve_rows(ials_scratch& scratch, std::size_t width, std::size_t systems) {
  float* matrices[kernel::largest_cholesky_batch];
  float* sides[kernel::largest_cholesky_batch];
  for (std::size_t system = 0; system < systems; ++system) {
    matrices[system] = scratch.matrix(system);
    sides[system] = scratch.side(system);
  }
  return kernel::solve_positive_definite(matrices, sides, scratch.scales(), width, systems);
}

/// Y^T Y of all rows, width x width. Sums fixed ranges of rows, then the ranges in order.
template <executor Exec>
void gram_of(const Exec& exec, const factor_matrix& factors, kernel::aligned_vector<float>& gram, scratch_shelf& shelf) {
  const kernel::als_rows rows = factors.to_gather();
  const std::size_t count = factors.rows();
  const std::size_t width = kernel::als_padded(rows.width);
  const std::size_t grain = gram_grain(count);
  std::vector<kernel::aligned_vector<float>> parts(gram_count(count));
  for_ranges(exec, count, grain, [&](std::size_t begin, std::size_t end) {
    auto& part = parts[begin / grain];
    part.resize(width * width);
    auto scratch = shelf.take(width, kernel::largest_cholesky_batch);
    kernel::als_gram(rows, begin, end, part.data(), width, scratch->panel());
    shelf.give_back(std::move(scratch));
  });
  gram.assign(width * width, 0.0f);
  for (const auto& part : parts) {
    for (std::size_t k = 0; k < gram.size(); ++k) gram[k] += part[k];
  }
  for (std::size_t row = 1; row < width; ++row) {
    for (std::size_t column = 0; column < row; ++column) gram[row * width + column] = gram[column * width + row];
  }
}

/// Cuts rows into consecutive ranges of about task_cost, to which rows of more than `heavy` entries count nothing. The cuts
/// follow from the lengths alone.
inline std::vector<std::size_t> task_starts(const weighted_rows& rows, std::size_t width, std::size_t heavy = heavy_row) {
  std::vector<std::size_t> starts(1, 0);
  std::size_t cost = 0;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    const std::size_t length = rows.length(row);
    cost += 1 + (length > heavy ? 0 : length == 0 ? 0 : length + width / 4);
    if (cost >= task_cost) {
      starts.push_back(row + 1);
      cost = 0;
    }
  }
  if (starts.back() != rows.rows()) starts.push_back(rows.rows());
  return starts;
}

/// Solves for every row of `out` (N x K) while `fixed` stands. prior_of(row) gives its prior.
/// Rows that are not active are left as they are.
template <executor Exec, class PriorOf>
void half_step(const Exec& exec, std::string_view function, std::string_view side_name, const weighted_rows& rows,
               const std::vector<std::uint8_t>& active, const std::vector<std::size_t>& tasks, const fixed_side& fixed,
               PriorOf&& prior_of, factor_matrix& out, scratch_shelf& shelf) {
  const std::size_t width = fixed.width;
  const auto fail = [&] {
    throw numeric_error(function, "the normal equations of some " + std::string(side_name) +
                                      " are not positive definite in float32; raise regularization or lower alpha");
  };
  const auto keep = [&](std::size_t row, const float* solution) {
    std::copy_n(solution, out.columns(), out.row(row).begin());
  };
  exec.run(tasks.size() - 1, [&](std::size_t task) {
    auto scratch = shelf.take(width, kernel::largest_cholesky_batch);
    std::size_t batch[kernel::largest_cholesky_batch];
    std::size_t pending = 0;
    const auto flush = [&] {
      if (!solve_rows(*scratch, width, pending)) fail();
      for (std::size_t system = 0; system < pending; ++system) keep(batch[system], scratch->side(system));
      pending = 0;
    };
    for (std::size_t row = tasks[task]; row < tasks[task + 1]; ++row) {
      if (rows.length(row) > heavy_row || active[row] == 0) continue;
      build_row(fixed, rows.ids_of(row), rows.weights_of(row), prior_of(row), *scratch, pending);
      batch[pending++] = row;
      if (pending == kernel::largest_cholesky_batch) flush();
    }
    if (pending != 0) flush();
    shelf.give_back(std::move(scratch));
  });

  for (std::size_t row = 0; row < rows.rows(); ++row) {
    if (rows.length(row) <= heavy_row || active[row] == 0) continue;
    const auto ids = rows.ids_of(row);
    const auto weights = rows.weights_of(row);
    const std::size_t length = heavy_length(ids.size());
    std::vector<ials_scratch> parts(heavy_count(ids.size()));
    const kernel::aligned_vector<float> zeros(width * width, 0.0f);
    for_ranges(exec, ids.size(), length, [&](std::size_t begin, std::size_t end) {
      ials_scratch& part = parts[begin / length];
      part.prepare(width, 1);
      std::fill(part.side(0), part.side(0) + width, 0.0f);
      kernel::als_accumulate(fixed.rows, ids.data() + begin, weights.data() + begin, end - begin,
                             begin == 0 ? fixed.gram : zeros.data(), part.matrix(0), part.side(0), width, part.panel());
    });
    float* matrix = parts[0].matrix(0);
    for (std::size_t part = 1; part < parts.size(); ++part) {
      for (std::size_t k = 0; k < width; ++k) parts[0].side(0)[k] += parts[part].side(0)[k];
      for (std::size_t k = 0; k < width * width; ++k) matrix[k] += parts[part].matrix(0)[k];
    }
    add_prior(prior_of(row), fixed.rows.width, width, matrix, parts[0].side(0));
    if (!solve_rows(parts[0], width, 1)) fail();
    keep(row, parts[0].side(0));
  }
}

}  // namespace cf::detail
}  // namespace mmrec::inline v0

// mmrec/kernel/detail/line_basis.hpp - an orthonormal basis that grows by one line matrix at a time.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include <mmrec/core/executor.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/kernel/aligned_buffer.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/line_products.hpp>
#include <mmrec/kernel/ordered_sum.hpp>
#include <mmrec/kernel/symmetric_eigen.hpp>

namespace mmrec::inline v0 {
namespace kernel::detail {

/// Blocks V_0, V_1, ... of `rows` rows, each a line matrix, orthonormal together. A block is written in place of the next
/// one, block(size()), and then made to join.
template <class T>
class line_basis {
 public:
  static constexpr std::size_t line = line_columns<T>;
  static constexpr std::size_t square = line * line;

  line_basis(std::size_t rows, std::size_t most_blocks, seed key, simd_level level)
      : rows_(rows), memory_(rows * line * most_blocks), key_(key), level_(level) {}

  std::size_t size() const { return size_; }
  /// Columns that are not zero; those that are come last.
  std::size_t columns() const { return columns_; }
  T* block(std::size_t index) { return memory_.data() + index * rows_ * line; }

  template <executor Exec>
  void randomize_next(const Exec& exec) {
    fill_random(exec, 0, line);
  }

  /// V^T W for the next block W: size() squares of L x L, one after the other.
  template <executor Exec>
  void project_next(const Exec& exec, double* out) {
    const std::size_t numbers = size_ * square;
    std::fill_n(out, numbers, 0.0);
    add_blocks<double>(exec, tasks(), numbers, out, [&](const auto&, std::size_t task, double* partial) {
      std::fill_n(partial, numbers, 0.0);
      for_chunks(task, [&](std::size_t first, std::size_t count) {
        add_projections(first, count, block(size_) + first * line, partial);
      });
    });
  }

  /// Makes the next block orthonormal, and orthogonal to the basis. Columns that are no new directions are replaced by
  /// random ones, or left zero where the space is full. `projections`: what project_next() gave, spoilt.
  /// False when the block has numbers that are not finite.
  template <executor Exec>
  bool join_next(const Exec& exec, std::vector<double>& projections) {
    std::vector<double> gram(square), eigenvalues(line);
    aligned_buffer<T> scale(square);
    const std::size_t room = (std::min)(line, rows_ - columns_);
    double scale_of_block = 0.0;
    for (const double value : projections) scale_of_block += value * value;
    for (std::size_t pass = 0;; ++pass) {
      // Twice is enough but for blocks whose columns were all but dependent.
      reduce(exec, pass == 0 ? nullptr : scale.data(), pass == 0, projections, gram);
      double left = 0.0;
      for (std::size_t i = 0; i < line; ++i) left += gram[i * line + i];
      if (!symmetric_eigen(exec, std::span<double>(gram), std::span<double>(eigenvalues), level_)) return false;
      constexpr double epsilon = std::numeric_limits<T>::epsilon();
      // What rounding leaves of a column that depends on the basis or on the others; and the share of the largest below
      // which an eigenvalue has no correct digit: its column is brought nearer to length 1 and measured again.
      const double noise = 1024.0 * epsilon * epsilon * (pass == 0 ? scale_of_block + left : eigenvalues[0]);
      const double floor = 4.0 * epsilon * eigenvalues[0];
      std::size_t rank = 0;
      while (rank < room && eigenvalues[rank] > noise) ++rank;
      const bool steady = rank == room && eigenvalues[0] < 2.0 && eigenvalues[room - 1] > 0.5;
      for (std::size_t i = 0; i < line; ++i) {
        for (std::size_t j = 0; j < line; ++j) {
          scale[i * line + j] =
              j < rank ? static_cast<T>(gram[j * line + i] / std::sqrt((std::max)(eigenvalues[j], floor))) : T(0);
        }
      }
      if (rank == room) {
        if (pass > 0 && (steady || pass >= most_passes)) break;
        if (pass > 0) project_next(exec, projections.data());
        rescale_projections(projections, scale.data());
        continue;
      }
      if (pass >= most_passes) break;
      apply_scale(exec, scale.data());
      fill_random(exec, rank, room);
      project_next(exec, projections.data());
      for (std::size_t i = 0; i < line; ++i) {
        for (std::size_t j = 0; j < line; ++j) scale[i * line + j] = i == j ? T(1) : T(0);
      }
    }
    apply_scale(exec, scale.data());
    ++size_;
    columns_ += room;
    return true;
  }

  /// The first `used` columns of the basis times Y. Shapes  y: count x used, transposed; to: count x rows, transposed
  template <executor Exec>
  void combine(const Exec& exec, const double* y, std::size_t used, std::size_t count, T* to) {
    const std::size_t groups = (count + line - 1) / line, used_blocks = (used + line - 1) / line;
    aligned_buffer<T> factors(groups * used_blocks * square);
    std::fill_n(factors.data(), factors.size(), T(0));
    for (std::size_t k = 0; k < count; ++k) {
      for (std::size_t c = 0; c < used; ++c) {
        factors[((k / line) * used_blocks + c / line) * square + c % line * line + k % line] =
            static_cast<T>(y[k * used + c]);
      }
    }
    for_ranges(exec, rows_, chunk, [&](std::size_t begin, std::size_t end) {
      aligned_buffer<T> product((end - begin) * line);
      for (std::size_t group = 0; group < groups; ++group) {
        for (std::size_t j = 0; j < used_blocks; ++j) {
          lines_times(block(j) + begin * line, factors.data() + (group * used_blocks + j) * square, end - begin,
                      product.data(), j != 0, level_);
        }
        for (std::size_t k = group * line; k < (std::min)(count, (group + 1) * line); ++k) {
          for (std::size_t i = begin; i < end; ++i) to[k * rows_ + i] = product[(i - begin) * line + k % line];
        }
      }
    });
  }

 private:
  static constexpr std::size_t chunk = 512;  ///< rows summed in T; their lines of a block fit in the nearest cache
  static constexpr std::size_t task_rows = 8 * chunk;
  static constexpr std::size_t most_passes = 6;

  std::size_t tasks() const { return (rows_ + task_rows - 1) / task_rows; }
  template <class Body>
  void for_chunks(std::size_t task, const Body& body) const {
    const std::size_t end = (std::min)(rows_, (task + 1) * task_rows);
    for (std::size_t first = task * task_rows; first < end; first += chunk) body(first, (std::min)(chunk, end - first));
  }
  static void add(const T* from, double* to) {
    for (std::size_t i = 0; i < square; ++i) to[i] += static_cast<double>(from[i]);
  }
  void add_projections(std::size_t first, std::size_t count, const T* lines, double* to) {
    alignas(cache_line) T part[square];
    for (std::size_t j = 0; j < size_; ++j) {
      line_products(block(j) + first * line, lines, count, part, level_);
      add(part, to + j * square);
    }
  }

  /// W := W scale - V projections and gram := W^T W; if `again`, projections := V^T W.
  template <executor Exec>
  void reduce(const Exec& exec, const T* scale, bool again, std::vector<double>& projections, std::vector<double>& gram) {
    const std::size_t numbers = size_ * square;
    aligned_buffer<T> factors(numbers);
    for (std::size_t i = 0; i < numbers; ++i) factors[i] = static_cast<T>(-projections[i]);
    std::vector<double> sums(numbers + square, 0.0);
    add_blocks<double>(exec, tasks(), sums.size(), sums.data(), [&](const auto&, std::size_t task, double* partial) {
      std::fill_n(partial, sums.size(), 0.0);
      for_chunks(task, [&](std::size_t first, std::size_t count) {
        T* const lines = block(size_) + first * line;
        if (scale != nullptr) lines_times(lines, scale, count, lines, false, level_);
        for (std::size_t j = 0; j < size_; ++j) {
          lines_times(block(j) + first * line, factors.data() + j * square, count, lines, true, level_);
        }
        if (again) add_projections(first, count, lines, partial);
        alignas(cache_line) T part[square];
        line_products(lines, lines, count, part, level_);
        add(part, partial + numbers);
      });
    });
    if (again) std::copy_n(sums.data(), numbers, projections.data());
    std::copy_n(sums.data() + numbers, square, gram.data());
  }
  /// The projections of W scale from those of W.
  void rescale_projections(std::vector<double>& projections, const T* scale) const {
    double row[line];
    for (std::size_t i = 0; i < size_ * line; ++i) {
      double* const at = projections.data() + i * line;
      std::copy_n(at, line, row);
      for (std::size_t j = 0; j < line; ++j) {
        at[j] = 0.0;
        for (std::size_t p = 0; p < line; ++p) at[j] += row[p] * static_cast<double>(scale[p * line + j]);
      }
    }
  }
  template <executor Exec>
  void apply_scale(const Exec& exec, const T* scale) {
    for_ranges(exec, rows_, task_rows, [&](std::size_t begin, std::size_t end) {
      T* const lines = block(size_) + begin * line;
      lines_times(lines, scale, end - begin, lines, false, level_);
    });
  }
  /// Columns first .. last - 1 of the next block: uniform numbers, cheaper than normal ones and as good, of length about 1.
  template <executor Exec>
  void fill_random(const Exec& exec, std::size_t first, std::size_t last) {
    const seed key = key_.derive(draws_++);
    const auto width = static_cast<T>(std::sqrt(12.0 / static_cast<double>(rows_)));
    T* const lines = block(size_);
    for_ranges(exec, rows_, chunk, [&](std::size_t begin, std::size_t end) {
      random_stream random(key, begin);
      for (std::size_t row = begin; row < end; ++row) {
        for (std::size_t j = first; j < last; ++j) {
          lines[row * line + j] = width * (static_cast<T>(random.uniform_float()) - T(0.5));
        }
      }
    });
  }

  std::size_t rows_;
  std::size_t size_ = 0;
  std::size_t columns_ = 0;
  aligned_buffer<T> memory_;
  seed key_;
  std::uint64_t draws_ = 0;
  simd_level level_;
};

}  // namespace kernel::detail
}  // namespace mmrec::inline v0

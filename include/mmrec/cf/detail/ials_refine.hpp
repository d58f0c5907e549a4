// mmrec/cf/detail/ials_refine.hpp - half-steps that better the factors there are instead of solving for them anew.
#pragma once
#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <mmrec/cf/detail/ials_basis.hpp>
#include <mmrec/cf/detail/ials_half_step.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/kernel/als_refine.hpp>

namespace mmrec::inline v0 {
namespace cf::detail {

/// A task of these solvers takes its rows whole, however long they are: nothing of a row is worth adding up elsewhere.
inline constexpr std::size_t no_heavy_row = (std::numeric_limits<std::size_t>::max)();
/// Rows are solved for together while what they gather stays below this many floats, and in the second cache.
inline constexpr std::size_t refine_batch_floats = std::size_t{1} << 17;

/// Memory of one task: the factors of a few rows and their means, and what the solver asks for.
class refine_scratch {
 public:
  /// In floats.
  static constexpr std::size_t size(std::size_t width, std::size_t solver) {
    return 2 * kernel::als_systems * width + solver;
  }
  void prepare(std::size_t width, std::size_t solver) {
    if (memory_.size() < size(width, solver)) memory_.resize(size(width, solver));
    width_ = width;
  }
  float* factors(std::size_t system) { return memory_.data() + system * width_; }
  float* mean(std::size_t system) { return factors(kernel::als_systems + system); }
  float* solver() { return factors(2 * kernel::als_systems); }

 private:
  kernel::aligned_vector<float> memory_;
  std::size_t width_ = 0;
};

using refine_shelf = shelf_of<refine_scratch>;

/// The same rows with zeros up to the padded width: themselves where nothing is missing, else a copy in `memory`.
inline kernel::als_rows padded_rows(const factor_matrix& factors, kernel::aligned_vector<float>& memory) {
  const kernel::als_rows rows = factors.to_gather();
  const std::size_t width = kernel::als_padded(rows.width);
  if (width == rows.width) return rows;
  memory.assign(factors.rows() * width, 0.0f);
  for (std::size_t row = 0; row < factors.rows(); ++row) {
    std::copy_n(rows.values + row * rows.stride, rows.width, memory.data() + row * width);
  }
  return {memory.data(), width, width};
}

/// Betters every active row of `out` while `fixed` (padded rows, and their whole Gram matrix) stands. Rows keep what they hold
/// otherwise. solve(systems, count, factors, scratch) betters a few at a time and says whether it could.
template <executor Exec, class PriorOf, class Solve>
void refine_half_step(const Exec& exec, std::string_view function, std::string_view side_name, const weighted_rows& rows,
                      const std::vector<std::uint8_t>& active, const std::vector<std::size_t>& tasks, std::size_t width,
                      std::size_t solver_scratch, PriorOf&& prior_of, Solve&& solve, factor_matrix& out,
                      refine_shelf& shelf) {
  const std::size_t factors = out.columns();
  exec.run(tasks.size() - 1, [&](std::size_t task) {
    auto scratch = shelf.take(width, solver_scratch);
    std::size_t batch[kernel::als_systems];
    kernel::als_system systems[kernel::als_systems];
    std::size_t pending = 0;
    std::size_t gathered = 0;
    const auto flush = [&] {
      std::fill(scratch->factors(pending), scratch->factors(kernel::als_systems), 0.0f);
      if (!solve(systems, pending, scratch->factors(0), scratch->solver())) {
        throw numeric_error(function, "the factors of some " + std::string(side_name) +
                                          " cannot be found in float32; raise regularization or lower alpha");
      }
      for (std::size_t system = 0; system < pending; ++system) {
        std::copy_n(scratch->factors(system), factors, out.row(batch[system]).begin());
      }
      pending = gathered = 0;
    };
    for (std::size_t row = tasks[task]; row < tasks[task + 1]; ++row) {
      if (active[row] == 0) continue;
      if (pending != 0 && (gathered + rows.length(row)) * width > refine_batch_floats) flush();
      const row_prior prior = prior_of(row);
      const auto start = out.row(row);
      std::fill(std::copy(start.begin(), start.end(), scratch->factors(pending)), scratch->factors(pending + 1), 0.0f);
      if (prior.mean != nullptr) {
        std::fill(std::copy_n(prior.mean, factors, scratch->mean(pending)), scratch->mean(pending + 1), 0.0f);
      }
      systems[pending] = {rows.ids_of(row).data(),
                          rows.weights_of(row).data(),
                          rows.length(row),
                          prior.strength,
                          prior.mean == nullptr ? nullptr : scratch->mean(pending),
                          rows.ids.size() - rows.starts[row + 1]};
      batch[pending++] = row;
      gathered += rows.length(row);
      if (pending == kernel::als_systems) flush();
    }
    if (pending != 0) flush();
    shelf.give_back(std::move(scratch));
  });
}

/// A few steps of conjugate gradients for each row.
template <executor Exec, class PriorOf>
void conjugate_gradient_half_step(const Exec& exec, std::string_view function, std::string_view side_name,
                                  const weighted_rows& rows, const std::vector<std::uint8_t>& active,
                                  const std::vector<std::size_t>& tasks, const fixed_side& fixed, std::size_t steps,
                                  PriorOf&& prior_of, factor_matrix& out, refine_shelf& shelf) {
  refine_half_step(
      exec, function, side_name, rows, active, tasks, fixed.width, kernel::als_conjugate_gradient_scratch(fixed.width),
      prior_of,
      [&](const kernel::als_system* systems, std::size_t count, float* factors, float* scratch) {
        return kernel::als_conjugate_gradient(fixed.rows, fixed.gram, systems, count, steps, factors, scratch);
      },
      out, shelf);
}

/// Floats that a task with a row of this many entries needs for its solver.
constexpr std::size_t subspace_scratch(std::size_t width, std::size_t longest, std::size_t block) {
  return kernel::als_systems * (2 * width + (longest + 15) / 16 * 16) + kernel::als_descend_blocks_scratch(block);
}

/// An exact solution for `block` factors of each row at a time, along the axes of `basis`.
template <executor Exec, class PriorOf>
void subspace_half_step(const Exec& exec, std::string_view function, std::string_view side_name, const weighted_rows& rows,
                        const std::vector<std::uint8_t>& active, const std::vector<std::size_t>& tasks,
                        const ials_basis& basis, std::size_t block, PriorOf&& prior_of, factor_matrix& out,
                        refine_shelf& shelf) {
  std::size_t longest = 0;
  for (std::size_t row = 0; row < rows.rows(); ++row) longest = (std::max)(longest, rows.length(row));
  const fixed_side fixed = basis.side();
  refine_half_step(
      exec, function, side_name, rows, active, tasks, fixed.width, subspace_scratch(fixed.width, longest, block), prior_of,
      [&](const kernel::als_system* systems, std::size_t count, float* factors, float* scratch) {
        const auto take = [&](std::size_t size) {
          scratch += size;
          return scratch - size;
        };
        float* const turned = take(kernel::als_systems * fixed.width);
        float* const means = take(kernel::als_systems * fixed.width);
        kernel::als_system turned_systems[kernel::als_systems];
        for (std::size_t system = 0; system < kernel::als_systems; ++system) {
          float* const mean = turned + system * fixed.width;
          std::fill_n(mean, fixed.width, 0.0f);
          if (system >= count) continue;
          turned_systems[system] = systems[system];
          if (systems[system].mean == nullptr) continue;
          std::copy_n(systems[system].mean, fixed.width, mean);
          turned_systems[system].mean = means + system * fixed.width;
        }
        kernel::als_multiply(basis.to(), fixed.width, turned, means);
        kernel::als_multiply(basis.to(), fixed.width, factors, turned);
        float* scores[kernel::als_systems];
        for (float*& of : scores) of = take((longest + 15) / 16 * 16);
        const bool solved =
            kernel::als_descend_blocks(fixed.rows, fixed.gram, turned_systems, count, block, turned, scores, scratch);
        kernel::als_multiply(basis.from(), fixed.width, turned, factors);
        return solved;
      },
      out, shelf);
}

}  // namespace cf::detail
}  // namespace mmrec::inline v0

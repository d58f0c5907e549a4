// mmrec/cf/detail/ials_solver.hpp - the ways of iALS from one side's factors to the other's; users get it with cf/ials.hpp.
#pragma once

namespace mmrec::inline v0 {
namespace cf {

/// How iALS comes from one side's factors to better ones of the other side. All lower the same objective in each step; what an
/// iteration costs and how far it gets differs.
enum class ials_solver {
  cholesky,            ///< solves each row's K x K system exactly: O(K^2) an interaction and O(K^3) a row
  conjugate_gradient,  ///< takes cg_steps steps towards that from the factors there are: O(cg_steps K) and O(cg_steps K^2)
  subspace             ///< exact for block_size factors at a time, along the principal axes of the side that stands
                       ///< ("iALS++"): O(K block_size) and O(K^2 + K block_size^2)
};

}  // namespace cf
}  // namespace mmrec::inline v0

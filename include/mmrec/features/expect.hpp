// mmrec/features/expect.hpp - pins the width of feature vectors at compile time.
#pragma once
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/data/matrix.hpp>

namespace mmrec::inline v0 {
namespace features {

/// Passes features on unchanged and says that there are D of them: stages after it are checked against D by the compiler,
/// data of another width are refused at run time. It learns nothing and is its own model.
///
/// Shapes     in N x D; out N x D
/// Cost       one copy
/// Throws     shape_error if the width is not D
/// Example    features::expect<107>{} | features::standardize{}
template <class T, int D>
struct basic_expect {
  static_assert(D >= 1, "features::expect needs a width of at least 1");
  using input_kind = kind::dense<T, D>;
  using output_kind = kind::dense<T, D>;
  struct workspace {};

  std::size_t features() const { return D; }

  template <executor Exec>
  basic_expect fit(const Exec&, const matrix_view<T>& in) const {
    require_size("features::expect::fit", "features", D, static_cast<std::size_t>(in.cols()));
    return *this;
  }
  template <executor Exec>
  matrix<T> transform(const Exec&, const matrix_view<T>& in) const {
    require_size("features::expect::transform", "features", D, static_cast<std::size_t>(in.cols()));
    return in;
  }
  void transform_one(std::span<const T> in, std::vector<T>& out, workspace&) const {
    require_size("features::expect::transform_one", "features", D, in.size());
    out.assign(in.begin(), in.end());
  }

  friend bool operator==(const basic_expect&, const basic_expect&) = default;
};

template <int D>
using expect = basic_expect<float, D>;

}  // namespace features
}  // namespace mmrec::inline v0

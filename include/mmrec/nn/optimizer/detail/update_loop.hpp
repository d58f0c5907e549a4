// mmrec/nn/optimizer/detail/update_loop.hpp - the loop over parameters that all optimisers share.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>

#include <mmrec/core/config.hpp>
#include <mmrec/kernel/cpu_features.hpp>

#if MMREC_X86
#include <immintrin.h>
#endif

namespace mmrec::inline v0 {
namespace nn::detail {

/// Parameters, their gradients, and what the optimiser remembers of them, in up to two slots.
template <class T>
struct update_range {
  T* parameters = nullptr;
  const T* gradients = nullptr;
  T* first = nullptr;
  T* second = nullptr;

  [[gnu::always_inline]] update_range from(std::size_t offset) const {
    return {parameters + offset, gradients + offset, first == nullptr ? first : first + offset,
            second == nullptr ? second : second + offset};
  }
};

/// Elements that go through the two halves of a rule at a time: a constant, so that compilers turn the loops into vectors
/// at every level of optimisation, and small, so that the roots in between stay in the first cache.
inline constexpr std::size_t update_block = 64;

// A rule is plain arithmetic on single numbers: remember_first and remember_second update the slots, `move` the parameter.
// Where it has a root, the last slot's square root is taken in between, apart, because compilers do not turn calls of sqrt,
// which may set errno, into vectors. Always inlined, so that the same lines become code of every instruction set.

/// The first half: updates the slots, and puts what the root is to be taken of into `root`.
template <class T, class Rule>
[[gnu::always_inline]] inline void remember_block(const Rule& rule, const update_range<T>& range, std::size_t count,
                                                  T* __restrict root) {
  const T* __restrict p = range.parameters;
  const T* __restrict g = range.gradients;
  T* __restrict s0 = range.first;
  T* __restrict s1 = range.second;
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC ivdep  // g++ -O2 gives up vectors where it would have to ask whether arrays overlap
#endif
  for (std::size_t i = 0; i < count; ++i) {
    if constexpr (Rule::slot_count >= 1) s0[i] = rule.remember_first(p[i], g[i], s0[i]);
    if constexpr (Rule::slot_count >= 2) s1[i] = rule.remember_second(p[i], g[i], s1[i]);
    if constexpr (Rule::has_root) root[i] = Rule::slot_count >= 2 ? s1[i] : s0[i];
  }
}

/// The second half: moves the parameters.
template <class T, class Rule>
[[gnu::always_inline]] inline void move_block(const Rule& rule, const update_range<T>& range, std::size_t count,
                                              const T* __restrict root) {
  T* __restrict p = range.parameters;
  const T* __restrict g = range.gradients;
  const T* __restrict s0 = range.first;
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC ivdep
#endif
  for (std::size_t i = 0; i < count; ++i) {
    T remembered = T(0);
    if constexpr (Rule::slot_count >= 1) remembered = s0[i];
    p[i] = rule.move(p[i], g[i], remembered, Rule::has_root ? root[i] : T(0));
  }
}

template <class T, class Rule>
void update_portable(const Rule& given, const update_range<T>& range, std::size_t count) {
  const Rule rule = given;
  alignas(64) T root[update_block] = {};
  for (std::size_t at = 0; at < count; at += update_block) {
    const update_range<T> here = range.from(at);
    const std::size_t some = (std::min)(update_block, count - at);
    if (some == update_block) {
      remember_block(rule, here, update_block, root);
    } else {
      remember_block(rule, here, some, root);
    }
    if constexpr (Rule::has_root) {
      for (std::size_t i = 0; i < some; ++i) root[i] = std::sqrt(root[i]);
    }
    if (some == update_block) {
      move_block(rule, here, update_block, root);
    } else {
      move_block(rule, here, some, root);
    }
  }
}

#if MMREC_X86
__attribute__((target("avx2,fma"), always_inline)) inline void roots_avx2(float* values) {
  for (std::size_t i = 0; i < update_block; i += 8) _mm256_store_ps(values + i, _mm256_sqrt_ps(_mm256_load_ps(values + i)));
}
__attribute__((target("avx2,fma"), always_inline)) inline void roots_avx2(double* values) {
  for (std::size_t i = 0; i < update_block; i += 4) _mm256_store_pd(values + i, _mm256_sqrt_pd(_mm256_load_pd(values + i)));
}
template <class T, class Rule>
__attribute__((target("avx2,fma"))) void update_avx2(const Rule& given, const update_range<T>& range, std::size_t count) {
  const Rule rule = given;
  alignas(64) T root[update_block] = {};
  for (std::size_t at = 0; at < count; at += update_block) {
    const update_range<T> here = range.from(at);
    const std::size_t some = (std::min)(update_block, count - at);
    if (some == update_block) {
      remember_block(rule, here, update_block, root);
    } else {
      remember_block(rule, here, some, root);
    }
    if constexpr (Rule::has_root) roots_avx2(root);
    if (some == update_block) {
      move_block(rule, here, update_block, root);
    } else {
      move_block(rule, here, some, root);
    }
  }
}

// The masked forms: g++ 12 warns of an uninitialised value inside the plain ones.
__attribute__((target("avx512f"), always_inline)) inline void roots_avx512(float* values) {
  for (std::size_t i = 0; i < update_block; i += 16)
    _mm512_store_ps(values + i, _mm512_maskz_sqrt_ps(static_cast<__mmask16>(-1), _mm512_load_ps(values + i)));
}
__attribute__((target("avx512f"), always_inline)) inline void roots_avx512(double* values) {
  for (std::size_t i = 0; i < update_block; i += 8)
    _mm512_store_pd(values + i, _mm512_maskz_sqrt_pd(static_cast<__mmask8>(-1), _mm512_load_pd(values + i)));
}
template <class T, class Rule>
__attribute__((target("avx512f,avx2,fma"))) void update_avx512(const Rule& given, const update_range<T>& range,
                                                               std::size_t count) {
  const Rule rule = given;
  alignas(64) T root[update_block] = {};
  for (std::size_t at = 0; at < count; at += update_block) {
    const update_range<T> here = range.from(at);
    const std::size_t some = (std::min)(update_block, count - at);
    if (some == update_block) {
      remember_block(rule, here, update_block, root);
    } else {
      remember_block(rule, here, some, root);
    }
    if constexpr (Rule::has_root) roots_avx512(root);
    if (some == update_block) {
      move_block(rule, here, update_block, root);
    } else {
      move_block(rule, here, some, root);
    }
  }
}
#endif

/// Updates `count` parameters on the calling thread.
template <class T, class Rule>
void update_some(const Rule& rule, const update_range<T>& range, std::size_t count, kernel::simd_level level) {
#if MMREC_X86
  if (level == kernel::simd_level::avx512) return update_avx512(rule, range, count);
  if (level == kernel::simd_level::avx2) return update_avx2(rule, range, count);
#endif
  static_cast<void>(level);
  update_portable(rule, range, count);
}

}  // namespace nn::detail
}  // namespace mmrec::inline v0

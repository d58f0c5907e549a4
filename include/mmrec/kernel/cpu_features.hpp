// mmrec/kernel/cpu_features.hpp - which instruction set the kernels run on, decided at run time.
#pragma once
#include <cstddef>
#include <span>

#include <mmrec/core/config.hpp>

namespace mmrec::inline v0 {
namespace kernel {

/// Instruction sets that kernels are written for, in increasing order.
///
/// Convention: a hot kernel takes `simd_level level = best_simd_level()` as its last parameter and branches on it once per
/// call, never inside its loops; the branches are guarded by MMREC_X86 and fall back to the portable code. Tests run each
/// kernel at every one of usable_simd_levels() and compare. A level above the machine's best is the caller's mistake.
enum class simd_level {
  portable,  ///< what the compiler was told to use, SSE2 on plain x86-64
  avx2,      ///< AVX2 and FMA
  avx512     ///< AVX-512 F, BW, DQ and VL, besides AVX2 and FMA
};

/// The highest level that the processor and the operating system support. The first call asks them, later ones remember.
inline simd_level best_simd_level() {
#if MMREC_X86
  static const simd_level best = [] {
    const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const bool has_avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                            __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    if (has_avx2 && has_avx512) return simd_level::avx512;
    return has_avx2 ? simd_level::avx2 : simd_level::portable;
  }();
  return best;
#else
  return simd_level::portable;
#endif
}

/// The levels that can run here, portable first.
inline std::span<const simd_level> usable_simd_levels() {
  static constexpr simd_level all[] = {simd_level::portable, simd_level::avx2, simd_level::avx512};
  return {all, static_cast<std::size_t>(best_simd_level()) + 1};
}

/// The level's name, for benchmarks and reports.
constexpr const char* name_of(simd_level level) {
  switch (level) {
    case simd_level::avx2:
      return "avx2";
    case simd_level::avx512:
      return "avx512";
    default:
      return "portable";
  }
}

}  // namespace kernel
}  // namespace mmrec::inline v0

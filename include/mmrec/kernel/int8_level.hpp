// mmrec/kernel/int8_level.hpp - which instructions multiply 8-bit integers, decided at run time.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include <mmrec/core/config.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#if MMREC_X86
#include <cpuid.h>
#endif
#if MMREC_X86 && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace mmrec::inline v0 {
namespace kernel {

/// Ways to multiply bytes and add up the products, in increasing order of speed. All of them give the same integers.
enum class int8_level {
  portable,  ///< plain C++
  avx2,      ///< 16-bit products
  vnni,      ///< AVX-512 VNNI: 64 products an instruction
  amx        ///< AMX tiles: 16,384 products an instruction, which pay from 16 queries on; the rest by VNNI
};

namespace detail {

/// Tiles have to be asked for: the first use without the kernel's permission kills the process.
inline bool may_use_amx() {
#if MMREC_X86 && defined(__linux__) && defined(SYS_arch_prctl)
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return false;
  constexpr unsigned amx_tile = 1U << 24, amx_int8 = 1U << 25;
  if ((edx & amx_tile) == 0 || (edx & amx_int8) == 0) return false;
  constexpr long request_permission = 0x1023, tile_data = 18;
  return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
#else
  return false;
#endif
}

}  // namespace detail

/// The highest level that the processor and the operating system support. The first call asks them, and asks the system for
/// the use of AMX tiles (on Linux, for the whole process); later ones remember.
inline int8_level best_int8_level() {
#if MMREC_X86
  static const int8_level best = [] {
    if (best_simd_level() == simd_level::portable) return int8_level::portable;
    if (best_simd_level() != simd_level::avx512 || !__builtin_cpu_supports("avx512vnni")) return int8_level::avx2;
    return detail::may_use_amx() ? int8_level::amx : int8_level::vnni;
  }();
  return best;
#else
  return int8_level::portable;
#endif
}

/// The levels that can run here, portable first.
inline std::span<const int8_level> usable_int8_levels() {
  static constexpr int8_level all[] = {int8_level::portable, int8_level::avx2, int8_level::vnni, int8_level::amx};
  return {all, static_cast<std::size_t>(best_int8_level()) + 1};
}

/// The level of the floating point steps around it.
constexpr simd_level simd_level_of(int8_level level) {
  if (level == int8_level::portable) return simd_level::portable;
  return level == int8_level::avx2 ? simd_level::avx2 : simd_level::avx512;
}

/// The level's name, for benchmarks and reports.
constexpr const char* name_of(int8_level level) {
  switch (level) {
    case int8_level::avx2:
      return "avx2";
    case int8_level::vnni:
      return "vnni";
    case int8_level::amx:
      return "amx";
    default:
      return "portable";
  }
}

}  // namespace kernel
}  // namespace mmrec::inline v0

// mmrec/core/config.hpp - version and every configuration macro of the library.
#pragma once

/// Version of the library; CMake reads these three lines, they are the single source.
#define MMREC_VERSION_MAJOR 0
#define MMREC_VERSION_MINOR 1
#define MMREC_VERSION_PATCH 0

// Missing values, top-k order and input validation rely on NaN comparisons, which -ffinite-math-only removes; equal
// bits rely on the order of sums, which -fassociative-math gives up.
#if !defined(MMREC_ALLOW_FAST_MATH) && \
    (defined(__FAST_MATH__) || defined(__ASSOCIATIVE_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__ == 1))
#error "mmrec: -ffast-math (or its parts -ffinite-math-only and -fassociative-math) breaks the handling of NaN and the reproducibility of results; define MMREC_ALLOW_FAST_MATH to go on without these promises"
#endif

/// MMREC_ASSERT checks an invariant of the library itself, never the caller's data (see core/error.hpp for that).
/// Off with NDEBUG; define it beforehand to install another handler.
#ifndef MMREC_ASSERT
#include <cassert>
#define MMREC_ASSERT(condition) assert(condition)
#endif

/// MMREC_X86 is 1 where kernels may select AVX2 or AVX-512 at run time through target attributes.
#ifndef MMREC_X86
#if (defined(__x86_64__) || defined(_M_X64)) && defined(__GNUC__) && !defined(__CUDA_ARCH__)
#define MMREC_X86 1
#else
#define MMREC_X86 0
#endif
#endif

// mmrec/kernel/detail/adam_lanes.hpp - steps of Adam, compiled once for each instruction set.
#pragma once
#include <cmath>
#include <cstddef>

#include <mmrec/core/config.hpp>
#include <mmrec/kernel/detail/math_lanes.hpp>

#if MMREC_X86
#include <immintrin.h>
#endif

namespace mmrec::inline v0 {
namespace kernel::detail {

/// See kernel::adam_steps.
template <class T>
struct adam_job {
  T* values;
  const T* gradient;
  T* mean;
  T* square;
  T scale;
  T rest1;  // 1 - beta1
  T beta2;
  T rest2;   // 1 - beta2
  T rate;    // learning rate / (1 - beta1^step)
  T unbias;  // 1 / sqrt(1 - beta2^step)
  T epsilon;
};

template <class T>
void adam_one_by_one(const adam_job<T>& job, std::size_t begin, std::size_t end) {
  for (std::size_t at = begin; at < end; ++at) {
    const T gradient = job.scale * job.gradient[at];
    job.mean[at] += job.rest1 * (gradient - job.mean[at]);
    job.square[at] = job.beta2 * job.square[at] + job.rest2 * (gradient * gradient);
    job.values[at] -= job.rate * (job.mean[at] / (job.unbias * std::sqrt(job.square[at]) + job.epsilon));
  }
}

#if MMREC_X86
#define MMREC_MATH_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
#define MMREC_MATH_OP __attribute__((always_inline)) MMREC_MATH_TARGET inline
namespace level_avx512 {
MMREC_MATH_OP __m512 root(__m512 x) { return _mm512_maskz_sqrt_ps(every, x); }
#include <mmrec/kernel/detail/adam_body.hpp>
}  // namespace level_avx512
#undef MMREC_MATH_TARGET
#define MMREC_MATH_TARGET __attribute__((target("avx2,fma")))
namespace level_avx2 {
MMREC_MATH_OP __m256 root(__m256 x) { return _mm256_sqrt_ps(x); }
#include <mmrec/kernel/detail/adam_body.hpp>
}  // namespace level_avx2
#undef MMREC_MATH_TARGET
#undef MMREC_MATH_OP
#endif

}  // namespace kernel::detail
}  // namespace mmrec::inline v0

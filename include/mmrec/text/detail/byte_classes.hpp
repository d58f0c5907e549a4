// mmrec/text/detail/byte_classes.hpp - classes of 64 bytes at a time, and their lower case.
#pragma once
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace mmrec::inline v0 {
namespace text::detail {

/// Bit i speaks of byte i: an ASCII word character ([A-Za-z0-9_]), a byte beyond ASCII.
struct byte_classes {
  std::uint64_t word;
  std::uint64_t wide;
};

inline constexpr std::uint32_t block_bytes = 64;

/// The specification, and the fall-back where there is no SSE2.
template <bool Lower>
byte_classes classify_block_portable(const char* in, char* out) {
  byte_classes classes{0, 0};
  for (std::uint32_t index = 0; index < block_bytes; ++index) {
    const auto byte = static_cast<unsigned char>(in[index]);
    const auto lower = static_cast<unsigned char>(byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte);
    const bool word = (lower >= 'a' && lower <= 'z') || (byte >= '0' && byte <= '9') || byte == '_';
    classes.word |= static_cast<std::uint64_t>(word) << index;
    classes.wide |= static_cast<std::uint64_t>(byte >> 7) << index;
    out[index] = static_cast<char>(Lower ? lower : byte);
  }
  return classes;
}

/// Classifies in[0..63] and writes them, with ASCII capitals in lower case if asked, to out[0..63].
/// SSE2 is part of every x86-64, so that no dispatch at run time is needed.
template <bool Lower>
byte_classes classify_block(const char* in, char* out) {
#if defined(__SSE2__)
  byte_classes classes{0, 0};
  for (int part = 0; part < 4; ++part) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + 16 * part));
    const auto between = [](__m128i x, char low, char high) {  // signed: bytes beyond ASCII are below every bound
      return _mm_and_si128(_mm_cmpgt_epi8(x, _mm_set1_epi8(static_cast<char>(low - 1))),
                           _mm_cmplt_epi8(x, _mm_set1_epi8(static_cast<char>(high + 1))));
    };
    const __m128i lower = _mm_or_si128(bytes, _mm_and_si128(between(bytes, 'A', 'Z'), _mm_set1_epi8(0x20)));
    const __m128i word = _mm_or_si128(_mm_or_si128(between(lower, 'a', 'z'), between(bytes, '0', '9')),
                                      _mm_cmpeq_epi8(bytes, _mm_set1_epi8('_')));
    const auto mask = [](__m128i x) { return static_cast<std::uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(x))); };
    classes.word |= mask(word) << (16 * part);
    classes.wide |= mask(bytes) << (16 * part);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + 16 * part), Lower ? lower : bytes);
  }
  return classes;
#else
  return classify_block_portable<Lower>(in, out);
#endif
}

}  // namespace text::detail
}  // namespace mmrec::inline v0

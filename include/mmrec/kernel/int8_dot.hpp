// mmrec/kernel/int8_dot.hpp - inner products of blocks of 64 byte vectors with a few byte vectors, in integers.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <mmrec/core/config.hpp>
#include <mmrec/kernel/int8_level.hpp>
#if MMREC_X86
#include <immintrin.h>
#endif

namespace mmrec::inline v0 {
namespace kernel {

/// Items of a block. It is made of 4 panels of 16 items; in a panel, the 4 bytes that make group g of each item lie side by
/// side: byte (g * 16 + item) * 4 + b is byte 4 g + b of the item. One line of it is one register of VNNI, 16 lines are one
/// tile of AMX.
inline constexpr std::size_t int8_block_items = 64, int8_panel_items = 16;
/// Most queries of one call, and the multiple of bytes that queries are padded to with zeros.
inline constexpr std::size_t int8_most_queries = 32, int8_query_multiple = 64;
/// Bytes that must be readable behind the last block: a tile is loaded whole, and meets zeros of the query there.
inline constexpr std::size_t int8_readable_behind = 1024;

namespace detail {

inline void int8_dots_portable(const std::uint8_t* block, std::size_t groups, const std::int8_t* queries, std::size_t stride,
                               std::size_t count, std::int32_t* out) {
  for (std::size_t query = 0; query < count; ++query, queries += stride, out += int8_block_items) {
    for (std::size_t panel = 0; panel < int8_block_items / int8_panel_items; ++panel) {
      std::int32_t sums[int8_panel_items] = {};
      const std::uint8_t* line = block + panel * groups * 64;
      for (std::size_t group = 0; group < groups; ++group, line += 64) {
        for (std::size_t item = 0; item < int8_panel_items; ++item) {
          for (std::size_t byte = 0; byte < 4; ++byte) sums[item] += line[4 * item + byte] * queries[4 * group + byte];
        }
      }
      std::copy_n(sums, int8_panel_items, out + panel * int8_panel_items);
    }
  }
}

#if MMREC_X86
/// The 4 bytes of group g of a query as an integer.
inline std::int32_t group_of(const std::int8_t* query, std::size_t group) {
  std::int32_t bytes = 0;
  __builtin_memcpy(&bytes, query + 4 * group, 4);
  return bytes;
}

// VPMADDUBSW would be shorter, but it saturates at 16 bits, which full bytes exceed.
__attribute__((target("avx2"))) inline void int8_dots_avx2(const std::uint8_t* block, std::size_t groups,
                                                           const std::int8_t* queries, std::size_t stride, std::size_t count,
                                                           std::int32_t* out) {
  for (std::size_t query = 0; query < count; ++query, queries += stride) {
    const std::uint8_t* line = block;
    for (std::size_t panel = 0; panel < int8_block_items / int8_panel_items; ++panel) {
      __m256i sums[4] = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256()};
      for (std::size_t group = 0; group < groups; ++group, line += 64) {
        const __m256i value = _mm256_cvtepi8_epi16(_mm_set1_epi32(group_of(queries, group)));
        for (std::size_t part = 0; part < 4; ++part) {
          const __m256i items = _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(line + 16 * part)));
          sums[part] = _mm256_add_epi32(sums[part], _mm256_madd_epi16(items, value));
        }
      }
      // Each item has two neighbouring sums; hadd works within halves of registers, the permutation puts them in order.
      for (std::size_t pair = 0; pair < 2; ++pair, out += 8) {
        const __m256i mixed = _mm256_hadd_epi32(sums[2 * pair], sums[2 * pair + 1]);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm256_permute4x64_epi64(mixed, 0b11011000));
      }
    }
  }
}

/// One query reads the block as a stream: 4 chains of additions hide the latency.
__attribute__((target("avx512f,avx512bw,avx512vnni"))) inline void int8_dots_vnni_one(const std::uint8_t* block,
                                                                                      std::size_t groups,
                                                                                      const std::int8_t* query,
                                                                                      std::int32_t* out) {
  for (std::size_t panel = 0; panel < int8_block_items / int8_panel_items; ++panel, out += int8_panel_items) {
    __m512i sums[4] = {_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512()};
    std::size_t group = 0;
    for (; group + 4 <= groups; group += 4, block += 256) {
      for (std::size_t chain = 0; chain < 4; ++chain) {
        sums[chain] = _mm512_dpbusd_epi32(sums[chain], _mm512_loadu_si512(block + 64 * chain),
                                          _mm512_set1_epi32(group_of(query, group + chain)));
      }
    }
    for (; group < groups; ++group, block += 64) {
      sums[0] = _mm512_dpbusd_epi32(sums[0], _mm512_loadu_si512(block), _mm512_set1_epi32(group_of(query, group)));
    }
    _mm512_storeu_si512(out, _mm512_add_epi32(_mm512_add_epi32(sums[0], sums[1]), _mm512_add_epi32(sums[2], sums[3])));
  }
}

/// Q queries share each line of the block.
template <std::size_t Q>
__attribute__((target("avx512f,avx512bw,avx512vnni"))) inline void int8_dots_vnni_some(
    const std::uint8_t* block, std::size_t groups, const std::int8_t* queries, std::size_t stride, std::int32_t* out) {
  for (std::size_t pair = 0; pair < 2; ++pair, block += 2 * 64 * groups, out += 2 * int8_panel_items) {
    __m512i sums[Q][2];
#pragma GCC unroll 8
    for (std::size_t q = 0; q < Q; ++q) sums[q][0] = sums[q][1] = _mm512_setzero_si512();
    const std::uint8_t *low = block, *high = block + 64 * groups;
    for (std::size_t group = 0; group < groups; ++group, low += 64, high += 64) {
      const __m512i items0 = _mm512_loadu_si512(low), items1 = _mm512_loadu_si512(high);
#pragma GCC unroll 8
      for (std::size_t q = 0; q < Q; ++q) {
        const __m512i value = _mm512_set1_epi32(group_of(queries + q * stride, group));
        sums[q][0] = _mm512_dpbusd_epi32(sums[q][0], items0, value);
        sums[q][1] = _mm512_dpbusd_epi32(sums[q][1], items1, value);
      }
    }
#pragma GCC unroll 8
    for (std::size_t q = 0; q < Q; ++q) {
      _mm512_storeu_si512(out + q * int8_block_items, sums[q][0]);
      _mm512_storeu_si512(out + q * int8_block_items + int8_panel_items, sums[q][1]);
    }
  }
}

inline void int8_dots_vnni(const std::uint8_t* block, std::size_t groups, const std::int8_t* queries, std::size_t stride,
                           std::size_t count, std::int32_t* out) {
  while (count > 0) {
    const std::size_t taken = count >= 8 ? 8 : count >= 4 ? 4 : count >= 2 ? 2 : 1;
    if (taken == 8) int8_dots_vnni_some<8>(block, groups, queries, stride, out);
    if (taken == 4) int8_dots_vnni_some<4>(block, groups, queries, stride, out);
    if (taken == 2) int8_dots_vnni_some<2>(block, groups, queries, stride, out);
    if (taken == 1) int8_dots_vnni_one(block, groups, queries, out);
    count -= taken;
    queries += taken * stride;
    out += taken * int8_block_items;
  }
}

struct alignas(64) tile_shapes {
  std::uint8_t palette = 1, start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {};
  std::uint8_t rows[16] = {};
};

__attribute__((target("amx-tile,amx-int8"), noinline)) inline void configure_tiles() {
  tile_shapes shapes;
  for (std::size_t tile = 0; tile < 8; ++tile) {
    shapes.row_bytes[tile] = 64;
    shapes.rows[tile] = 16;
  }
  // g++ 12 takes LDTILECFG for a read of 8 bytes and drops the stores of the others.
  asm volatile("" ::"r"(&shapes) : "memory");
  _tile_loadconfig(&shapes);
}
__attribute__((target("amx-tile,amx-int8"), noinline)) inline void release_tiles() { _tile_release(); }

// One panel of items against 16 queries, or 32 with `two`. Tiles 0 to 3 hold sums, 4 and 5 queries, 6 and 7 items; their
// numbers are part of the instructions, so that the two sets are two macros' worth of text.
__attribute__((target("amx-tile,amx-int8"), always_inline)) inline void amx_even_panel(const std::uint8_t* panel,
                                                                                       std::size_t tiles,
                                                                                       const std::int8_t* queries,
                                                                                       std::size_t stride, bool two) {
  _tile_zero(0);
  if (two) _tile_zero(1);
  for (std::size_t tile = 0; tile < tiles; ++tile) {
    _tile_loadd(6, panel + 1024 * tile, 64);
    if (tiles > 1) _tile_loadd(4, queries + 64 * tile, stride);
    _tile_dpbsud(0, 4, 6);
    if (!two) continue;
    if (tiles > 1) _tile_loadd(5, queries + 16 * stride + 64 * tile, stride);
    _tile_dpbsud(1, 5, 6);
  }
}
__attribute__((target("amx-tile,amx-int8"), always_inline)) inline void amx_odd_panel(const std::uint8_t* panel,
                                                                                      std::size_t tiles,
                                                                                      const std::int8_t* queries,
                                                                                      std::size_t stride, bool two) {
  _tile_zero(2);
  if (two) _tile_zero(3);
  for (std::size_t tile = 0; tile < tiles; ++tile) {
    _tile_loadd(7, panel + 1024 * tile, 64);
    if (tiles > 1) _tile_loadd(4, queries + 64 * tile, stride);
    _tile_dpbsud(2, 4, 7);
    if (!two) continue;
    if (tiles > 1) _tile_loadd(5, queries + 16 * stride + 64 * tile, stride);
    _tile_dpbsud(3, 5, 7);
  }
}

/// While the sums of one panel are stored, those of the next one are computed.
__attribute__((target("amx-tile,amx-int8"), noinline)) inline void int8_dots_amx(const std::uint8_t* block,
                                                                                 std::size_t groups,
                                                                                 const std::int8_t* queries,
                                                                                 std::size_t stride, bool two,
                                                                                 std::int32_t* out) {
  const std::size_t panel = 64 * groups, tiles = (groups + 15) / 16;
  constexpr std::size_t out_bytes = int8_block_items * sizeof(std::int32_t);
  std::int32_t* const below = out + 16 * int8_block_items;
  if (tiles == 1) {
    _tile_loadd(4, queries, stride);
    if (two) _tile_loadd(5, queries + 16 * stride, stride);
  }
  amx_even_panel(block, tiles, queries, stride, two);
  amx_odd_panel(block + panel, tiles, queries, stride, two);
  _tile_stored(0, out, out_bytes);
  if (two) _tile_stored(1, below, out_bytes);
  amx_even_panel(block + 2 * panel, tiles, queries, stride, two);
  _tile_stored(2, out + 16, out_bytes);
  if (two) _tile_stored(3, below + 16, out_bytes);
  amx_odd_panel(block + 3 * panel, tiles, queries, stride, two);
  _tile_stored(0, out + 32, out_bytes);
  if (two) _tile_stored(1, below + 32, out_bytes);
  _tile_stored(2, out + 48, out_bytes);
  if (two) _tile_stored(3, below + 48, out_bytes);
}
#endif

}  // namespace detail

/// While one lives, the thread may call int8_dots at its level: AMX tiles have to be set up before and given back after use.
class int8_session {
 public:
  explicit int8_session([[maybe_unused]] int8_level level) {
#if MMREC_X86
    tiles_ = level == int8_level::amx;
    if (tiles_) detail::configure_tiles();
#endif
  }
  int8_session(const int8_session&) = delete;
  int8_session& operator=(const int8_session&) = delete;
  ~int8_session() {
#if MMREC_X86
    if (tiles_) detail::release_tiles();
#endif
  }

 private:
  [[maybe_unused]] bool tiles_ = false;
};

/// The inner products of the 64 items of a block with up to 32 queries.
///
/// Shapes     block: 64 items of 4 G unsigned bytes, laid out as above     queries: B rows of signed bytes, `stride` apart, a
///            multiple of 64 and >= 4 G, zeros behind the 4 G; room for a multiple of 16 rows
///            out: room for a multiple of 16 rows of 64
/// Cost       O(64 B G); an AMX tile takes no longer for 16 queries than for one
/// Result     exact, the same at every level, as long as 255 * 128 * 4 G < 2^31
/// Example    tests/kernel/int8_dot_test.cpp
inline void int8_dots(const std::uint8_t* block, std::size_t groups, const std::int8_t* queries, std::size_t stride,
                      std::size_t count, std::int32_t* out, [[maybe_unused]] int8_level level) {
  MMREC_ASSERT(count <= int8_most_queries && stride % int8_query_multiple == 0 && stride >= 4 * groups);
#if MMREC_X86
  constexpr std::size_t pays_for_tiles = 5;
  if (level == int8_level::amx && count >= pays_for_tiles) {
    return detail::int8_dots_amx(block, groups, queries, stride, count > 16, out);
  }
  if (level >= int8_level::vnni) return detail::int8_dots_vnni(block, groups, queries, stride, count, out);
  if (level == int8_level::avx2) return detail::int8_dots_avx2(block, groups, queries, stride, count, out);
#endif
  detail::int8_dots_portable(block, groups, queries, stride, count, out);
}

}  // namespace kernel
}  // namespace mmrec::inline v0

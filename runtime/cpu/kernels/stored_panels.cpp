#include "runtime/cpu/kernels/fill.h"
#include "runtime/cpu/kernels/panels.h"
#include "runtime/cpu/kernels/stored_blocks.h"

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace lacuna::cpu::LACUNA_ISA {
namespace {

/// The largest magnitude in a row of blocks. Values grow with their codes, so a block's smallest and largest code are
/// enough.
float peak_of_blocks(const BlockRow& row) {
  float peak = 0.0f;
  for (Size b = 0; b < row.blocks; ++b) {
    int low = 127, high = -128;
    if (row.dtype == graph::DType::q8_0) {
      const auto* codes = reinterpret_cast<const std::int8_t*>(row.codes + b * kBlock);
#pragma omp simd reduction(min : low) reduction(max : high)
      for (int i = 0; i < kBlock; ++i) {
        low = codes[i] < low ? codes[i] : low;
        high = codes[i] > high ? codes[i] : high;
      }
    } else {
      const std::uint8_t* codes = row.codes + b * (kBlock / 2);
#pragma omp simd reduction(min : low) reduction(max : high)
      for (int i = 0; i < kBlock / 2; ++i) {
        const int first = codes[i] & 15, second = codes[i] >> 4;
        low = first < low ? first : low;
        low = second < low ? second : low;
        high = first > high ? first : high;
        high = second > high ? second : high;
      }
    }
    const BlockFactors f = factors_of(row, b);
    peak = larger(peak, larger(__builtin_fabsf(value_of(float(low), f)), __builtin_fabsf(value_of(float(high), f))));
  }
  return peak;
}

#if defined(__AVX512F__)
// GCC 12 takes the "undefined" registers inside its own intrinsics for variables that were forgotten.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"

constexpr int kRows = 16;             // rows of the weight that are turned at a time, one for each lane
constexpr Size kChunk = 64;           // bytes of a row that are turned at a time
constexpr Size kFactors = kChunk / 2; // blocks whose factors are turned at a time
constexpr Size kAhead = 12;           // chunks

/// Word j of lane r of the result is word r of rows[j].
inline void transpose(const __m512i (&rows)[16], __m512i (&words)[16]) {
  __m512i pairs[16], fours[16], halves[16];
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) {
    pairs[2 * i] = _mm512_unpacklo_epi32(rows[2 * i], rows[2 * i + 1]);
    pairs[2 * i + 1] = _mm512_unpackhi_epi32(rows[2 * i], rows[2 * i + 1]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    fours[4 * i] = _mm512_unpacklo_epi64(pairs[4 * i], pairs[4 * i + 2]);
    fours[4 * i + 1] = _mm512_unpackhi_epi64(pairs[4 * i], pairs[4 * i + 2]);
    fours[4 * i + 2] = _mm512_unpacklo_epi64(pairs[4 * i + 1], pairs[4 * i + 3]);
    fours[4 * i + 3] = _mm512_unpackhi_epi64(pairs[4 * i + 1], pairs[4 * i + 3]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    halves[i] = _mm512_shuffle_i32x4(fours[i], fours[4 + i], 0x88);
    halves[4 + i] = _mm512_shuffle_i32x4(fours[i], fours[4 + i], 0xdd);
    halves[8 + i] = _mm512_shuffle_i32x4(fours[8 + i], fours[12 + i], 0x88);
    halves[12 + i] = _mm512_shuffle_i32x4(fours[8 + i], fours[12 + i], 0xdd);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    words[i] = _mm512_shuffle_i32x4(halves[i], halves[8 + i], 0x88);
    words[8 + i] = _mm512_shuffle_i32x4(halves[i], halves[8 + i], 0xdd);
    words[4 + i] = _mm512_shuffle_i32x4(halves[4 + i], halves[12 + i], 0x88);
    words[12 + i] = _mm512_shuffle_i32x4(halves[4 + i], halves[12 + i], 0xdd);
  }
}

/// Up to 64 bytes of each of 16 rows, turned; what lies beyond `bytes` is zero.
inline void load_words(const void* first, Size stride, Size bytes, __m512i (&words)[16]) {
  const __mmask64 mask = bytes >= kChunk ? ~__mmask64{0} : (__mmask64{1} << bytes) - 1;
  __m512i rows[16];
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
    rows[r] = _mm512_maskz_loadu_epi8(mask, static_cast<const std::uint8_t*>(first) + r * stride);
  }
  transpose(rows, words);
}

/// Factors of up to kFactors blocks of 16 rows.
struct Factors {
  __m512 scale[kFactors];
  __m512 minimum[kFactors];

  void load(const StoredRows& w, Size row, Size block) {
    const Size blocks = w.depth / kBlock, count = least(kFactors, blocks - block);
    turn(w.scale + row * blocks + block, blocks, count, scale);
    if (w.minimum != nullptr) {
      turn(w.minimum + row * blocks + block, blocks, count, minimum);
    } else {
      for (Size b = 0; b < count; ++b) minimum[b] = _mm512_mul_ps(_mm512_set1_ps(-8.0f), scale[b]);
    }
  }

 private:
  static __m512 wide(__m512i words) { return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(words)); }

  static void turn(const std::uint16_t* from, Size stride, Size count, __m512* to) {
    __m512i words[16];
    load_words(from, stride * 2, count * 2, words);
    for (Size b = 0; b < count; b += 2) {
      to[b] = wide(words[b / 2]);
      if (b + 1 < count) to[b + 1] = wide(_mm512_srli_epi32(words[b / 2], 16));
    }
  }
};

/// The four codes of each lane's word.
inline void q8_codes(__m512i word, __m512 (&codes)[4]) {
  codes[0] = _mm512_cvtepi32_ps(_mm512_srai_epi32(_mm512_slli_epi32(word, 24), 24));
  codes[1] = _mm512_cvtepi32_ps(_mm512_srai_epi32(_mm512_slli_epi32(word, 16), 24));
  codes[2] = _mm512_cvtepi32_ps(_mm512_srai_epi32(_mm512_slli_epi32(word, 8), 24));
  codes[3] = _mm512_cvtepi32_ps(_mm512_srai_epi32(word, 24));
}
inline void q4_codes(__m512i word, int half, __m512 (&codes)[4]) {
  const __m512i nibble = _mm512_set1_epi32(15);
  const __m512i shifted = half == 0 ? word : _mm512_srli_epi32(word, 4);
  codes[0] = _mm512_cvtepi32_ps(_mm512_and_si512(shifted, nibble));
  codes[1] = _mm512_cvtepi32_ps(_mm512_and_si512(_mm512_srli_epi32(shifted, 8), nibble));
  codes[2] = _mm512_cvtepi32_ps(_mm512_and_si512(_mm512_srli_epi32(shifted, 16), nibble));
  codes[3] = _mm512_cvtepi32_ps(_mm512_and_si512(_mm512_srli_epi32(shifted, 24), nibble));
}

/// The lines that a later turn of the loop needs; the rows of the next group where this one ends.
inline void prefetch(const std::uint8_t* first, Size stride, Size at) {
  const std::uint8_t* from = at < stride ? first + at : first + kRows * stride + (at - stride);
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) _mm_prefetch(reinterpret_cast<const char*>(from + r * stride), _MM_HINT_T0);
}

/// Calls sink(k, values) for k = 0, 4, 8, ... in any order: elements k ... k + 3 of rows [row, row + 16) of blocks.
template <class Sink>
inline void widen_rows(const StoredRows& w, Size row, Sink sink) {
  const bool q8 = w.dtype == graph::DType::q8_0;
  const Size blocks = w.depth / kBlock, block_bytes = q8 ? kBlock : kBlock / 2, stride = blocks * block_bytes;
  const Size chunk_blocks = kChunk / block_bytes;
  const std::uint8_t* first = w.codes + row * stride;
  Factors factors;
  for (Size begin = 0; begin < blocks; begin += kFactors) {
    factors.load(w, row, begin);
    const Size end = least(blocks, begin + kFactors);
    for (Size block = begin; block < end; block += chunk_blocks) {
      const Size at = block * block_bytes, count = least(chunk_blocks, end - block);
      prefetch(first, stride, at + kAhead * kChunk);
      __m512i words[16];
      load_words(first + at, stride, count * block_bytes, words);
      if (q8) {
#pragma GCC unroll 16
        for (int j = 0; j < 16; ++j) {
          if (j / 8 >= count) break;
          const __m512 scale = factors.scale[block - begin + j / 8];
          __m512 values[4];
          q8_codes(words[j], values);
          for (__m512& value : values) value = _mm512_mul_ps(value, scale);
          sink(block * kBlock + 4 * j, values);
        }
      } else {
#pragma GCC unroll 16
        for (int j = 0; j < 16; ++j) {
          if (j / 4 >= count) break;
          const Size of = block - begin + j / 4;
          for (int half = 0; half < 2; ++half) {
            __m512 values[4];
            q4_codes(words[j], half, values);
            for (__m512& value : values) value = _mm512_fmadd_ps(value, factors.scale[of], factors.minimum[of]);
            sink((block + j / 4) * kBlock + 16 * half + 4 * (j % 4), values);
          }
        }
      }
    }
  }
}

/// Two rows of 16 elements as pairs of bf16, rounded to nearest even.
inline __m512i narrow_pair(__m512 even, __m512 odd) {
#if defined(__AVX512BF16__)
  // No value of a block is subnormal in f32, which is where this instruction rounds otherwise.
  const auto both = (__m512i)_mm512_cvtne2ps_pbh(odd, even);
  const __m512i low = _mm512_cvtepu16_epi32(_mm512_castsi512_si256(both));
  return _mm512_mask_blend_epi16(0xaaaaaaaau, low,
                                 _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(both, 1)), 16));
#else
  const auto rounded = [](__m512 x) {
    const __m512i u = _mm512_castps_si512(x);
    const __m512i last = _mm512_and_si512(_mm512_srli_epi32(u, 16), _mm512_set1_epi32(1));
    return _mm512_add_epi32(u, _mm512_add_epi32(last, _mm512_set1_epi32(0x7fff)));
  };
  return _mm512_mask_blend_epi16(0xaaaaaaaau, _mm512_srli_epi32(rounded(even), 16), rounded(odd));
#endif
}

/// Rows of bf16, turned as they are or widened.
void turn_rows(const StoredRows& w, Size row, Storage storage, std::uint32_t* out) {
  const Size stride = w.depth * 2;
  const std::uint8_t* first = w.codes + row * stride;
  for (Size at = 0; at < stride; at += kChunk) {
    const Size count = least(kChunk, stride - at) / 4;
    prefetch(first, stride, at + kAhead * kChunk);
    __m512i words[16];
    load_words(first + at, stride, count * 4, words);
#pragma GCC unroll 16
    for (int j = 0; j < 16; ++j) {
      if (j >= count) break;
      const Size k = at / 4 + j;
      if (storage == Storage::bf16) {
        _mm512_storeu_si512(out + k * kPanelColumns, words[j]);
      } else {
        _mm512_storeu_si512(out + 2 * k * kPanelColumns, _mm512_slli_epi32(words[j], 16));
        _mm512_storeu_si512(out + (2 * k + 1) * kPanelColumns,
                            _mm512_and_si512(words[j], _mm512_set1_epi32(int(0xffff0000u))));
      }
    }
  }
}

void widen_panels(const StoredRows& w, Reals panels) {
  const Size words = words_of(panels.storage, w.depth);
  auto* out = static_cast<std::uint32_t*>(panels.data);
  for (Size row = 0; row < w.rows; row += kRows) {
    std::uint32_t* to = out + row / kPanelColumns * words * kPanelColumns + row % kPanelColumns;
    if (w.dtype == graph::DType::bf16) {
      turn_rows(w, row, panels.storage, to);
    } else if (panels.storage == Storage::bf16) {
      widen_rows(w, row, [to](Size k, const __m512(&values)[4]) {
        _mm512_storeu_si512(to + k / 2 * kPanelColumns, narrow_pair(values[0], values[1]));
        _mm512_storeu_si512(to + (k / 2 + 1) * kPanelColumns, narrow_pair(values[2], values[3]));
      });
    } else {
      widen_rows(w, row, [to](Size k, const __m512(&values)[4]) {
        for (int i = 0; i < 4; ++i) _mm512_storeu_ps(reinterpret_cast<float*>(to + (k + i) * kPanelColumns), values[i]);
      });
    }
  }
}

void quantise_panels(const StoredRows& w, const float* row_scale, void* panels, std::int32_t* code_sums) {
  const Size words = w.depth / 4;
  for (Size row = 0; row < w.rows; row += kRows) {
    auto* to = static_cast<std::uint32_t*>(panels) + row / kPanelColumns * words * kPanelColumns + row % kPanelColumns;
    const __m512 inverse = _mm512_div_ps(_mm512_set1_ps(1.0f), _mm512_loadu_ps(row_scale + row));
    // As quantise_row rounds; 128 more than the code, which the last step takes away again.
    const __m512 round = _mm512_set1_ps(12582912.0f + 128.0f);
    const __m512i byte = _mm512_set1_epi32(255), shift = _mm512_set1_epi32(int(0x80808080u));
    __m512i sums = _mm512_setzero_si512();
    widen_rows(w, row, [&](Size k, const __m512(&values)[4]) {
      __m512i word = _mm512_setzero_si512();
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) {
        const __m512i code =
            _mm512_and_si512(_mm512_castps_si512(_mm512_fmadd_ps(values[i], inverse, round)), byte);
        sums = _mm512_add_epi32(sums, code);
        word = _mm512_or_si512(word, _mm512_slli_epi32(code, unsigned(8 * i)));
      }
      _mm512_storeu_si512(to + k / 4 * kPanelColumns, _mm512_xor_si512(word, shift));
    });
    _mm512_storeu_si512(code_sums + row, _mm512_sub_epi32(sums, _mm512_set1_epi32(int(128 * w.depth))));
  }
}
#pragma GCC diagnostic pop

#else

void widen_panels(const StoredRows& w, Reals panels) {
  constexpr Size kPiece = kBlock;
  const Size depth = w.depth, blocks = depth / kBlock;
  auto* out = static_cast<float*>(panels.data);
  float piece[kPanelColumns][kPiece];
  for (Size row = 0; row < w.rows; row += kPanelColumns, out += depth * kPanelColumns) {
    const Size count = least(kPanelColumns, w.rows - row);
    for (Size r = count; r < kPanelColumns; ++r) {
      for (float& x : piece[r]) x = 0.0f;
    }
    for (Size k = 0; k < depth; k += kPiece) {
      for (Size r = 0; r < count; ++r) {
        if (w.dtype == graph::DType::bf16) {
          const auto* from = reinterpret_cast<const Bf16*>(w.codes) + (row + r) * depth + k;
#pragma omp simd
          for (Size i = 0; i < kPiece; ++i) piece[r][i] = load(from + i);
        } else {
          const Size block = (row + r) * blocks + k / kBlock;
          const Size bytes = w.dtype == graph::DType::q8_0 ? kBlock : kBlock / 2;
          widen_row(BlockRow{w.dtype, w.codes + block * bytes, w.scale + block,
                             w.minimum == nullptr ? nullptr : w.minimum + block, 1},
                    piece[r]);
        }
      }
      for (Size i = 0; i < kPiece; ++i) {
        for (Size r = 0; r < kPanelColumns; ++r) out[(k + i) * kPanelColumns + r] = piece[r][i];
      }
    }
  }
}
#endif

}  // namespace

void fill_stored_panels(Kernels& kernels) {
  kernels.widen_panels = widen_panels;
  kernels.peak_of_blocks = peak_of_blocks;
#if defined(__AVX512F__)
  kernels.quantise_panels = quantise_panels;
#endif
}

}  // namespace lacuna::cpu::LACUNA_ISA

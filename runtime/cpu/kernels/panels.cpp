#include "runtime/cpu/kernels/panels.h"

#include "runtime/cpu/kernels/fill.h"

namespace lacuna::cpu::LACUNA_ISA {
namespace {

/// Rows [0, kRows) times one panel. A sum runs over the depth in order whatever kRows is, so a row's result does
/// not depend on its neighbours.
template <class Dot, int kRows>
void multiply_tile(const Word* a, Size a_stride, const Word* panel, Size depth, float* c, Size c_stride,
                   PanelProduct::Mode mode) {
  // Unrolled, so that the sums never leave the registers.
  Vector sums[kRows][kPanelVectors];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kPanelVectors; ++v) {
      sums[r][v] = mode == PanelProduct::Mode::accumulate
                       ? *reinterpret_cast<const Vector*>(c + r * c_stride + v * kLanes)
                       : Vector{};
    }
  }
  for (Size k = 0; k < depth; ++k) {
    Vector b[kPanelVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kPanelVectors; ++v) {
      b[v] = *reinterpret_cast<const Vector*>(panel + k * kPanelColumns + v * kLanes);
    }
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const Word word = a[r * a_stride + k];
#pragma GCC unroll 4
      for (int v = 0; v < kPanelVectors; ++v) sums[r][v] = Dot::multiply_add(sums[r][v], word, b[v]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kPanelVectors; ++v) {
      *reinterpret_cast<Vector*>(c + r * c_stride + v * kLanes) = sums[r][v];
    }
  }
}

template <class Dot, int kRows>
void multiply_rest(const PanelProduct& p, const Word* a, const Word* panel, float* c, Size rows) {
  if constexpr (kRows > 0) {
    if (rows == kRows) {
      multiply_tile<Dot, kRows>(a, p.a_stride, panel, p.depth, c, p.c_stride, p.mode);
    } else {
      multiply_rest<Dot, kRows - 1>(p, a, panel, c, rows);
    }
  }
}

template <class Dot>
void multiply_all(const PanelProduct& p) {
  const auto* a = static_cast<const Word*>(p.a);
  const auto* panel = static_cast<const Word*>(p.panels);
  for (Size column = 0; column < p.columns; column += kPanelColumns, panel += p.panel_stride) {
    for (Size r = 0; r < p.rows; r += kTileRows) {
      multiply_rest<Dot, kTileRows>(p, a + r * p.a_stride, panel, p.c + r * p.c_stride + column,
                                    least(kTileRows, p.rows - r));
    }
  }
}

void multiply_panels(const PanelProduct& p) {
#if defined(__AVX512BF16__)
  if (p.storage == Storage::bf16) return multiply_all<PairDot>(p);
#endif
  multiply_all<SingleDot>(p);
}

/// The word at depth k of a row: elements k, or 2k and 2k + 1, zero beyond `depth`.
Word word_at(const float* row, Size k, Size) { return __builtin_bit_cast(std::uint32_t, row[k]); }
Word word_at(const Bf16* row, Size k, Size depth) {
  const std::uint32_t low = row[2 * k].bits;
  return 2 * k + 1 < depth ? low | std::uint32_t(row[2 * k + 1].bits) << 16 : low;
}

void pack_transposed(ConstReals x, Size rows, Size depth, Size stride, void* packed) {
  const Size words = words_of(x.storage, depth);
  with_type(x, [&](auto* from) {
    auto* out = static_cast<Word*>(packed);
    for (Size begin = 0; begin < rows; begin += kPanelColumns, out += words * kPanelColumns) {
      const Size n = least(kPanelColumns, rows - begin);
      for (Size k = 0; k < words; ++k) {
        for (Size r = 0; r < n; ++r) out[k * kPanelColumns + r] = word_at(from + (begin + r) * stride, k, depth);
        for (Size r = n; r < kPanelColumns; ++r) out[k * kPanelColumns + r] = 0;
      }
    }
  });
}

/// The word that stands for element c of rows k, or 2k and 2k + 1.
Word word_below(const float* x, Size k, Size c, Size, Size stride) {
  return __builtin_bit_cast(std::uint32_t, x[k * stride + c]);
}
Word word_below(const Bf16* x, Size k, Size c, Size depth, Size stride) {
  const std::uint32_t low = x[2 * k * stride + c].bits;
  return 2 * k + 1 < depth ? low | std::uint32_t(x[(2 * k + 1) * stride + c].bits) << 16 : low;
}

void pack(ConstReals x, Size depth, Size columns, Size stride, void* packed) {
  const Size words = words_of(x.storage, depth);
  with_type(x, [&](auto* from) {
    auto* out = static_cast<Word*>(packed);
    for (Size begin = 0; begin < columns; begin += kPanelColumns, out += words * kPanelColumns) {
      const Size n = least(kPanelColumns, columns - begin);
      for (Size k = 0; k < words; ++k) {
        for (Size c = 0; c < n; ++c) out[k * kPanelColumns + c] = word_below(from, k, begin + c, depth, stride);
        for (Size c = n; c < kPanelColumns; ++c) out[k * kPanelColumns + c] = 0;
      }
    }
  });
}

}  // namespace

void fill_panels(Kernels& kernels) {
  kernels.panel_columns = kPanelColumns;
#if defined(__AVX512BF16__)
  kernels.dot_storage = Storage::bf16;
#else
  kernels.dot_storage = Storage::f32;
#endif
  kernels.pack_transposed = pack_transposed;
  kernels.pack = pack;
  kernels.multiply_panels = multiply_panels;
}

}  // namespace lacuna::cpu::LACUNA_ISA

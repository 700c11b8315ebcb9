#pragma once

#include <cstdint>

#include "fusion/graph/dtype.h"
#include "fusion/graph/op.h"
#include "runtime/cpu/kernels/attention_task.h"
#include "runtime/cpu/kernels/tile_task.h"
#include "runtime/cpu/storage.h"

namespace lacuna::cpu {

enum class Binary : std::uint8_t { add, subtract, multiply };

/// Whether an operand advances with the other one or stays at one element.
enum class Advance : std::uint8_t { each, none };

/// Rotation of all heads of one row. Angles of pair j are cosines[j], sines[j].
struct RopeRow {
  std::int64_t heads = 0;
  std::int64_t head_dim = 0;
  std::int64_t pairs = 0;
  graph::RopeLayout layout = graph::RopeLayout::half;
  const float* cosines = nullptr;
  const float* sines = nullptr;
};

/// Neighbouring blocks of a block-quantised weight. `minimum` is for q4_1 alone; factors are f16 bits.
struct BlockRow {
  graph::DType dtype = graph::DType::q8_0;
  const std::uint8_t* codes = nullptr;
  const std::uint16_t* scale = nullptr;
  const std::uint16_t* minimum = nullptr;
  std::int64_t blocks = 0;
};

/// Neighbouring rows of a weight as it is stored, bf16 or block-quantised. bf16: `codes` are the elements.
struct StoredRows {
  graph::DType dtype = graph::DType::q8_0;
  const std::uint8_t* codes = nullptr;  // of the first row
  const std::uint16_t* scale = nullptr;
  const std::uint16_t* minimum = nullptr;
  std::int64_t rows = 0;
  std::int64_t depth = 0;  // a multiple of 32
};

/// Row `r` of block-quantised rows.
inline BlockRow block_row(const StoredRows& rows, std::int64_t r) {
  const std::int64_t blocks = rows.depth / 32, bytes = rows.dtype == graph::DType::q8_0 ? 32 : 16;
  return {rows.dtype, rows.codes + r * blocks * bytes, rows.scale + r * blocks,
          rows.minimum == nullptr ? nullptr : rows.minimum + r * blocks, blocks};
}

/// Mean and sum of squared deviations of one group's elements.
struct Moments {
  float mean = 0.0f;
  float deviation = 0.0f;
};

/// The hot loops of the engine. The files beside this one are compiled once per instruction set and each
/// compilation fills one table. All loops are single-threaded; an element of the result depends on its own
/// row alone, never on how many rows a call covers. Rows are dense unless a stride is named.
struct Kernels {
  using Size = std::int64_t;

  void (*convert)(ConstReals x, Reals y, Size n);
  void (*unary)(graph::Unary function, ConstReals x, Reals y, Size n);
  void (*affine)(graph::AffineAttributes attributes, ConstReals x, Reals y, Size n);
  void (*binary)(Binary function, ConstReals a, ConstReals b, Advance b_advance, Reals y, Size n);
  void (*swiglu)(ConstReals gate, ConstReals up, Reals y, Size n);
  /// y[i] = (x[i] - mean[i]) * scale[i] + shift[i], then silu when `silu` is Silu::apply.
  enum class Silu : std::uint8_t { skip, apply };
  void (*standardise)(ConstReals x, const float* mean, const float* scale, const float* shift, Silu silu, Reals y,
                      Size n);

  void (*rms_norm)(ConstReals x, const float* weight, float epsilon, Reals y, Size n);
  /// `bias` may be null.
  void (*layer_norm)(ConstReals x, const float* weight, const float* bias, float epsilon, Reals y, Size n);
  /// Moments of each of `groups` channel groups over `pixels` rows of `channels`.
  void (*group_moments)(ConstReals x, Size pixels, Size channels, Size groups, Moments* moments);
  void (*softmax)(ConstReals x, Reals y, Size n);
  float (*reduce)(graph::Reduction reduction, ConstReals x, Size n);
  /// Index of the largest element, the first of equals.
  Size (*argmax)(const float* x, Size n);
  void (*rope)(const RopeRow& row, ConstReals x, Reals y);
  /// codes = round(x / scale) + 128 with scale = max |x| / 127 (1 for a row of zeros); returns the scale.
  float (*quantise_row)(ConstReals x, std::uint8_t* codes, Size n);

  /// Blocks of 32 as graph/block_format.h stores them, widened one after another.
  void (*widen_blocks)(const BlockRow& row, Reals y);

  /// The largest magnitude in a row of blocks.
  float (*peak_of_blocks)(const BlockRow& row);
  /// Stored rows as the columns of packed panels (see pack_transposed) of f32 or dot_storage: the same numbers as
  /// widen_blocks and pack_transposed give. Where there are AVX-512 kernels `rows` is a multiple of 16.
  void (*widen_panels)(const StoredRows& rows, Reals panels);
  /// Blocks as panels of words of four int8 codes: each row quantised once more, as quantise_row does, by its scale.
  /// `code_sums` are the sums of the codes of each row. The depth is a multiple of 64. Null without AVX-512.
  void (*quantise_panels)(const StoredRows& rows, const float* row_scale, void* panels, std::int32_t* code_sums);

  void (*finish_tile)(const TileTask& task);
  void (*finish_gated_tile)(const TileTask& gate, const TileTask& up);

  /// Columns of one packed panel.
  Size panel_columns;
  /// The narrowest storage whose dot products this instruction set has: f32 or bf16.
  Storage dot_storage;
  /// Packs `rows` rows of `depth` reals as columns, in the storage of x: panel p holds rows from p * panel_columns
  /// on: for every word of depth (see PanelProduct) panel_columns words. Missing rows and depth are zero.
  void (*pack_transposed)(ConstReals x, Size rows, Size depth, Size stride, void* packed);
  /// Packs `depth` rows of `columns` reals: panel p holds columns from p * panel_columns on.
  void (*pack)(ConstReals x, Size depth, Size columns, Size stride, void* packed);
  void (*multiply_panels)(const PanelProduct& product);
  void (*attend)(const AttentionTask& task);
};

/// The table of each instruction set. Call only what the machine has: see kernels_for() in cpu_features.h.
Kernels baseline_kernels();
#if defined(LACUNA_X86)
Kernels avx2_kernels();
Kernels avx512_kernels();
Kernels avx512_bf16_kernels();
#endif

}  // namespace lacuna::cpu

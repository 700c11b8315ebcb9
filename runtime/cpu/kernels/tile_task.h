#pragma once

#include <cstdint>

#include "fusion/graph/op.h"
#include "runtime/cpu/storage.h"

namespace lacuna::cpu {

/// What turns integer sums back into reals: (sum - offset[column]) * row[r] * column[c]. Null pointers: the
/// sums are f32 already.
struct TileScale {
  const float* row = nullptr;
  const float* column = nullptr;
  const std::int32_t* offset = nullptr;
};

/// The last mile of one tile of a matrix product: sums -> + bias -> activation -> + residual -> stored.
/// Pointers are to the tile's first element; absent parts are null.
struct TileTask {
  static constexpr std::int64_t kColumns = 256;  // the widest tile

  std::int64_t rows = 0;
  std::int64_t columns = 0;
  const void* sums = nullptr;  // f32, or i32 with `scale`
  std::int64_t sums_stride = 0;
  TileScale scale;
  const float* bias = nullptr;
  const graph::Unary* activation = nullptr;  // silu, gelu_erf, gelu_tanh or relu
  ConstReals residual;
  std::int64_t residual_stride = 0;
  Reals out;
  std::int64_t out_stride = 0;
};

}  // namespace lacuna::cpu

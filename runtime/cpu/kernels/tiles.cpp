#include "runtime/cpu/kernels/fill.h"
#include "runtime/cpu/kernels/math.h"

namespace lacuna::cpu::LACUNA_ISA {
namespace {

using graph::Unary;

constexpr Size kColumns = TileTask::kColumns;

/// One row of integer sums as reals with the bias added.
template <class T>
void dequantise_row(const TileTask& t, Size r, T* to) {
  const auto* sums = static_cast<const std::int32_t*>(t.sums) + r * t.sums_stride;
  const float row = t.scale.row[r];
  const float *column = t.scale.column, *bias = t.bias;
  const std::int32_t* offset = t.scale.offset;
  if (bias == nullptr) {
#pragma omp simd
    for (Size i = 0; i < t.columns; ++i) store(to + i, float(sums[i] - offset[i]) * (row * column[i]));
  } else {
#pragma omp simd
    for (Size i = 0; i < t.columns; ++i) store(to + i, float(sums[i] - offset[i]) * (row * column[i]) + bias[i]);
  }
}

/// One row of sums as reals with the bias added: the sums themselves when there is nothing to do, else `memory`.
const float* real_row(const TileTask& t, Size r, float* memory) {
  const Size n = t.columns;
  const float* bias = t.bias;
  if (t.scale.row != nullptr) {
    dequantise_row(t, r, memory);
    return memory;
  }
  const float* sums = static_cast<const float*>(t.sums) + r * t.sums_stride;
  if (bias == nullptr) return sums;
#pragma omp simd
  for (Size i = 0; i < n; ++i) memory[i] = sums[i] + bias[i];
  return memory;
}

template <class F>
const float* map_row(const float* x, Size n, float* memory, F f) {
#pragma omp simd
  for (Size i = 0; i < n; ++i) memory[i] = f(x[i]);
  return memory;
}

const float* activated_row(Unary activation, const float* x, Size n, float* memory) {
  switch (activation) {
    case Unary::silu:
      return map_row(x, n, memory, [](float v) { return silu(v); });
    case Unary::gelu_erf:
      return map_row(x, n, memory, [](float v) { return gelu_erf(v); });
    case Unary::gelu_tanh:
      return map_row(x, n, memory, [](float v) { return gelu_tanh(v); });
    default:  // relu, the last one that TileTask allows
      return map_row(x, n, memory, [](float v) { return v < 0.0f ? 0.0f : v; });
  }
}

void finish_tile(const TileTask& t) {
  float memory[kColumns];
  const bool plain = t.activation == nullptr && t.residual.data == nullptr;
  for (Size r = 0; r < t.rows; ++r) {
    if (plain && t.scale.row != nullptr) {
      with_type(t.out.from(r * t.out_stride), [&](auto* out) { dequantise_row(t, r, out); });
      continue;
    }
    const float* x = real_row(t, r, memory);
    if (t.activation != nullptr) x = activated_row(*t.activation, x, t.columns, memory);
    with_type(t.out.from(r * t.out_stride), [&](auto* out) {
      if (t.residual.data == nullptr) {
#pragma omp simd
        for (Size i = 0; i < t.columns; ++i) store(out + i, x[i]);
        return;
      }
      with_type(t.residual.from(r * t.residual_stride), [&](auto* residual) {
#pragma omp simd
        for (Size i = 0; i < t.columns; ++i) store(out + i, load(residual + i) + x[i]);
      });
    });
  }
}

void finish_gated_tile(const TileTask& gate, const TileTask& up) {
  float gate_memory[kColumns], up_memory[kColumns];
  for (Size r = 0; r < gate.rows; ++r) {
    const float *g = real_row(gate, r, gate_memory), *u = real_row(up, r, up_memory);
    with_type(gate.out.from(r * gate.out_stride), [&](auto* out) {
#pragma omp simd
      for (Size i = 0; i < gate.columns; ++i) store(out + i, silu(g[i]) * u[i]);
    });
  }
}

}  // namespace

void fill_tiles(Kernels& kernels) {
  kernels.finish_tile = finish_tile;
  kernels.finish_gated_tile = finish_gated_tile;
}

}  // namespace lacuna::cpu::LACUNA_ISA

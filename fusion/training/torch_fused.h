#pragma once

#include <ATen/ATen.h>

#include "fusion/graph/op.h"

namespace lacuna::training {

/// x / sqrt(mean(x^2) + epsilon) * weight over the last axis, summed in float32. x float32 or bf16, weight float32;
/// the result has dtype `out`. One pass over memory on the CPU, torch's own on CUDA.
at::Tensor fused_rms_norm(const at::Tensor& x, const at::Tensor& weight, double epsilon, at::ScalarType out);

/// silu(gate) * up in their dtype.
at::Tensor fused_swiglu(const at::Tensor& gate, const at::Tensor& up);

/// Turns pairs: x [T, heads * head_dim], cosine and sine float32 [T, pairs], in the dtype of x.
at::Tensor fused_rope(const at::Tensor& x, const at::Tensor& cosine, const at::Tensor& sine,
                      const graph::RopeAttributes& attributes);

}  // namespace lacuna::training

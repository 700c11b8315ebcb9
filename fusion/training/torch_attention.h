#pragma once

#include <ATen/ATen.h>

#include "fusion/graph/op.h"

namespace lacuna::training {

/// softmax(q k^T scale) v inside each segment: q [T, heads * hd], k and v [T, kv_heads * hd] ->
/// [T, heads * hd], in the dtype of q. Segments of equal length run as one batch. `bias` [T, N] is added to the scores
/// where it is defined (graph/fused_ops.h).
at::Tensor torch_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                           const graph::AttentionAttributes& attributes, const at::Tensor& bias = {});

}  // namespace lacuna::training

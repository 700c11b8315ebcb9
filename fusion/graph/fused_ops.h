#pragma once

#include <optional>

#include "fusion/graph/graph_builder.h"

/// Fused ops: each is one node that an engine may claim, and carries its definition in primitives
/// (see lower.h). Shape letters: T rows (tokens), D width, B batch, C channels.
namespace lacuna::graph {

/// x [..., D], weight [D] -> x / sqrt(mean(x^2) + epsilon) * weight.
Value rms_norm(GraphBuilder& b, Value x, Value weight, float epsilon);
/// x [..., D], weight [D], bias [D] optional -> (x - mean) / sqrt(var + epsilon) * weight + bias.
Value layer_norm(GraphBuilder& b, Value x, Value weight, std::optional<Value> bias, float epsilon);
/// x [B, C, H, W], weight [C], bias [C]; statistics over each group of C / groups channels.
Value group_norm(GraphBuilder& b, Value x, Value weight, Value bias, NormAttributes attributes);
/// gate, up [..., D] -> silu(gate) * up.
Value swiglu(GraphBuilder& b, Value gate, Value up);
/// x [T, heads * head_dim], positions i32 [T, axes] with axes = sections.size(): rotates every head.
Value rope(GraphBuilder& b, Value x, Value positions, const RopeAttributes& attributes);
/// q [T, heads * head_dim], k and v [T, kv_heads * head_dim] -> [T, heads * head_dim]: softmax(q k^T scale) v
/// inside each segment; query head h reads key head h / (heads / kv_heads). With `bias` f32 [T, N], N at least the
/// longest segment, softmax(q k^T scale + bias): column j of a row belongs to the j-th row of its own segment. That is
/// how an attention mask is data: 0 where a query sees a key, kUnseen where not.
inline constexpr float kUnseen = -1e9f;
Value attention(GraphBuilder& b, Value q, Value k, Value v, const AttentionAttributes& attributes,
                std::optional<Value> bias = std::nullopt);
/// Logits and the draw in one: hidden [M, D], unconditional hidden [M, D] optional, head weight [V, D]
/// -> proposals [M, 4] (proposal.h); logits are hidden weight^T.
Value propose(GraphBuilder& b, Value hidden, std::optional<Value> unconditional, Value head, Value sampling,
              Value keys);
/// Nearest codebook row: z [B, C, H, W], codebook [K, C] -> codes i32 [B, H * W], the first of equals.
Value quantise_nearest(GraphBuilder& b, Value z, Value codebook);
/// Lookup-free quantiser (MAGVIT-v2): z [B, C, H, W] -> codes i32 [B, H * W]; bit of channel c is z_c > 0,
/// channel 0 the most significant.
Value quantise_sign(GraphBuilder& b, Value z);

}  // namespace lacuna::graph

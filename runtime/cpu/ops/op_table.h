#pragma once

#include "runtime/cpu/graph_compiler.h"

namespace lacuna::cpu {

/// Adds the steps that compute a node.
using Emitter = void (*)(GraphCompiler& compiler, const graph::Node& node);

/// The emitter of an op. Throws DeviceError(unsupported) for one that lower() should have expanded.
Emitter emitter_of(graph::Op op);

/// Whether the engine has its own code for a fused node; lower() expands the others.
bool claims(const graph::Graph& graph, const graph::Node& node);

void emit_gather_rows(GraphCompiler& compiler, const graph::Node& node);
void emit_linear(GraphCompiler& compiler, const graph::Node& node);
void emit_matmul(GraphCompiler& compiler, const graph::Node& node);
void emit_binary(GraphCompiler& compiler, const graph::Node& node);
void emit_affine(GraphCompiler& compiler, const graph::Node& node);
void emit_unary(GraphCompiler& compiler, const graph::Node& node);
void emit_reduce(GraphCompiler& compiler, const graph::Node& node);
void emit_softmax(GraphCompiler& compiler, const graph::Node& node);
void emit_argmax(GraphCompiler& compiler, const graph::Node& node);
void emit_reshape(GraphCompiler& compiler, const graph::Node& node);
void emit_permute(GraphCompiler& compiler, const graph::Node& node);
void emit_slice(GraphCompiler& compiler, const graph::Node& node);
void emit_concat(GraphCompiler& compiler, const graph::Node& node);
void emit_cast(GraphCompiler& compiler, const graph::Node& node);
void emit_conv2d(GraphCompiler& compiler, const graph::Node& node);
void emit_upsample(GraphCompiler& compiler, const graph::Node& node);
void emit_draw(GraphCompiler& compiler, const graph::Node& node);
void emit_rms_norm(GraphCompiler& compiler, const graph::Node& node);
void emit_layer_norm(GraphCompiler& compiler, const graph::Node& node);
void emit_group_norm(GraphCompiler& compiler, const graph::Node& node);
void emit_swiglu(GraphCompiler& compiler, const graph::Node& node);
void emit_rope(GraphCompiler& compiler, const graph::Node& node);
void emit_attention(GraphCompiler& compiler, const graph::Node& node);
void emit_propose(GraphCompiler& compiler, const graph::Node& node);

/// Copies an operand to another storage or layout of the same shape.
void emit_copy(GraphCompiler& compiler, const Operand& from, const Operand& to);

}  // namespace lacuna::cpu

#pragma once

#include "runtime/vulkan/graph_compiler.h"

namespace lacuna::vulkan {

/// Adds the steps of one node to the program: chooses kernels by the device's features and the sizes.
using Recorder = void (*)(GraphCompiler& compiler, const graph::Node& node);

/// The recorder of an op. Throws std::logic_error for a fused op that claims() refuses.
Recorder recorder_of(graph::Op op);

/// Whether the engine runs a fused node as it is; lower() expands the others.
bool claims(const graph::Graph& graph, const graph::Node& node, const KernelChoice& kernels);

// One function for each row of the table, in the file of the same name or its group.
void record_gather_rows(GraphCompiler& compiler, const graph::Node& node);
void record_linear(GraphCompiler& compiler, const graph::Node& node);
void record_matmul(GraphCompiler& compiler, const graph::Node& node);
void record_binary(GraphCompiler& compiler, const graph::Node& node);
void record_unary(GraphCompiler& compiler, const graph::Node& node);
void record_rows(GraphCompiler& compiler, const graph::Node& node);
void record_reshape(GraphCompiler& compiler, const graph::Node& node);
void record_permute(GraphCompiler& compiler, const graph::Node& node);
void record_slice(GraphCompiler& compiler, const graph::Node& node);
void record_concat(GraphCompiler& compiler, const graph::Node& node);
void record_upsample(GraphCompiler& compiler, const graph::Node& node);
void record_conv2d(GraphCompiler& compiler, const graph::Node& node);
void record_draw(GraphCompiler& compiler, const graph::Node& node);
void record_propose(GraphCompiler& compiler, const graph::Node& node);
void record_norm(GraphCompiler& compiler, const graph::Node& node);
void record_rope(GraphCompiler& compiler, const graph::Node& node);
void record_swiglu(GraphCompiler& compiler, const graph::Node& node);
void record_attention(GraphCompiler& compiler, const graph::Node& node);
void record_quantise_nearest(GraphCompiler& compiler, const graph::Node& node);

}  // namespace lacuna::vulkan

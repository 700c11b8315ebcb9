#pragma once

#include <span>

#include "fusion/graph/graph.h"
#include "runtime/cpu/draw.h"
#include "runtime/cpu/reference_tensor.h"

/// The primitives in plain loops: float32 storage, sums in float64. What each computes is documented on the
/// GraphBuilder function of the same name. Shapes were checked when the graph was built.
namespace lacuna::cpu::reference {

using Inputs = std::span<const ReferenceTensor>;
using Output = const ReferenceTensor&;

/// Throws std::invalid_argument for an id outside the table.
void gather_rows(Inputs in, Output out);
void linear(Inputs in, Output out);
void matmul(const graph::MatmulAttributes& attributes, Inputs in, Output out);
void conv2d(const graph::Conv2dAttributes& attributes, Inputs in, Output out);
void upsample_nearest2x(Inputs in, Output out);

/// add, subtract or multiply.
void binary(graph::Op op, Inputs in, Output out);
void affine(const graph::AffineAttributes& attributes, Inputs in, Output out);
void unary(const graph::UnaryAttributes& attributes, Inputs in, Output out);
/// Throws std::invalid_argument for an f32 that does not fit an i32.
void cast(Inputs in, Output out);

void reduce(const graph::ReduceAttributes& attributes, Inputs in, Output out);
void softmax(Inputs in, Output out);
void argmax(Inputs in, Output out);

void reshape(Inputs in, Output out);
void permute(const graph::PermuteAttributes& attributes, Inputs in, Output out);
void slice(const graph::SliceAttributes& attributes, Inputs in, Output out);
void concat(const graph::ConcatAttributes& attributes, Inputs in, Output out);

/// Runs one primitive. Throws std::invalid_argument for a fused op.
void run_node(const graph::Node& node, Inputs in, Output out, DrawScratch& scratch);

}  // namespace lacuna::cpu::reference

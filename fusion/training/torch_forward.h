#pragma once

#include <span>
#include <vector>

#include "fusion/graph/graph.h"
#include "fusion/training/tensors.h"

namespace lacuna::training {

/// Arithmetic of linear layers, convolutions and attention; norms, softmax and sums stay float32.
enum class Precision : std::uint8_t { f32, bf16 };

/// Runs `graph` with torch calls, so that autograd tapes it where `weights` require gradients.
/// `inputs` are in the order of Graph::inputs (f32 or int32 tensors on the weights' device; reals may be
/// bf16 under Precision::bf16). Returns the outputs in the order of Graph::outputs; under bf16 they may
/// be bf16. Fused nodes run as one torch call where there is one. `draw` runs on the host.
/// Throws std::invalid_argument naming a weight that is missing or has another shape.
std::vector<at::Tensor> torch_forward(const graph::Graph& graph, const TensorMap& weights,
                                      std::span<const at::Tensor> inputs, Precision precision);

/// The graph with those fused nodes expanded that torch_forward has no call for; torch_forward accepts
/// only such graphs.
graph::Graph lower_for_torch(const graph::Graph& graph);

}  // namespace lacuna::training

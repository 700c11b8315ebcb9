#pragma once

#include "fusion/graph/graph.h"

namespace lacuna::bench {

/// A bidirectional transformer: RMS norm, rotary attention, SwiGLU, untied head.
struct StackShape {
  std::int64_t layers = 12;
  std::int64_t width = 768;
  int heads = 12;
  std::int64_t inner = 3072;  // of SwiGLU
  std::int64_t vocabulary = 32000;
};

/// ids i32 [tokens], positions i32 [tokens, 1] -> logits [tokens, vocabulary] at all positions.
graph::Graph transformer_stack(const StackShape& shape, std::int64_t tokens);

}  // namespace lacuna::bench

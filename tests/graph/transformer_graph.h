#pragma once

#include "fusion/graph/graph.h"

namespace lacuna::graph {

/// Sizes of a plain pre-norm transformer, for tests of whole graphs.
struct TransformerSizes {
  int layers = 2;
  std::int64_t rows = 33;
  std::int64_t width = 32;
  std::int64_t hidden = 80;
  int heads = 4;
  int kv_heads = 4;
  std::int64_t vocabulary = 257;
};

/// Inputs "ids" and "positions", outputs "hidden" (and "logits" where vocabulary > 0).
Graph transformer_graph(const TransformerSizes& sizes);

}  // namespace lacuna::graph

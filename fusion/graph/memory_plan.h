#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "fusion/graph/graph.h"

namespace lacuna::graph {

/// Where each computed value lies in one arena.
struct MemoryPlan {
  static constexpr std::size_t kNone = ~std::size_t{0};
  std::vector<std::size_t> offsets;  // by value; kNone for inputs, weights, constants and aliases' absence
  std::vector<std::size_t> bytes;    // by value
  std::size_t arena_bytes = 0;
};

/// Bytes that an engine needs for a computed value; 0 = it lives elsewhere.
using BytesOf = std::function<std::size_t(const Graph&, ValueId)>;

/// Plans one arena by liveness: a value's memory is free again after its last reader. Values are placed in
/// order of decreasing size at the lowest offset free over their whole life (greedy by size, Pisarchyk and
/// Lee 2020, "Efficient Memory Management for Deep Neural Net Inference"). Graph outputs live to the end.
/// Offsets are multiples of `alignment` (a power of two). Pure: needs no device.
MemoryPlan plan_memory(const Graph& graph, const BytesOf& bytes_of, std::size_t alignment = 64);

}  // namespace lacuna::graph

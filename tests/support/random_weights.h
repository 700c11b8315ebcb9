#pragma once

#include <cmath>
#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "fusion/graph/graph.h"
#include "tests/support/memory_weights.h"

namespace lacuna::testing_support {

/// Weights for everything that `graphs` read: matrices normal with deviation 1 / sqrt(inputs), vectors near 1 for
/// "...weight" (norms) and near 0 for biases. Deterministic.
inline std::shared_ptr<MemoryWeights> random_weights(const std::vector<graph::Graph>& graphs,
                                                     std::uint32_t seed = 1) {
  auto weights = std::make_shared<MemoryWeights>();
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  for (const graph::Graph& graph : graphs) {
    for (const graph::NamedShape& weight : graph.weights()) {
      if (weights->find(weight.name)) continue;
      std::vector<float> values(std::size_t(weight.shape.elements()));
      const bool matrix = weight.shape.rank() >= 2;
      const double inputs = matrix ? double(weight.shape.elements()) / double(weight.shape[0]) : 1.0;
      const bool bias = weight.name.ends_with("bias");
      for (float& v : values) {
        v = matrix ? normal(random) / float(std::sqrt(inputs)) : (bias ? 0.0f : 1.0f) + 0.1f * normal(random);
      }
      weights->add(weight.name, weight.shape, values);
    }
  }
  return weights;
}

}  // namespace lacuna::testing_support

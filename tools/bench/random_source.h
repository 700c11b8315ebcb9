#pragma once

#include <map>
#include <string>
#include <vector>

#include "fusion/graph/graph.h"
#include "fusion/graph/host_tensor.h"
#include "fusion/graph/weight_source.h"

namespace lacuna::bench {

/// bf16 weights for everything that a graph reads: uniform, matrices scaled to keep the variance of what they
/// multiply, vectors near 1. The same for the same names.
class RandomSource final : public graph::WeightSource {
 public:
  explicit RandomSource(const graph::Graph& graph);
  const graph::WeightView* find(std::string_view name) const override;

 private:
  struct Entry {
    std::vector<std::byte> bytes;
    graph::WeightView view;
  };
  std::map<std::string, Entry, std::less<>> entries_;
};

/// Uniform in [-1, 1) for f32, in [0, bound) for i32.
graph::HostTensor random_tensor(graph::DType dtype, const graph::Shape& shape, std::int32_t bound);

}  // namespace lacuna::bench

#pragma once

#include <span>
#include <string>
#include <vector>

#include "fusion/graph/graph.h"
#include "fusion/graph/host_tensor.h"

namespace lacuna::graph {

/// What a graph takes and gives: what Plan::run checks its tensors against.
class Signature {
 public:
  explicit Signature(const Graph& graph);

  /// Throws std::invalid_argument for another number of tensors, or naming the first one with another dtype or shape.
  void check(std::span<const HostTensor> inputs, std::span<const HostTensor> outputs) const;

 private:
  struct Entry {
    std::string name;
    DType dtype;
    Shape shape;
  };
  static void check(const std::vector<Entry>& wanted, std::span<const HostTensor> tensors, const char* what);

  std::vector<Entry> inputs_, outputs_;
};

}  // namespace lacuna::graph

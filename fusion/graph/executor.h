#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>

#include "fusion/graph/graph.h"
#include "fusion/graph/host_tensor.h"
#include "fusion/graph/weight_source.h"

namespace lacuna::graph {

/// A device that failed, ran out of memory or lacks what was asked.
class DeviceError : public std::runtime_error {
 public:
  enum class Kind { out_of_memory, lost, unsupported };
  DeviceError(Kind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  Kind kind() const { return kind_; }

 private:
  Kind kind_;
};

/// A graph made ready on one engine: memory is taken and weights are packed.
class Plan {
 public:
  virtual ~Plan() = default;
  /// Runs once. `inputs` are in the order of Graph::inputs with equal dtype and shape; `outputs` are
  /// in the order of Graph::outputs and already have the right dtype and shape. Allocates nothing.
  /// Not safe to call from two threads at once. Throws std::invalid_argument for tensors that do not
  /// fit, DeviceError for a failing device.
  virtual void run(std::span<const HostTensor> inputs, std::span<HostTensor> outputs) = 0;
  /// Bytes of scratch memory (the arena) that this plan holds.
  virtual std::size_t scratch_bytes() const = 0;
};

/// An engine that interprets graphs.
class Executor {
 public:
  virtual ~Executor() = default;
  /// "reference", "cpu", "torch", ...
  virtual std::string name() const = 0;
  /// Checks the weights against the graph, packs them (once for each source and name, shared by all
  /// plans of this executor) and takes memory. Throws std::invalid_argument naming the weight that is
  /// missing or has another shape, DeviceError when memory is short. The executor must outlive the plan.
  virtual std::unique_ptr<Plan> prepare(const Graph& graph,
                                        std::shared_ptr<const WeightSource> weights) = 0;
};

}  // namespace lacuna::graph

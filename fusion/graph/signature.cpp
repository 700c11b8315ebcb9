#include "fusion/graph/signature.h"

#include <stdexcept>

namespace lacuna::graph {

Signature::Signature(const Graph& graph) {
  const auto entry = [&](ValueId id) {
    const ValueInfo& value = graph.value(id);
    return Entry{value.name, value.dtype, value.shape};
  };
  for (ValueId id : graph.inputs) inputs_.push_back(entry(id));
  for (ValueId id : graph.outputs) outputs_.push_back(entry(id));
}

void Signature::check(const std::vector<Entry>& wanted, std::span<const HostTensor> tensors, const char* what) {
  if (tensors.size() != wanted.size()) {
    throw std::invalid_argument("[run] expected " + std::to_string(wanted.size()) + " " + what + ", got " +
                                std::to_string(tensors.size()));
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const Entry& entry = wanted[i];
    if (tensors[i].dtype() == entry.dtype && tensors[i].shape() == entry.shape) continue;
    throw std::invalid_argument("[run] expected \"" + entry.name + "\" as " + std::string(name_of(entry.dtype)) + " " +
                                entry.shape.to_string() + ", got " + std::string(name_of(tensors[i].dtype())) + " " +
                                tensors[i].shape().to_string());
  }
}

void Signature::check(std::span<const HostTensor> inputs, std::span<const HostTensor> outputs) const {
  check(inputs_, inputs, "inputs");
  check(outputs_, outputs, "outputs");
}

}  // namespace lacuna::graph

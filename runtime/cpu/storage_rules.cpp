#include "runtime/cpu/storage_rules.h"

#include <algorithm>

namespace lacuna::cpu {

using graph::Node;
using graph::Op;
using graph::ValueId;
using graph::ValueKind;

StorageRules::StorageRules(const graph::Graph& graph, Mode mode)
    : graph_(graph),
      readers_(graph.values.size()),
      producer_(graph.values.size()),
      narrow_(graph.values.size()),
      output_(graph.values.size()),
      constant_(graph.values.size()) {
  for (std::size_t i = 0; i < graph.values.size(); ++i) {
    const ValueKind kind = graph.values[i].kind;
    constant_[i] = kind == ValueKind::weight || kind == ValueKind::constant;
  }
  for (ValueId id : graph.outputs) output_[std::size_t(id)] = true;
  for (const Node& node : graph.nodes) {
    producer_[std::size_t(node.output)] = &node;
    for (ValueId id : node.inputs) readers_[std::size_t(id)].push_back(&node);
    constant_[std::size_t(node.output)] =
        std::ranges::all_of(node.inputs, [&](ValueId id) { return constant_[std::size_t(id)]; });
  }
  if (mode == Mode::wide) return;
  // Backwards, so that what a reader does with its own output is known.
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    const ValueId id = node->output;
    const auto& readers = readers_[std::size_t(id)];
    if (graph.value(id).dtype != graph::DType::f32 || is_output(id) || is_constant(id) || readers.empty()) continue;
    narrow_[std::size_t(id)] = std::ranges::all_of(readers, [&](const Node* reader) {
      for (std::size_t i = 0; i < reader->inputs.size(); ++i) {
        if (reader->inputs[i] == id && !reads_narrow(*reader, i)) return false;
      }
      return true;
    });
  }
}

bool StorageRules::reads_narrow(const Node& node, std::size_t input) const {
  switch (node.op) {
    case Op::linear:
      return input == 0 && is_constant(node.inputs[1]) && !selects(node);
    case Op::propose:  // hidden states, with and without the condition
      return input + 3 < node.inputs.size();
    case Op::conv2d:
    case Op::group_norm:
    case Op::rope:
      return input == 0;
    case Op::attention:
    case Op::swiglu:
      return true;
    case Op::gather_rows:
      return input == 0 && is_narrow(node.output);
    case Op::reshape:
    case Op::permute:
    case Op::slice:
    case Op::concat:
    case Op::upsample_nearest2x:
      return is_narrow(node.output);
    default:
      return false;
  }
}

bool StorageRules::selects(const Node& linear) const {
  const Node* reader = sole_reader(linear.output);
  if (reader != nullptr && (reader->op == Op::add || reader->op == Op::subtract)) reader = sole_reader(reader->output);
  return reader != nullptr && reader->op == Op::argmax;
}

const Node* StorageRules::sole_reader(ValueId value) const {
  const auto& readers = this->readers(value);
  return readers.size() == 1 && !is_output(value) ? readers.front() : nullptr;
}

}  // namespace lacuna::cpu

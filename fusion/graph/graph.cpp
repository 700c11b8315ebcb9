#include "fusion/graph/graph.h"

#include <stdexcept>

namespace lacuna::graph {
namespace {

std::size_t index_of(const Graph& graph, const std::vector<ValueId>& ids, std::string_view name,
                     const char* what) {
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (graph.value(ids[i]).name == name) return i;
  }
  throw std::invalid_argument("[graph] there is no " + std::string(what) + " called \"" +
                              std::string(name) + "\"");
}

}  // namespace

std::size_t Graph::input_index(std::string_view name) const {
  return index_of(*this, inputs, name, "input");
}

std::size_t Graph::output_index(std::string_view name) const {
  return index_of(*this, outputs, name, "output");
}

std::vector<NamedShape> Graph::weights() const {
  std::vector<NamedShape> list;
  for (const ValueInfo& info : values) {
    if (info.kind == ValueKind::weight) list.push_back({info.name, info.shape});
  }
  return list;
}

double Graph::flops() const {
  double total = 0;
  for (const Node& node : nodes) {
    const auto in = [&](std::size_t i) -> const Shape& { return value(node.inputs[i]).shape; };
    const double out = double(value(node.output).shape.elements());
    switch (node.op) {
      case Op::linear:
      case Op::matmul:
        total += 2 * out * double(in(0)[-1]);
        break;
      case Op::conv2d:
        total += 2 * out * double(in(1)[1] * in(1)[2] * in(1)[3]);
        break;
      case Op::attention:
        for (std::int64_t n : node.as<AttentionAttributes>().segments) {
          total += 4.0 * double(n) * double(n) * double(in(0)[-1]);
        }
        break;
      case Op::propose: {
        const std::size_t branches = node.inputs.size() == 5 ? 2 : 1;
        total += 2.0 * double(branches) * double(in(0).elements()) * double(in(branches)[0]);
        break;
      }
      default:
        break;
    }
  }
  return total;
}

}  // namespace lacuna::graph

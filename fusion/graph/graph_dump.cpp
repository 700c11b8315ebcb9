#include "fusion/graph/graph_dump.h"

#include <sstream>

namespace lacuna::graph {
namespace {

std::string reference(const Graph& graph, ValueId id) {
  const ValueInfo& info = graph.value(id);
  switch (info.kind) {
    case ValueKind::input: return "i:" + info.name;
    case ValueKind::weight: return "w:" + info.name;
    case ValueKind::constant: return "c:" + info.shape.to_string();
    case ValueKind::computed: break;
  }
  return "%" + std::to_string(id);
}

template <class T>
std::string list(const std::vector<T>& items) {
  std::string text = "[";
  for (std::size_t i = 0; i < items.size(); ++i) text += (i ? " " : "") + std::to_string(items[i]);
  return text + "]";
}

struct AttributeText {
  std::ostream& out;
  void operator()(std::monostate) const {}
  void operator()(const AffineAttributes& a) const { out << " scale=" << a.scale << " shift=" << a.shift; }
  void operator()(const UnaryAttributes& a) const { out << ' ' << name_of(a.function); }
  void operator()(const ReduceAttributes& a) const { out << ' ' << name_of(a.reduction); }
  void operator()(const PermuteAttributes& a) const { out << " order=" << list(a.order); }
  void operator()(const SliceAttributes& a) const {
    out << " axis=" << a.axis << " rows=" << a.begin << ".." << a.end;
  }
  void operator()(const ConcatAttributes& a) const { out << " axis=" << a.axis; }
  void operator()(const MatmulAttributes& a) const { out << (a.transpose_b ? " transpose_b" : ""); }
  void operator()(const Conv2dAttributes& a) const {
    out << " stride=" << a.stride << " pad=" << a.pad_top << ',' << a.pad_left << ',' << a.pad_bottom << ','
        << a.pad_right;
  }
  void operator()(const NormAttributes& a) const { out << " epsilon=" << a.epsilon << " groups=" << a.groups; }
  void operator()(const RopeAttributes& a) const {
    out << " head_dim=" << a.head_dim << " sections=" << list(a.sections) << " theta=" << a.theta
        << (a.layout == RopeLayout::half ? " half" : " interleaved");
  }
  void operator()(const AttentionAttributes& a) const {
    out << " heads=" << a.heads << " kv_heads=" << a.kv_heads << " scale=" << a.scale
        << " segments=" << list(a.segments);
  }
};

}  // namespace

std::string dump(const Graph& graph) {
  std::ostringstream out;
  for (ValueId id : graph.inputs) {
    const ValueInfo& info = graph.value(id);
    out << "input " << info.name << " : " << name_of(info.dtype) << ' ' << info.shape.to_string() << '\n';
  }
  for (const Node& node : graph.nodes) {
    const ValueInfo& info = graph.value(node.output);
    out << '%' << node.output << " = " << name_of(node.op) << '(';
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      out << (i ? ", " : "") << reference(graph, node.inputs[i]);
    }
    out << ')';
    std::visit(AttributeText{out}, node.attributes);
    out << " : " << name_of(info.dtype) << ' ' << info.shape.to_string() << '\n';
  }
  for (ValueId id : graph.outputs) out << "output " << graph.value(id).name << " = %" << id << '\n';
  return out.str();
}

}  // namespace lacuna::graph

#include "runtime/cpu/graph_compiler.h"

#include <algorithm>
#include <utility>

#include "runtime/cpu/ops/op_table.h"
#include "runtime/cpu/weight_rows.h"

namespace lacuna::cpu {

using graph::DType;
using graph::Node;
using graph::ValueId;
using graph::ValueKind;

namespace {

std::size_t bytes_of(const graph::Shape& shape, Storage storage) {
  return std::size_t(shape.elements()) * size_of(storage);
}

/// Sets a flag for the length of a scope.
class Setting {
 public:
  Setting(bool& flag, bool value) : flag_(flag), before_(std::exchange(flag, value)) {}
  ~Setting() { flag_ = before_; }
  Setting(const Setting&) = delete;
  Setting& operator=(const Setting&) = delete;

 private:
  bool& flag_;
  bool before_;
};

}  // namespace

GraphCompiler::GraphCompiler(const graph::Graph& graph, const Machine& machine, WeightStore& weights,
                             WeightStore::Source source)
    : graph_(graph),
      machine_(machine),
      weights_(weights),
      source_(std::move(source)),
      rules_(graph, machine.precision != Precision::f32 && machine.features.bf16_dot ? StorageRules::Mode::narrow
                                                                                     : StorageRules::Mode::wide),
      natives_(graph.values.size()),
      done_(graph.nodes.size()) {
  for (std::size_t i = 0; i < graph.inputs.size(); ++i) {
    const ValueId id = graph.inputs[i];
    const Storage storage = graph.value(id).dtype == DType::i32 ? Storage::i32 : Storage::f32;
    const BufferId buffer = add_buffer({Buffer::Kind::input, bytes_of(shape(id), storage), i, nullptr});
    natives_[std::size_t(id)] = Operand{buffer, 0, shape(id), storage, Layout::plain};
  }
  for (std::size_t i = 0; i < graph.outputs.size(); ++i) {
    const std::size_t bytes = bytes_of(shape(graph.outputs[i]), Storage::f32);
    outputs_.push_back(add_buffer({Buffer::Kind::output, bytes, i, nullptr}));
  }
}

Program GraphCompiler::compile() {
  // Weights are checked even when nothing reads them in the end.
  for (const graph::NamedShape& weight : graph_.weights()) require_weight(*source_, weight.name, weight.shape);
  for (const Node& node : graph_.nodes) {
    // What follows from constants is computed when somebody asks for it: a slice of a weight that only linear
    // layers read is never made at all.
    if (!is_done(node) && !rules_.is_constant(node.output)) emit(node);
  }
  for (std::size_t i = 0; i < graph_.outputs.size(); ++i) deliver(i);
  return std::move(program_);
}

void GraphCompiler::emit(const Node& node) {
  const Setting setting(preparing_, rules_.is_constant(node.output));
  emitter_of(node.op)(*this, node);
  done_[index_of(node)] = true;
}

Operand GraphCompiler::native(ValueId id) {
  auto& known = natives_[std::size_t(id)];
  if (known) return *known;
  if (const Node* producer = rules_.producer(id)) {
    emit(*producer);
    return *natives_[std::size_t(id)];
  }
  known = load_constant(id);
  return *known;
}

Operand GraphCompiler::load_constant(ValueId id) {
  const graph::ValueInfo& info = graph_.value(id);
  Operand operand{-1, 0, info.shape, Storage::f32, Layout::plain};
  if (info.kind == ValueKind::constant) {
    operand.buffer = constant(info.constant);
    return operand;
  }
  const auto dense =
      weights_.dense(source_, {info.name, info.shape, 0, info.shape.rank() == 0 ? 1 : info.shape[0]});
  keep_alive(dense);
  operand.buffer = add_buffer({Buffer::Kind::fixed, dense->size(), 0, dense->data()});
  return operand;
}

Operand GraphCompiler::read(ValueId id, Storage storage, Layout layout) {
  const Operand from = native(id);
  if (from.storage == storage && from.layout == layout) return from;
  const auto key = std::make_tuple(id, storage, layout);
  if (const auto known = converted_.find(key); known != converted_.end()) return known->second;
  const Setting setting(preparing_, rules_.is_constant(id));
  const Operand to{scratch(bytes_of(from.shape, storage)), 0, from.shape, storage, layout};
  emit_copy(*this, from, to);
  converted_.emplace(key, to);
  return to;
}

Operand GraphCompiler::read_plain(ValueId id) { return read(id, native(id).storage); }

Operand GraphCompiler::write(ValueId id, Storage storage, Layout layout) {
  const graph::ValueInfo& info = graph_.value(id);
  if (info.dtype == DType::i32) storage = Storage::i32;
  const bool direct = rules_.is_output(id) && layout == Layout::plain && !preparing_;
  if (rules_.is_output(id) && storage == Storage::bf16) storage = Storage::f32;
  Operand operand{-1, 0, info.shape, storage, layout};
  if (direct) {
    const auto position = std::size_t(std::ranges::find(graph_.outputs, id) - graph_.outputs.begin());
    operand.buffer = outputs_[position];
  } else {
    operand.buffer = scratch(bytes_of(info.shape, storage));
  }
  natives_[std::size_t(id)] = operand;
  return operand;
}

Storage GraphCompiler::preferred(ValueId id) const { return rules_.is_narrow(id) ? Storage::bf16 : Storage::f32; }

void GraphCompiler::view(ValueId id, Operand operand) { natives_[std::size_t(id)] = operand; }

BufferId GraphCompiler::add_buffer(Buffer buffer) {
  program_.buffers.push_back(buffer);
  return BufferId(program_.buffers.size() - 1);
}

BufferId GraphCompiler::scratch(std::size_t bytes) {
  return add_buffer({preparing_ ? Buffer::Kind::fixed : Buffer::Kind::arena, std::max<std::size_t>(bytes, 1), 0, nullptr});
}

BufferId GraphCompiler::constant(std::vector<float> elements) {
  auto kept = std::make_shared<const std::vector<float>>(std::move(elements));
  const auto* data = reinterpret_cast<const std::byte*>(kept->data());
  keep_alive(kept);
  return add_buffer({Buffer::Kind::fixed, kept->size() * sizeof(float), 0, data});
}

void GraphCompiler::add_step(std::vector<BufferId> reads, std::vector<BufferId> writes,
                             std::function<void(const RunContext&)> run) {
  auto& steps = preparing_ ? program_.preparation : program_.steps;
  steps.push_back({std::move(reads), std::move(writes), std::move(run)});
}

std::optional<WeightSlice> GraphCompiler::as_weight(ValueId id) const {
  const graph::ValueInfo& info = graph_.value(id);
  if (info.kind == ValueKind::weight && info.shape.rank() >= 1) return WeightSlice{info.name, info.shape, 0, info.shape[0]};
  const Node* producer = rules_.producer(id);
  if (producer == nullptr || producer->op != graph::Op::slice) return std::nullopt;
  const auto& attributes = producer->as<graph::SliceAttributes>();
  auto whole = as_weight(producer->inputs[0]);
  if (attributes.axis != 0 || !whole) return std::nullopt;
  whole->end = whole->begin + attributes.end;
  whole->begin += attributes.begin;
  return whole;
}

bool GraphCompiler::is_ready(ValueId id) const {
  return natives_[std::size_t(id)].has_value() || rules_.is_constant(id);
}

const Node* GraphCompiler::fusible_reader(ValueId value) const {
  return rules_.is_constant(value) ? nullptr : rules_.sole_reader(value);
}

void GraphCompiler::mark_done(const Node& node) { done_[index_of(node)] = true; }
bool GraphCompiler::is_done(const Node& node) const { return done_[index_of(node)]; }

std::optional<BufferId> GraphCompiler::recall(const std::string& key) const {
  const auto known = remembered_.find(key);
  return known == remembered_.end() ? std::nullopt : std::optional(known->second);
}
void GraphCompiler::remember(const std::string& key, BufferId buffer) { remembered_[key] = buffer; }

void GraphCompiler::deliver(std::size_t position) {
  const ValueId id = graph_.outputs[position];
  const Operand from = native(id);
  if (from.buffer == outputs_[position]) return;
  emit_copy(*this, from, {outputs_[position], 0, from.shape,
                         from.storage == Storage::i32 ? Storage::i32 : Storage::f32, Layout::plain});
}

}  // namespace lacuna::cpu

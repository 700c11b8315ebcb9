#include "runtime/cpu/ops/op_table.h"

#include <string>

namespace lacuna::cpu {

using graph::Op;

namespace {

struct Row {
  Op op;
  Emitter emit;
};

constexpr Row kTable[] = {
    {Op::gather_rows, emit_gather_rows},
    {Op::linear, emit_linear},
    {Op::matmul, emit_matmul},
    {Op::add, emit_binary},
    {Op::subtract, emit_binary},
    {Op::multiply, emit_binary},
    {Op::affine, emit_affine},
    {Op::unary, emit_unary},
    {Op::reduce, emit_reduce},
    {Op::softmax, emit_softmax},
    {Op::reshape, emit_reshape},
    {Op::permute, emit_permute},
    {Op::slice, emit_slice},
    {Op::concat, emit_concat},
    {Op::cast, emit_cast},
    {Op::argmax, emit_argmax},
    {Op::conv2d, emit_conv2d},
    {Op::upsample_nearest2x, emit_upsample},
    {Op::draw, emit_draw},
    {Op::rms_norm, emit_rms_norm},
    {Op::layer_norm, emit_layer_norm},
    {Op::group_norm, emit_group_norm},
    {Op::swiglu, emit_swiglu},
    {Op::rope, emit_rope},
    {Op::attention, emit_attention},
    {Op::propose, emit_propose},
};

const Row* find(Op op) {
  for (const Row& row : kTable) {
    if (row.op == op) return &row;
  }
  return nullptr;
}

}  // namespace

Emitter emitter_of(Op op) {
  if (const Row* row = find(op)) return row->emit;
  throw graph::DeviceError(graph::DeviceError::Kind::unsupported,
                           "[cpu] expected an op that this engine has, got " + std::string(name_of(op)));
}

bool claims(const graph::Graph& graph, const graph::Node& node) {
  // Attention with a bias of its own is left to its definition.
  if (node.op == Op::attention && node.inputs.size() > 3) return false;
  if (node.op != Op::propose) return find(node.op) != nullptr;
  // A head that is computed at run time has nothing to pack; the definition of propose works for it.
  graph::ValueId head = node.inputs[node.inputs.size() - 3];
  for (auto other = graph.nodes.rbegin(); other != graph.nodes.rend(); ++other) {
    if (other->output != head) continue;
    if (other->op != Op::slice || other->as<graph::SliceAttributes>().axis != 0) return false;
    head = other->inputs[0];
  }
  return graph.value(head).kind == graph::ValueKind::weight;
}

}  // namespace lacuna::cpu

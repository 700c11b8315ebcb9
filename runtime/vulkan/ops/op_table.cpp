#include "runtime/vulkan/ops/op_table.h"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace lacuna::vulkan {
namespace {

using graph::Op;

struct Row {
  Op op;
  Recorder record;
};

constexpr std::array kTable{
    Row{Op::gather_rows, record_gather_rows},
    Row{Op::linear, record_linear},
    Row{Op::matmul, record_matmul},
    Row{Op::add, record_binary},
    Row{Op::subtract, record_binary},
    Row{Op::multiply, record_binary},
    Row{Op::affine, record_unary},
    Row{Op::unary, record_unary},
    Row{Op::cast, record_unary},
    Row{Op::reduce, record_rows},
    Row{Op::softmax, record_rows},
    Row{Op::argmax, record_rows},
    Row{Op::reshape, record_reshape},
    Row{Op::permute, record_permute},
    Row{Op::slice, record_slice},
    Row{Op::concat, record_concat},
    Row{Op::upsample_nearest2x, record_upsample},
    Row{Op::conv2d, record_conv2d},
    Row{Op::draw, record_draw},
    // Fused.
    Row{Op::propose, record_propose},
};

const Row* find(Op op) {
  const auto found = std::ranges::find(kTable, op, &Row::op);
  return found == kTable.end() ? nullptr : &*found;
}

}  // namespace

Recorder recorder_of(Op op) {
  const Row* row = find(op);
  if (row == nullptr) throw std::logic_error("[vulkan] no recorder for " + std::string(name_of(op)));
  return row->record;
}

bool claims(const graph::Graph&, const graph::Node& node, const Device&) { return find(node.op) != nullptr; }

}  // namespace lacuna::vulkan

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
    Row{Op::rms_norm, record_norm},
    Row{Op::layer_norm, record_norm},
    Row{Op::group_norm, record_norm},
    Row{Op::rope, record_rope},
    Row{Op::swiglu, record_swiglu},
    Row{Op::attention, record_attention},
    Row{Op::quantise_nearest, record_quantise_nearest},
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

bool claims(const graph::Graph& graph, const graph::Node& node, const KernelChoice& kernels) {
  switch (node.op) {
    case Op::rms_norm:
    case Op::layer_norm:
    case Op::group_norm:
      return kernels.subgroup_rows;
    case Op::attention: {
      constexpr std::int64_t kWidestHead = 256;
      const auto& attributes = node.as<graph::AttentionAttributes>();
      const std::int64_t head_dim = graph.value(node.inputs[0]).shape[1] / attributes.heads;
      // A bias of its own is left to the definition.
      return node.inputs.size() == 3 && kernels.attention != AttentionKernel::none && head_dim <= kWidestHead;
    }
    case Op::quantise_nearest:  // latents as rows of whole texels are rows as products read them
      return kernels.subgroup_rows && graph.value(node.inputs[0]).shape[1] % 4 == 0;
    default:
      return find(node.op) != nullptr;
  }
}

}  // namespace lacuna::vulkan

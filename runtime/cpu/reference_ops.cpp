#include "runtime/cpu/reference_ops.h"

#include <stdexcept>
#include <string>

namespace lacuna::cpu::reference {

using graph::Op;

void run_node(const graph::Node& node, Inputs in, Output out, DrawScratch& scratch) {
  switch (node.op) {
    case Op::gather_rows:
      return gather_rows(in, out);
    case Op::linear:
      return linear(in, out);
    case Op::matmul:
      return matmul(node.as<graph::MatmulAttributes>(), in, out);
    case Op::add:
    case Op::subtract:
    case Op::multiply:
      return binary(node.op, in, out);
    case Op::affine:
      return affine(node.as<graph::AffineAttributes>(), in, out);
    case Op::unary:
      return unary(node.as<graph::UnaryAttributes>(), in, out);
    case Op::reduce:
      return reduce(node.as<graph::ReduceAttributes>(), in, out);
    case Op::softmax:
      return softmax(in, out);
    case Op::reshape:
      return reshape(in, out);
    case Op::permute:
      return permute(node.as<graph::PermuteAttributes>(), in, out);
    case Op::slice:
      return slice(node.as<graph::SliceAttributes>(), in, out);
    case Op::concat:
      return concat(node.as<graph::ConcatAttributes>(), in, out);
    case Op::cast:
      return cast(in, out);
    case Op::argmax:
      return argmax(in, out);
    case Op::conv2d:
      return conv2d(node.as<graph::Conv2dAttributes>(), in, out);
    case Op::upsample_nearest2x:
      return upsample_nearest2x(in, out);
    case Op::draw: {
      const bool guided = in.size() == 4;
      const std::size_t sampling = guided ? 2 : 1;
      const std::span<const float> unconditional = guided ? in[1].f32() : std::span<float>{};
      return draw_rows(in[0].f32(), unconditional, in[sampling].f32(), in[sampling + 1].i32(), out.f32(), scratch);
    }
    default:
      throw std::invalid_argument("[reference] expected a primitive op, got " + std::string(name_of(node.op)));
  }
}

}  // namespace lacuna::cpu::reference

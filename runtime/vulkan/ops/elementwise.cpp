#include <array>

#include "runtime/vulkan/ops/op_table.h"

namespace lacuna::vulkan {

using graph::Op;

namespace {

constexpr std::uint32_t kAffine = 100, kToFloat = 101, kToInteger = 102;  // FUNCTION of unary.comp

std::uint32_t function_of(const GraphCompiler& compiler, const graph::Node& node) {
  if (node.op == Op::unary) return std::uint32_t(node.as<graph::UnaryAttributes>().function);
  if (node.op == Op::affine) return kAffine;
  return compiler.graph().value(node.output).dtype == graph::DType::f32 ? kToFloat : kToInteger;
}

}  // namespace

void record_unary(GraphCompiler& compiler, const graph::Node& node) {
  const std::int64_t count = compiler.shape(node.output).elements();
  graph::AffineAttributes affine;
  if (node.op == Op::affine) affine = node.as<graph::AffineAttributes>();
  const Kernel kernel{"unary", storage_bindings(2), 12, {function_of(compiler, node)}};
  compiler.add({&compiler.pipeline(kernel),
                {{compiler.read(node.inputs[0])}, {compiler.write(node.output), Access::write}},
                {word(count), word(affine.scale), word(affine.shift)},
                linear_grid(count, 64),
                double(count)});
}

void record_swiglu(GraphCompiler& compiler, const graph::Node& node) {
  const std::int64_t count = compiler.shape(node.output).elements();
  compiler.add({&compiler.pipeline({"swiglu", storage_bindings(3), 4, {}}),
                {{compiler.read(node.inputs[0])}, {compiler.read(node.inputs[1])}, {compiler.write(node.output), Access::write}},
                {word(count)},
                linear_grid(count, 64),
                double(count) * 2});
}

void record_binary(GraphCompiler& compiler, const graph::Node& node) {
  const graph::Shape &shape = compiler.shape(node.output), &b = compiler.shape(node.inputs[1]);
  const std::int64_t count = shape.elements();
  // Axes of b from the last one on; those of size 1 are read again and again.
  std::array<std::uint32_t, graph::Shape::kMaxRank> sizes, strides;
  sizes.fill(1);
  strides.fill(0);
  std::int64_t stride = 1;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    sizes[std::size_t(axis)] = word(shape[-1 - axis]);
    if (axis >= b.rank()) continue;
    const std::int64_t size = b[-1 - axis];
    strides[std::size_t(axis)] = word(size == 1 ? std::int64_t{0} : stride);
    stride *= size;
  }
  const auto operation = std::uint32_t(node.op) - std::uint32_t(Op::add);
  const bool same = b == shape;
  const Kernel kernel{"binary", storage_bindings(3), 4 + 64, {operation, same ? 0u : std::uint32_t(shape.rank())}};
  std::vector<std::uint32_t> push{word(count)};
  push.insert(push.end(), sizes.begin(), sizes.end());
  push.insert(push.end(), strides.begin(), strides.end());
  compiler.add({&compiler.pipeline(kernel),
                {{compiler.read(node.inputs[0])}, {compiler.read(node.inputs[1])}, {compiler.write(node.output), Access::write}},
                std::move(push),
                linear_grid(count, 64),
                double(count)});
}

}  // namespace lacuna::vulkan

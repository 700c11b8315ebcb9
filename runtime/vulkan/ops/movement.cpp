#include "runtime/vulkan/ops/op_table.h"
#include "runtime/vulkan/ops/walk.h"

namespace lacuna::vulkan {
namespace {

std::vector<std::int64_t> strides_of(const graph::Shape& shape) {
  std::vector<std::int64_t> strides(std::size_t(shape.rank()), 1);
  for (int axis = shape.rank() - 2; axis >= 0; --axis) {
    strides[std::size_t(axis)] = strides[std::size_t(axis) + 1] * shape[axis + 1];
  }
  return strides;
}

}  // namespace

void record_reshape(GraphCompiler& compiler, const graph::Node& node) {
  compiler.alias(node.output, compiler.read(node.inputs[0]));
}

void record_permute(GraphCompiler& compiler, const graph::Node& node) {
  const auto& order = node.as<graph::PermuteAttributes>().order;
  const graph::Shape& out = compiler.shape(node.output);
  const auto from = strides_of(compiler.shape(node.inputs[0])), to = strides_of(out);
  Walk walk;
  for (int axis = 0; axis < out.rank(); ++axis) {
    walk.axis(out[axis], from[std::size_t(order[std::size_t(axis)])], to[std::size_t(axis)]);
  }
  add_walk(compiler, walk, compiler.read(node.inputs[0]), compiler.write(node.output));
}

void record_slice(GraphCompiler& compiler, const graph::Node& node) {
  const auto& attributes = node.as<graph::SliceAttributes>();
  const graph::Shape &in = compiler.shape(node.inputs[0]), &out = compiler.shape(node.output);
  const auto from = strides_of(in), to = strides_of(out);
  const Operand source = compiler.read(node.inputs[0]);
  const std::int64_t skipped = attributes.begin * from[std::size_t(attributes.axis)];
  // Whole rows that begin where a binding may begin are read in place.
  bool leading = true;
  for (int axis = 0; axis < attributes.axis; ++axis) leading = leading && in[axis] == 1;
  if (leading && out.elements() > 0 && skipped * 4 % compiler.device().limits().alignment == 0) {
    const auto bytes = VkDeviceSize(out.elements()) * 4;
    return compiler.alias(node.output, {source.buffer, source.offset + VkDeviceSize(skipped) * 4, bytes});
  }
  Walk walk;
  walk.from_offset = skipped;
  for (int axis = 0; axis < out.rank(); ++axis) walk.axis(out[axis], from[std::size_t(axis)], to[std::size_t(axis)]);
  add_walk(compiler, walk, source, compiler.write(node.output));
}

void record_concat(GraphCompiler& compiler, const graph::Node& node) {
  const int axis = node.as<graph::ConcatAttributes>().axis;
  const graph::Shape& out = compiler.shape(node.output);
  const auto to = strides_of(out);
  const Operand target = compiler.write(node.output);
  std::int64_t offset = 0;
  for (graph::ValueId id : node.inputs) {
    const graph::Shape& in = compiler.shape(id);
    const auto from = strides_of(in);
    Walk walk;
    walk.to_offset = offset * to[std::size_t(axis)];
    for (int a = 0; a < in.rank(); ++a) walk.axis(in[a], from[std::size_t(a)], to[std::size_t(a)]);
    add_walk(compiler, walk, compiler.read(id), target);
    offset += in[axis];
  }
}

void record_upsample(GraphCompiler& compiler, const graph::Node& node) {
  const graph::Shape& in = compiler.shape(node.inputs[0]);
  const std::int64_t planes = in[0] * in[1], height = in[2], width = in[3];
  Walk walk;
  walk.axis(planes, height * width, 4 * height * width);
  walk.axis(height, width, 4 * width);
  walk.axis(2, 0, 2 * width);
  walk.axis(width, 1, 2);
  walk.axis(2, 0, 1);
  add_walk(compiler, walk, compiler.read(node.inputs[0]), compiler.write(node.output));
}

}  // namespace lacuna::vulkan

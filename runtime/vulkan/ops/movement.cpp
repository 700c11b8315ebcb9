#include <algorithm>
#include <array>

#include "runtime/vulkan/ops/op_table.h"

namespace lacuna::vulkan {
namespace {

/// A copy of elements over up to 9 axes with strides on both sides; the outermost axis first.
struct Walk {
  std::vector<std::int64_t> sizes, from, to;
  std::int64_t from_offset = 0;
  std::int64_t to_offset = 0;

  void axis(std::int64_t size, std::int64_t from_stride, std::int64_t to_stride) {
    // Axes that continue each other are one; it keeps the list short.
    if (!sizes.empty() && from.back() == from_stride * size && to.back() == to_stride * size) {
      sizes.back() *= size;
      from.back() = from_stride;
      to.back() = to_stride;
      return;
    }
    sizes.push_back(size);
    from.push_back(from_stride);
    to.push_back(to_stride);
  }
};

std::vector<std::int64_t> strides_of(const graph::Shape& shape) {
  std::vector<std::int64_t> strides(std::size_t(shape.rank()), 1);
  for (int axis = shape.rank() - 2; axis >= 0; --axis) {
    strides[std::size_t(axis)] = strides[std::size_t(axis) + 1] * shape[axis + 1];
  }
  return strides;
}

/// The part of an operand that a walk touches on one side, from a place where a binding may begin; `offset` becomes
/// relative to it.
Operand touched(const GraphCompiler& compiler, const Operand& whole, const std::vector<std::int64_t>& sizes,
                const std::vector<std::int64_t>& strides, std::int64_t& offset) {
  std::int64_t last = offset;
  for (std::size_t i = 0; i < sizes.size(); ++i) last += (sizes[i] - 1) * strides[i];
  const auto unit = std::max<std::int64_t>(1, std::int64_t(compiler.device().limits().alignment) / 4);
  const std::int64_t begin = offset / unit * unit;
  offset -= begin;
  return rows_of(whole, begin, last + 1 - begin, 1);
}

void add_walk(GraphCompiler& compiler, const Walk& walk, Operand from, Operand to) {
  const std::uint64_t range = compiler.device().limits().storage_range;
  if (std::ranges::find(walk.sizes, 0) != walk.sizes.end()) return;
  if (from.bytes > range || to.bytes > range) {
    Walk part = walk;
    const Operand a = touched(compiler, from, walk.sizes, walk.from, part.from_offset);
    const Operand b = touched(compiler, to, walk.sizes, walk.to, part.to_offset);
    if (a.bytes <= range && b.bytes <= range) return add_walk(compiler, part, a, b);
    const auto longest = std::size_t(std::ranges::find_if(walk.sizes, [](std::int64_t n) { return n > 1; }) - walk.sizes.begin());
    if (longest < walk.sizes.size()) {  // by halves of the outermost axis
      Walk first = walk, second = walk;
      first.sizes[longest] = walk.sizes[longest] / 2;
      second.sizes[longest] -= first.sizes[longest];
      second.from_offset += first.sizes[longest] * walk.from[longest];
      second.to_offset += first.sizes[longest] * walk.to[longest];
      add_walk(compiler, first, from, to);
      return add_walk(compiler, second, from, to);
    }
  }
  constexpr std::size_t kAxes = 8;
  if (walk.sizes.size() > kAxes) throw std::logic_error("[vulkan] a copy over more than 8 axes");
  std::int64_t count = 1;
  std::array<std::uint32_t, 3 * kAxes> axes{};  // the last axis first
  for (std::size_t i = 0; i < walk.sizes.size(); ++i) {
    const std::size_t at = walk.sizes.size() - 1 - i;
    axes[i] = word(walk.sizes[at]);
    axes[kAxes + i] = word(walk.from[at]);
    axes[2 * kAxes + i] = word(walk.to[at]);
    count *= walk.sizes[at];
  }
  const Kernel kernel{"walk", storage_bindings(2), 12 + 4 * 3 * kAxes, {std::uint32_t(walk.sizes.size())}};
  std::vector<std::uint32_t> push{word(count), word(walk.from_offset), word(walk.to_offset)};
  push.insert(push.end(), axes.begin(), axes.end());
  compiler.add({&compiler.pipeline(kernel), {{from}, {to, Access::write}}, std::move(push), linear_grid(count, 64), double(count)});
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

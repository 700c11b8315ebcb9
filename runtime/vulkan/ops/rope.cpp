#include <cmath>

#include "runtime/vulkan/ops/op_table.h"

namespace lacuna::vulkan {

void record_rope(GraphCompiler& compiler, const graph::Node& node) {
  const auto& attributes = node.as<graph::RopeAttributes>();
  const graph::Shape& shape = compiler.shape(node.inputs[0]);
  std::vector<std::uint32_t> pairs;  // axis and frequency of each
  for (std::size_t axis = 0; axis < attributes.sections.size(); ++axis) {
    const int size = attributes.sections[axis];
    for (int j = 0; j < size; ++j) {
      pairs.push_back(word(std::int64_t(axis)));
      pairs.push_back(word(std::pow(attributes.theta, -float(j) / float(size))));
    }
  }
  const std::int64_t count = std::int64_t(pairs.size()) / 2, heads = shape[1] / attributes.head_dim;
  const std::int64_t items = shape[0] * (attributes.head_dim - count);
  const Kernel kernel{"rope", storage_bindings(4), 20, {attributes.layout == graph::RopeLayout::interleaved ? 1u : 0u}};
  compiler.add({&compiler.pipeline(kernel),
                {{compiler.read(node.inputs[0])},
                 {compiler.read(node.inputs[1])},
                 {compiler.constant(std::as_bytes(std::span(pairs)))},
                 {compiler.write(node.output), Access::write}},
                {word(shape[0]), word(heads), word(std::int64_t(attributes.head_dim)), word(count),
                 word(std::int64_t(attributes.sections.size()))},
                linear_grid(items, 8),
                double(shape.elements()) * 4});
}

}  // namespace lacuna::vulkan

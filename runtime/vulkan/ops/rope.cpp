#include <algorithm>
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
  const Operand x = compiler.read(node.inputs[0]), positions = compiler.read(node.inputs[1]);
  const Operand table = compiler.constant(std::as_bytes(std::span(pairs))), y = compiler.write(node.output);
  const auto axes = std::int64_t(attributes.sections.size());
  const Kernel kernel{"rope", storage_bindings(4), 20, {attributes.layout == graph::RopeLayout::interleaved ? 1u : 0u}};
  const std::int64_t step = compiler.rows_at_a_time(shape[0], {shape[1], axes});
  for (std::int64_t first = 0; first < shape[0]; first += step) {
    const std::int64_t n = std::min(step, shape[0] - first);
    compiler.add({&compiler.pipeline(kernel),
                  {{rows_of(x, first, n, shape[1])},
                   {rows_of(positions, first, n, axes)},
                   {table},
                   {rows_of(y, first, n, shape[1]), Access::write}},
                  {word(n), word(heads), word(std::int64_t(attributes.head_dim)), word(count), word(axes)},
                  linear_grid(n * (attributes.head_dim - count), 8),
                  double(n * shape[1]) * 4});
  }
}

}  // namespace lacuna::vulkan

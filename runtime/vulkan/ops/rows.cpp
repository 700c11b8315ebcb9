#include "runtime/vulkan/ops/op_table.h"

namespace lacuna::vulkan {

using graph::Op;

void record_rows(GraphCompiler& compiler, const graph::Node& node) {
  const graph::Shape& shape = compiler.shape(node.inputs[0]);
  const std::int64_t width = shape[-1];
  const std::int64_t rows = width > 0 ? shape.elements() / width : 0;
  std::uint32_t mode = 3;  // softmax
  if (node.op == Op::reduce) mode = std::uint32_t(node.as<graph::ReduceAttributes>().reduction);
  if (node.op == Op::argmax) mode = 4;
  const Kernel kernel{"rows", storage_bindings(2), 8, {mode}};
  compiler.add({&compiler.pipeline(kernel),
                {{compiler.read(node.inputs[0])}, {compiler.write(node.output), Access::write}},
                {word(rows), word(width)},
                linear_grid(rows, 8),
                double(shape.elements()) * 4});
}

}  // namespace lacuna::vulkan

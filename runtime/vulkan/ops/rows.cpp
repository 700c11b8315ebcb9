#include <algorithm>

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
  const Operand x = compiler.read(node.inputs[0]), y = compiler.write(node.output);
  const std::int64_t out = node.op == Op::softmax ? width : 1, step = compiler.rows_at_a_time(rows, {width, out});
  for (std::int64_t first = 0; first < rows; first += step) {
    const std::int64_t n = std::min(step, rows - first);
    compiler.add({&compiler.pipeline(kernel),
                  {{rows_of(x, first, n, width)}, {rows_of(y, first, n, out), Access::write}},
                  {word(n), word(width)},
                  linear_grid(n, 8),
                  double(n * width) * 4});
  }
}

}  // namespace lacuna::vulkan

#include <algorithm>

#include "runtime/vulkan/ops/op_table.h"

namespace lacuna::vulkan {

void record_norm(GraphCompiler& compiler, const graph::Node& node) {
  const auto& attributes = node.as<graph::NormAttributes>();
  const graph::Shape& shape = compiler.shape(node.inputs[0]);
  const bool grouped = node.op == graph::Op::group_norm;
  const std::int64_t groups = grouped ? attributes.groups : 1, per = grouped ? shape[2] * shape[3] : 1;
  const std::int64_t width = grouped ? shape[1] / groups * per : shape[-1];
  const std::int64_t rows = width > 0 ? shape.elements() / width : 0;
  const bool biased = node.inputs.size() == 3;
  const std::uint32_t lanes = compiler.device().limits().subgroup_size;
  const Operand x = compiler.read(node.inputs[0]);
  const Kernel kernel{"norm", storage_bindings(4), 24,
                      {lanes, node.op == graph::Op::rms_norm ? 0u : 1u, biased ? 1u : 0u}, lanes};
  const Operand weight = compiler.read(node.inputs[1]), bias = biased ? compiler.read(node.inputs[2]) : weight;
  const Operand y = compiler.write(node.output);
  const std::int64_t step = compiler.rows_at_a_time(rows, {width});
  for (std::int64_t first = 0; first < rows; first += step) {
    const std::int64_t n = std::min(step, rows - first);
    compiler.add({&compiler.pipeline(kernel),
                  {{rows_of(x, first, n, width)}, {weight}, {bias}, {rows_of(y, first, n, width), Access::write}},
                  {word(n), word(width), word(groups), word(per), word(attributes.epsilon), word(first)},
                  linear_grid(n * lanes, lanes),
                  double(n * width) * 3});
  }
}

}  // namespace lacuna::vulkan

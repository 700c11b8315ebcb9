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
  const Kernel kernel{"norm", storage_bindings(4), 20,
                      {lanes, node.op == graph::Op::rms_norm ? 0u : 1u, biased ? 1u : 0u}, lanes};
  compiler.add({&compiler.pipeline(kernel),
                {{x},
                 {compiler.read(node.inputs[1])},
                 {biased ? compiler.read(node.inputs[2]) : x},
                 {compiler.write(node.output), Access::write}},
                {word(rows), word(width), word(groups), word(per), word(attributes.epsilon)},
                linear_grid(rows * lanes, lanes),
                double(shape.elements()) * 3});
}

}  // namespace lacuna::vulkan

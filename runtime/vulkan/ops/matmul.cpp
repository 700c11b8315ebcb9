#include "runtime/vulkan/ops/op_table.h"

namespace lacuna::vulkan {

void record_matmul(GraphCompiler& compiler, const graph::Node& node) {
  const graph::Shape& out = compiler.shape(node.output);
  const std::int64_t rows = out[-2], columns = out[-1], inner = compiler.shape(node.inputs[0])[-1];
  const std::int64_t count = out.elements();
  const Kernel kernel{"matmul", storage_bindings(3), 16, {node.as<graph::MatmulAttributes>().transpose_b ? 1u : 0u}};
  compiler.add({&compiler.pipeline(kernel),
                {{compiler.read(node.inputs[0])}, {compiler.read(node.inputs[1])}, {compiler.write(node.output), Access::write}},
                {word(count), word(rows), word(columns), word(inner)},
                linear_grid(count, 8),
                double(count) * double(inner) * 2});
}

}  // namespace lacuna::vulkan

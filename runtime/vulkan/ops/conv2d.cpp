#include "runtime/vulkan/ops/op_table.h"

namespace lacuna::vulkan {

void record_conv2d(GraphCompiler& compiler, const graph::Node& node) {
  const auto& attributes = node.as<graph::Conv2dAttributes>();
  const graph::Shape &in = compiler.shape(node.inputs[0]), &w = compiler.shape(node.inputs[1]);
  const graph::Shape& out = compiler.shape(node.output);
  const bool biased = node.inputs.size() == 3;
  const Operand x = compiler.read(node.inputs[0]);
  const std::int64_t count = out.elements();
  const Kernel kernel{"conv2d", storage_bindings(4), 48, {biased ? 1u : 0u}};
  compiler.add({&compiler.pipeline(kernel),
                {{x}, {compiler.read(node.inputs[1])}, {biased ? compiler.read(node.inputs[2]) : x},
                 {compiler.write(node.output), Access::write}},
                {word(count), word(in[1]), word(in[2]), word(in[3]), word(out[1]), word(out[2]), word(out[3]), word(w[2]),
                 word(w[3]), word(std::int64_t(attributes.stride)), word(std::int64_t(attributes.pad_top)),
                 word(std::int64_t(attributes.pad_left))},
                linear_grid(count, 8),
                double(count) * double(in[1] * w[2] * w[3]) * 2});
}

}  // namespace lacuna::vulkan

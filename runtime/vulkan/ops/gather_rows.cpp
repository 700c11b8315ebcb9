#include <stdexcept>

#include "runtime/vulkan/ops/linear.h"
#include "runtime/vulkan/ops/op_table.h"

namespace lacuna::vulkan {

void record_gather_rows(GraphCompiler& compiler, const graph::Node& node) {
  const bool reals = compiler.graph().value(node.inputs[0]).dtype == graph::DType::f32;
  const Matrix table = compiler.matrix(node.inputs[0]);
  const std::int64_t count = compiler.shape(node.inputs[1]).elements(), rows = table.rows;
  const Operand ids = compiler.read(node.inputs[1]), y = compiler.write(node.output);
  // Ids that come from the host are refused before the run; others are clamped on the device.
  if (const auto position = compiler.input_position(node.inputs[1])) {
    compiler.add_check([position = *position, rows](std::span<const graph::HostTensor> inputs) {
      const auto values = inputs[position].i32();
      for (std::size_t i = 0; i < values.size(); ++i) {
        if (values[i] >= 0 && values[i] < rows) continue;
        throw std::invalid_argument("[gather_rows] expected ids in [0, " + std::to_string(rows) + "), got " +
                                    std::to_string(values[i]) + " at index " + std::to_string(i));
      }
    });
  }
  (void)reals;  // 32 bits are copied as they are, integers too
  for (const MatrixPart& part : table.parts) {
    const Kernel kernel{"gather_rows_" + stored_suffix(table.dtype), storage_bindings(4), 28, {}};
    compiler.add({&compiler.pipeline(kernel),
                  {{part.operand}, {table.row_scale ? *table.row_scale : ids}, {ids}, {y, Access::write}},
                  {word(count), word(table.width), word(rows), word(part.first), word(part.rows), word(part.skip),
                   word(table.scale_skip)},
                  linear_grid(count * table.width, 64),
                  double(count * table.width)});
  }
}

}  // namespace lacuna::vulkan

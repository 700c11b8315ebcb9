#include <algorithm>
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
  const std::int64_t step = compiler.rows_at_a_time(count, {table.width, 1});
  for (std::int64_t first = 0; first < count; first += step) {
    const std::int64_t n = std::min(step, count - first);
    const Operand some = rows_of(ids, first, n, 1);
    for (const MatrixPart& part : table.parts) {
      const Kernel kernel{"gather_rows_" + stored_suffix(table.dtype), storage_bindings(4), 28, {}};
      compiler.add({&compiler.pipeline(kernel),
                    {{part.operand},
                     {table.row_scale ? *table.row_scale : some},
                     {some},
                     {rows_of(y, first, n, table.width), Access::write}},
                    {word(n), word(table.width), word(rows), word(part.first), word(part.rows), word(part.skip),
                     word(table.scale_skip)},
                    linear_grid(n * table.width, 64),
                    double(n * table.width)});
    }
  }
}

}  // namespace lacuna::vulkan

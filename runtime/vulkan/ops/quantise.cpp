#include <algorithm>

#include "runtime/vulkan/ops/linear.h"
#include "runtime/vulkan/ops/op_table.h"

namespace lacuna::vulkan {
namespace {

/// The squared length of each code.
Operand squared_lengths(GraphCompiler& compiler, graph::ValueId codebook) {
  const graph::Shape& shape = compiler.shape(codebook);
  const std::int64_t count = shape.elements();
  const Operand squares = compiler.scratch(VkDeviceSize(count) * 4), lengths = compiler.scratch(VkDeviceSize(shape[0]) * 4);
  const Kernel square{"unary", storage_bindings(2), 12, {std::uint32_t(graph::Unary::square)}};
  compiler.add({&compiler.pipeline(square),
                {{compiler.read(codebook)}, {squares, Access::write}},
                {word(count), word(1.0f), word(0.0f)},
                linear_grid(count, 64),
                double(count)});
  const Kernel sum{"rows", storage_bindings(2), 8, {std::uint32_t(graph::Reduction::sum)}};
  compiler.add({&compiler.pipeline(sum),
                {{squares}, {lengths, Access::write}},
                {word(shape[0]), word(shape[1])},
                linear_grid(shape[0], 8),
                double(count) * 4});
  return lengths;
}

}  // namespace

void record_quantise_nearest(GraphCompiler& compiler, const graph::Node& node) {
  constexpr std::int64_t kProductBytes = std::int64_t{16} << 20, kUnit = 64;  // rows of whole alignments
  const graph::Shape& shape = compiler.shape(node.inputs[0]);
  const std::int64_t channels = shape[1], pixels = shape[2] * shape[3], rows = shape[0] * pixels;
  const std::int64_t codes = compiler.shape(node.inputs[1])[0];
  const std::uint32_t lanes = compiler.device().limits().subgroup_size;
  const Operand y = compiler.write(node.output);
  if (rows == 0) return;
  const Operand lengths = squared_lengths(compiler, node.inputs[1]);
  const Operand x = pack_rows(compiler, compiler.read(node.inputs[0]), {rows, channels, pixels, channels * pixels, 1, pixels});
  const auto limit = std::min(kProductBytes, std::int64_t(compiler.device().limits().storage_range));
  const std::int64_t step = std::min(rows, std::max(kUnit, limit / (4 * codes) / kUnit * kUnit));
  const Kernel pick{"nearest_pick", storage_bindings(3), 8, {lanes}, lanes};
  for (std::int64_t first = 0; first < rows; first += step) {
    Product product;
    product.rows = std::min(step, rows - first);
    product.x = rows_of(x, first, product.rows, channels);
    product.weight = node.inputs[1];
    product.decides = true;
    product.y = compiler.scratch(VkDeviceSize(product.rows * codes) * 4);
    add_product(compiler, product);
    compiler.add({&compiler.pipeline(pick),
                  {{product.y}, {lengths}, {rows_of(y, first, product.rows, 1), Access::write}},
                  {word(product.rows), word(codes)},
                  linear_grid(product.rows * lanes, lanes),
                  double(product.rows * codes)});
  }
}

}  // namespace lacuna::vulkan

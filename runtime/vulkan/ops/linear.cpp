#include "runtime/vulkan/ops/linear.h"

#include "runtime/vulkan/ops/op_table.h"

namespace lacuna::vulkan {

std::string stored_suffix(graph::DType dtype) { return std::string(name_of(dtype)); }

void add_product(GraphCompiler& compiler, const Product& p) {
  constexpr std::int64_t kRows = 4;  // ROWS of linear.comp
  for (const MatrixPart& part : p.weight.parts) {
    const Kernel kernel{"linear_" + stored_suffix(p.weight.dtype), storage_bindings(5), 32, {p.bias ? 1u : 0u}};
    const std::int64_t groups_of_rows = (p.rows + kRows - 1) / kRows;
    compiler.add({&compiler.pipeline(kernel),
                  {{p.x},
                   {part.operand},
                   {p.weight.row_scale ? *p.weight.row_scale : p.x},
                   {p.bias ? *p.bias : p.x},
                   {p.y, Access::write}},
                  {word(p.rows), word(p.first_row), word(p.weight.width), word(part.rows), word(part.skip),
                   word(p.weight.scale_skip + part.first), word(part.first), word(p.weight.rows)},
                  linear_grid(part.rows * groups_of_rows, 8),
                  double(p.rows) * double(part.rows) * double(p.weight.width)});
  }
}

void record_linear(GraphCompiler& compiler, const graph::Node& node) {
  const graph::Shape& shape = compiler.shape(node.output);
  Product product;
  product.x = compiler.read(node.inputs[0]);
  product.weight = compiler.matrix(node.inputs[1]);
  product.rows = shape[-1] > 0 ? shape.elements() / shape[-1] : 0;
  if (node.inputs.size() == 3) product.bias = compiler.read(node.inputs[2]);
  product.y = compiler.write(node.output);
  add_product(compiler, product);
}

}  // namespace lacuna::vulkan

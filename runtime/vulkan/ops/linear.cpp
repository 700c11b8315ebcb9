#include "runtime/vulkan/ops/linear.h"

#include <algorithm>

#include "runtime/vulkan/ops/narrow_product.h"
#include "runtime/vulkan/ops/op_table.h"
#include "runtime/vulkan/panels.h"

namespace lacuna::vulkan {
namespace {

constexpr std::int64_t kLanes = 8, kRows = 8;  // of panels.glsl

void add_plain(GraphCompiler& compiler, const Product& p) {
  constexpr std::int64_t kPlainRows = 4;  // ROWS of linear.comp
  const Matrix w = compiler.matrix(p.weight);
  for (const MatrixPart& part : w.parts) {
    const Kernel kernel{"linear_" + stored_suffix(w.dtype), storage_bindings(5), 32, {p.bias ? 1u : 0u}};
    const std::int64_t groups_of_rows = (p.rows + kPlainRows - 1) / kPlainRows;
    compiler.add({&compiler.pipeline(kernel),
                  {{p.x},
                   {part.operand},
                   {w.row_scale ? *w.row_scale : p.x},
                   {p.bias ? *p.bias : p.x},
                   {p.y, Access::write}},
                  {word(p.rows), word(p.first_row), word(w.width), word(part.rows), word(part.skip),
                   word(w.scale_skip + part.first), word(part.first), word(w.rows)},
                  linear_grid(part.rows * groups_of_rows, 8),
                  double(p.rows) * double(part.rows) * double(w.width)});
  }
}

void add_tiles(GraphCompiler& compiler, const Product& p) {
  const Matrix w = compiler.matrix(p.weight);
  for (const MatrixPart& part : w.parts) {
    const std::uint32_t tile = tile_of(compiler, p.rows, part.rows);
    const std::int64_t side = 16 * std::int64_t(tile);
    const Kernel kernel{"product_tiles_" + stored_suffix(w.dtype), storage_bindings(5), 32,
                        {p.bias ? 1u : 0u, w.width % 4 == 0 ? 1u : 0u, tile}};
    const std::int64_t groups = ((p.rows + side - 1) / side) * ((part.rows + side - 1) / side);
    compiler.add({&compiler.pipeline(kernel),
                  {{p.x},
                   {part.operand},
                   {w.row_scale ? *w.row_scale : p.x},
                   {p.bias ? *p.bias : p.x},
                   {p.y, Access::write}},
                  {word(p.rows), word(p.first_row), word(w.width), word(part.rows), word(part.skip),
                   word(w.scale_skip + part.first), word(part.first), word(w.rows)},
                  linear_grid(groups * 256, 256),
                  double(p.rows) * double(part.rows) * double(w.width) * 0.1});
  }
}

void add_texels(GraphCompiler& compiler, const Product& p, const GraphCompiler::WeightSlice& slice) {
  const auto weight = panels_of(compiler.weights(), compiler.source(), slice.name, slice.shape,
                                compiler.device().limits().texel_elements);
  const std::int64_t inner = weight->width, quarter = panel_quarters(slice.shape), columns = slice.end - slice.begin;
  Operand x = p.x;
  std::int64_t first_row = p.first_row;
  if (inner % 4 != 0) {
    Operand rows = p.x;
    x = pack_rows(compiler, rows, {first_row + p.rows, inner, first_row + p.rows, 0, inner, 1});
  }
  x.bytes = VkDeviceSize((first_row + p.rows) * quarter) * 16;
  for (const WeightPart& part : weight->parts) {
    const auto [begin, end, first_panel, lead, panels] = cut_panels(part, slice.begin, slice.end);
    if (begin >= end) continue;
    const std::int64_t first_column = begin - slice.begin, count = end - begin;
    const bool whole = lead % 4 == 0 && count % 4 == 0 && columns % 4 == 0 && first_column % 4 == 0;
    const int tile = panels_at_a_time(panels);
    Kernel kernel{"product_texels_" + panel_suffix(weight->dtype) + "_" + std::to_string(tile),
                  {BindingKind::texels, BindingKind::texels, BindingKind::storage, BindingKind::storage,
                   BindingKind::storage},
                  44,
                  {}};
    if (part.factors) kernel.bindings.push_back(BindingKind::texels);
    const std::int64_t groups = (p.rows + kRows - 1) / kRows * ((panels + tile - 1) / tile);
    const Operand panel_bytes = compiler.fixed(part.buffer);
    std::vector<Binding> bindings{{x, Access::read, VK_FORMAT_R32G32B32A32_SFLOAT},
                                  {panel_bytes, Access::read, texel_format(weight->dtype)},
                                  {weight->row_scale ? compiler.fixed(weight->row_scale) : p.x},
                                  {p.bias ? *p.bias : p.x},
                                  {p.y, Access::write}};
    if (part.factors) bindings.push_back({compiler.fixed(part.factors), Access::read, VK_FORMAT_R32G32B32A32_SFLOAT});
    compiler.add({&compiler.pipeline(kernel),
                  std::move(bindings),
                  {word(p.rows), word(first_row), word(quarter), word(count), word(lead), word(first_panel), word(panels),
                   word(begin), word(first_column), word(columns), (p.bias ? 1u : 0u) | (whole ? 2u : 0u)},
                  linear_grid(groups * kLanes, kLanes),
                  double(p.rows) * double(count) * double(inner) * 0.1});
  }
}

}  // namespace

std::uint32_t tile_of(const GraphCompiler& compiler, std::int64_t rows, std::int64_t columns) {
  // Wide tiles reuse more of what is loaded, but a product has to be large to fill a GPU with them.
  const KernelChoice& kernels = compiler.kernels();
  return rows >= std::int64_t(kernels.wide_rows) && columns >= std::int64_t(kernels.wide_columns) ? 8 : 4;
}

std::string stored_suffix(graph::DType dtype) { return std::string(name_of(dtype)); }

Operand pack_rows(GraphCompiler& compiler, const Operand& x, const RowLayout& layout) {
  const std::int64_t count = layout.rows * ((layout.width + 3) / 4);
  const Operand y = compiler.scratch(VkDeviceSize(count) * 16);
  const Kernel kernel{"pack_rows", storage_bindings(2), 28, {}};
  compiler.add({&compiler.pipeline(kernel),
                {{x}, {y, Access::write}},
                {word(count), word(layout.rows), word(layout.width), word(layout.inner), word(layout.outer_stride),
                 word(layout.row_stride), word(layout.element_stride)},
                linear_grid(count, kLanes),
                double(count) * 8});
  return y;
}

void add_product(GraphCompiler& compiler, const Product& p) {
  if (const auto narrow = narrowing(compiler, p)) return add_narrow_product(compiler, p, *narrow);
  const auto slice = compiler.as_weight(p.weight);
  const std::int64_t inner = compiler.shape(p.weight)[-1];
  const auto texels = std::uint64_t(p.first_row + p.rows) * std::uint64_t((inner + 3) / 4);
  const bool fits = texels <= compiler.device().limits().texel_elements && texels * 16 <= compiler.device().limits().storage_range;
  const ProductKernel kernel = compiler.kernels().product(slice ? compiler.stored_type(*slice) : graph::DType::f32);
  if (kernel == ProductKernel::texels && slice && fits && inner > 0) return add_texels(compiler, p, *slice);
  kernel == ProductKernel::tiles ? add_tiles(compiler, p) : add_plain(compiler, p);
}

void record_linear(GraphCompiler& compiler, const graph::Node& node) {
  const graph::Shape& shape = compiler.shape(node.output);
  Product product;
  const Operand x = compiler.read(node.inputs[0]);
  product.weight = node.inputs[1];
  if (node.inputs.size() == 3) product.bias = compiler.read(node.inputs[2]);
  const Operand y = compiler.write(node.output);
  const std::int64_t columns = shape[-1], inner = compiler.shape(product.weight)[-1];
  const std::int64_t rows = columns > 0 ? shape.elements() / columns : 0;
  product.result = node.output;
  const std::int64_t step = compiler.rows_at_a_time(rows, {columns, inner, (inner + 3) / 4 * 4});
  for (std::int64_t first = 0; first < rows; first += step) {
    product.rows = std::min(step, rows - first);
    product.x = rows_of(x, first, product.rows, inner);
    product.y = rows_of(y, first, product.rows, columns);
    add_product(compiler, product);
  }
}

}  // namespace lacuna::vulkan

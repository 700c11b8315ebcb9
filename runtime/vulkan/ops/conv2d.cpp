#include <algorithm>

#include "runtime/vulkan/ops/linear.h"
#include "runtime/vulkan/ops/op_table.h"
#include "runtime/vulkan/panels.h"

namespace lacuna::vulkan {
namespace {

constexpr std::int64_t kLanes = 8, kRows = 8;  // of panels.glsl

struct Convolution {
  graph::Shape in, w, out;
  graph::Conv2dAttributes attributes;
  Operand x;
  std::optional<Operand> bias;
  Operand y;
};

void add_plain(GraphCompiler& compiler, const Convolution& c, const Operand& w) {
  const std::int64_t count = c.out.elements();
  const Kernel kernel{"conv2d", storage_bindings(4), 48, {c.bias ? 1u : 0u}};
  compiler.add({&compiler.pipeline(kernel),
                {{c.x}, {w}, {c.bias ? *c.bias : c.x}, {c.y, Access::write}},
                {word(count), word(c.in[1]), word(c.in[2]), word(c.in[3]), word(c.out[1]), word(c.out[2]), word(c.out[3]),
                 word(c.w[2]), word(c.w[3]), word(std::int64_t(c.attributes.stride)),
                 word(std::int64_t(c.attributes.pad_top)), word(std::int64_t(c.attributes.pad_left))},
                linear_grid(count, 8),
                double(count) * double(c.in[1] * c.w[2] * c.w[3]) * 2});
}

void add_tiles(GraphCompiler& compiler, const Convolution& c, graph::ValueId filters) {
  const Matrix w = compiler.matrix(filters);
  const std::int64_t rows = c.out[0] * c.out[2] * c.out[3];
  for (const MatrixPart& part : w.parts) {
    const std::uint32_t tile = tile_of(compiler, rows, part.rows);
    const std::int64_t side = 16 * std::int64_t(tile);
    const Kernel kernel{"product_tiles_conv_" + stored_suffix(w.dtype), storage_bindings(5), 68,
                        {c.bias ? 1u : 0u, w.width % 4 == 0 ? 1u : 0u, tile}};
    const std::int64_t groups = ((rows + side - 1) / side) * ((part.rows + side - 1) / side);
    compiler.add({&compiler.pipeline(kernel),
                  {{c.x},
                   {part.operand},
                   {w.row_scale ? *w.row_scale : c.x},
                   {c.bias ? *c.bias : c.x},
                   {c.y, Access::write}},
                  {word(rows), 0, word(w.width), word(part.rows), word(part.skip), word(w.scale_skip + part.first),
                   word(part.first), word(c.out[1]), word(c.in[2]), word(c.in[3]), word(c.out[2]), word(c.out[3]),
                   word(c.w[2]), word(c.w[3]), word(std::int64_t(c.attributes.stride)),
                   word(std::int64_t(c.attributes.pad_top)), word(std::int64_t(c.attributes.pad_left))},
                  linear_grid(groups * 256, 256),
                  double(rows) * double(part.rows) * double(w.width) * 0.1});
  }
}

void add_texels(GraphCompiler& compiler, const Convolution& c, const GraphCompiler::WeightSlice& slice) {
  const auto weight = panels_of(compiler.weights(), compiler.source(), slice.name, slice.shape,
                                compiler.device().limits().texel_elements);
  const std::int64_t plane = c.in[2] * c.in[3], out_plane = c.out[2] * c.out[3], quarter = (c.in[1] + 3) / 4;
  const std::int64_t rows = c.out[0] * out_plane;
  const Operand x = pack_rows(compiler, c.x, {c.in[0] * plane, c.in[1], plane, c.in[1] * plane, 1, plane});
  for (const WeightPart& part : weight->parts) {
    const std::int64_t panels = (part.rows + kPanelColumns - 1) / kPanelColumns;
    const int tile = panels_at_a_time(panels);
    const Kernel kernel{"conv2d_texels_" + stored_suffix(weight->dtype) + "_" + std::to_string(tile),
                        {BindingKind::texels, BindingKind::texels, BindingKind::storage, BindingKind::storage,
                         BindingKind::storage},
                        64,
                        {}};
    const std::int64_t groups = (rows + kRows - 1) / kRows * ((panels + tile - 1) / tile);
    const Operand panel_bytes = compiler.fixed(part.buffer);
    compiler.add({&compiler.pipeline(kernel),
                  {{x, Access::read, VK_FORMAT_R32G32B32A32_SFLOAT},
                   {panel_bytes, Access::read, texel_format(weight->dtype)},
                   {weight->row_scale ? compiler.fixed(weight->row_scale) : c.x},
                   {c.bias ? *c.bias : c.x},
                   {c.y, Access::write}},
                  {word(rows), word(part.rows), word(part.first), word(c.out[1]), word(panels), word(quarter), word(c.in[2]),
                   word(c.in[3]), word(c.out[2]), word(c.out[3]), word(c.w[2]), word(c.w[3]),
                   word(std::int64_t(c.attributes.stride)), word(std::int64_t(c.attributes.pad_top)),
                   word(std::int64_t(c.attributes.pad_left)), (c.bias ? 1u : 0u) | (out_plane % kRows == 0 ? 2u : 0u)},
                  linear_grid(groups * kLanes, kLanes),
                  double(rows) * double(part.rows) * double(weight->width) * 0.1});
  }
}

}  // namespace

void record_conv2d(GraphCompiler& compiler, const graph::Node& node) {
  Convolution c{compiler.shape(node.inputs[0]), compiler.shape(node.inputs[1]), compiler.shape(node.output),
                node.as<graph::Conv2dAttributes>(), compiler.read(node.inputs[0]), {}, {}};
  if (node.inputs.size() == 3) c.bias = compiler.read(node.inputs[2]);
  c.y = compiler.write(node.output);
  const auto slice = compiler.as_weight(node.inputs[1]);
  const auto texels = std::uint64_t(c.in[0] * c.in[2] * c.in[3] * ((c.in[1] + 3) / 4));
  const DeviceLimits& limits = compiler.device().limits();
  const bool fits = texels <= limits.texel_elements && texels * 16 <= limits.storage_range;
  // A slice would have to begin at a panel; networks do not slice filters.
  const bool is_whole = slice && slice->begin == 0 && slice->end == slice->shape[0];
  const ProductKernel kernel = compiler.kernels().convolution(slice ? compiler.stored_type(*slice) : graph::DType::f32);
  if (kernel == ProductKernel::texels && is_whole && fits && c.in[1] > 0) return add_texels(compiler, c, *slice);
  if (kernel == ProductKernel::tiles && c.in[1] > 0) return add_tiles(compiler, c, node.inputs[1]);
  add_plain(compiler, c, compiler.read(node.inputs[1]));
}

}  // namespace lacuna::vulkan

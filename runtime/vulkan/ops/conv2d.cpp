#include <algorithm>

#include "runtime/vulkan/ops/linear.h"
#include "runtime/vulkan/ops/op_table.h"
#include "runtime/vulkan/ops/walk.h"
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

/// Whether both pictures fit a binding.
bool fits(const DeviceLimits& limits, const graph::Shape& in, const graph::Shape& out) {
  return std::uint64_t(in.elements()) * 4 <= limits.storage_range && std::uint64_t(out.elements()) * 4 <= limits.storage_range;
}
bool fits_as_texels(const DeviceLimits& limits, const graph::Shape& in) {
  const auto texels = std::uint64_t(in[0] * in[2] * in[3] * ((in[1] + 3) / 4));
  return texels <= limits.texel_elements && texels * 16 <= limits.storage_range;
}

void add_convolution(GraphCompiler& compiler, const Convolution& c, graph::ValueId filters) {
  const auto slice = compiler.as_weight(filters);
  // A slice would have to begin at a panel; networks do not slice filters.
  const bool is_whole = slice && slice->begin == 0 && slice->end == slice->shape[0];
  const ProductKernel kernel = compiler.kernels().convolution(slice ? compiler.stored_type(*slice) : graph::DType::f32);
  const bool has_texels = fits_as_texels(compiler.device().limits(), c.in);
  if (kernel == ProductKernel::texels && is_whole && has_texels && c.in[1] > 0) return add_texels(compiler, c, *slice);
  if (kernel == ProductKernel::tiles && c.in[1] > 0) return add_tiles(compiler, c, filters);
  add_plain(compiler, c, compiler.read(filters));
}

/// Rows [begin, end) of the output of one image, from a copy of the input's rows that they see.
Convolution strip_of(const Convolution& c, std::int64_t begin, std::int64_t end) {
  Convolution strip = c;
  const std::int64_t stride = c.attributes.stride, top = begin * stride - c.attributes.pad_top;
  const std::int64_t from = std::clamp<std::int64_t>(top, 0, c.in[2] - 1);
  const std::int64_t to = std::clamp<std::int64_t>((end - 1) * stride - c.attributes.pad_top + c.w[2], from + 1, c.in[2]);
  strip.attributes.pad_top = decltype(strip.attributes.pad_top)(from - top);
  strip.in = {1, c.in[1], to - from, c.in[3]};
  strip.out = {1, c.out[1], end - begin, c.out[3]};
  return strip;
}

/// Strips of each image whose input and output fit.
void add_by_strips(GraphCompiler& compiler, const Convolution& c, graph::ValueId filters, bool in_texels) {
  const DeviceLimits& limits = compiler.device().limits();
  const auto fitting = [&](const Convolution& strip) {
    return fits(limits, strip.in, strip.out) && (!in_texels || fits_as_texels(limits, strip.in));
  };
  std::int64_t step = c.out[2];
  // A strip in the middle sees most; a single row that does not fit is refused with its numbers.
  const auto largest = [&](std::int64_t rows) { return strip_of(c, (c.out[2] - rows) / 2, (c.out[2] - rows) / 2 + rows); };
  while (step > 1 && !fitting(largest(step))) step = (step + 1) / 2;
  const std::int64_t plane = c.in[2] * c.in[3], out_plane = c.out[2] * c.out[3];
  for (std::int64_t image = 0; image < c.out[0]; ++image) {
    for (std::int64_t begin = 0; begin < c.out[2]; begin += step) {
      Convolution strip = strip_of(c, begin, std::min(begin + step, c.out[2]));
      const std::int64_t rows = strip.in[2] * strip.in[3], out_rows = strip.out[2] * strip.out[3];
      const std::int64_t top = begin * std::int64_t(c.attributes.stride) - c.attributes.pad_top + strip.attributes.pad_top;
      strip.x = compiler.scratch(VkDeviceSize(strip.in.elements()) * 4);
      strip.y = compiler.scratch(VkDeviceSize(strip.out.elements()) * 4);
      Walk in, out;
      in.from_offset = image * c.in[1] * plane + top * c.in[3];
      in.axis(c.in[1], plane, rows);
      in.axis(rows, 1, 1);
      add_walk(compiler, in, c.x, strip.x);
      add_convolution(compiler, strip, filters);
      out.to_offset = image * c.out[1] * out_plane + begin * c.out[3];
      out.axis(c.out[1], out_rows, out_plane);
      out.axis(out_rows, 1, 1);
      add_walk(compiler, out, strip.y, c.y);
    }
  }
}

}  // namespace

void record_conv2d(GraphCompiler& compiler, const graph::Node& node) {
  Convolution c{compiler.shape(node.inputs[0]), compiler.shape(node.inputs[1]), compiler.shape(node.output),
                node.as<graph::Conv2dAttributes>(), compiler.read(node.inputs[0]), {}, {}};
  if (node.inputs.size() == 3) c.bias = compiler.read(node.inputs[2]);
  c.y = compiler.write(node.output);
  const DeviceLimits& limits = compiler.device().limits();
  const auto slice = compiler.as_weight(node.inputs[1]);
  const auto stored = slice ? compiler.stored_type(*slice) : graph::DType::f32;
  const bool in_texels = compiler.kernels().convolution(stored) == ProductKernel::texels;
  const bool whole = fits(limits, c.in, c.out) && (!in_texels || fits_as_texels(limits, c.in));
  if (whole || c.in[1] == 0 || c.out.elements() == 0) return add_convolution(compiler, c, node.inputs[1]);
  add_by_strips(compiler, c, node.inputs[1], in_texels);
}

}  // namespace lacuna::vulkan

#include "runtime/vulkan/ops/narrow_product.h"

#include <algorithm>

#include "fusion/graph/block_format.h"
#include "runtime/vulkan/cooperative_tile.h"
#include "runtime/vulkan/panels.h"

namespace lacuna::vulkan {
namespace {

constexpr std::int64_t kLanes = 8, kRows = 8;  // of panels.glsl

/// Layers smaller than this stay in f32, as on the CPU engine: they cost little and lose most by int8.
constexpr std::int64_t kSmallestDepth = 128, kSmallestColumns = 64;
/// Sums of products of codes fit 32 bits.
constexpr std::int64_t kLargestDepth = 100000;

/// All rows of x, narrowed once for all products that read it.
NarrowRows narrow_rows(GraphCompiler& compiler, const Operand& x, std::int64_t inner, Narrow narrow) {
  const GraphCompiler::NarrowKey place{x.buffer, x.offset, x.bytes, inner, narrow};
  auto& made = compiler.narrowed();
  if (const auto found = made.find(place); found != made.end()) return found->second;
  const std::int64_t rows = std::int64_t(x.bytes) / (4 * inner);
  const std::int64_t block = std::max<std::int64_t>(32, (inner + 31) / 32), blocks = (inner + block - 1) / block;
  const std::int64_t words = row_words(narrow, inner);
  const Operand peaks = compiler.scratch(VkDeviceSize(rows * blocks) * 4);
  NarrowRows result{compiler.scratch(VkDeviceSize(rows * words) * 4), compiler.scratch(VkDeviceSize(rows) * 4)};
  const auto push = [&](std::int64_t count) {
    return std::vector<std::uint32_t>{word(count), word(inner), word(blocks), word(block), word(words)};
  };
  compiler.add({&compiler.pipeline({"narrow_rows_peaks", storage_bindings(2), 20, {}}),
                {{x}, {peaks, Access::write}},
                push(rows * blocks),
                linear_grid(rows * blocks, 64),
                double(rows * inner) * 2});
  const char* shader = narrow == Narrow::codes ? "narrow_rows_i8" : "narrow_rows_f16";
  compiler.add({&compiler.pipeline({shader, storage_bindings(4), 20, {}}),
                {{x}, {peaks}, {result.words, Access::write}, {result.scale, Access::write}},
                push(rows * words),
                linear_grid(rows * words, 64),
                double(rows * (inner + words * blocks)) * 2});
  return made.emplace(place, result).first->second;
}

void add_tiles(GraphCompiler& compiler, const Product& p, const GraphCompiler::WeightSlice& slice, Narrow narrow,
               const std::string& shader) {
  const std::int64_t inner = slice.shape[1], columns = slice.end - slice.begin;
  const auto weight = narrow_weight(compiler.weights(), compiler.source(), slice.name, slice.shape, narrow);
  const NarrowRows x = narrow_rows(compiler, p.x, inner, narrow);
  const std::int64_t words = row_words(narrow, inner);
  for (const WeightPart& part : weight->parts) {
    const std::int64_t begin = std::max(part.first, slice.begin), end = std::min(part.first + part.rows, slice.end);
    if (begin >= end) continue;
    const std::uint32_t tile = tile_of(compiler, p.rows, end - begin);
    const std::int64_t side = 16 * std::int64_t(tile);
    const std::int64_t groups = ((p.rows + side - 1) / side) * ((end - begin + side - 1) / side);
    compiler.add({&compiler.pipeline({shader, storage_bindings(6), 32, {p.bias ? 1u : 0u, tile}}),
                  {{x.words},
                   {x.scale},
                   {compiler.fixed(part.buffer)},
                   {compiler.fixed(weight->row_scale)},
                   {p.bias ? *p.bias : p.x},
                   {p.y, Access::write}},
                  {word(p.rows), word(p.first_row), word(words), word(end - begin), word(begin - part.first), word(begin),
                   word(begin - slice.begin), word(columns)},
                  linear_grid(groups * 256, 256),
                  double(p.rows) * double(end - begin) * double(inner) * 0.1});
  }
}

/// Rows of a weight in one buffer, and where the factors of its rows are.
struct NarrowPart {
  Operand operand;
  std::int64_t skip = 0;   // rows of the buffer before the first wanted one
  std::int64_t first = 0;  // column of the product
  std::int64_t rows = 0;
  Operand scale;
  std::int64_t scale_skip = 0;
};

/// Codes of 8 bits and blocks as they are stored, which are widened on the way to a multiplication; all else in f16.
std::vector<NarrowPart> parts_for_matrices(GraphCompiler& compiler, const Product& p, const GraphCompiler::WeightSlice& slice) {
  const graph::DType stored = compiler.stored_type(slice);
  std::vector<NarrowPart> parts;
  if (stored != graph::DType::i8 && !graph::is_block_quantised(stored)) {
    const auto weight = narrow_weight(compiler.weights(), compiler.source(), slice.name, slice.shape, Narrow::halves);
    for (const WeightPart& part : weight->parts) {
      const std::int64_t begin = std::max(part.first, slice.begin), end = std::min(part.first + part.rows, slice.end);
      if (begin >= end) continue;
      parts.push_back({compiler.fixed(part.buffer), begin - part.first, begin - slice.begin, end - begin,
                       compiler.fixed(weight->row_scale), begin});
    }
    return parts;
  }
  const Matrix w = compiler.matrix(p.weight);
  const Operand scale = w.row_scale ? *w.row_scale
                                    : compiler.fixed(block_bound(compiler.weights(), compiler.source(), slice.name, slice.shape)->row_scale);
  for (const MatrixPart& part : w.parts) {
    parts.push_back({part.operand, part.skip, part.first, part.rows, scale, w.scale_skip + part.first});
  }
  return parts;
}

void add_cooperative(GraphCompiler& compiler, const Product& p, const GraphCompiler::WeightSlice& slice) {
  const DeviceInfo& device = compiler.device().info();
  const KernelChoice& kernels = compiler.kernels();
  const graph::DType stored = compiler.stored_type(slice);
  const std::int64_t inner = slice.shape[1], columns = slice.end - slice.begin;
  const NarrowRows x = narrow_rows(compiler, p.x, inner, Narrow::halves);
  std::string shader = "product_cooperative_";
  if (stored == graph::DType::i8 || graph::is_block_quantised(stored)) shader += stored_suffix(stored) + "_";
  shader += device.cooperative.dialect == CooperativeMatrix::Dialect::khr ? "khr" : "nv";
  for (const NarrowPart& part : parts_for_matrices(compiler, p, slice)) {
    const bool wide = p.rows >= std::int64_t(kernels.wide_matrix_rows) && part.rows >= std::int64_t(kernels.wide_matrix_columns);
    const CooperativeTile tile = cooperative_tile(device, wide ? TileSize::wide : TileSize::narrow);
    Kernel kernel{shader, storage_bindings(6), 32,
                  {tile.threads, p.bias ? 1u : 0u, device.cooperative.m, device.cooperative.n, device.cooperative.k, tile.down,
                   tile.across, tile.matrices_down, tile.matrices_across, tile.depth}};
    kernel.subgroup_size = device.limits.subgroup_size;
    kernel.full_subgroups = true;
    const std::int64_t groups = ((p.rows + tile.rows - 1) / tile.rows) * ((part.rows + tile.columns - 1) / tile.columns);
    compiler.add({&compiler.pipeline(kernel),
                  {{x.words}, {x.scale}, {part.operand}, {part.scale}, {p.bias ? *p.bias : p.x}, {p.y, Access::write}},
                  {word(p.rows), word(p.first_row), word(inner), word(part.rows), word(part.skip), word(part.scale_skip),
                   word(part.first), word(columns)},
                  linear_grid(groups * tile.threads, tile.threads),
                  double(p.rows) * double(part.rows) * double(inner) * 0.05});
  }
}

/// For software Vulkan, where codes are multiplied as floats: sums of whole numbers, exact up to 2^24.
void add_texels(GraphCompiler& compiler, const Product& p, const GraphCompiler::WeightSlice& slice) {
  const std::int64_t inner = slice.shape[1], quarter = (inner + 3) / 4, columns = slice.end - slice.begin;
  const auto weight = coded_panels_of(compiler.weights(), compiler.source(), slice.name, slice.shape,
                                      compiler.device().limits().texel_elements);
  const NarrowRows x = narrow_rows(compiler, p.x, inner, Narrow::codes);
  for (const WeightPart& part : weight->parts) {
    const auto [begin, end, first_panel, lead, panels] = cut_panels(part, slice.begin, slice.end);
    if (begin >= end) continue;
    const std::int64_t first_column = begin - slice.begin, count = end - begin;
    const bool whole = lead % 4 == 0 && count % 4 == 0 && columns % 4 == 0 && first_column % 4 == 0;
    const int tile = panels_at_a_time(panels);
    const std::int64_t groups = (p.rows + kRows - 1) / kRows * ((panels + tile - 1) / tile);
    const Kernel kernel{"product_texels_codes_" + std::to_string(tile),
                        {BindingKind::texels, BindingKind::texels, BindingKind::storage, BindingKind::storage,
                         BindingKind::storage, BindingKind::storage},
                        44,
                        {}};
    compiler.add({&compiler.pipeline(kernel),
                  {{x.words, Access::read, texel_format(graph::DType::i8)},
                   {compiler.fixed(part.buffer), Access::read, texel_format(graph::DType::i8)},
                   {compiler.fixed(weight->row_scale)},
                   {p.bias ? *p.bias : p.x},
                   {p.y, Access::write},
                   {x.scale}},
                  {word(p.rows), word(p.first_row), word(quarter), word(count), word(lead), word(first_panel), word(panels),
                   word(begin), word(first_column), word(columns), (p.bias ? 1u : 0u) | (whole ? 2u : 0u)},
                  linear_grid(groups * kLanes, kLanes),
                  double(p.rows) * double(count) * double(inner) * 0.1});
  }
}

/// A choice among many by their sums: narrow sums would choose others.
bool decides_argmax(const graph::Graph& graph, graph::ValueId sums) {
  const auto sole_reader = [&](graph::ValueId id) -> const graph::Node* {
    const graph::Node* reader = nullptr;
    for (const graph::Node& node : graph.nodes) {
      if (std::ranges::find(node.inputs, id) == node.inputs.end()) continue;
      if (reader != nullptr) return nullptr;
      reader = &node;
    }
    return reader;
  };
  const graph::Node* reader = sole_reader(sums);
  if (reader != nullptr && (reader->op == graph::Op::add || reader->op == graph::Op::subtract)) reader = sole_reader(reader->output);
  return reader != nullptr && reader->op == graph::Op::argmax;
}

}  // namespace

std::optional<Narrow> narrowing(const GraphCompiler& compiler, const Product& p) {
  const KernelChoice& kernels = compiler.kernels();
  if (kernels.codes == CodesKernel::none && kernels.halves == HalvesKernel::none) return std::nullopt;
  const auto slice = compiler.as_weight(p.weight);
  if (!slice || slice->shape.rank() != 2 || p.rows == 0) return std::nullopt;
  const graph::DType stored = compiler.stored_type(*slice);
  const std::int64_t inner = slice->shape[1], columns = slice->end - slice->begin;
  if (inner < 1 || inner > kLargestDepth) return std::nullopt;
  if (graph::is_block_quantised(stored) && kernels.halves != HalvesKernel::cooperative) return std::nullopt;
  if (p.decides) return std::nullopt;
  if (p.result >= 0 && decides_argmax(compiler.graph(), p.result)) return std::nullopt;
  if (kernels.halves != HalvesKernel::none) return Narrow::halves;
  if (inner < kSmallestDepth || columns < kSmallestColumns) return std::nullopt;
  if (kernels.codes_of == CodesOf::stored && stored != graph::DType::i8) return std::nullopt;
  return Narrow::codes;
}

void add_narrow_product(GraphCompiler& compiler, const Product& p, Narrow narrow) {
  const auto slice = *compiler.as_weight(p.weight);
  if (narrow == Narrow::halves && compiler.kernels().halves == HalvesKernel::cooperative) return add_cooperative(compiler, p, slice);
  if (narrow == Narrow::halves) return add_tiles(compiler, p, slice, narrow, "product_halves");
  switch (compiler.kernels().codes) {
    case CodesKernel::texels:
      return add_texels(compiler, p, slice);
    case CodesKernel::dot:
      return add_tiles(compiler, p, slice, narrow, "product_codes_dot");
    default:
      return add_tiles(compiler, p, slice, narrow, "product_codes_tiles");
  }
}

}  // namespace lacuna::vulkan

#include "runtime/vulkan/ops/narrow_product.h"

#include <algorithm>

#include "fusion/graph/block_format.h"
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
  const std::int64_t words = (inner + per_word(narrow) - 1) / per_word(narrow);
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
  const std::int64_t words = (inner + per_word(narrow) - 1) / per_word(narrow);
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
  if (graph::is_block_quantised(stored) || inner < 1 || inner > kLargestDepth) return std::nullopt;
  if (p.decides) return std::nullopt;
  if (p.result >= 0 && decides_argmax(compiler.graph(), p.result)) return std::nullopt;
  if (kernels.halves != HalvesKernel::none) return Narrow::halves;
  if (inner < kSmallestDepth || columns < kSmallestColumns) return std::nullopt;
  if (kernels.codes_of == CodesOf::stored && stored != graph::DType::i8) return std::nullopt;
  return Narrow::codes;
}

void add_narrow_product(GraphCompiler& compiler, const Product& p, Narrow narrow) {
  const auto slice = *compiler.as_weight(p.weight);
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

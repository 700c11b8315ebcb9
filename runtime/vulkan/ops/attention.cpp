#include <algorithm>

#include "runtime/vulkan/ops/linear.h"
#include "runtime/vulkan/ops/op_table.h"

namespace lacuna::vulkan {
namespace {

/// Blocks of queries of one segment: first query, queries, first row of the segment, its rows.
std::vector<std::int32_t> tasks_of(const graph::AttentionAttributes& attributes, std::int64_t queries) {
  std::vector<std::int32_t> tasks;
  std::int64_t begin = 0;
  for (std::int64_t rows : attributes.segments) {
    for (std::int64_t first = 0; first < rows; first += queries) {
      for (std::int64_t v : {begin + first, std::min(queries, rows - first), begin, rows}) tasks.push_back(std::int32_t(v));
    }
    begin += rows;
  }
  return tasks;
}

template <typename T>
Operand constant_of(GraphCompiler& compiler, const std::vector<T>& values) {
  return compiler.constant(std::as_bytes(std::span(values)));
}

struct Heads {
  std::int64_t rows, heads, kv_heads, head_dim;
  float scale;
};

/// About how many multiply-adds, for the first plan of submits.
double work_of(const graph::AttentionAttributes& attributes, const Heads& h) {
  double pairs = 0.0;
  for (std::int64_t n : attributes.segments) pairs += double(n) * double(n);
  return pairs * double(h.heads) * double(h.head_dim) * 0.4;
}

/// COLUMNS of attention_lanes.comp: four where the keys of most segments fill them. The costs are those of a pass over 32
/// and 128 keys on software Vulkan; with the widest heads four columns leave no registers.
std::int64_t columns_for(const graph::AttentionAttributes& attributes, std::int64_t width) {
  constexpr std::int64_t kCostOfOne = 3, kCostOfFour = 7;
  std::int64_t one = 0, four = 0;
  for (std::int64_t n : attributes.segments) {
    one += n * kCostOfOne * ((n + 31) / 32);
    four += n * kCostOfFour * ((n + 127) / 128);
  }
  return width < 8 && four < one ? 4 : 1;
}

void add_lanes(GraphCompiler& compiler, const graph::Node& node, const Heads& h) {
  constexpr std::int64_t kQueries = 8, kLanes = 8;  // of attention_lanes.comp
  const auto& attributes = node.as<graph::AttentionAttributes>();
  const auto tasks = tasks_of(attributes, kQueries);
  // Keys side by side; each segment begins at a texel of its own.
  std::vector<std::int32_t> row_of, first_texel;
  std::int32_t row = 0;
  for (std::int64_t n : attributes.segments) {
    for (std::int64_t first = 0; first < n; first += kQueries) first_texel.push_back(std::int32_t(row_of.size() / 4));
    for (std::int64_t i = 0; i < n; ++i) row_of.push_back(row++);
    row_of.resize((row_of.size() + 3) / 4 * 4, -1);
  }
  const std::int64_t quarter = (h.head_dim + 3) / 4, places = std::int64_t(row_of.size());
  const auto rows_of = [&](graph::ValueId id, std::int64_t heads) {
    Operand x = compiler.read(id);
    if (h.head_dim % 4 != 0) {
      const std::int64_t rows = h.rows * heads;
      x = pack_rows(compiler, x, {rows, h.head_dim, rows, 0, h.head_dim, 1});
    }
    x.bytes = VkDeviceSize(h.rows * heads * quarter) * 16;
    return x;
  };
  const Operand keys = compiler.scratch(VkDeviceSize(h.kv_heads * quarter * 4 * places) * 4);
  const std::int64_t count = h.kv_heads * quarter * 4 * places;
  const Kernel pack{"pack_keys", storage_bindings(3), 20, {}};
  compiler.add({&compiler.pipeline(pack),
                {{compiler.read(node.inputs[1])}, {constant_of(compiler, row_of)}, {keys, Access::write}},
                {word(count), word(places), word(h.kv_heads), word(h.head_dim), word(quarter * 4)},
                linear_grid(count, kLanes),
                double(count) * 2});
  const std::int64_t values = (quarter + kLanes - 1) / kLanes, task_count = std::int64_t(tasks.size()) / 4;
  const std::int64_t width = values <= 2 ? values : values <= 4 ? 4 : 8;
  const Kernel kernel{"attention_lanes_" + std::to_string(width) + "_" + std::to_string(columns_for(attributes, width)),
                      {BindingKind::texels, BindingKind::texels, BindingKind::texels, BindingKind::storage,
                       BindingKind::storage, BindingKind::storage},
                      28,
                      {},
                      std::uint32_t(kLanes)};
  constexpr VkFormat kTexels = VK_FORMAT_R32G32B32A32_SFLOAT;
  compiler.add({&compiler.pipeline(kernel),
                {{rows_of(node.inputs[0], h.heads), Access::read, kTexels},
                 {keys, Access::read, kTexels},
                 {rows_of(node.inputs[2], h.kv_heads), Access::read, kTexels},
                 {constant_of(compiler, tasks)},
                 {constant_of(compiler, first_texel)},
                 {compiler.write(node.output), Access::write}},
                {word(task_count), word(h.heads), word(h.kv_heads), word(h.head_dim), word(quarter), word(places / 4),
                 word(h.scale)},
                linear_grid(task_count * h.heads * kLanes, kLanes),
                work_of(attributes, h)});
}

void add_tiles(GraphCompiler& compiler, const graph::Node& node, const Heads& h) {
  constexpr std::int64_t kQueries = 32, kInvocations = 128, kChunk = 64;  // of attention_tiles.comp
  const auto& attributes = node.as<graph::AttentionAttributes>();
  const auto tasks = tasks_of(attributes, kQueries);
  const std::int64_t task_count = std::int64_t(tasks.size()) / 4, chunks = (h.head_dim + kChunk - 1) / kChunk;
  const Kernel kernel{"attention_tiles_" + std::to_string(chunks <= 2 ? chunks : 4), storage_bindings(5), 20, {}};
  compiler.add({&compiler.pipeline(kernel),
                {{compiler.read(node.inputs[0])},
                 {compiler.read(node.inputs[1])},
                 {compiler.read(node.inputs[2])},
                 {constant_of(compiler, tasks)},
                 {compiler.write(node.output), Access::write}},
                {word(task_count), word(h.heads), word(h.kv_heads), word(h.head_dim), word(h.scale)},
                linear_grid(task_count * h.heads * kInvocations, kInvocations),
                work_of(attributes, h)});
}

}  // namespace

void record_attention(GraphCompiler& compiler, const graph::Node& node) {
  const auto& attributes = node.as<graph::AttentionAttributes>();
  const graph::Shape& shape = compiler.shape(node.inputs[0]);
  const Heads h{shape[0], attributes.heads, attributes.kv_heads, shape[1] / attributes.heads, attributes.scale};
  compiler.kernels().attention == AttentionKernel::lanes ? add_lanes(compiler, node, h) : add_tiles(compiler, node, h);
}

}  // namespace lacuna::vulkan

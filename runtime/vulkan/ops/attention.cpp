#include <algorithm>

#include "runtime/vulkan/ops/linear.h"
#include "runtime/vulkan/ops/op_table.h"
#include "runtime/vulkan/ops/walk.h"

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

struct Operands {
  Operand q, k, v, y;
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

void add_lanes(GraphCompiler& compiler, const graph::AttentionAttributes& attributes, const Heads& h, const Operands& o) {
  constexpr std::int64_t kQueries = 8, kLanes = 8;  // of attention_lanes.comp
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
  const auto rows_of = [&](Operand x, std::int64_t heads) {
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
                {{o.k}, {constant_of(compiler, row_of)}, {keys, Access::write}},
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
                {{rows_of(o.q, h.heads), Access::read, kTexels},
                 {keys, Access::read, kTexels},
                 {rows_of(o.v, h.kv_heads), Access::read, kTexels},
                 {constant_of(compiler, tasks)},
                 {constant_of(compiler, first_texel)},
                 {o.y, Access::write}},
                {word(task_count), word(h.heads), word(h.kv_heads), word(h.head_dim), word(quarter), word(places / 4),
                 word(h.scale)},
                linear_grid(task_count * h.heads * kLanes, kLanes),
                work_of(attributes, h)});
}

void add_tiles(GraphCompiler& compiler, const graph::AttentionAttributes& attributes, const Heads& h, const Operands& o) {
  constexpr std::int64_t kQueries = 32, kInvocations = 128, kChunk = 64;  // of attention_tiles.comp
  const auto tasks = tasks_of(attributes, kQueries);
  const std::int64_t task_count = std::int64_t(tasks.size()) / 4, chunks = (h.head_dim + kChunk - 1) / kChunk;
  const Kernel kernel{"attention_tiles_" + std::to_string(chunks <= 2 ? chunks : 4), storage_bindings(5), 20, {}};
  compiler.add({&compiler.pipeline(kernel),
                {{o.q},
                 {o.k},
                 {o.v},
                 {constant_of(compiler, tasks)},
                 {o.y, Access::write}},
                {word(task_count), word(h.heads), word(h.kv_heads), word(h.head_dim), word(h.scale)},
                linear_grid(task_count * h.heads * kInvocations, kInvocations),
                work_of(attributes, h)});
}

void add_attention(GraphCompiler& compiler, const graph::AttentionAttributes& attributes, const Heads& h, const Operands& o) {
  const bool lanes = compiler.kernels().attention == AttentionKernel::lanes;
  lanes ? add_lanes(compiler, attributes, h, o) : add_tiles(compiler, attributes, h, o);
}

/// Heads [first, first + count) of rows of `heads` heads, as rows of their own.
Operand heads_of(GraphCompiler& compiler, const Operand& x, const Heads& h, std::int64_t heads, std::int64_t first, std::int64_t count) {
  const Operand part = compiler.scratch(VkDeviceSize(h.rows * count * h.head_dim) * 4);
  Walk walk;
  walk.from_offset = first * h.head_dim;
  walk.axis(h.rows, heads * h.head_dim, count * h.head_dim);
  walk.axis(count * h.head_dim, 1, 1);
  add_walk(compiler, walk, x, part);
  return part;
}

/// Values larger than a binding: some heads at a time, `together` of them, which share keys or are whole groups that do.
void add_by_heads(GraphCompiler& compiler, const graph::AttentionAttributes& attributes, const Heads& h, const Operands& o,
                  std::int64_t together) {
  const std::int64_t group = h.heads / h.kv_heads;
  for (std::int64_t first = 0; first < h.heads;) {
    // Not over the end of a group unless whole groups fit.
    const std::int64_t left = together >= group ? h.heads - first : group - first % group, count = std::min(together, left);
    Heads some = h;
    some.heads = count;
    some.kv_heads = std::max<std::int64_t>(1, count / group);
    const Operands part{heads_of(compiler, o.q, h, h.heads, first, count),
                        heads_of(compiler, o.k, h, h.kv_heads, first / group, some.kv_heads),
                        heads_of(compiler, o.v, h, h.kv_heads, first / group, some.kv_heads),
                        compiler.scratch(VkDeviceSize(h.rows * count * h.head_dim) * 4)};
    add_attention(compiler, attributes, some, part);
    Walk back;
    back.to_offset = first * h.head_dim;
    back.axis(h.rows, count * h.head_dim, h.heads * h.head_dim);
    back.axis(count * h.head_dim, 1, 1);
    add_walk(compiler, back, part.y, o.y);
    first += count;
  }
}

}  // namespace

void record_attention(GraphCompiler& compiler, const graph::Node& node) {
  const auto& attributes = node.as<graph::AttentionAttributes>();
  const graph::Shape& shape = compiler.shape(node.inputs[0]);
  const Heads h{shape[0], attributes.heads, attributes.kv_heads, shape[1] / attributes.heads, attributes.scale};
  const Operands operands{compiler.read(node.inputs[0]), compiler.read(node.inputs[1]), compiler.read(node.inputs[2]),
                          compiler.write(node.output)};
  const DeviceLimits& limits = compiler.device().limits();
  std::int64_t range = std::int64_t(limits.storage_range) / 4, of_head = h.rows * h.head_dim;
  if (compiler.kernels().attention == AttentionKernel::lanes) {
    // In whole texels, and for each segment up to three keys that are none.
    range = std::min(std::int64_t(limits.storage_range) / 16, std::int64_t(limits.texel_elements));
    of_head = (h.rows + 3 * std::int64_t(attributes.segments.size())) * ((h.head_dim + 3) / 4);
  }
  const std::int64_t fitting = range / std::max<std::int64_t>(1, of_head), group = h.heads / h.kv_heads;
  if (fitting >= h.heads) return add_attention(compiler, attributes, h, operands);
  add_by_heads(compiler, attributes, h, operands, fitting >= group ? fitting / group * group : std::max<std::int64_t>(1, fitting));
}

}  // namespace lacuna::vulkan

#include "runtime/vulkan/ops/draw.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "runtime/vulkan/ops/linear.h"
#include "runtime/vulkan/ops/op_table.h"
#include "runtime/vulkan/ops/walk.h"

namespace lacuna::vulkan {
namespace {

constexpr std::int64_t kPeakBytes = 16, kSumBytes = 24;  // of a block: kPeakWords, kSumWords of draw.glsl
constexpr std::int64_t kMostBlocks = 64, kLeastBlock = 256;

/// Rows whose logits are there at one time: bounded memory.
std::int64_t rows_at_a_time(const GraphCompiler& compiler, std::int64_t rows, std::int64_t classes) {
  constexpr std::int64_t kLogitBytes = std::int64_t{48} << 20, kUnit = 64;
  const std::int64_t row_bytes = std::max<std::int64_t>(1, classes) * 4;
  const auto limit = std::min(kLogitBytes, std::int64_t(compiler.device().limits().storage_range));
  const std::int64_t most = std::max<std::int64_t>(1, limit / row_bytes);
  return std::min(rows, most >= kUnit ? most / kUnit * kUnit : most);
}

}  // namespace

void check_sampling(GraphCompiler& compiler, graph::ValueId sampling) {
  const auto position = compiler.input_position(sampling);
  if (!position) return;
  compiler.add_check([position = *position](std::span<const graph::HostTensor> inputs) {
    const auto p = inputs[position].f32();
    const auto require = [](bool ok, const char* expected, float got) {
      if (!ok) throw std::invalid_argument("[draw] expected " + std::string(expected) + ", got " + std::to_string(got));
    };
    require(std::isfinite(p[0]) && p[0] >= 0.0f, "a finite temperature >= 0", p[0]);
    require(std::isfinite(p[1]), "a finite guidance scale", p[1]);
    require(p[2] >= 0.0f, "top-k >= 0", p[2]);
    require(p[3] >= 0.0f && p[3] <= 1.0f, "top-p in [0, 1]", p[3]);
  });
}

void add_draw(GraphCompiler& compiler, const Draw& d) {
  const std::int64_t blocks = std::clamp<std::int64_t>((d.classes + kLeastBlock - 1) / kLeastBlock, 1, kMostBlocks);
  const std::int64_t block = (d.classes + blocks - 1) / blocks;
  const Operand peaks = compiler.scratch(VkDeviceSize(d.rows * blocks * kPeakBytes));
  const Operand sums = compiler.scratch(VkDeviceSize(d.rows * blocks * kSumBytes));
  const std::vector<std::uint32_t> push{word(d.rows), word(d.first_row), word(d.classes), word(block), word(blocks)};
  std::vector<std::uint32_t> constants{d.unconditional ? 1u : 0u};
  const std::vector<Binding> shared{{d.logits}, {d.unconditional ? *d.unconditional : d.logits}, {d.sampling}, {d.keys}};
  const auto pass = [&](const char* shader, std::vector<Binding> more, std::int64_t invocations, std::uint32_t local,
                        double work) {
    std::vector<Binding> bindings = shared;
    bindings.insert(bindings.end(), more.begin(), more.end());
    const Kernel kernel{shader, storage_bindings(bindings.size()), 20, constants, constants.size() > 1 ? local : 0};
    compiler.add({&compiler.pipeline(kernel), std::move(bindings), push, linear_grid(invocations, local), work});
  };
  const double all = double(d.rows) * double(d.classes);
  pass("draw_peaks", {{peaks, Access::write}}, d.rows * blocks, 8, 4 * all);
  pass("draw_sums", {{peaks}, {sums, Access::write}}, d.rows * blocks, 8, 200 * all);
  // A filtered draw looks at every class many times; the first run tells.
  const bool by_lanes = compiler.kernels().subgroup_rows && compiler.device().features().subgroup_ballot;
  const std::uint32_t lanes = by_lanes ? compiler.device().limits().subgroup_size : 1;
  if (by_lanes) constants.push_back(lanes);
  pass(by_lanes ? "draw_pick_lanes" : "draw_pick_one", {{peaks}, {sums}, {d.proposals, Access::write}}, d.rows * lanes,
       by_lanes ? lanes : 8, 200 * all);
}

void record_draw(GraphCompiler& compiler, const graph::Node& node) {
  const std::size_t guided = node.inputs.size() == 4 ? 1 : 0;
  const graph::Shape& shape = compiler.shape(node.inputs[0]);
  check_sampling(compiler, node.inputs[1 + guided]);
  Draw draw;
  const Operand logits = compiler.read(node.inputs[0]);
  std::optional<Operand> unconditional;
  if (guided) unconditional = compiler.read(node.inputs[1]);
  draw.sampling = compiler.read(node.inputs[1 + guided]);
  draw.keys = compiler.read(node.inputs[2 + guided]);
  draw.proposals = compiler.write(node.output);
  draw.classes = shape[1];
  const std::int64_t step = rows_at_a_time(compiler, shape[0], shape[1]);
  for (std::int64_t row = 0; row < shape[0]; row += step) {
    draw.first_row = row;
    draw.rows = std::min(step, shape[0] - row);
    const auto part = [&](const Operand& whole) {
      const Operand there = rows_of(whole, row, draw.rows, shape[1]);
      if (there.offset % compiler.device().limits().alignment == 0) return there;
      const Operand copy = compiler.scratch(there.bytes);
      Walk walk;
      walk.from_offset = row * shape[1];
      walk.axis(draw.rows * shape[1], 1, 1);
      add_walk(compiler, walk, whole, copy);
      return copy;
    };
    draw.logits = part(logits);
    draw.unconditional.reset();
    if (unconditional) draw.unconditional = part(*unconditional);
    add_draw(compiler, draw);
  }
}

void record_propose(GraphCompiler& compiler, const graph::Node& node) {
  const std::size_t guided = node.inputs.size() == 5 ? 1 : 0;
  check_sampling(compiler, node.inputs[2 + guided]);
  const std::int64_t rows = compiler.shape(node.output)[0];
  Product product;
  product.weight = node.inputs[1 + guided];
  Draw draw;
  draw.sampling = compiler.read(node.inputs[2 + guided]);
  draw.keys = compiler.read(node.inputs[3 + guided]);
  draw.proposals = compiler.write(node.output);
  draw.classes = compiler.shape(product.weight)[0];
  const std::int64_t step = rows_at_a_time(compiler, rows, draw.classes);
  for (std::int64_t row = 0; row < rows; row += step) {
    product.first_row = draw.first_row = row;
    product.rows = draw.rows = std::min(step, rows - row);
    const auto logits_of = [&](graph::ValueId hidden) {
      product.x = compiler.read(hidden);
      product.y = compiler.scratch(VkDeviceSize(draw.rows * draw.classes * 4));
      add_product(compiler, product);
      return product.y;
    };
    draw.logits = logits_of(node.inputs[0]);
    if (guided) draw.unconditional = logits_of(node.inputs[1]);
    add_draw(compiler, draw);
  }
}

}  // namespace lacuna::vulkan

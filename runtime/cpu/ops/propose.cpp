#include <algorithm>

#include "runtime/cpu/draw.h"
#include "runtime/cpu/ops/op_table.h"
#include "runtime/cpu/parallel.h"
#include "runtime/cpu/tiled_linear.h"

namespace lacuna::cpu {

using graph::Node;

namespace {

/// Logits exist for one chunk of rows at a time, in at most this much memory.
constexpr std::int64_t kLogitBytes = 16 << 20;

/// The runtime side of `draw`: its parameters, keys and result, and scratch for each thread.
class Draw {
 public:
  Draw(GraphCompiler& compiler, const Node& node, std::int64_t classes)
      : sampling_(compiler.read(node.inputs[node.inputs.size() - 2], Storage::f32)),
        keys_(compiler.read(node.inputs.back(), Storage::i32)),
        out_(compiler.write(node.output, Storage::f32)),
        classes_(classes),
        scratch_(std::size_t(compiler.machine().threads)) {
    for (DrawScratch& scratch : scratch_) scratch.reserve(std::size_t(classes));
  }

  std::vector<BufferId> reads() const { return {sampling_.buffer, keys_.buffer}; }
  BufferId out() const { return out_.buffer; }

  graph::SamplingParameters parameters(const RunContext& context) const {
    const float* p = context.at<float>(sampling_);
    const graph::SamplingParameters parameters{p[0], p[1], p[2], p[3]};
    validate(parameters);
    return parameters;
  }

  /// Draws rows [begin, begin + rows); `logits` and `unconditional` (null without) start at row `begin`.
  void run(const RunContext& context, std::int64_t begin, std::int64_t rows, const float* logits,
           const float* unconditional) {
    const graph::SamplingParameters p = parameters(context);
    const auto* keys = context.at<std::int32_t>(keys_);
    auto* proposals = context.at<graph::Proposal>(out_);
    const auto width = std::size_t(classes_);
    parallel_for(context.workers, rows, [&](std::int64_t r, int thread) {
      const std::int32_t* k = keys + (begin + r) * 5;
      const DrawKey key{std::uint32_t(k[0]), std::uint32_t(k[1]), std::uint32_t(k[2]), std::uint32_t(k[3]), k[4]};
      const std::size_t at = std::size_t(r) * width;
      proposals[begin + r] =
          draw_row({logits + at, width}, unconditional == nullptr ? std::span<const float>() : std::span(unconditional + at, width),
                   p, key, scratch_[std::size_t(thread)]);
    });
  }

 private:
  Operand sampling_, keys_, out_;
  std::int64_t classes_;
  std::vector<DrawScratch> scratch_;
};

ProductType head_type(const Machine& machine, std::int64_t depth) {
  if (machine.precision == Precision::int8 && depth >= 128) return ProductType::int8;
  return machine.precision != Precision::f32 && machine.features.bf16_dot ? ProductType::bf16 : ProductType::f32;
}

/// One branch: its hidden rows and its logits.
struct Branch {
  LeftRows left;
  Operand logits;
  std::shared_ptr<TiledLinear> product;
};

Branch make_branch(GraphCompiler& compiler, graph::ValueId hidden, const std::shared_ptr<const PackedWeight>& head,
                   std::int64_t chunk_rows) {
  Branch branch{LeftRows(compiler, hidden, head->type()), {}, nullptr};
  const graph::Shape shape{chunk_rows, head->columns()};
  branch.logits = {compiler.scratch(std::size_t(shape.elements()) * sizeof(float)), 0, shape, Storage::f32, Layout::plain};
  LinearJob job;
  job.weight = head;
  job.out = branch.logits;
  branch.product = std::make_shared<TiledLinear>(std::vector{job}, compiler.machine().threads);
  return branch;
}

}  // namespace

void emit_draw(GraphCompiler& compiler, const Node& node) {
  const Operand logits = compiler.read(node.inputs[0], Storage::f32);
  std::optional<Operand> unconditional;
  if (node.inputs.size() == 4) unconditional = compiler.read(node.inputs[1], Storage::f32);
  auto draw = std::make_shared<Draw>(compiler, node, logits.shape[1]);
  std::vector<BufferId> reads = draw->reads();
  reads.push_back(logits.buffer);
  if (unconditional) reads.push_back(unconditional->buffer);
  compiler.add_step(reads, {draw->out()}, [=](const RunContext& context) {
    draw->run(context, 0, logits.shape[0], context.at<float>(logits),
              unconditional ? context.at<float>(*unconditional) : nullptr);
  });
}

void emit_propose(GraphCompiler& compiler, const Node& node) {
  const bool guided = node.inputs.size() == 5;
  const WeightSlice slice = *compiler.as_weight(node.inputs[node.inputs.size() - 3]);
  const auto head =
      compiler.weights().packed(compiler.source(), slice, head_type(compiler.machine(), slice.shape[1]));
  compiler.keep_alive(head);

  const std::int64_t rows = compiler.shape(node.inputs[0])[0], row_bytes = head->columns() * std::int64_t(sizeof(float));
  const std::int64_t tiles = (rows + TileProduct::kRows - 1) / TileProduct::kRows;
  const std::int64_t chunk_tiles =
      std::clamp<std::int64_t>(kLogitBytes / (TileProduct::kRows * row_bytes), 1, std::max<std::int64_t>(tiles, 1));
  std::vector<Branch> branches;
  for (int i = 0; i <= int(guided); ++i) {
    branches.push_back(make_branch(compiler, node.inputs[std::size_t(i)], head, chunk_tiles * TileProduct::kRows));
  }
  auto draw = std::make_shared<Draw>(compiler, node, head->columns());
  const BufferId scratch = compiler.scratch(branches[0].product->scratch_bytes());

  std::vector<BufferId> reads = draw->reads(), writes{draw->out(), scratch};
  for (const Branch& branch : branches) {
    reads.push_back(branch.left.input());
    writes.push_back(branch.logits.buffer);
    for (BufferId buffer : branch.left.scratch()) writes.push_back(buffer);
  }
  compiler.add_step(reads, writes, [=](const RunContext& context) {
    // The unconditional branch is work for nothing while guidance is off.
    const bool use_guidance = guided && draw->parameters(context).guidance_scale != 1.0f;
    const std::size_t used = use_guidance ? 2 : 1;
    for (std::size_t i = 0; i < used; ++i) branches[i].left.prepare(context);
    for (std::int64_t tile = 0; tile < tiles; tile += chunk_tiles) {
      const std::int64_t end = std::min(tile + chunk_tiles, tiles), first = tile * TileProduct::kRows;
      for (std::size_t i = 0; i < used; ++i) {
        branches[i].product->run(context, branches[i].left, tile, end, context.at<std::byte>(scratch));
      }
      draw->run(context, first, std::min(end * TileProduct::kRows, rows) - first, context.at<float>(branches[0].logits),
                use_guidance ? context.at<float>(branches[1].logits) : nullptr);
    }
  });
}

}  // namespace lacuna::cpu

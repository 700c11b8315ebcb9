#include <algorithm>

#include "runtime/cpu/ops/op_table.h"
#include "runtime/cpu/tiled_linear.h"

namespace lacuna::cpu {

using graph::Node;
using graph::Op;
using graph::Unary;
using graph::ValueId;

namespace {

/// Layers smaller than this stay in bf16: they cost little and lose most by int8.
constexpr std::int64_t kSmallestInt8Depth = 128;
constexpr std::int64_t kSmallestInt8Columns = 64;

ProductType product_type(const GraphCompiler& compiler, const Node& node) {
  const graph::Shape& weight = compiler.shape(node.inputs[1]);
  if (compiler.rules().selects(node)) return ProductType::f32;
  if (compiler.machine().precision == Precision::int8 && weight[1] >= kSmallestInt8Depth &&
      weight[0] >= kSmallestInt8Columns) {
    return ProductType::int8;
  }
  const bool narrow = compiler.machine().precision != Precision::f32 && compiler.machine().features.bf16_dot;
  return narrow ? ProductType::bf16 : ProductType::f32;
}

bool is_tile_activation(Unary function) {
  return function == Unary::silu || function == Unary::gelu_erf || function == Unary::gelu_tanh ||
         function == Unary::relu;
}

std::optional<Operand> read_bias(GraphCompiler& compiler, const Node& node) {
  if (node.inputs.size() < 3) return std::nullopt;
  return compiler.read(node.inputs[2], Storage::f32);
}

std::shared_ptr<const PackedWeight> pack(GraphCompiler& compiler, const Node& node, ProductType type) {
  auto weight = compiler.weights().packed(compiler.source(), *compiler.as_weight(node.inputs[1]), type);
  compiler.keep_alive(weight);
  return weight;
}

/// Layers that read the same rows with weights of the same type and are not computed yet, `node` first.
std::vector<const Node*> siblings(const GraphCompiler& compiler, const Node& node, ProductType type) {
  std::vector<const Node*> found{&node};
  for (const Node* other : compiler.rules().readers(node.inputs[0])) {
    if (other == &node || other->op != Op::linear || other->inputs[0] != node.inputs[0]) continue;
    if (compiler.is_done(*other) || !compiler.as_weight(other->inputs[1])) continue;
    if (compiler.rules().is_constant(other->output) || product_type(compiler, *other) != type) continue;
    if (other->inputs.size() == 3 && !compiler.is_ready(other->inputs[2])) continue;
    if (std::ranges::find(found, other) == found.end()) found.push_back(other);
  }
  return found;
}

/// The partner of `node` in silu(node) * up when both are among `group`.
const Node* gated_partner(const GraphCompiler& compiler, const Node& node, const std::vector<const Node*>& group) {
  const Node* reader = compiler.fusible_reader(node.output);
  if (reader == nullptr || reader->op != Op::swiglu || reader->inputs[0] != node.output) return nullptr;
  for (const Node* other : group) {
    const bool same_biases = other->inputs.size() == node.inputs.size();
    if (other->output == reader->inputs[1] && other != &node && same_biases &&
        compiler.fusible_reader(other->output) == reader) {
      return other;
    }
  }
  return nullptr;
}

/// The job of a layer, with the activation and the residual that follow it.
LinearJob make_job(GraphCompiler& compiler, const Node& node, ProductType type) {
  LinearJob job;
  job.weight = pack(compiler, node, type);
  job.bias = read_bias(compiler, node);
  ValueId result = node.output;
  const Node* reader = compiler.fusible_reader(result);
  if (reader != nullptr && reader->op == Op::unary &&
      is_tile_activation(reader->as<graph::UnaryAttributes>().function)) {
    job.activation = reader->as<graph::UnaryAttributes>().function;
    compiler.mark_done(*reader);
    result = reader->output;
    reader = compiler.fusible_reader(result);
  }
  if (reader != nullptr && reader->op == Op::add) {
    const ValueId other = reader->inputs[0] == result ? reader->inputs[1] : reader->inputs[0];
    if (other != result && compiler.is_ready(other) && compiler.shape(other) == compiler.shape(result)) {
      job.residual = compiler.read_plain(other);
      compiler.mark_done(*reader);
      result = reader->output;
    }
  }
  job.out = compiler.write(result, compiler.preferred(result));
  return job;
}

LinearJob make_gated_job(GraphCompiler& compiler, const Node& gate, const Node& up, ProductType type) {
  const Node& swiglu = *compiler.fusible_reader(gate.output);
  LinearJob job;
  job.weight = pack(compiler, gate, type);
  job.bias = read_bias(compiler, gate);
  job.up = pack(compiler, up, type);
  job.up_bias = read_bias(compiler, up);
  job.out = compiler.write(swiglu.output, compiler.preferred(swiglu.output));
  compiler.mark_done(swiglu);
  return job;
}

void collect_buffers(const LinearJob& job, std::vector<BufferId>& reads, std::vector<BufferId>& writes) {
  for (const auto& operand : {job.bias, job.residual, job.up_bias}) {
    if (operand) reads.push_back(operand->buffer);
  }
  writes.push_back(job.out.buffer);
}

}  // namespace

void emit_linear(GraphCompiler& compiler, const Node& node) {
  if (!compiler.as_weight(node.inputs[1])) return emit_matmul(compiler, node);
  const ProductType type = product_type(compiler, node);
  const auto group = siblings(compiler, node, type);
  const LeftRows left(compiler, node.inputs[0], type);

  std::vector<LinearJob> jobs;
  for (const Node* layer : group) {
    if (compiler.is_done(*layer)) continue;
    if (const Node* up = gated_partner(compiler, *layer, group)) {
      jobs.push_back(make_gated_job(compiler, *layer, *up, type));
      compiler.mark_done(*up);
    } else if (const Node* reader = compiler.fusible_reader(layer->output);
               reader != nullptr && reader->op == Op::swiglu && reader->inputs[1] == layer->output &&
               std::ranges::any_of(group, [&](const Node* gate) {
                 return gate->output == reader->inputs[0] && gated_partner(compiler, *gate, group) == layer;
               })) {
      continue;  // its gate takes it along
    } else {
      jobs.push_back(make_job(compiler, *layer, type));
    }
    compiler.mark_done(*layer);
  }

  std::vector<BufferId> reads{left.input()}, writes = left.scratch();
  for (const LinearJob& job : jobs) collect_buffers(job, reads, writes);
  auto product = std::make_shared<TiledLinear>(std::move(jobs), compiler.machine().threads);
  const BufferId scratch = compiler.scratch(product->scratch_bytes());
  writes.push_back(scratch);
  compiler.add_step(reads, writes, [left, product, scratch](const RunContext& context) {
    left.prepare(context);
    product->run(context, left, 0, left.tiles(), context.at<std::byte>(scratch));
  });
}

}  // namespace lacuna::cpu

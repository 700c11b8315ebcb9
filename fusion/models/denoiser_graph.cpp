#include "fusion/models/denoiser_graph.h"

#include <optional>
#include <stdexcept>

#include "fusion/graph/fused_ops.h"
#include "fusion/graph/graph_builder.h"

namespace lacuna::fusion {
namespace {

using graph::GraphBuilder;
using graph::Value;

BlockNames llama_block(int layer) {
  const std::string p = "model.layers." + std::to_string(layer) + ".";
  return {p + "input_layernorm",  p + "self_attn.q_proj", p + "self_attn.k_proj", p + "self_attn.v_proj",
          p + "self_attn.o_proj", p + "self_attn.q_norm", p + "self_attn.k_norm", p + "post_attention_layernorm",
          p + "mlp.gate_proj",    p + "mlp.up_proj",      p + "mlp.down_proj"};
}

void check(const TransformerConfig& config, const DenoiserShape& shape) {
  if (shape.segments.empty() || shape.text.count + shape.image.count < 1) {
    throw std::invalid_argument("[denoiser] expected at least one sequence and one row to predict");
  }
  if (shape.head == DenoiserHead::logits && (shape.text.guided || shape.image.guided)) {
    throw std::invalid_argument("[denoiser] expected no guidance where logits are asked for");
  }
  if (shape.probe_block && (*shape.probe_block < 0 || *shape.probe_block >= config.layers)) {
    throw std::invalid_argument("[denoiser] expected a block below " + std::to_string(config.layers) +
                                " to look at, got " + std::to_string(*shape.probe_block));
  }
}

/// What every head starts from.
struct HeadContext {
  const TransformerConfig& config;
  const TokenSpace& tokens;
  const DenoiserNames& names;
  const DenoiserShape& shape;
  Value x_TD;
  Value head;
  std::optional<Value> head_bias;
  std::optional<Value> condition;
};

/// The hidden states of some rows after the final norm, [M, D].
Value hidden_rows(GraphBuilder& b, const HeadContext& c, const std::string& input, std::int64_t count) {
  const Value rows = b.input(input, graph::DType::i32, {count});
  const Value x = b.gather_rows(c.x_TD, rows);
  if (!c.condition) return norm(b, c.config, c.names.final_norm, x);
  const bool same = b.shape(*c.condition)[0] == 1;
  const Value condition = same ? *c.condition : b.gather_rows(*c.condition, rows);
  const auto m = modulation(b, c.config, c.names.final_modulation, condition, 2);
  return modulated_norm(b, c.config, c.names.final_norm, x, m[0], m[1]);
}

void add_head(GraphBuilder& b, const HeadContext& c, Modality modality) {
  const HeadRows& rows = modality == Modality::text ? c.shape.text : c.shape.image;
  if (rows.count == 0) return;
  const std::string name(name_of(modality));
  const IdRange& range = c.tokens.range(modality);
  const bool whole = range.begin == 0 && range.end() == b.shape(c.head)[0];
  const Value slice = whole ? c.head : b.slice(c.head, {0, range.begin, range.end()});
  std::optional<Value> bias = c.head_bias;
  if (bias && !whole) bias = b.slice(*bias, {0, range.begin, range.end()});
  const auto logits = [&](Value x) { return bias ? b.linear(x, slice, *bias) : b.linear(x, slice); };
  const Value hidden = hidden_rows(b, c, name + "_rows", rows.count);
  if (c.shape.head == DenoiserHead::logits) {
    b.output(name + "_logits", logits(hidden));
    return;
  }
  std::optional<Value> unconditional;
  if (rows.guided) unconditional = hidden_rows(b, c, name + "_unconditional_rows", rows.count);
  const Value sampling = b.input(name + "_sampling", graph::DType::f32, {4});
  const Value keys = b.input(name + "_keys", graph::DType::i32, {rows.count, 5});
  if (!bias) {
    b.output(name + "_proposals", graph::propose(b, hidden, unconditional, slice, sampling, keys));
    return;
  }
  // The fused op has no bias: its definition, with one.
  const Value conditional = logits(hidden);
  if (unconditional) unconditional = logits(*unconditional);
  b.output(name + "_proposals", b.draw(conditional, unconditional, sampling, keys));
}

}  // namespace

DenoiserNames llama_names() { return {"model.embed_tokens.weight", "model.norm", "lm_head.weight", llama_block}; }

graph::Graph build_denoiser(const TransformerConfig& config, const TokenSpace& tokens, const DenoiserNames& names,
                            const DenoiserShape& shape) {
  check(config, shape);
  std::int64_t rows = 0;
  for (std::int64_t n : shape.segments) rows += n;
  GraphBuilder b;
  const Value ids = b.input("ids", graph::DType::i32, {rows});
  const Value positions = b.input("positions", graph::DType::i32, {rows, config.position_axes()});
  const Value embedding = b.weight(names.embedding, {config.vocabulary, config.width});
  Value x_TD = b.gather_rows(embedding, ids);
  std::optional<Value> bias;
  if (shape.bias_columns > 0) bias = b.input("attention_bias", graph::DType::f32, {rows, shape.bias_columns});
  std::optional<Value> times, condition;
  if (config.time != TimeInput::absent) times = b.input("times", graph::DType::f32, {rows, 1});
  if (config.time == TimeInput::additive) x_TD = b.add(x_TD, embed_times(b, config, *times));
  if (config.condition_width > 0) {
    condition = embed_noise(b, config, names.condition, times ? *times : b.constant({1, 1}, {0.0f}));
  }
  const BlockContext context{positions, shape.segments, bias, condition};
  std::optional<Value> probed;
  for (int layer = 0; layer < config.layers; ++layer) {
    x_TD = transformer_block(b, config, names.block(layer), context, x_TD);
    if (shape.probe_block == layer) probed = x_TD;
  }
  const Value head = config.tied_head ? embedding : b.weight(names.head, {config.vocabulary, config.width});
  std::optional<Value> head_bias;
  if (config.bias.head) head_bias = b.weight(names.head_bias, {config.vocabulary});
  const HeadContext heads{config, tokens, names, shape, x_TD, head, head_bias, condition};
  add_head(b, heads, Modality::text);
  add_head(b, heads, Modality::image);
  if (probed) b.output("hidden", *probed);
  return b.finish();
}

}  // namespace lacuna::fusion

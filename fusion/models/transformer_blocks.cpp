#include "fusion/models/transformer_blocks.h"

#include <cmath>

#include "fusion/graph/fused_ops.h"

namespace lacuna::fusion {
namespace {

using graph::GraphBuilder;
using graph::Value;

enum class Bias : bool { absent, present };

Bias bias_if(bool present) { return present ? Bias::present : Bias::absent; }

Value linear(GraphBuilder& b, const std::string& name, Value x, std::int64_t out, Bias bias) {
  const Value weight = b.weight(name + ".weight", {out, b.shape(x)[-1]});
  if (bias == Bias::absent) return b.linear(x, weight);
  return b.linear(x, weight, b.weight(name + ".bias", {out}));
}

/// Norm of every head on its own, one weight [head_dim] for all heads.
Value head_norm(GraphBuilder& b, const TransformerConfig& config, const std::string& name, Value x) {
  const graph::Shape s = b.shape(x);
  const Value heads = b.reshape(x, {s[0], s[1] / config.head_dim, config.head_dim});
  const Value weight = b.weight(name + ".weight", {config.head_dim});
  if (config.qk_norm_kind == NormKind::rms) {
    return b.reshape(graph::rms_norm(b, heads, weight, config.norm_epsilon), s);
  }
  const Value bias = b.weight(name + ".bias", {config.head_dim});
  return b.reshape(graph::layer_norm(b, heads, weight, bias, config.norm_epsilon), s);
}

Value attend(GraphBuilder& b, const TransformerConfig& config, const BlockNames& names,
             const BlockContext& context, Value n_TD) {
  const std::int64_t query_width = std::int64_t(config.heads) * config.head_dim;
  const std::int64_t key_width = std::int64_t(config.kv_heads) * config.head_dim;
  const Bias bias = bias_if(config.bias.qkv);
  Value q = linear(b, names.q, n_TD, query_width, bias);
  Value k = linear(b, names.k, n_TD, key_width, bias);
  const Value v = linear(b, names.v, n_TD, key_width, bias);
  if (config.qk_norm) {
    q = head_norm(b, config, names.q_norm, q);
    k = head_norm(b, config, names.k_norm, k);
  }
  const graph::RopeAttributes rope{config.head_dim, config.rope_sections, config.rope_theta,
                                   config.rope_layout};
  q = graph::rope(b, q, context.positions_TA, rope);
  k = graph::rope(b, k, context.positions_TA, rope);
  const float scale = 1.0f / std::sqrt(float(config.head_dim));
  const Value mixed =
      graph::attention(b, q, k, v, {config.heads, config.kv_heads, scale, context.segments}, context.attention_bias);
  return linear(b, names.attention_out, mixed, config.width, bias_if(config.bias.attention_out));
}

Value mlp(GraphBuilder& b, const TransformerConfig& config, const BlockNames& names, Value n_TD) {
  const Bias bias = bias_if(config.bias.mlp);
  const Value up = linear(b, names.up, n_TD, config.mlp_width, bias);
  Value h_TF;
  if (config.mlp == MlpKind::swiglu) {
    h_TF = graph::swiglu(b, linear(b, names.gate, n_TD, config.mlp_width, bias), up);
  } else {
    h_TF = b.unary(up, config.mlp == MlpKind::gelu_erf ? graph::Unary::gelu_erf : graph::Unary::gelu_tanh);
  }
  return linear(b, names.down, h_TF, config.width, bias);
}

}  // namespace

Value embed_times(GraphBuilder& b, const TransformerConfig& config, Value times) {
  constexpr int kFrequencies = 32;
  constexpr float kFastest = 200.0f;  // radians over the whole of [0, 1]
  std::vector<float> frequencies;
  for (int i = 0; i < kFrequencies; ++i) frequencies.push_back(std::pow(kFastest, float(i) / float(kFrequencies - 1)));
  const Value angles = b.matmul(times, b.constant({1, kFrequencies}, std::move(frequencies)));
  const Value waves[] = {b.unary(angles, graph::Unary::cos), b.unary(angles, graph::Unary::sin)};
  const Value hidden = b.unary(linear(b, "time_embed.0", b.concat(waves, 1), config.width, Bias::present), graph::Unary::silu);
  return linear(b, "time_embed.2", hidden, config.width, Bias::present);
}

Value norm(GraphBuilder& b, const TransformerConfig& config, const std::string& name, Value x) {
  const std::int64_t width = b.shape(x)[-1];
  const Value weight = b.weight(name + ".weight", {width});
  if (config.norm == NormKind::rms) return graph::rms_norm(b, x, weight, config.norm_epsilon);
  std::optional<Value> bias;
  if (config.bias.norm) bias = b.weight(name + ".bias", {width});
  return graph::layer_norm(b, x, weight, bias, config.norm_epsilon);
}

Value transformer_block(GraphBuilder& b, const TransformerConfig& config, const BlockNames& names,
                        const BlockContext& context, Value x_TD) {
  const Value n_TD = norm(b, config, names.attention_norm, x_TD);
  const Value attended = attend(b, config, names, context, n_TD);
  const Value y_TD = b.add(x_TD, attended);
  if (config.block == BlockKind::parallel) return b.add(y_TD, mlp(b, config, names, n_TD));
  return b.add(y_TD, mlp(b, config, names, norm(b, config, names.mlp_norm, y_TD)));
}

}  // namespace lacuna::fusion

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

struct Projected {
  Value q, k, v;
};

Projected project(GraphBuilder& b, const TransformerConfig& config, const BlockNames& names, Value n_TD) {
  const std::int64_t query_width = std::int64_t(config.heads) * config.head_dim;
  const std::int64_t key_width = std::int64_t(config.kv_heads) * config.head_dim;
  const Bias bias = bias_if(config.bias.qkv);
  if (names.qkv.empty()) {
    return {linear(b, names.q, n_TD, query_width, bias), linear(b, names.k, n_TD, key_width, bias),
            linear(b, names.v, n_TD, key_width, bias)};
  }
  const std::int64_t rows = query_width + 2 * key_width;
  const Value weight = b.weight(names.qkv + ".weight", {rows, config.width});
  std::optional<Value> whole;
  if (bias == Bias::present) whole = b.weight(names.qkv + ".bias", {rows});
  const auto part = [&](std::int64_t begin, std::int64_t end) {
    const Value matrix = b.slice(weight, {0, begin, end});
    return whole ? b.linear(n_TD, matrix, b.slice(*whole, {0, begin, end})) : b.linear(n_TD, matrix);
  };
  return {part(0, query_width), part(query_width, query_width + key_width), part(query_width + key_width, rows)};
}

Value attend(GraphBuilder& b, const TransformerConfig& config, const BlockNames& names,
             const BlockContext& context, Value n_TD) {
  auto [q, k, v] = project(b, config, names, n_TD);
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

/// x + gate attention(norm(x)), then x + gate mlp(norm(x)).
Value modulated_block(GraphBuilder& b, const TransformerConfig& config, const BlockNames& names,
                      const BlockContext& context, Value x_TD) {
  const auto m = modulation(b, config, names.modulation, *context.condition, 6);
  const Value attended =
      attend(b, config, names, context, modulated_norm(b, config, names.attention_norm, x_TD, m[0], m[1]));
  const Value y_TD = b.add(x_TD, b.multiply(attended, m[2]));
  const Value changed = mlp(b, config, names, modulated_norm(b, config, names.mlp_norm, y_TD, m[3], m[4]));
  return b.add(y_TD, b.multiply(changed, m[5]));
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

Value embed_noise(GraphBuilder& b, const TransformerConfig& config, const std::string& name, Value noise) {
  constexpr int kFrequencies = 128;
  std::vector<float> frequencies;
  for (int i = 0; i < kFrequencies; ++i) {
    frequencies.push_back(float(std::exp(-std::log(10000.0) * double(i) / double(kFrequencies))));
  }
  const Value angles = b.matmul(noise, b.constant({1, kFrequencies}, std::move(frequencies)));
  const Value waves[] = {b.unary(angles, graph::Unary::cos), b.unary(angles, graph::Unary::sin)};
  Value x = b.concat(waves, 1);
  for (const char* layer : {".0", ".2"}) {
    x = b.unary(linear(b, name + layer, x, config.condition_width, Bias::present), graph::Unary::silu);
  }
  return x;
}

std::vector<Value> modulation(GraphBuilder& b, const TransformerConfig& config, const std::string& name, Value condition,
                              int parts) {
  const Value all = linear(b, name, condition, std::int64_t(parts) * config.width, Bias::present);
  std::vector<Value> result;
  for (std::int64_t i = 0; i < parts; ++i) result.push_back(b.slice(all, {1, i * config.width, (i + 1) * config.width}));
  return result;
}

Value modulated_norm(GraphBuilder& b, const TransformerConfig& config, const std::string& name, Value x, Value shift,
                     Value scale) {
  const graph::Shape row{config.width};
  const Value weight = b.weight(name + ".weight", row), factor = b.affine(scale, {1.0f, 1.0f});
  if (b.shape(scale)[0] > 1) {
    const Value plain = graph::layer_norm(b, x, weight, std::nullopt, config.norm_epsilon);
    return b.add(b.multiply(plain, factor), shift);
  }
  return graph::layer_norm(b, x, b.multiply(weight, b.reshape(factor, row)), b.reshape(shift, row), config.norm_epsilon);
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
  if (context.condition) return modulated_block(b, config, names, context, x_TD);
  const Value n_TD = norm(b, config, names.attention_norm, x_TD);
  const Value attended = attend(b, config, names, context, n_TD);
  const Value y_TD = b.add(x_TD, attended);
  if (config.block == BlockKind::parallel) return b.add(y_TD, mlp(b, config, names, n_TD));
  return b.add(y_TD, mlp(b, config, names, norm(b, config, names.mlp_norm, y_TD)));
}

}  // namespace lacuna::fusion

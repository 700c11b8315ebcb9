#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fusion/graph/graph_builder.h"
#include "fusion/models/transformer_config.h"

/// Building blocks of the denoisers. Shape letters: T rows of all sequences together, D width, F mlp width,
/// A position axes. Sequences are ragged: rows of one after another, so padding is never computed.
namespace lacuna::fusion {

/// Weight names of one transformer block.
struct BlockNames {
  std::string attention_norm, q, k, v, attention_out, q_norm, k_norm;
  std::string mlp_norm, gate, up, down;
};

/// What a block needs besides its input.
struct BlockContext {
  graph::Value positions_TA;
  std::vector<std::int64_t> segments;
  std::optional<graph::Value> attention_bias = std::nullopt;  // [T, N], see graph::attention
};

/// Embedding of times f32 [T, 1] in [0, 1]: sines and cosines, then two linear layers with SiLU between them; weights
/// time_embed.0 and time_embed.2 in the manner of MDLM's sigma_map. -> [T, D]
graph::Value embed_times(graph::GraphBuilder& b, const TransformerConfig& config, graph::Value times);

/// x [T, D] -> [T, D], see BlockKind. `names` are without ".weight"/".bias"; what a config has not is not looked at.
graph::Value transformer_block(graph::GraphBuilder& b, const TransformerConfig& config, const BlockNames& names,
                               const BlockContext& context, graph::Value x_TD);

/// The config's norm, weights `name`.weight and, where the config has it, `name`.bias.
graph::Value norm(graph::GraphBuilder& b, const TransformerConfig& config, const std::string& name,
                  graph::Value x);

}  // namespace lacuna::fusion

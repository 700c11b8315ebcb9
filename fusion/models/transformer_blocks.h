#pragma once

#include <cstdint>
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
};

/// x [T, D] -> [T, D]: x + attention(norm(x)), then x + mlp(norm(x)). `names` are without ".weight"/".bias".
graph::Value transformer_block(graph::GraphBuilder& b, const TransformerConfig& config, const BlockNames& names,
                               const BlockContext& context, graph::Value x_TD);

/// The config's norm, weights `name`.weight and, where the config has it, `name`.bias.
graph::Value norm(graph::GraphBuilder& b, const TransformerConfig& config, const std::string& name,
                  graph::Value x);

}  // namespace lacuna::fusion

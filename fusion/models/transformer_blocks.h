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
  std::string qkv = {};         // where it is not empty: one matrix [q; k; v] in the place of q, k and v
  std::string modulation = {};  // of TransformerConfig::condition_width
};

/// What a block needs besides its input.
struct BlockContext {
  graph::Value positions_TA;
  std::vector<std::int64_t> segments;
  std::optional<graph::Value> attention_bias = std::nullopt;  // [T, N], see graph::attention
  std::optional<graph::Value> condition = std::nullopt;       // [T, C], or [1, C] for all rows
};

/// Embedding of times f32 [T, 1] in [0, 1]: sines and cosines, then two linear layers with SiLU between them; weights
/// time_embed.0 and time_embed.2 in the manner of MDLM's sigma_map. -> [T, D]
graph::Value embed_times(graph::GraphBuilder& b, const TransformerConfig& config, graph::Value times);

/// Condition of noise levels f32 [T, 1]: 128 cosines and 128 sines, then two linear layers, SiLU after both; weights
/// `name`.0 and `name`.2 as in MDLM and SEDD (arXiv 2406.07524, 2310.16834). -> [T, C]
graph::Value embed_noise(graph::GraphBuilder& b, const TransformerConfig& config, const std::string& name,
                         graph::Value noise);

/// The parts [R, D] that a linear layer `name` makes of a condition [R, C], R rows or one for all.
std::vector<graph::Value> modulation(graph::GraphBuilder& b, const TransformerConfig& config, const std::string& name,
                                     graph::Value condition, int parts);

/// x [R, D]: layer norm with the weight `name`.weight, times 1 + scale, plus shift. One row for all goes into the norm's
/// own weight and bias.
graph::Value modulated_norm(graph::GraphBuilder& b, const TransformerConfig& config, const std::string& name,
                            graph::Value x, graph::Value shift, graph::Value scale);

/// x [T, D] -> [T, D], see BlockKind. `names` are without ".weight"/".bias"; what a config has not is not looked at.
graph::Value transformer_block(graph::GraphBuilder& b, const TransformerConfig& config, const BlockNames& names,
                               const BlockContext& context, graph::Value x_TD);

/// The config's norm, weights `name`.weight and, where the config has it, `name`.bias.
graph::Value norm(graph::GraphBuilder& b, const TransformerConfig& config, const std::string& name,
                  graph::Value x);

}  // namespace lacuna::fusion

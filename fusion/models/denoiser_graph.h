#pragma once

#include <string>

#include "fusion/models/model_family.h"
#include "fusion/models/transformer_blocks.h"

namespace lacuna::fusion {

/// Weight names of a whole denoiser, as its checkpoints have them.
struct DenoiserNames {
  std::string embedding;   // with ".weight"
  std::string final_norm;  // without ".weight"
  std::string head;        // with ".weight"; not used where the head is tied to the embedding
  BlockNames (*block)(int layer) = nullptr;
  std::string head_bias = {};         // with ".bias", where BiasConfig::head is set
  std::string condition = {};         // of embed_noise, where TransformerConfig::condition_width is
  std::string final_modulation = {};  // the same
};

/// Names that checkpoints in the manner of Llama and Qwen share: model.embed_tokens, model.layers.i.self_attn.q_proj,
/// model.layers.i.mlp.gate_proj, ..., model.norm, lm_head.
DenoiserNames llama_names();

/// The graph that ModelFamily::build promises: embedding, blocks, and a head for each modality with rows.
/// Throws std::invalid_argument for an empty or inconsistent shape.
graph::Graph build_denoiser(const TransformerConfig& config, const TokenSpace& tokens, const DenoiserNames& names,
                            const DenoiserShape& shape);

}  // namespace lacuna::fusion

#pragma once

#include <memory>

#include "fusion/models/denoiser_graph.h"
#include "fusion/models/model_family.h"
#include "fusion/models/token_names.h"
#include "runtime/weights/config_reader.h"

namespace lacuna::fusion {

/// What stands before every text.
enum class TextBegin : std::uint8_t { nothing, end_of_text };

/// The diffusion transformer that MDLM, BD3-LM and SEDD share: layer norms, rotary positions, GELU, adaLN-Zero from the
/// noise level, a head of its own with a bias. Text alone.
struct DitConfig {
  TransformerConfig transformer;
  std::int32_t text_tokens = 0;  // ids that texts are made of; the mask comes after them
  std::int32_t end_of_text = 0;
  int length = 1024;             // of the texts it was trained on
  int block = 0;                 // attention reaches to the end of the own block of so many positions; 0 = everywhere
  TextBegin begin = TextBegin::nothing;
  NoiseKind noise = NoiseKind::absorbing;
  NetworkOutput output = NetworkOutput::clean_token;
  double lowest_noise = 0.0;     // levels sigma with 1 - exp(-sigma) of the tokens touched
  double highest_noise = 6.907755278982137;  // a thousandth is left
};

/// Sizes in the names of either code, and what all of these models have alike.
struct DitSizes {
  std::int64_t vocabulary, width, condition, layers, heads;
};
TransformerConfig dit_transformer(const DitSizes& sizes, const weights::ConfigReader& config);

/// Weight names: vocab_embed.embedding, sigma_map.mlp.0, blocks.i.attn_qkv, ..., output_layer.linear; or the same
/// after "backbone.", as in the folders of Hugging Face's classes.
DenoiserNames dit_names();
DenoiserNames dit_backbone_names();

/// The id of <|endoftext|> in `names`, which may be null; without it the last of GPT-2's ids.
std::int32_t dit_end_of_text(weights::ConfigReader& config, const TokenNames* names, std::int32_t text_tokens);

/// Throws std::invalid_argument when the config does not hold together.
std::unique_ptr<ModelFamily> make_dit_family(const DitConfig& config, const DenoiserNames& names);

}  // namespace lacuna::fusion

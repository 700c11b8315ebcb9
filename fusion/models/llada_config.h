#pragma once

#include <cstdint>
#include <filesystem>

#include "fusion/models/token_names.h"
#include "fusion/models/transformer_config.h"
#include "runtime/weights/config_reader.h"
#include "runtime/weights/json.h"

namespace lacuna::fusion {

/// Ids of LLaDA's special tokens that the network or its prompts need; -1 = the tokenizer has no such token.
struct LladaTokens {
  std::int32_t count = 0;  // ids of the tokenizer; the embedding has more rows
  std::int32_t begin_of_text = -1;
  std::int32_t end_of_text = -1;
  std::int32_t mask = -1;
  std::int32_t start_header = -1;
  std::int32_t end_header = -1;
  std::int32_t end_of_turn = -1;
  std::int32_t first_reserved = -1;  // <|reserved_token_0|>, from which MMaDA counts its task tokens

  /// From the names in a tokenizer.json; mask and end of text come from config.json.
  static LladaTokens from_names(const TokenNames& names);
};

/// Where the ids are looked for: in the section "lacuna" of config.json, which `lacuna import` writes; else in the
/// names of the tokenizer when they are given; else the ids of the released checkpoints when the vocabulary has the
/// released size. Throws weights::CheckpointError when none of these is there.
LladaTokens read_llada_tokens(weights::ConfigReader& config, const TokenNames* names, std::int64_t vocabulary);
/// The section as read_llada_tokens reads it.
weights::Json llada_tokens_section(const LladaTokens& tokens);

/// The denoiser of LLaDA, LLaDA-MoE apart, of MMaDA and of Lumina-DiMOO from the fields of their config.json, every
/// field that changes the network checked: what this block cannot compute is an error and never ignored. Fields
/// without a meaning here (initialisation, dropout, transformers' own) are marked as known.
TransformerConfig read_llada_transformer(weights::ConfigReader& config);

}  // namespace lacuna::fusion

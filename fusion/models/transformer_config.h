#pragma once

#include <cstdint>
#include <vector>

#include "fusion/graph/op.h"

namespace lacuna::fusion {

enum class NormKind : std::uint8_t { rms, layer };
enum class MlpKind : std::uint8_t { swiglu, gelu_tanh, gelu_erf };
/// Who sees whom where the caller says nothing else: everything, only what stands before (autoregressive), or what
/// ModelFamily::seen says of each row (Show-o's omni-attention).
enum class AttentionKind : std::uint8_t { full, causal, by_row };
/// x + attention(norm(x)), then x + mlp(norm(x)); or both from one norm, x + attention(norm(x)) + mlp(norm(x)) (Phi).
enum class BlockKind : std::uint8_t { sequential, parallel };
/// Whether the network is told the time of the noise process: not at all, added to the embeddings, or as the condition
/// that its norms and branches are modulated by.
enum class TimeInput : std::uint8_t { absent, additive, modulating };

/// Which linear layers have a bias.
struct BiasConfig {
  bool qkv = false;
  bool attention_out = false;
  bool mlp = false;
  bool norm = false;  // layer norms only
  bool head = false;
};

/// A transformer: the switches that the released families differ in. Bidirectional and without time input unless said.
struct TransformerConfig {
  int vocabulary = 0;  // rows of the embedding
  int width = 0;
  int layers = 0;
  int heads = 0;
  int kv_heads = 0;
  int head_dim = 0;
  int mlp_width = 0;
  NormKind norm = NormKind::rms;
  float norm_epsilon = 1e-5f;
  BlockKind block = BlockKind::sequential;
  bool qk_norm = false;  // over each head's queries and keys
  NormKind qk_norm_kind = NormKind::rms;  // layer: with a bias
  MlpKind mlp = MlpKind::swiglu;
  BiasConfig bias;
  float rope_theta = 10000.0f;
  graph::RopeLayout rope_layout = graph::RopeLayout::half;
  std::vector<int> rope_sections;  // pairs for each position axis; with fewer than head_dim / 2 the rest is not turned
  bool tied_head = false;
  AttentionKind attention = AttentionKind::full;
  TimeInput time = TimeInput::absent;
  /// Width of the condition that shifts and scales the norms and scales the branches (adaLN-Zero, arXiv 2212.09748); 0 =
  /// none. Without a time input it is that of noise 0, so that all it makes is constants. Sequential blocks with layer
  /// norms without a bias.
  int condition_width = 0;
  int logit_shift = 0;  // logits of a word at position i come from the hidden state of position i - logit_shift

  int position_axes() const { return int(rope_sections.size()); }
  /// Throws std::invalid_argument naming the field.
  void validate() const;
};

}  // namespace lacuna::fusion

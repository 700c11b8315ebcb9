#include "fusion/models/transformer_config.h"

#include <numeric>
#include <stdexcept>
#include <string>

namespace lacuna::fusion {

void TransformerConfig::validate() const {
  const auto require = [](bool ok, const std::string& rule) {
    if (!ok) throw std::invalid_argument("[transformer] expected " + rule);
  };
  require(vocabulary > 0, "vocabulary > 0, got " + std::to_string(vocabulary));
  require(width > 0, "width > 0, got " + std::to_string(width));
  require(layers > 0, "layers > 0, got " + std::to_string(layers));
  require(heads > 0 && kv_heads > 0 && heads % kv_heads == 0,
          "kv_heads to divide heads, got " + std::to_string(kv_heads) + " and " + std::to_string(heads));
  require(head_dim > 0, "head_dim > 0, got " + std::to_string(head_dim));
  require(mlp_width > 0, "mlp_width > 0, got " + std::to_string(mlp_width));
  require(norm_epsilon > 0, "norm_epsilon > 0");
  require(rope_theta > 0, "rope_theta > 0");
  const int pairs = std::accumulate(rope_sections.begin(), rope_sections.end(), 0);
  require(!rope_sections.empty() && pairs > 0 && 2 * pairs <= head_dim,
          "rope_sections of 1 to head_dim / 2 pairs in all, got " + std::to_string(pairs));
  require(condition_width >= 0 && (condition_width > 0 || time != TimeInput::modulating),
          "condition_width > 0 where the time modulates, got " + std::to_string(condition_width));
  require(condition_width == 0 || (norm == NormKind::layer && !bias.norm && block == BlockKind::sequential),
          "sequential blocks and layer norms without a bias under a condition");
  require(!bias.norm || norm == NormKind::layer, "a norm bias only with layer norm");
  require(logit_shift == 0 || logit_shift == 1, "logit_shift 0 or 1, got " + std::to_string(logit_shift));
}

}  // namespace lacuna::fusion

#include "fusion/models/mdlm_family.h"

namespace lacuna::fusion {
namespace {

constexpr std::int64_t kMaxSize = 1 << 20;

/// BD3-LM's switches.
void read_blocks(weights::ConfigReader& c, DitConfig& config) {
  const auto block = int(c.integer_or("block_size", 1, 1, kMaxSize));
  if (c.boolean_or("causal", false)) c.fail("causal", "expected false: its autoregressive sister is not computed");
  if (c.boolean_or("cross_attn", true)) {
    config.block = block;
    config.transformer.attention = AttentionKind::by_row;
  }
  if (!c.boolean_or("adaln", true)) {
    config.transformer.condition_width = 0;
    config.transformer.time = TimeInput::absent;
  }
  // How attention was computed, and what samplers and training drew.
  c.ignore({"attn_backend", "var_min", "sampling_eps_min", "sampling_eps_max"});
}

}  // namespace

DitConfig mdlm_config(const weights::Json& json, const std::filesystem::path& file, const TokenNames* names) {
  weights::ConfigReader c(json, file);
  const bool blocks = c.one_of("model_type", {"mdlm", "bd3lm"}) == "bd3lm";
  DitConfig config;
  const DitSizes sizes{c.integer("vocab_size", 3, kMaxSize), c.integer("hidden_dim", 1, kMaxSize),
                       c.integer("cond_dim", 1, kMaxSize), c.integer("n_blocks", 1, 1024), c.integer("n_heads", 1, 1024)};
  config.transformer = dit_transformer(sizes, c);
  if (c.boolean_or("time_conditioning", false)) config.transformer.time = TimeInput::modulating;
  config.text_tokens = std::int32_t(sizes.vocabulary) - 1;
  config.length = int(c.integer("model_length", 1, 65536));
  config.begin = TextBegin::end_of_text;
  if (blocks) read_blocks(c, config);
  config.end_of_text = dit_end_of_text(c, names, config.text_tokens);
  c.ignore({"_name_or_path", "architectures", "auto_map", "dropout", "dtype", "return_dict", "tie_word_embeddings",
            "torch_dtype", "transformers_version"});
  c.finish();
  return config;
}

std::unique_ptr<ModelFamily> make_mdlm_family(const DitConfig& config) {
  return make_dit_family(config, dit_backbone_names());
}

}  // namespace lacuna::fusion

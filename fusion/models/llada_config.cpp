#include "fusion/models/llada_config.h"

#include <string>

namespace lacuna::fusion {
namespace {

using weights::ConfigReader;
using weights::Json;

constexpr std::int64_t kMaxSize = 1 << 20;
constexpr std::int64_t kReleasedVocabularies[] = {126464, 134656};

/// A switch of the original code that the released models leave as it is.
void require(ConfigReader& c, const char* key, bool expected) {
  if (c.boolean_or(key, expected) != expected) {
    c.fail(key, std::string("expected ") + (expected ? "true" : "false") +
                    ", the only value that this family computes");
  }
}

LladaTokens released_tokens() {
  LladaTokens t;
  t.count = 126349;
  t.begin_of_text = 126080;
  t.first_reserved = 126084;
  t.start_header = 126346;
  t.end_header = 126347;
  t.end_of_turn = 126348;
  return t;
}

LladaTokens read_section(ConfigReader section, std::int64_t vocabulary) {
  LladaTokens t;
  const auto id = [&](const char* key) {
    return std::int32_t(section.integer_or(key, -1, -1, vocabulary - 1));
  };
  t.count = std::int32_t(section.integer("text_tokens", 1, vocabulary));
  t.begin_of_text = id("begin_of_text");
  t.start_header = id("start_header");
  t.end_header = id("end_header");
  t.end_of_turn = id("end_of_turn");
  t.first_reserved = id("first_reserved");
  section.ignore({"text_length", "image_grid"});
  section.finish();
  return t;
}

}  // namespace

LladaTokens LladaTokens::from_names(const TokenNames& names) {
  LladaTokens t;
  t.count = names.count;
  t.begin_of_text = names.find("<|startoftext|>");
  t.start_header = names.find("<|start_header_id|>");
  t.end_header = names.find("<|end_header_id|>");
  t.end_of_turn = names.find("<|eot_id|>");
  t.first_reserved = names.find("<|reserved_token_0|>");
  return t;
}

LladaTokens read_llada_tokens(ConfigReader& c, const TokenNames* names, std::int64_t vocabulary) {
  LladaTokens t;
  if (auto section = c.section_if("lacuna")) {
    t = read_section(*section, vocabulary);
  } else if (names) {
    t = LladaTokens::from_names(*names);
  } else if (vocabulary == kReleasedVocabularies[0] || vocabulary == kReleasedVocabularies[1]) {
    t = released_tokens();
  } else {
    c.fail("lacuna", "expected the section that lacuna import writes, or a tokenizer.json beside this file");
  }
  if (t.count > vocabulary) {
    c.fail("vocab_size", "expected at least the tokenizer's " + std::to_string(t.count) + " ids, got " +
                             std::to_string(vocabulary));
  }
  t.mask = std::int32_t(c.integer("mask_token_id", 0, vocabulary - 1));
  t.end_of_text = std::int32_t(c.integer("eos_token_id", 0, vocabulary - 1));
  return t;
}

Json llada_tokens_section(const LladaTokens& t) {
  return Json::object()
      .set("text_tokens", t.count)
      .set("begin_of_text", t.begin_of_text)
      .set("start_header", t.start_header)
      .set("end_header", t.end_header)
      .set("end_of_turn", t.end_of_turn)
      .set("first_reserved", t.first_reserved);
}

TransformerConfig read_llada_transformer(ConfigReader& c) {
  TransformerConfig t;
  const std::int64_t vocabulary = c.integer("vocab_size", 1, kMaxSize);
  t.vocabulary = int(c.integer_or("embedding_size", vocabulary, vocabulary, kMaxSize));
  t.width = int(c.integer("d_model", 1, kMaxSize));
  t.layers = int(c.integer("n_layers", 1, 1024));
  t.heads = int(c.integer("n_heads", 1, 1024));
  t.kv_heads = int(c.integer_or("n_kv_heads", c.boolean_or("multi_query_attention", false) ? 1 : t.heads, 1, 1024));
  if (t.width % t.heads != 0) c.fail("n_heads", "expected a divisor of d_model");
  t.head_dim = t.width / t.heads;
  const std::int64_t ratio = c.integer_or("mlp_ratio", 4, 1, 1024);
  t.mlp_width = int(c.integer_or("mlp_hidden_size", ratio * t.width, 1, kMaxSize));
  t.norm_epsilon = float(c.number_or("rms_norm_eps", 1e-5, 1e-12, 1.0));
  t.rope_theta = float(c.number("rope_theta", 1.0, 1e9));
  t.rope_sections = {t.head_dim / 2};
  t.bias.qkv = c.boolean_or("include_qkv_bias", false);
  const bool tied = c.boolean_or("weight_tying", false);
  t.tied_head = c.boolean_or("tie_word_embeddings", tied);
  if (t.tied_head != tied) c.fail("tie_word_embeddings", "expected what weight_tying says");

  c.one_of("block_type", {"llama"});
  c.one_of("activation_type", {"silu"});
  c.one_of("layer_norm_type", {"rms"});
  if (c.integer_or("block_group_size", 1, 1, 1024) != 1) c.fail("block_group_size", "expected 1");
  require(c, "rope", true);
  require(c, "layer_norm_with_affine", true);
  for (const char* key : {"alibi", "attention_layer_norm", "bias_for_layer_norm", "include_bias", "input_emb_norm",
                          "scale_logits"}) {
    require(c, key, false);
  }
  c.ignore({"_name_or_path", "alibi_bias_max", "architectures", "attention_dropout",
            "attention_layer_norm_with_affine", "auto_map", "bos_token_id", "dtype", "embedding_dropout",
            "flash_attention", "init_cutoff_factor", "init_device", "init_fn", "init_std", "max_sequence_length",
            "model_type", "pad_token_id", "precision", "residual_dropout", "rope_full_precision", "torch_dtype",
            "transformers_version", "use_cache"});
  return t;
}

}  // namespace lacuna::fusion

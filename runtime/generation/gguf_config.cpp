#include "runtime/generation/gguf_config.h"

#include <array>
#include <string_view>
#include <utility>

#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/conversion.h"

namespace lacuna::generation {
namespace {

using weights::GgufFile;
using weights::Json;

constexpr std::int64_t kMaxSize = 1 << 20;

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kTables{{
    {"model.transformer.wte.weight", "token_embd.weight"},
    {"model.transformer.ln_f.weight", "output_norm.weight"},
    {"model.transformer.ff_out.weight", "output.weight"},
    {"model.embed_tokens.weight", "token_embd.weight"},
    {"model.norm.weight", "output_norm.weight"},
    {"lm_head.weight", "output.weight"},
}};
constexpr std::array<std::pair<std::string_view, std::string_view>, 18> kBlocks{{
    {"attn_norm", "attn_norm"},
    {"q_proj", "attn_q"},
    {"k_proj", "attn_k"},
    {"v_proj", "attn_v"},
    {"attn_out", "attn_output"},
    {"ff_norm", "ffn_norm"},
    {"ff_proj", "ffn_gate"},
    {"up_proj", "ffn_up"},
    {"ff_out", "ffn_down"},
    {"input_layernorm", "attn_norm"},
    {"self_attn.q_proj", "attn_q"},
    {"self_attn.k_proj", "attn_k"},
    {"self_attn.v_proj", "attn_v"},
    {"self_attn.o_proj", "attn_output"},
    {"post_attention_layernorm", "ffn_norm"},
    {"mlp.gate_proj", "ffn_gate"},
    {"mlp.up_proj", "ffn_up"},
    {"mlp.down_proj", "ffn_down"},
}};

/// "model.layers.3.mlp.up_proj.weight" -> "3", "mlp.up_proj", ".weight".
struct BlockWeight {
  std::string layer, name, suffix;
};

BlockWeight split(const std::string& weight) {
  for (const std::string prefix : {"model.transformer.blocks.", "model.layers."}) {
    if (!weight.starts_with(prefix)) continue;
    const std::size_t dot = weight.find('.', prefix.size()), last = weight.rfind('.');
    if (dot == std::string::npos || last <= dot) continue;
    return {weight.substr(prefix.size(), dot - prefix.size()), weight.substr(dot + 1, last - dot - 1),
            weight.substr(last)};
  }
  return {};
}

std::int64_t vocabulary(const GgufFile& file) {
  const weights::GgufTensor* table = file.tensor("token_embd.weight");
  if (!table || table->shape.rank() != 2) {
    throw weights::CheckpointError(file.path(), "expected the tensor \"token_embd.weight\" with two axes");
  }
  return table->shape[0];
}

}  // namespace

Json gguf_config(const GgufFile& file) {
  const std::string architecture(file.text("general.architecture"));
  if (architecture != "llada" && architecture != "dream") {
    throw weights::CheckpointError(file.path(), "general.architecture: expected llada or dream, got \"" +
                                                    architecture + "\"");
  }
  const auto key = [&](const char* name) { return architecture + "." + name; };
  const auto size = [&](const char* name) { return file.integer(key(name), 1, kMaxSize); };
  const std::int64_t heads = size("attention.head_count");
  const std::int64_t kv_heads = file.integer_if(key("attention.head_count_kv"), 1, kMaxSize).value_or(heads);
  const std::int64_t rows = vocabulary(file);
  const std::int64_t mask = file.integer("tokenizer.ggml.mask_token_id", 0, rows - 1);
  const std::int64_t end = file.integer("tokenizer.ggml.eos_token_id", 0, rows - 1);
  const bool tied = file.tensor("output.weight") == nullptr;
  Json config = Json::object();
  config.set("vocab_size", rows).set("mask_token_id", mask).set("eos_token_id", end);
  config.set("rms_norm_eps", file.number(key("attention.layer_norm_rms_epsilon")));
  config.set("rope_theta", file.number(key("rope.freq_base")));
  if (architecture == "dream") {
    return config.set("model_type", "Dream")
        .set("hidden_size", size("embedding_length"))
        .set("num_hidden_layers", size("block_count"))
        .set("num_attention_heads", heads)
        .set("num_key_value_heads", kv_heads)
        .set("intermediate_size", size("feed_forward_length"))
        .set("tie_word_embeddings", tied);
  }
  return config.set("model_type", "llada")
      .set("d_model", size("embedding_length"))
      .set("n_layers", size("block_count"))
      .set("n_heads", heads)
      .set("n_kv_heads", kv_heads)
      .set("mlp_hidden_size", size("feed_forward_length"))
      .set("weight_tying", tied)
      .set("block_type", "llama")
      .set("activation_type", "silu")
      .set("layer_norm_type", "rms");
}

std::string gguf_name(const std::string& weight) {
  for (const auto& [name, other] : kTables) {
    if (name == weight) return std::string(other);
  }
  const BlockWeight block = split(weight);
  for (const auto& [name, other] : kBlocks) {
    if (name == block.name) return "blk." + block.layer + "." + std::string(other) + block.suffix;
  }
  return {};
}

std::vector<std::int64_t> gguf_row_order(const Json& config, const std::string& weight) {
  const BlockWeight block = split(weight);
  if (config.at("model_type").as_string() != "llada" || (block.name != "q_proj" && block.name != "k_proj")) return {};
  const std::int64_t heads = config.at("n_heads").as_integer();
  const std::int64_t head_dim = config.at("d_model").as_integer() / heads;
  return weights::rotary_half_order(block.name == "q_proj" ? heads : config.at("n_kv_heads").as_integer(), head_dim);
}

}  // namespace lacuna::generation

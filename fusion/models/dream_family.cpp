#include "fusion/models/dream_family.h"

#include <stdexcept>
#include <string>
#include <utility>

#include "fusion/models/denoiser_graph.h"
#include "fusion/models/llada_family.h"
#include "runtime/weights/config_reader.h"

namespace lacuna::fusion {
namespace {

using weights::ConfigReader;

constexpr std::int64_t kMaxSize = 1 << 20;

[[noreturn]] void no_pictures(const char* function) {
  throw std::invalid_argument(std::string("[") + function +
                              "] expected a model with pictures; this one has words alone");
}

class DreamFamily final : public ModelFamily {
 public:
  explicit DreamFamily(DreamConfig config) : config_(std::move(config)) {
    config_.transformer.validate();
    space_.size = config_.transformer.vocabulary;
    space_.text = {0, space_.size};
    space_.mask = space_.begin_image = space_.end_image = config_.mask;
    space_.end_of_text = config_.end_of_text;
    space_.text_end = TextEnd::plain;
    space_.validate();
  }

  const TokenSpace& tokens() const override { return space_; }
  const TransformerConfig& transformer() const override { return config_.transformer; }
  const LayoutSizes& sizes() const override { return sizes_; }
  graph::Graph build(const DenoiserShape& shape) const override {
    return build_denoiser(config_.transformer, space_, llama_names(), shape);
  }
  std::vector<std::int32_t> positions(const Canvas& canvas) const override { return counted_positions(canvas); }

  Canvas caption(std::span<const std::int32_t>, std::span<const std::int32_t>) const override {
    no_pictures("caption");
  }
  Canvas generate(std::span<const std::int32_t>) const override { no_pictures("generate"); }
  Canvas infill(std::span<const std::int32_t> text, std::span<const std::int32_t> codes) const override {
    if (!codes.empty()) no_pictures("infill");
    Canvas canvas;
    canvas.append_frame(config_.begin_of_text);
    canvas.append_span(space_, Modality::text, text);
    return canvas;
  }
  Canvas joint() const override { no_pictures("joint"); }
  /// Without a prompt the begin-of-text token stands before the answer.
  Canvas write(const TextTask& task) const override {
    if (!task.codes.empty()) no_pictures("write");
    Canvas canvas;
    if (task.prompt.empty() || task.prompt.front() == space_.mask) canvas.append_frame(config_.begin_of_text);
    append_prompt(space_, task.prompt, canvas);
    append_answer(space_, task, canvas);
    return canvas;
  }
  Branch unconditional(const Canvas& canvas, Modality) const override { return without_prompt(space_, canvas); }
  weights::Json config_section() const override {
    return weights::Json::object()
        .set("begin_of_text", config_.begin_of_text)
        .set("text_tokens", config_.text_tokens > 0 ? config_.text_tokens : space_.size);
  }
  ChatStyle chat_style() const override { return ChatStyle::chatml; }

 private:
  DreamConfig config_;
  TokenSpace space_;
  LayoutSizes sizes_{128, 0, 0};  // of an answer
};

/// Switches of Qwen2 that would change the network.
void refuse_switches(ConfigReader& c) {
  for (const char* key : {"use_mrope", "use_sliding_window"}) {
    if (c.boolean_or(key, false)) c.fail(key, "expected false, the only value that this family computes");
  }
  for (const char* key : {"rope_scaling"}) {
    if (c.has(key)) c.fail(key, "expected null: scaled rotary positions are not computed");
  }
  c.one_of_or("hidden_act", "silu", {"silu"});
  c.ignore({"_name_or_path", "architectures", "attention_dropout", "auto_map", "bos_token_id", "dtype",
            "initializer_range", "max_position_embeddings", "max_window_layers", "pad_token_id", "rope_scaling",
            "sliding_window", "torch_dtype", "transformers_version", "use_cache"});
}

}  // namespace

DreamConfig DreamConfig::from_json(const weights::Json& json, const std::filesystem::path& file,
                                   const TokenNames* names) {
  ConfigReader c(json, file);
  c.one_of("model_type", {"Dream", "dream"});
  DreamConfig config;
  TransformerConfig& t = config.transformer;
  t.vocabulary = int(c.integer("vocab_size", 1, kMaxSize));
  t.width = int(c.integer("hidden_size", 1, kMaxSize));
  t.layers = int(c.integer("num_hidden_layers", 1, 1024));
  t.heads = int(c.integer("num_attention_heads", 1, 1024));
  t.kv_heads = int(c.integer_or("num_key_value_heads", t.heads, 1, 1024));
  t.head_dim = int(c.integer_or("head_dim", t.width / t.heads, 1, 4096));
  t.mlp_width = int(c.integer("intermediate_size", 1, kMaxSize));
  t.norm_epsilon = float(c.number("rms_norm_eps", 1e-12, 1.0));
  t.rope_theta = float(c.number("rope_theta", 1.0, 1e9));
  t.rope_sections = {t.head_dim / 2};
  t.bias.qkv = true;
  t.tied_head = c.boolean_or("tie_word_embeddings", false);
  t.logit_shift = 1;
  refuse_switches(c);
  const auto id = [&](const char* key, std::int32_t otherwise) {
    return std::int32_t(c.integer_or(key, otherwise, 0, t.vocabulary - 1));
  };
  config.mask = id("mask_token_id", names && names->find("<|mask|>") >= 0 ? names->find("<|mask|>") : config.mask);
  config.end_of_text = id("eos_token_id", config.end_of_text);
  if (auto section = c.section_if("lacuna")) {
    config.begin_of_text = std::int32_t(section->integer("begin_of_text", 0, t.vocabulary - 1));
    config.text_tokens = std::int32_t(section->integer("text_tokens", 1, t.vocabulary));
    section->finish();
  } else if (names) {
    config.text_tokens = names->count;
    if (names->find("<|beginoftext|>") >= 0) config.begin_of_text = names->find("<|beginoftext|>");
  }
  if (config.mask >= t.vocabulary || config.begin_of_text >= t.vocabulary) {
    c.fail("vocab_size", "expected rows for the tokens <|mask|> and <|beginoftext|>");
  }
  c.finish();
  return config;
}

std::unique_ptr<ModelFamily> make_dream_family(const DreamConfig& config) {
  return std::make_unique<DreamFamily>(config);
}

}  // namespace lacuna::fusion

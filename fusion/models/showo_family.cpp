#include "fusion/models/showo_family.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>

#include "fusion/image_ids.h"
#include "fusion/models/denoiser_graph.h"
#include "fusion/models/llada_family.h"
#include "fusion/models/mmada_family.h"
#include "runtime/weights/config_reader.h"

namespace lacuna::fusion {
namespace {

using weights::ConfigReader;
using weights::Json;

constexpr std::int64_t kMaxSize = 1 << 20;
constexpr std::int32_t kSpecialTokens = 10;

BlockNames phi_block(int layer) {
  const std::string p = "showo.model.layers." + std::to_string(layer) + ".";
  const std::string a = p + "self_attn.";
  return {p + "input_layernorm", a + "q_proj", a + "k_proj", a + "v_proj",   a + "dense", a + "q_layernorm",
          a + "k_layernorm",     {},           {},           p + "mlp.fc1", p + "mlp.fc2"};
}

DenoiserNames showo_names() {
  return {"showo.model.embed_tokens.weight", "showo.model.final_layernorm", "showo.lm_head.weight", phi_block,
          "showo.lm_head.bias"};
}

class ShowoFamily final : public ModelFamily {
 public:
  explicit ShowoFamily(ShowoConfig config) : config_(std::move(config)), layout_(config_.layout_tokens()) {
    config_.validate();
    space_.size = config_.transformer.vocabulary;
    space_.text = {0, config_.words == Words::all ? space_.size : config_.text_tokens};
    space_.image = config_.codes;
    space_.mask = config_.mask;
    space_.end_of_text = config_.end_of_text;
    space_.begin_image = layout_.begin_image;
    space_.end_image = layout_.end_image;
    // Where the mask may be drawn as a word, it would be left behind.
    space_.text_end = config_.words == Words::all ? TextEnd::plain : TextEnd::fills_span;
    space_.validate();
    sizes_ = {config_.text_length, config_.grid_height, config_.grid_width};
  }

  const TokenSpace& tokens() const override { return space_; }
  const TransformerConfig& transformer() const override { return config_.transformer; }
  const LayoutSizes& sizes() const override { return sizes_; }
  graph::Graph build(const DenoiserShape& shape) const override {
    return build_denoiser(config_.transformer, space_, showo_names(), shape);
  }
  std::vector<std::int32_t> positions(const Canvas& canvas) const override { return counted_positions(canvas); }

  /// Told from the ids, as the original does: a picture from its begin to its end sees itself and what stands before;
  /// in a row that asks about a picture so does the task's token in front of it.
  std::vector<std::int32_t> seen(std::span<const std::int32_t> ids) const override {
    std::vector<std::int32_t> rows(ids.size());
    std::iota(rows.begin(), rows.end(), 1);
    const auto begin = std::ranges::find(ids, space_.begin_image);
    const auto end = std::find(begin, ids.end(), space_.end_image);
    if (end == ids.end()) return rows;
    const bool asked = ids.front() == layout_.understand;
    const auto first = asked ? std::ptrdiff_t(0) : begin - ids.begin();
    const auto last = end - ids.begin();
    std::fill(rows.begin() + first, rows.begin() + last + 1, std::int32_t(last + 1));
    return rows;
  }

  /// Without a question of its own: the words stand where an answer would.
  Canvas caption(std::span<const std::int32_t> codes, std::span<const std::int32_t> prefix) const override {
    const std::int32_t begin[] = {config_.begin_of_text};
    return write({begin, prefix, std::max(128, int(prefix.size())), codes, config_.grid_height, config_.grid_width});
  }

  Canvas generate(std::span<const std::int32_t> text) const override {
    return infill(text, std::vector<std::int32_t>(std::size_t(sizes_.image_length()), kMaskedCode));
  }

  Canvas infill(std::span<const std::int32_t> text, std::span<const std::int32_t> codes) const override {
    if (std::ranges::find(text, space_.mask) != text.end()) {
      throw std::invalid_argument("[infill] expected words without gaps: Show-o writes words from left to right, as "
                                  "answers; it does not fill gaps between them");
    }
    return drawing_canvas(space_, layout_, sizes_, text, codes);
  }

  Canvas joint() const override {
    throw std::invalid_argument("[joint] expected a text or a picture; Show-o was not trained to draw both at once");
  }

  /// The prompt gets a begin of text where it has none: a word is read off the row before it.
  Canvas write(const TextTask& task) const override {
    if (std::ranges::find(task.prompt, space_.mask) != task.prompt.end()) {
      throw std::invalid_argument("[write] expected a prompt without gaps: Show-o writes words from left to right");
    }
    Canvas canvas;
    if (!task.codes.empty()) {
      canvas.append_frame(layout_.understand);
      canvas.append_frame(space_.begin_image);
      const auto ids = image_ids(space_, task.codes, task.grid_height * task.grid_width, MaskedCodes::refused);
      canvas.append_span(space_, Modality::image, ids, task.grid_height, task.grid_width);
      canvas.append_frame(space_.end_image);
    }
    if (task.prompt.empty() || task.prompt.front() != config_.begin_of_text) canvas.append_frame(config_.begin_of_text);
    append_prompt(space_, task.prompt, canvas);
    append_answer(space_, task, canvas);
    return canvas;
  }

  /// Of a picture: an empty text in the place of its words. Of words: the picture masked.
  Branch unconditional(const Canvas& canvas, Modality modality) const override {
    if (modality == Modality::text) return ModelFamily::unconditional(canvas, modality);
    const Span& span = canvas.span(Modality::image);
    const MmadaRow row =
        mmada_row(layout_, MmadaTask::text_to_image, {}, canvas.ids(Modality::image), config_.text_length);
    const auto padding = std::ranges::find(row.validity, 1) - row.validity.begin();
    Branch branch{{row.ids.begin() + padding, row.ids.end()}, {}, 0};
    branch.shift = int(branch.ids.size()) - span.size - 1 - span.begin;
    branch.positions.resize(branch.ids.size());
    std::iota(branch.positions.begin(), branch.positions.end(), std::int32_t(padding));
    return branch;
  }

  std::unique_ptr<ModelFamily> as_released() const override {
    ShowoConfig config = config_;
    config.words = Words::all;
    return make_showo_family(config);
  }

  Json config_section() const override {
    return Json::object().set("begin_of_text", config_.begin_of_text);
  }
  std::optional<std::int32_t> tokenizer_ids() const override { return config_.text_tokens; }
  ChatStyle chat_style() const override { return ChatStyle::showo; }

 private:
  ShowoConfig config_;
  MmadaTokens layout_;
  TokenSpace space_;
  LayoutSizes sizes_;
};

/// phi-1.5, as published.
TransformerConfig phi_1_5() {
  TransformerConfig t;
  t.width = 2048;
  t.layers = 24;
  t.heads = t.kv_heads = 32;
  t.head_dim = 64;
  t.mlp_width = 8192;
  t.rope_sections = {16};
  return t;
}

/// The sizes in the config.json of a Phi; Show-o's code sets qk_layernorm itself.
TransformerConfig read_phi(ConfigReader c) {
  TransformerConfig t;
  t.width = int(c.integer("hidden_size", 1, kMaxSize));
  t.layers = int(c.integer("num_hidden_layers", 1, 1024));
  t.heads = int(c.integer("num_attention_heads", 1, 1024));
  t.kv_heads = int(c.integer_or("num_key_value_heads", t.heads, 1, 1024));
  if (t.width % t.heads != 0) c.fail("num_attention_heads", "expected a divisor of hidden_size");
  t.head_dim = t.width / t.heads;
  t.mlp_width = int(c.integer("intermediate_size", 1, kMaxSize));
  t.norm_epsilon = float(c.number_or("layer_norm_eps", 1e-5, 1e-12, 1.0));
  t.rope_theta = float(c.number_or("rope_theta", 10000.0, 1.0, 1e9));
  const int turned = int(c.number_or("partial_rotary_factor", 0.5, 0.0, 1.0) * t.head_dim);
  if (turned < 2 || turned % 2 != 0) {
    c.fail("partial_rotary_factor", "expected a share that makes an even number of the " + std::to_string(t.head_dim) +
                                        " dimensions of a head, got " + std::to_string(turned));
  }
  t.rope_sections = {turned / 2};
  t.tied_head = c.boolean_or("tie_word_embeddings", false);
  c.one_of_or("model_type", "phi", {"phi"});
  c.one_of_or("hidden_act", "gelu_new", {"gelu_new", "gelu_pytorch_tanh"});
  if (c.has("rope_scaling")) c.fail("rope_scaling", "expected null: scaled rotary positions are not computed");
  c.ignore({"_name_or_path", "architectures", "attention_dropout", "auto_map", "bos_token_id", "dtype", "embd_pdrop",
            "eos_token_id", "initializer_range", "max_position_embeddings", "pad_token_id", "qk_layernorm", "resid_pdrop",
            "rope_scaling", "torch_dtype", "transformers_version", "use_cache", "vocab_size"});
  c.finish();
  return t;
}

}  // namespace

MmadaTokens ShowoConfig::layout_tokens() const {
  MmadaTokens t;
  t.pad = text_tokens;
  t.begin_image = text_tokens + 1;
  t.end_image = text_tokens + 2;
  t.text_to_image = text_tokens + 5;
  t.understand = text_tokens + 6;
  t.begin_of_text = t.end_of_text = begin_of_text;
  return t;
}

void ShowoConfig::validate() const {
  transformer.validate();
  const auto require = [](bool ok, const char* rule) {
    if (!ok) throw std::invalid_argument(std::string("[showo] expected ") + rule);
  };
  require(text_tokens >= 1 && codes.begin == text_tokens + kSpecialTokens,
          "image codes right behind the tokenizer's ids and Show-o's ten special tokens");
  require(codes.size >= 1 && codes.end() < transformer.vocabulary, "a row for every image code and the mask");
  require(mask >= codes.end() && mask < transformer.vocabulary, "a mask behind the image codes");
  require(begin_of_text >= 0 && begin_of_text < text_tokens, "a tokenizer with <|endoftext|>");
  require(end_of_text >= 0 && end_of_text < text_tokens, "an end of text among the tokenizer's ids");
  require(text_length >= 2 && text_length <= 65536, "a text length from 2 to 65536");
  require(grid_height >= 1 && grid_width >= 1 && grid_height <= 4096 && grid_width <= 4096,
          "an image grid from 1 to 4096 codes along each side");
}

ShowoConfig ShowoConfig::from_json(const Json& json, const std::filesystem::path& file, const TokenNames* names) {
  ConfigReader c(json, file);
  c.one_of("_class_name", {"Showo"});
  ShowoConfig config;
  auto section = c.section_if("lacuna");
  TransformerConfig& t = config.transformer;
  auto backbone = c.section_if("llm_config");
  t = backbone ? read_phi(std::move(*backbone)) : phi_1_5();
  t.vocabulary = int(c.integer("vocab_size", 1, kMaxSize));
  t.norm = NormKind::layer;
  t.block = BlockKind::parallel;
  t.qk_norm = true;
  t.qk_norm_kind = NormKind::layer;
  t.mlp = MlpKind::gelu_tanh;
  t.bias = {.qkv = true, .attention_out = true, .mlp = true, .norm = true, .head = true};
  t.attention = AttentionKind::by_row;
  t.logit_shift = 1;

  config.text_tokens = std::int32_t(c.integer("llm_vocab_size", 1, kMaxSize));
  if (c.integer_or("num_new_special_tokens", kSpecialTokens, 0, kMaxSize) != kSpecialTokens) {
    c.fail("num_new_special_tokens", "expected 10: [PAD], <|soi|>, <|eoi|>, ... <|lvg|>");
  }
  if (c.boolean_or("w_clip_vit", false)) c.fail("w_clip_vit", "expected false: pictures come as codes alone");
  config.codes = {config.text_tokens + kSpecialTokens, std::int32_t(c.integer_or("codebook_size", 8192, 1, kMaxSize))};
  config.mask = std::int32_t(c.integer_or("mask_token_id", t.vocabulary - 1, 0, t.vocabulary - 1));
  const auto tokens = int(c.integer_or("num_vq_tokens", 256, 1, kMaxSize));
  config.grid_height = config.grid_width = int(std::lround(std::sqrt(double(tokens))));
  if (config.grid_height * config.grid_width != tokens) c.fail("num_vq_tokens", "expected a square number");
  if (section) {
    config.begin_of_text = std::int32_t(section->integer("begin_of_text", 0, config.text_tokens - 1));
    config.text_length = int(section->integer_or("text_length", config.text_length, 2, 65536));
    const auto grid = section->integers_or("image_grid", {config.grid_height, config.grid_width}, 1, 4096, 2);
    if (grid.size() != 2) section->fail("image_grid", "expected [rows, columns]");
    config.grid_height = int(grid[0]);
    config.grid_width = int(grid[1]);
    section->finish();
  } else if (names && names->find("<|endoftext|>") >= 0) {
    config.begin_of_text = names->find("<|endoftext|>");
  }
  config.end_of_text = config.begin_of_text;
  c.ignore({"_diffusers_version", "_name_or_path", "gradient_checkpointing", "llm_model_path", "load_from_showo", "model_type",
            "pretrained_model_path"});
  c.finish();
  try {
    config.validate();
  } catch (const std::invalid_argument& error) {
    c.fail("vocab_size", error.what());
  }
  return config;
}

std::unique_ptr<ModelFamily> make_showo_family(const ShowoConfig& config) {
  return std::make_unique<ShowoFamily>(config);
}

}  // namespace lacuna::fusion
